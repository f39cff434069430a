"""In which chunks a table is made: small parts together, a large one by runs of its days.

A query sorts what it makes; of a chunk that fits into memory, of a year of a province it would not.
The files of a chunk hold no other rows, so who reads or rewrites some days opens few of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from xueqiao.lake import commits, days, tables
from xueqiao.lake.build.reading import Reading, Size

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import date

    from xueqiao.lake.recipes import Recipe

CHUNK_ROWS = 1 << 20
SMALL_ROWS = CHUNK_ROWS // 4
"""A part of no more rows is made whole; a file of fewer is taken into the new one beside it."""
SPREAD = 2
"""A large part is not made by runs of days where that would open its files more often than this."""


@dataclass(frozen=True)
class Chunk:
    """What one query makes.

    Attributes:
        parts: of the tables it reads and of the rows it makes; None: of all parts.
        of_days: of these parts; None: all.
        but: parts that it does not make; for what comes of tables without parts.
        stored: bytes that it reads.
        kept: files of the table itself whose rows of ``kept_days`` go into the new files.
    """

    parts: tuple[str, ...] | None = None
    of_days: days.Days | None = None
    but: tuple[str, ...] = ()
    stored: int = 0
    kept: tuple[str, ...] = ()
    kept_days: days.Days = frozenset()


def of_everything(reading: Reading, recipe: Recipe, floor: str) -> list[Chunk]:
    """The chunks of a table that is made as a whole, from a month on."""
    parted, sizes = _parted(reading, recipe), _sizes(reading, recipe)
    whole = Chunk(stored=_stored(reading, recipe, None))
    if (
        not recipe.is_parted
        or not parted
        or sum(each.rows for each in sizes.values()) <= CHUNK_ROWS
    ):
        return [whole]
    parts = sorted(part for part in sizes if part >= floor)
    found = of_parts(reading, recipe, parts)
    if found and len(parted) < len(recipe.reads):
        found.append(Chunk(parts=(), but=tuple(parts)))
    return found or [whole]


def of_parts(reading: Reading, recipe: Recipe, parts: Iterable[str]) -> list[Chunk]:
    """The chunks of some whole parts."""
    sizes, found = _sizes(reading, recipe), list[Chunk]()
    group, rows = list[str](), 0
    for part in sorted(parts):
        size = sizes.get(part, Size(0, 0))
        if size.rows > CHUNK_ROWS:
            found += _runs(reading, recipe, part, size)
            continue
        if group and rows + size.rows > CHUNK_ROWS:
            found.append(_together(reading, recipe, group))
            group, rows = [], 0
        group.append(part)
        rows += size.rows
    return [*found, _together(reading, recipe, group)] if group else found


def large(reading: Reading, recipe: Recipe, changes: commits.Changes) -> dict[str, days.Days]:
    """The parts of which days are known, and so many rows that the days are made by themselves.

    A small one is made as a whole, together with others: days of hundreds of them would be hundreds
    of queries. What changed in it are the same days.
    """
    sizes = _sizes(reading, recipe)
    return {
        part: on
        for part, on in changes.items()
        if on is not None and part in sizes and sizes[part].rows > SMALL_ROWS
    }


def of_days(
    reading: Reading, recipe: Recipe, changes: dict[str, days.Days]
) -> tuple[list[Chunk], list[str]]:
    """The chunks of some days of each part, and the files of the table that they replace."""
    table, found, gone = reading.table(recipe.name), list[Chunk](), list[str]()
    names, sizes = table.file_names(), _sizes(reading, recipe)
    for part, on in sorted(changes.items()):
        groups = {name: groups_of(table, name) for name in names if tables.part_of(name) == part}
        hit = {name: each for name, each in groups.items() if is_small(each) or meets_any(each, on)}
        month, stored = days.month(part), _stored(reading, recipe, [part])
        # Of what is replaced, and of what comes: a month that arrives late has no files yet.
        held = sum(group.rows for each in hit.values() for group in each)
        rows = max(held, sizes[part].rows * len(on) // len(month))
        # Files that hold a whole month of many rows are laid out anew by runs of days.
        for run in days.runs(part, min(math.ceil(rows / CHUNK_ROWS) or 1, len(month))):
            share = stored * len(on & run) // len(month)
            found.append(Chunk((part,), on & run, (), share, tuple(hit), run - on))
        gone += hit
    return found, gone


def _together(reading: Reading, recipe: Recipe, parts: list[str]) -> Chunk:
    return Chunk(tuple(parts), stored=_stored(reading, recipe, parts))


def _runs(reading: Reading, recipe: Recipe, part: str, size: Size) -> list[Chunk]:
    """A large part by runs of its days; as one chunk where its files are not in their order."""
    stored = _stored(reading, recipe, [part])
    whole = [Chunk((part,), stored=stored)]
    if not recipe.days:
        return whole
    runs = days.runs(part, min(math.ceil(size.rows / CHUNK_ROWS), len(days.month(part))))
    groups = [
        group
        for name in _parted(reading, recipe)
        for file in reading.table(name).file_names(reading.pin(name))
        if tables.part_of(file) == part
        for group in groups_of(reading.table(name), file)
    ]
    opened = sum(group.stored for run in runs for group in groups if meets(group, run))
    if opened > SPREAD * sum(group.stored for group in groups):
        return whole
    return [Chunk((part,), run, stored=opened // len(runs)) for run in runs]


@dataclass(frozen=True)
class Group:
    """Rows of a file that are read together: their first and last day, None where nobody knows."""

    first: date | None
    last: date | None
    rows: int
    stored: int


def groups_of(table: tables.Table, name: str) -> list[Group]:
    """The row groups of a file, as its footer says."""
    path = table.store.path(f"{table.folder}/{name}")
    metadata = pq.read_metadata(path, filesystem=table.store.files)
    number, found = metadata.schema.names.index(table.days), list[Group]()
    for each in range(metadata.num_row_groups):
        group = metadata.row_group(each)
        said = group.column(number).statistics
        ends = (said.min, said.max) if said is not None and said.has_min_max else ()
        first, last = map(days.local, ends) if ends else (None, None)
        stored = sum(group.column(n).total_compressed_size for n in range(group.num_columns))
        found.append(Group(first, last, group.num_rows, stored))
    return found


def is_small(groups: list[Group]) -> bool:
    """Whether a file has so few rows that it is taken into the new one beside it."""
    return sum(group.rows for group in groups) < SMALL_ROWS


def meets_any(groups: list[Group], on: Collection[date]) -> bool:
    """Whether a file may hold rows of some days."""
    return any(meets(group, on) for group in groups)


def meets(group: Group, on: Collection[date]) -> bool:
    """Whether some rows may be of one of some days."""
    if group.first is None or group.last is None:
        return True
    return any(group.first <= day <= group.last for day in on)


def _parted(reading: Reading, recipe: Recipe) -> list[str]:
    return [name for name in recipe.reads if reading.table(name).is_parted]


def _sizes(reading: Reading, recipe: Recipe) -> dict[str, Size]:
    """Rows and bytes of each part, of the largest of the tables with parts that are read."""
    found: dict[str, Size] = {}
    for name in _parted(reading, recipe):
        for part, size in reading.sizes(name).items():
            if size.rows >= found.get(part, size).rows:
                found[part] = size
    return found


def _stored(reading: Reading, recipe: Recipe, parts: list[str] | None) -> int:
    return sum(reading.size(name, parts=parts).stored for name in recipe.reads)
