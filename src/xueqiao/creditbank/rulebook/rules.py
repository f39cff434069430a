"""Where an agreement stands, and from where which step of a rule begins. Plain Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime


class Facts(Protocol):
    """The facts of an agreement that say how it stands."""

    offered_at: datetime | None
    ended_at: datetime | None
    signed_giving: date | None
    signed_receiving: date | None
    valid_from: date
    valid_to: date | None


def standing(agreement: Facts, day: date) -> str:
    """How an agreement stands on a day.

    ``draft``, ``offered`` (nobody or one side has signed), ``signed`` (by both, not begun),
    ``in_force``, ``ending`` (in force, its end is known by notice) or ``ended``.
    """
    if agreement.signed_giving is None or agreement.signed_receiving is None:
        return "draft" if agreement.offered_at is None else "offered"
    if agreement.valid_to is not None and agreement.valid_to <= day:
        return "ended"
    if day < max(agreement.valid_from, agreement.signed_giving, agreement.signed_receiving):
        return "signed"
    return "in_force" if agreement.ended_at is None else "ending"


# A step of a rule version to the states in which it can be made.
VERSION_MOVES: Final[Mapping[str, frozenset[str]]] = {
    "revise": frozenset({"draft", "linted", "consulted", "signed"}),
    "check": frozenset({"draft", "linted"}),
    "consult": frozenset({"linted"}),
    "close_consultation": frozenset({"linted"}),
    "sign": frozenset({"consulted", "signed"}),
    "publish": frozenset({"signed", "published"}),
    "suspend": frozenset({"published", "suspended"}),
    "resume": frozenset({"suspended", "published"}),
    "retire": frozenset({"published", "suspended", "retired"}),
    "simulate": frozenset({"draft", "linted", "consulted", "signed"}),
}
IN_MAKING: Final = VERSION_MOVES["revise"]
