"""What the store reads out of a checked statement, and when two statements are the same."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

from xueqiao.records.xapi import agents, named, values
from xueqiao.records.xapi.validate import VOIDED

if TYPE_CHECKING:
    from datetime import datetime


class Facts(NamedTuple):
    """The columns of one statement, before its names have become numbers."""

    uuid: uuid.UUID | None
    actor: str  # the identifier; "" for an anonymous group
    verb: str
    activity: str  # "" where the object is no activity
    registration: uuid.UUID | None
    event_at: datetime | None
    voids: uuid.UUID | None
    version: str
    target: uuid.UUID | None  # the statement that is its object, by reference
    named: named.Named


# What the standard says a statement without a version is.
VERSIONS = {"1": "1.0.0", "2": "2.0.0"}


def read(statement: dict[str, Any], version: str) -> Facts:
    """The facts of a statement that ``validate.check`` let pass."""
    thing, verb = statement["object"], statement["verb"]["id"]
    kind = thing.get("objectType", "Activity")
    registration = statement.get("context", {}).get("registration")
    target = uuid.UUID(thing["id"]) if kind == "StatementRef" else None
    return Facts(
        uuid=uuid.UUID(statement["id"]) if "id" in statement else None,
        actor=agents.identifier(statement["actor"]),
        verb=verb,
        activity=thing["id"] if kind == "Activity" else "",
        registration=uuid.UUID(registration) if registration else None,
        event_at=values.instant(statement["timestamp"]) if "timestamp" in statement else None,
        voids=target if verb == VOIDED else None,
        version=statement.get("version") or VERSIONS[version[0]],
        target=target,
        named=named.read(statement),
    )


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two statements of one id are the same statement.

    Left out are the differences that the standard says a store may make (xAPI 1.0.3, part two,
    2.3.1): what the store sets, how verbs and activities are described, the order of members.
    """
    try:
        return _core(one, other) == _core(other, one)
    except RecursionError:
        # Extensions nested thousands deep: whoever sends those is not repeating himself by chance.
        return False


_SET_BY_STORE = frozenset({"id", "stored", "authority", "version"})


def _core(statement: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    left = {name: part for name, part in statement.items() if name not in _SET_BY_STORE}
    if "timestamp" not in other:
        left.pop("timestamp", None)
    elif "timestamp" in left:
        left["timestamp"] = values.instant(left["timestamp"])
    left["actor"] = _who(left["actor"])
    left["verb"] = left["verb"]["id"]
    left["object"] = _what(left["object"])
    if "contextActivities" in left.get("context", {}):
        held = left["context"]["contextActivities"]
        left["context"] = left["context"] | {
            "contextActivities": {kind: _ids(each) for kind, each in held.items()}
        }
    return left


def _who(actor: dict[str, Any]) -> Any:
    members = sorted(agents.identifier(each) for each in actor.get("member", []))
    return (actor.get("objectType", "Agent"), agents.identifier(actor), members)


def _what(thing: dict[str, Any]) -> Any:
    kind = thing.get("objectType", "Activity")
    if kind in {"Agent", "Group"}:
        return _who(thing)
    if kind == "SubStatement":
        return _core(thing, thing)
    return (kind, thing["id"])


def _ids(held: Any) -> list[str]:
    return sorted(each["id"] for each in (held if isinstance(held, list) else [held]))
