"""The SQL files of stage and marts: what each reads, how it is parted, in which order they build.

The heading of a file is read, so it cannot disagree with what is built: ``reads`` gives the order,
``parts month`` makes the table parted, ``days <column>`` says that the rows of one day, which that
column tells, are made of rows of no other day of the parted tables it reads, ``reopens <table> by
<key>`` says that a changed row of an unparted table touches only the parts in which its key occurs,
``reopens <table> by month of <day>`` (or ``of <day> and <day>``) that it touches only the months of
those days, before and after the change.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

from xueqiao.lake import tables

HERE = Path(__file__).parent
FLOORS = ("stage", "marts")
GIVEN = ("bronze.", "quality.")
"""Tables that no recipe makes: what was extracted, and what was found about it."""
LOG_DAYS = {"bronze.statement": "event_at"}
"""The column that tells the day of a row, of parted tables that no recipe makes."""
HEADINGS = ("grain", "reads", "units", "clock")


class BadRecipeError(ValueError):
    """A heading lacks a line or names a table that does not exist. For the programmer."""


@dataclass(frozen=True)
class Recipe:
    """One SQL file.

    Attributes:
        name: as SQL names the table: ``stage.event``, or bare for a mart.
        reads: names of tables, ``bronze.…`` included.
        reopens: unparted table → the key, or ``month of`` the day, by which its changed rows find
            the parts they touch.
        days: the column that tells the day of a row, where a day can be made anew by itself; "".
        heading: the lines of the heading by their first word; for the catalogue.
    """

    name: str
    sql: str
    heading: dict[str, str]
    reads: tuple[str, ...]
    is_parted: bool
    days: str
    reopens: dict[str, str]

    @property
    def digest(self) -> int:
        """A number that changes with the SQL."""
        return tables.number(self.sql)


def days_of(name: str) -> str:
    """The column of a table that tells the day of a row, as SQL calls it; "" for none.

    >>> days_of("bronze.statement"), days_of("learner_day"), days_of("learner_month")
    ('event_at', 'day', '')
    """
    known = recipes().get(name)
    return known.days if known else LOG_DAYS.get(name, "")


def location(name: str) -> str:
    """Where a table that SQL calls by this name lies: ``marts.learner_month`` for a bare name.

    >>> location("learner_month"), location("stage.event")
    ('marts.learner_month', 'stage.event')
    """
    return name if "." in name else f"marts.{name}"


@cache
def recipes() -> dict[str, Recipe]:
    """All recipes by name, each after those it reads.

    Raises:
        BadRecipeError: a heading is not whole.
    """
    found = [
        parse(path.read_text(encoding="utf-8"), floor, path.stem)
        for floor in FLOORS
        for path in sorted((HERE / floor).glob("*.sql"))
    ]
    by_name = {recipe.name: recipe for recipe in found}
    # In order, not a set: the same order in every process.
    needs = {
        recipe.name: sorted({name for name in recipe.reads if not name.startswith(GIVEN)})
        for recipe in found
    }
    for name, read in needs.items():
        if missing := set(read) - by_name.keys():
            raise BadRecipeError(f"{name} reads {', '.join(sorted(missing))}, which no file makes.")
    for recipe in found:
        months = [by_name[read].name for read in needs[recipe.name] if by_name[read].is_parted
                  and not by_name[read].days]  # fmt: skip
        if recipe.days and months:
            raise BadRecipeError(f"{recipe.name} has days, but {', '.join(months)} has none.")
    return {name: by_name[name] for name in TopologicalSorter(needs).static_order()}


def parse(text: str, floor: str, stem: str) -> Recipe:
    """Read one file. Lines of the heading start with ``--`` and a word; deeper ones continue."""
    heading: dict[str, str] = {}
    word = ""
    for line in text.splitlines()[1:]:
        if not line.startswith("--"):
            break
        if found := re.match(r"-- (\w+) +(.*)", line):
            word = found[1]
            heading[word] = found[2]
        else:
            heading[word] += " " + line.removeprefix("--").strip()
    name = stem if floor == "marts" else f"{floor}.{stem}"
    if missing := [word for word in HEADINGS if word not in heading]:
        raise BadRecipeError(f"{name} does not say its {', '.join(missing)}.")
    reads = () if heading["reads"] == "nothing" else tuple(re.split(r",\s*", heading["reads"]))
    pairs = (item.split(" by ") for item in heading.get("reopens", "").split(", ") if item)
    return Recipe(
        name=name,
        sql=text,
        heading=heading,
        reads=reads,
        is_parted=heading.get("parts") == "month",
        days=heading.get("days", ""),
        reopens=dict(pairs),
    )
