"""Carrying it out: the lines first, then one commit a table, then what was before is deleted.

In this order a process that is killed anywhere leaves a lake that is right: behind an announced
line nothing is made anew and nothing taken in, whether its rows are already gone or not.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.lake import contracts, keeping, tables
from xueqiao.lake.erasure import carrying, purge, removal
from xueqiao.lake.retention import lines, looking

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from xueqiao.lake import build
    from xueqiao.lake.duckdb import DuckDB
    from xueqiao.lake.engine import Engine
    from xueqiao.lake.retention.held import Held
    from xueqiao.lake.retention.looking import Aged, Going

MARK = "retention"
"""The number of the receipt under which a table was last given up."""
KEPT_MARKS = (*removal.POSITION, *keeping.MARKS)


class TableStopped(errors.Refusal):
    """A table is stopped by its contract, and its last good version would be deleted."""

    code = "lake.retention_table_stopped"


class StillKept(errors.Refusal):
    """Rows before a line are in a table after everything was done."""

    code = "lake.still_kept"
    status = 500


@dataclass(frozen=True)
class Done:
    """What one call did beside what it told: tables built anew, files deleted."""

    built: list[build.Built]
    purged: purge.Purged
    milliseconds: int


def carry_out(
    *,
    root: Path,
    engine: Engine,
    wanted: Mapping[str, str],
    held: Callable[[], Held],
    number: int,
    memory: str,
    at: datetime,
    told: Callable[[Going], None],
) -> Done:
    """Give up what lies before some lines. Safe to stop at any moment and to run again.

    Everything is made up to date first, so that what stays is counted of what goes.

    Args:
        engine: runs the build.
        wanted: table → first month that stays.
        held: what is held now; asked when everything is up to date, just before the first row goes.
            It names no less than in an earlier call for the same receipt.
        number: of the receipt; one that was carried out takes nothing a second time.
        memory: of the search, as DuckDB writes it.
        told: called with what goes of a table before it goes; again with the same, where a call was
            killed in between.

    Raises:
        TableStopped: a table does not keep its contract.
        tables.LakeBusy: an extraction or a build runs; call again.
        tables.LakeFull: the disk is full; call again when there is room.
        tables.Overtaken: somebody else wrote meanwhile; call again.
        build.Incomplete: a table could not be made.
        StillKept: something is left.
    """
    begun = time.monotonic()
    with tables.locked(root, "retain"):
        _refuse_stopped(root)
        with tables.locked(root, "extract"):
            made = [_made(root, engine, at)]
            with tables.locked(root, "build"):
                kept = held()
                free = {name: month for name, month in wanted.items() if name not in kept.tables}
                lines.announce(root=root, lines=free, number=number, at=at)
                with looking.searching(root=root, memory=memory, held=kept) as search:
                    for name, month in sorted(wanted.items()):
                        if found := looking.aged(root, name, month, kept):
                            give_up(found, search, number, told)
            made.append(_made(root, engine, at))
        purged = purge.purge(root=root)
        with looking.searching(root=root, memory=memory, held=kept) as search:
            left = looking.look(root=root, engine=search, wanted=wanted, held=kept)
        if any(each.rows for each in left):
            raise StillKept(still_kept_text(left))
    built = [each for outcome in made for each in outcome]
    return Done(built, purged, int((time.monotonic() - begun) * 1000))


def give_up(found: Aged, engine: DuckDB, number: int, told: Callable[[Going], None]) -> None:
    """Take the rows before the line out of a table, in one commit that bears the number."""
    if found.table.marks([MARK]).get(MARK) == number:
        return
    going = looking.measure(found, engine)
    if going.rows or going.held or going.needed:
        told(going)
    if not going.rows:
        return
    found.table.swap(
        remove=going.files,
        batches=looking.staying(found, going, engine),
        # Positions are set again as they are: who has read and not yet written reads anew.
        marks=found.table.marks(KEPT_MARKS) | {MARK: number},
        expect=found.version,
    )


def _refuse_stopped(root: Path) -> None:
    if pinned := contracts.pins(root):
        text = _(
            "{tables} does not keep its contract, and its last good version would be deleted. "
            "Settle the contract first; the next run goes on by itself."
        )
        raise TableStopped(text.format(tables=", ".join(sorted(pinned))))


def _made(root: Path, engine: Engine, at: datetime) -> list[build.Built]:
    outcome = carrying.make_anew(root, engine, at)
    outcome.refuse_failures()
    _refuse_stopped(root)
    return outcome.built


def still_kept_text(left: list[Going]) -> str:
    where = ", ".join(each.table for each in left if each.rows)
    text = _("{n} rows that were to go are still in {tables}. Run the command retain_lake again.")
    return text.format(n=sum(each.rows for each in left), tables=where)
