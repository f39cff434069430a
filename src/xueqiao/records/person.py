"""What is known of an agent: the Person object of the standard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from xueqiao.records.models import Actor, Statement
from xueqiao.records.personas import reading
from xueqiao.records.xapi import agents

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xueqiao.records.models import Source

# Names are read out of the newest statements, so that the cost does not grow with the store.
_STATEMENTS_READ = 20


def person(agent: dict[str, Any], *, source: Source | None) -> dict[str, Any]:
    """All that is known of an agent, each property a list.

    Identifiers are joined only where somebody said that they are one human being: a linked person,
    or a persona; nobody is guessed. An agent whom nobody knows is answered with what was asked.

    Args:
        agent: checked; an agent or an identified group.
        source: None for a reader of every source. Another reader sees what its own statements say,
            and no identifiers that other sources use.
    """
    asked = agents.identifier(agent)
    known = Actor.objects.filter(ifi=asked).first()
    rows = [known] if known else []
    if known and source is None:
        rows = list(Actor.objects.filter(pk__in=reading.together([known.pk])).order_by("pk"))
    found: dict[str, Any] = {"objectType": "Person"}
    names = [agent["name"]] if "name" in agent else []
    if names := sorted({*names, *_names(rows, source)}):
        found["name"] = names
    for identifier in sorted({asked, *(row.ifi for row in rows)}):
        kind, value = _property(identifier)
        found.setdefault(kind, []).append(value)
    return found


def _property(identifier: str) -> tuple[str, Any]:
    kind, _bar, value = identifier.partition("|")
    if kind == "account":
        home_page, _bar, name = value.partition("|")
        return kind, {"homePage": home_page, "name": name}
    return {"sha1": "mbox_sha1sum"}.get(kind, kind), value


def _names(rows: Iterable[Actor], source: Source | None) -> set[str]:
    """The names that the newest statements give these actors."""
    found: set[str] = set()
    for actor in rows:
        told = Statement.objects.filter(actor=actor)
        told = told if source is None else told.filter(source=source)
        newest = told.order_by("-stored_at", "-pk").values_list("text", flat=True)
        for text in newest[:_STATEMENTS_READ]:
            name = msgspec.json.decode(text)["actor"].get("name")
            found |= {name} if name else set()
    return found
