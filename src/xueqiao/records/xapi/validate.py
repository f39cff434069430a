"""Whether decoded JSON is a statement of the standard.

Hand-written rather than a schema: it runs for every statement, and says where and what in one
sentence. Source: xAPI 1.0.3 part two (adlnet/xAPI-Spec, xAPI-Data.md), IEEE 9274.1.1.
"""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext as _

from xueqiao.records.xapi import activities, agents, parts, values

VOIDED = "http://adlnet.gov/expapi/verbs/voided"

_STATEMENT = frozenset({
    "id", "actor", "verb", "object", "result", "context", "timestamp", "stored", "authority",
    "version", "attachments",
})  # fmt: skip
_SUBSTATEMENT = frozenset({
    "objectType", "actor", "verb", "object", "result", "context", "timestamp", "attachments",
})  # fmt: skip
_VERB = frozenset({"id", "display"})
_VERSION = {"1": re.compile(r"1\.0(?:\.\d+)?"), "2": re.compile(r"2\.0\.\d+|1\.0(?:\.\d+)?")}


def check(statement: Any, *, at: str = "", version: str = "1.0.3") -> None:
    """Refuse what is not a statement.

    Args:
        statement: decoded JSON, of any kind.
        at: the JSON pointer of the statement in what was sent, such as ``/3``.
        version: of the standard that the sender speaks, 1.0.x or 2.0.x.

    Raises:
        values.Invalid: with the pointer of the first thing that is wrong.
    """
    found = values.mapping(statement, at)
    values.only(found, _STATEMENT, at)
    if "id" in found:
        values.uuid(found["id"], f"{at}/id")
    _common(found, at, version, nested=False)
    if "stored" in found:
        values.timestamp(found["stored"], f"{at}/stored")
    if "authority" in found:
        authority(found["authority"], f"{at}/authority")
    if "version" in found:
        _version(found["version"], f"{at}/version", version)


def _common(found: dict[str, Any], at: str, version: str, *, nested: bool) -> None:
    """What statements and the statements inside them have in common."""
    agents.actor(values.needs(found, "actor", at), f"{at}/actor")
    verb(values.needs(found, "verb", at), f"{at}/verb")
    _object(values.needs(found, "object", at), f"{at}/object", version, nested=nested)
    if found["verb"]["id"] == VOIDED and found["object"].get("objectType") != "StatementRef":
        raise values.refuse(
            f"{at}/object", _("A voiding statement's object is a StatementRef to what it voids.")
        )
    if "result" in found:
        parts.result(found["result"], f"{at}/result")
    if "context" in found:
        is_activity = found["object"].get("objectType", "Activity") == "Activity"
        parts.context(
            found["context"], f"{at}/context", about_activity=is_activity, version=version
        )
    if "timestamp" in found:
        values.timestamp(found["timestamp"], f"{at}/timestamp")
    if "attachments" in found:
        parts.attachments(found["attachments"], f"{at}/attachments")


def verb(value: Any, at: str) -> None:
    """A verb with its address and, perhaps, its words."""
    found = values.mapping(value, at)
    values.only(found, _VERB, at)
    values.iri(values.needs(found, "id", at), f"{at}/id")
    if "display" in found:
        values.language_map(found["display"], f"{at}/display")


def _object(value: Any, at: str, version: str, *, nested: bool) -> None:
    found = values.mapping(value, at)
    kind = found.get("objectType", "Activity")
    if kind == "Activity":
        activities.activity(found, at)
    elif kind == "Agent":
        agents.agent(found, at)
    elif kind == "Group":
        agents.group(found, at)
    elif kind == "StatementRef":
        parts.reference(found, at)
    elif kind == "SubStatement" and not nested:
        values.only(found, _SUBSTATEMENT, at)
        _common(found, at, version, nested=True)
    else:
        raise values.refuse(
            f"{at}/objectType",
            _("“{kind}” is no kind of object here; the standard has Activity, Agent, Group, "
              "StatementRef and, once, SubStatement."),
            kind=kind,
        )  # fmt: skip


def authority(value: Any, at: str) -> None:
    """Who vouches for a statement: an agent, or an application with a user."""
    agents.actor(value, at)
    if value.get("objectType") == "Group" and (
        "member" not in value
        or len(value["member"]) != 2  # noqa: PLR2004 - an application and a user, by the standard
        or agents.identifier(value)
    ):
        raise values.refuse(
            at, _("An authority that is a group is anonymous and has exactly two members.")
        )


def is_version(value: str, spoken: str) -> bool:
    """Whether a statement may say that it is of this version, where a sender speaks that one."""
    return bool(_VERSION[spoken[0]].fullmatch(value))


def _version(value: Any, at: str, version: str) -> None:
    values.text(value, at)
    if not is_version(value, version):
        raise values.refuse(
            at, _("“{value}” is not a version of the standard that is spoken here."), value=value
        )
