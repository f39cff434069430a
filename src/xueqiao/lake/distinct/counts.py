"""Counts distinct persons from the bitmaps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from django.utils.translation import gettext as _
from pyarrow import parquet
from pyroaring import BitMap

from xueqiao.kernel import errors
from xueqiao.lake import tables
from xueqiao.lake.distinct import bitmaps
from xueqiao.lake.retention import lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

EVERYWHERE = None


class NoBitmaps(errors.Refusal):
    """The bitmaps have never been made."""

    code = "lake.no_bitmaps"


class BackwardPeriod(errors.Refusal):
    """A period that ends before it begins."""

    code = "lake.backward_period"


class GivenUp(errors.Refusal):
    """Presence of the period was given up by its term, so that a count would be too small."""

    code = "lake.period_given_up"


@dataclass(frozen=True)
class Period:
    """Whole calendar days in Asia/Shanghai, both ends included."""

    since: date
    until: date

    def __post_init__(self) -> None:
        if self.until < self.since:
            text = _("The period from {since} to {until} ends before it begins. Swap the days.")
            raise BackwardPeriod(text.format(since=self.since, until=self.until))

    @classmethod
    def month(cls, year: int, month: int) -> Period:
        """A calendar month.

        >>> Period.month(2024, 2).until
        datetime.date(2024, 2, 29)
        """
        first = date(year, month, 1)
        return cls(first, _next_month(first) - timedelta(days=1))

    def pieces(self) -> tuple[list[str], dict[str, tuple[date, date]]]:
        """The months that lie wholly in the period, and the days of those that do not.

        >>> Period(date(2024, 1, 30), date(2024, 3, 2)).pieces()[0]
        ['2024-02']
        """
        whole, partly = [], {}
        first = self.since.replace(day=1)
        while first <= self.until:
            last = _next_month(first) - timedelta(days=1)
            if self.since <= first and last <= self.until:
                whole.append(f"{first:%Y-%m}")
            else:
                partly[f"{first:%Y-%m}"] = (max(first, self.since), min(last, self.until))
            first = _next_month(first)
        return whole, partly


def persons(
    *,
    root: Path,
    register: str,
    place_id: int | None,
    period: Period,
    kind: str = "active",
    born_until: int | None = None,
) -> int:
    """How many distinct persons who live in a place were there in a period.

    Args:
        root: the lake's folder.
        register: in whose tree the place is taken: ``nbs``, ``mca``.
        place_id: a place of any level, all below it included; EVERYWHERE counts learners without a
            known home too.
        kind: as in ``marts/presence.sql``; one that nobody has gives 0.
        born_until: only those born in this year or before; persons without a known year are not.

    Raises:
        NoBitmaps: they have never been made.
        GivenUp: the period begins before the first month that is kept.
    """
    there = members(root=root, period=period, kind=kind, born_until=born_until)
    if place_id is EVERYWHERE:
        return len(there)
    homes = _rows(root, "home", [("register", "=", register), ("place_id", "=", place_id)])
    living = bitmaps.united(homes["learners"].to_pylist())
    return int(there.intersection_cardinality(living))


def persons_below(
    *,
    root: Path,
    register: str,
    level: int,
    period: Period,
    place_ids: Iterable[int] | None = None,
    kind: str = "active",
    born_until: int | None = None,
) -> dict[int, int]:
    """The distinct persons of each place of a level: all counties at once.

    Args:
        level: 1 province … 5 village.
        place_ids: only these places; all of the level where it is None.

    Returns:
        place → persons; places in which nobody who was there lives are left out.
    """
    there = members(root=root, period=period, kind=kind, born_until=born_until)
    asked: list[tuple[str, str, Any]] = [("register", "=", register), ("level", "=", level)]
    if place_ids is not None:
        asked.append(("place_id", "in", list(place_ids)))
    homes = _rows(root, "home", asked)
    pairs = zip(homes["place_id"].to_pylist(), homes["learners"].to_pylist(), strict=True)
    counted = {
        place: int(there.intersection_cardinality(BitMap.deserialize(living)))
        for place, living in pairs
    }
    return {place: count for place, count in counted.items() if count}


def members(
    *, root: Path, period: Period, kind: str = "active", born_until: int | None = None
) -> BitMap:
    """The learners who were there in a period, wherever they live.

    Raises:
        NoBitmaps: they have never been made.
        GivenUp: the period begins before the first month that is kept.
    """
    whole, partly = period.pieces()
    if (line := lines.of(root).get("presence", "")) > min([*whole, *partly]):
        text = _("Rows before {month} were given up by their term. Choose a period from then on.")
        raise GivenUp(text.format(month=line))
    found = bitmaps.united(
        learners
        for part, day, learners in _presence(root, {*whole, *partly}, kind)
        if (day is None if part not in partly else day and _holds(partly[part], day))
    )
    if born_until is not None:
        asked = [("trait", "=", "birth_year"), ("value", "<=", born_until)]
        found &= bitmaps.united(_rows(root, "trait", asked)["learners"].to_pylist())
    return found


def _presence(root: Path, parts: set[str], kind: str) -> Iterator[tuple[str, date | None, bytes]]:
    """The presence of some months, of one kind: month, day (None: all of it), learners."""
    table = tables.Table(root, "distinct.presence", is_parted=True)
    for name in _files(table):
        part = tables.part_of(name)
        if part in parts:
            rows = _read(table, name, [("kind", "=", kind)], ["day", "learners"])
            for day, learners in zip(*(each.to_pylist() for each in rows.columns), strict=True):
                yield part, day, learners


def _holds(days: tuple[date, date], day: date) -> bool:
    return days[0] <= day <= days[1]


def _rows(root: Path, name: str, asked: list[tuple[str, str, Any]]) -> pa.Table:
    """The rows of a table without parts that fit; groups of rows that cannot are not read."""
    table = tables.Table(root, f"distinct.{name}")
    return pa.concat_tables([_read(table, file, asked) for file in _files(table)])


def _read(
    table: tables.Table,
    name: str,
    asked: list[tuple[str, str, Any]],
    columns: list[str] | None = None,
) -> pa.Table:
    path = table.store.path(f"{table.folder}/{name}")
    return parquet.read_table(path, filesystem=table.store.files, filters=asked, columns=columns)


def _files(table: tables.Table) -> list[str]:
    opened = table.opened()
    if opened is None:
        text = _("Distinct persons have never been counted. Run the command build_lake.")
        raise NoBitmaps(text)
    return table.file_names(opened)


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)
