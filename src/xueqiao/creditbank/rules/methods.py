"""The six methods of assessment and what each writes down. Plain Python."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FULL_SCORE: Final = 10_000
TEXT, DAY, WHOLE, SCORE, TICK = "text", "day", "whole", "score", "tick"


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a method writes down. ``most`` is the largest number, or length of a text."""

    name: str
    kind: str
    required: bool = True
    most: int = 300


METHODS: Final[Mapping[str, tuple[Field, ...]]] = {
    "exam": (
        Field("held_on", DAY),
        Field("paper", TEXT),
        Field("supervisor", TEXT, most=80),
        Field("score", SCORE),
        Field("pass_score", SCORE),
    ),
    "portfolio": (
        Field("pieces", WHOLE, most=500),
        Field("authentic", TICK),
        Field("how_checked", TEXT),
        Field("score", SCORE, required=False),
    ),
    "interview": (
        Field("held_on", DAY),
        Field("minutes", WHOLE, most=480),
        Field("with_whom", TEXT),
        Field("questions", TEXT, most=2000),
        Field("score", SCORE, required=False),
    ),
    "practice": (
        Field("held_on", DAY),
        Field("where", TEXT),
        Field("tasks", TEXT, most=2000),
        Field("score", SCORE),
        Field("pass_score", SCORE),
    ),
    "observation": (
        Field("held_on", DAY),
        Field("where", TEXT),
        Field("minutes", WHOLE, most=4800),
        Field("confirmed_by", TEXT, most=80),
    ),
    "equal": (
        Field("compared_with", TEXT),
        Field("register_checked", TICK),
        Field("how_checked", TEXT),
    ),
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """A field that cannot be used, and why: missing, day, future, whole, score, long."""

    name: str
    why: str


def read(method: str, typed: Mapping[str, str], today: date) -> tuple[dict[str, Any], list[Wrong]]:
    """What a method writes down, from what was typed, as JSON values; and what is wrong with it.

    Days become ISO text, scores 1/100 of a point (0 to ``FULL_SCORE``), ticks true.
    """
    found: dict[str, Any] = {}
    wrong: list[Wrong] = []
    for field in METHODS[method]:
        text = str(typed.get(field.name, "")).strip()
        if not text:
            if field.required:
                wrong.append(Wrong(field.name, "missing"))
            continue
        value, why = READERS[field.kind](text, field, today)
        if why:
            wrong.append(Wrong(field.name, why))
        else:
            found[field.name] = value
    return found, wrong


def failed(details: Mapping[str, Any]) -> bool:
    """Whether a score was written down that is below the pass score."""
    return "pass_score" in details and details.get("score", 0) < details["pass_score"]


def _text(text: str, field: Field, _today: date) -> tuple[Any, str]:
    return (text, "") if len(text) <= field.most else (None, "long")


def _day(text: str, _field: Field, today: date) -> tuple[Any, str]:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None, "day"
    return (day.isoformat(), "") if day <= today else (None, "future")


def _whole(text: str, field: Field, _today: date) -> tuple[Any, str]:
    fits = text.isascii() and text.isdigit() and 0 < int(text) <= field.most
    return (int(text), "") if fits else (None, "whole")


def _score(text: str, _field: Field, _today: date) -> tuple[Any, str]:
    whole, _dot, part = text.partition(".")
    digits = f"{whole}{part}"
    if not (digits.isascii() and digits.isdigit() and whole and len(part) <= 2):  # noqa: PLR2004 - hundredths
        return None, "score"
    points = int(whole) * 100 + int(part.ljust(2, "0") or 0)
    return (points, "") if points <= FULL_SCORE else (None, "score")


def _tick(text: str, _field: Field, _today: date) -> tuple[Any, str]:
    return (True, "") if text == "yes" else (None, "missing")


READERS: Final = {TEXT: _text, DAY: _day, WHOLE: _whole, SCORE: _score, TICK: _tick}
