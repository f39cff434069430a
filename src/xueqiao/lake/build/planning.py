"""What a build would make now, and why: read from the marks, without running any SQL."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from deltalake.exceptions import DeltaError
from django.utils.translation import gettext as _

from xueqiao.lake import commits, contracts, days, tables
from xueqiao.lake.build import chunks
from xueqiao.lake.build.reading import EVERYTHING, Reading, gated
from xueqiao.lake.build.staleness import SQL_MARK, is_replaced, wanted_marks
from xueqiao.lake.recipes import recipes

if TYPE_CHECKING:
    from pathlib import Path

    from xueqiao.lake.recipes import Recipe


class Why(Enum):
    """Why a table is to be made anew."""

    NEW = "new"
    SQL = "sql"
    INPUT = "input"
    REPLACED = "replaced"
    WAITS = "waits"


@dataclass(frozen=True)
class Reason:
    """One cause. ``table``: the one that changed; "" where it is the table's own SQL."""

    why: Why
    table: str = ""

    def __str__(self) -> str:
        texts = {
            Why.NEW: _("never made"),
            Why.SQL: _("its SQL has changed"),
            Why.INPUT: _("{table} has new rows"),
            Why.REPLACED: _("{table} was made from nothing"),
            Why.WAITS: _("{table} is made anew before it"),
        }
        return texts[self.why].format(table=self.table)


@dataclass(frozen=True)
class Planned:
    """One table that would be made.

    Attributes:
        changes: the parts, and where a table has days which of them; None for all.
        is_certain: False where further parts depend on rows that only the build will compare.
        reads_rows: how many rows it would read, as the commits say.
        rows: how many rows it would write by the ratio of the last time; None where it is new.
    """

    table: str
    changes: commits.Changes | None
    reasons: list[Reason]
    is_certain: bool
    reads_rows: int
    rows: int | None

    @property
    def parts(self) -> list[str] | None:
        return None if self.changes is None else sorted(self.changes)

    @property
    def shown_parts(self) -> str:
        if self.changes is None:
            return _("all")
        by_day = {part: on for part, on in self.changes.items() if on is not None}
        found = days.shown(self.changes, by_day)
        if self.is_certain:
            return found
        return ", ".join(filter(None, [found, _("those of changed rows")]))


def plan(*, root: Path) -> list[Planned]:
    """The tables that a build would make now, in order; empty when nothing is stale.

    Raises:
        NotExtracted: bronze is missing.
        contracts.NothingGood: a table that is stopped never kept its contract.
    """
    reading, found = gated(root, contracts.pins(root)), dict[str, Planned]()
    for recipe in recipes().values():
        if planned := _planned(reading, recipe, found):
            found[recipe.name] = planned
    return list(found.values())


def _planned(reading: Reading, recipe: Recipe, before: dict[str, Planned]) -> Planned | None:
    if reading.table(recipe.name).opened() is None:
        return _sized(reading, recipe, EVERYTHING, [Reason(Why.NEW)], before)
    present = [
        name for name in recipe.reads if name.startswith("bronze.") or _exists(reading, name)
    ]
    if len(present) == len(recipe.reads) and not before.keys() & set(recipe.reads):
        marks = wanted_marks(reading, recipe)
        if reading.table(recipe.name).marks(marks) == marks:
            return None
    return _stale(reading, recipe, before)


def _stale(reading: Reading, recipe: Recipe, before: dict[str, Planned]) -> Planned | None:
    """A table some of whose inputs have changed, or will have by the time it is made."""
    names = [SQL_MARK, *(f"{kind}:{name}" for name in recipe.reads for kind in ("from", "id"))]
    have = reading.table(recipe.name).marks(names)
    if have.get(SQL_MARK) != recipe.digest:
        return _sized(reading, recipe, EVERYTHING, [Reason(Why.SQL)], before)
    changes: commits.Changes | None = {}
    reasons, is_certain = [], True
    for name in recipe.reads:
        reason, touched, sure = _touched(reading, recipe, name, have, before)
        if reason is None:
            continue
        reasons.append(reason)
        is_certain = is_certain and sure
        changes = None if changes is None or touched is None else commits.both(changes, touched)
    if not reasons:
        return None
    if changes is None:
        return _sized(reading, recipe, EVERYTHING, reasons, before)
    floor = reading.floor(recipe.name)
    open_ = {
        part: on if recipe.days else None for part, on in sorted(changes.items()) if part >= floor
    }
    return _sized(reading, recipe, open_, reasons, before, is_certain=is_certain)


def _touched(
    reading: Reading,
    recipe: Recipe,
    name: str,
    have: dict[str, int],
    before: dict[str, Planned],
) -> tuple[Reason | None, commits.Changes | None, bool]:
    """What one input brings about: reason, parts and days (None for all), whether they are all."""
    is_parted, reopens = reading.table(name).is_parted, name in recipe.reopens
    if name in before:
        earlier, reason = before[name], Reason(Why.WAITS, name)
        if recipe.is_parted and is_parted:
            return reason, earlier.changes, earlier.is_certain
        return reason, {} if reopens else None, not reopens
    if is_replaced(reading, name, have):
        return Reason(Why.REPLACED, name), None, True
    changes = reading.table(name).changes_since(have[f"from:{name}"])
    if changes == {}:
        return None, {}, True
    if recipe.is_parted and is_parted:
        return Reason(Why.INPUT, name), changes, True
    return Reason(Why.INPUT, name), {} if reopens else None, not reopens


def _sized(
    reading: Reading,
    recipe: Recipe,
    changes: commits.Changes | None,
    reasons: list[Reason],
    before: dict[str, Planned],
    *,
    is_certain: bool = True,
) -> Planned:
    reads = sum(_rows(reading, name, changes, before) for name in recipe.reads)
    made = _last(reading, recipe, None if changes is None else list(changes))
    rows = None if made is None else made[0] * reads // made[1] if made[1] else made[0]
    return Planned(recipe.name, changes, reasons, is_certain, reads, rows)


def _rows(
    reading: Reading, name: str, changes: commits.Changes | None, before: dict[str, Planned]
) -> int:
    """Rows of an input: those it has, or those it is expected to have when it is made first."""
    if not _exists(reading, name):
        return before[name].rows or 0 if name in before else 0
    if changes is None or not reading.table(name).is_parted:
        return reading.size(name).rows
    sizes = reading.sizes(name)
    return sum(
        _of_days(sizes[part].rows, part, on) for part, on in changes.items() if part in sizes
    )


def _of_days(rows: int, part: str, on: days.Days | None) -> int:
    """The rows of some days of a large part, as if all had as many; a small one is made whole."""
    if on is None or rows <= chunks.SMALL_ROWS:
        return rows
    return rows * len(on) // len(days.month(part))


def _last(reading: Reading, recipe: Recipe, parts: list[str] | None) -> tuple[int, int] | None:
    """Rows that the table has in these parts, and how many were read for them the last time."""
    if not _exists(reading, recipe.name):
        return None
    have = reading.table(recipe.name).marks([f"from:{name}" for name in recipe.reads])
    earlier = Reading(reading.root)
    for name in recipe.reads:
        try:
            opened = reading.table(name).opened(have.get(f"from:{name}"))
        except (DeltaError, OSError):
            opened = None
        if opened is None:
            return None
        earlier.pinned[name] = opened
    read = sum(earlier.size(name, parts=parts).rows for name in recipe.reads)
    return reading.size(recipe.name, parts=parts).rows, read


def _exists(reading: Reading, name: str) -> bool:
    return name in reading.pinned or reading.table(name).version() != tables.NEVER
