"""Whom a text names: for items in quarantine, which nobody could read as a statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from xueqiao.records.xapi import agents, values

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

_DEEPEST = 200


def decoded(text: str) -> Any:
    """The text as JSON; None where it is none."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return None


def identifiers(text: str) -> set[str]:
    """The identifiers of every agent in a JSON text, however wrong the rest of it is."""
    return set(_agents(decoded(text)))


def statement_id(text: str) -> str:
    """The id of the statement in a JSON text, in lower case; "" where it has none."""
    found = decoded(text)
    held = found.get("id") if isinstance(found, dict) else None
    return held.lower() if isinstance(held, str) else ""


def happened(text: str) -> datetime | None:
    """When the statement in a JSON text happened, in UTC; None where it does not say so."""
    found = decoded(text)
    held = found.get("timestamp") if isinstance(found, dict) else None
    return values.instant(held) if isinstance(held, str) else None


def names(text: str, identifier: str) -> bool:
    """Whether a text that is no JSON contains an identifier: all of its parts, in any case."""
    kind, _bar, value = identifier.partition("|")
    parts = value.split("|", 1) if kind == "account" else [value.removeprefix("mailto:")]
    held = text.casefold()
    return all(part.casefold() in held for part in parts)


def _agents(value: Any) -> Iterator[str]:
    open_ = [(value, 0)]
    while open_:
        found, depth = open_.pop()
        if depth > _DEEPEST:
            continue
        if isinstance(found, list):
            open_ += [(each, depth + 1) for each in found]
        elif isinstance(found, dict):
            yield from _own(found)
            open_ += [(each, depth + 1) for each in found.values()]


def _own(found: dict[str, Any]) -> Iterator[str]:
    """The identifiers that stand in one object itself, each read alone: a wrong one has several."""
    for name in agents.IDENTIFIERS:
        try:
            held = agents.identifier({name: found[name]}) if name in found else ""
        except (AttributeError, KeyError, TypeError, ValueError):
            continue
        if held:
            yield held
