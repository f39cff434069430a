"""What can be given up, in which way, and what goes with it."""

from __future__ import annotations

from enum import Enum
from functools import cache
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from xueqiao.lake import catalogue, facts, keeping
from xueqiao.lake.recipes import recipes
from xueqiao.lake.sources import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable

LOG, SCORE = "bronze.statement", "quality.score"
OF_PERSONS = frozenset({"learner_id", "actor_id", "event_id", "statement_id"})
"""Columns by which rows name single persons. Such rows never outlive what they were made of: an
erasure could not follow them any more."""
INSTANTS = {"runs.extract": "started_at", "runs.build": "started_at"}
"""Records of work done, with the time by which they grow old."""


class Way(Enum):
    """How a table is given up."""

    PARTS = "parts"
    """Whole calendar years of months: indicators are counted by the year."""
    VERSIONS = "versions"
    """Earlier versions of rows; what each row is now stays."""
    ROWS = "rows"
    """Rows by the time they were written."""


def way(name: str) -> Way | None:
    """How a table can be given up; None where it cannot.

    >>> way("bronze.statement"), way("bronze.person"), way("runs.build")
    (<Way.PARTS: 'parts'>, None, <Way.ROWS: 'rows'>)
    """
    known = recipes().get(name)
    if name in {LOG, SCORE} or (known and known.is_parted):
        return Way.PARTS
    if name in keys():
        return Way.VERSIONS
    return Way.ROWS if name in INSTANTS else None


@cache
def keys() -> dict[str, str]:
    """Each table of changes with the column that tells its rows apart."""
    return {
        keeping.changes_of(source): source.key
        for source in catalogue.sources()
        if isinstance(source, Snapshot) and source.key
    }


def why_not(name: str) -> str:
    """Why a table has no term of its own, in one sentence; "" where it can have one."""
    if way(name):
        return ""
    if name.startswith("bronze."):
        return _("It is a copy of what the platform holds, and goes when the platform gives it up.")
    if name in recipes():
        return _("It is made anew from what it reads, and holds nothing that they do not.")
    if name.startswith("distinct."):
        return _("It is made from the marts, and what they give up goes from it by itself.")
    return _("The lake needs it to know what it has done and decided.")


def names() -> list[str]:
    """The tables that can be given up, bronze first."""
    return [name for name in facts.names() if way(name)]


def is_of_persons(name: str) -> bool:
    """Whether its rows name single persons."""
    return not OF_PERSONS.isdisjoint(facts.columns(name))


def below(name: str) -> list[str]:
    """The parted tables that are made of a table, at whatever distance, in the order they are made.

    >>> below("learner_month")
    ['place_month']
    """
    found = {name}
    for recipe in recipes().values():
        if recipe.is_parted and found & set(recipe.reads):
            found.add(recipe.name)
    return [each for each in recipes() if each in found - {name}]


def along(name: str) -> list[str]:
    """What goes with a table: whatever names persons and is made of it."""
    return [each for each in below(name) if is_of_persons(each)]


def staying(name: str) -> list[str]:
    """What stays as it was counted, although it was made of the table."""
    return [each for each in below(name) if not is_of_persons(each)]


def with_along(lines: dict[str, str], kept: Iterable[str] = ()) -> dict[str, str]:
    """Lines of tables with those of all that goes with them.

    Args:
        kept: tables under a hold, which have no line.
    """
    whole = {name: month for name, month in lines.items() if name not in set(kept)}
    for name, month in list(whole.items()):
        if way(name) is Way.PARTS:
            for each in along(name):
                whole[each] = max(whole.get(each, ""), month)
    return {name: month for name, month in whole.items() if name not in set(kept)}
