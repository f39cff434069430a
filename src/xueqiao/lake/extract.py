"""Copies rows out of the rooms below into bronze.

The position and the rows up to it are one Delta commit, so a process killed between reading and
writing reads the same rows again, and one killed after writing does not. Two processes at once are
kept apart by a lock on one machine, and beyond it by the commit: who is second is refused there and
reads on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from xueqiao.kernel import cursor
from xueqiao.lake import columns, folding, keeping, sources, tables
from xueqiao.lake.retention import lines
from xueqiao.lake.sources import Log, Snapshot

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

BATCH = 50_000
ATTEMPTS = 5
Progress = Callable[[str, int, int], None]
"""Called with table, rows done, rows in all."""

ARRIVAL = keeping.ARRIVED
RUNS = "runs.extract"
RUN_COLUMNS = sources.columns(
    started_at=sources.INSTANT,
    table=sources.TEXT,
    kind=sources.TEXT,
    rows=sources.BIG,
    gone=sources.BIG,
    xid=sources.BIG,
    row=sources.BIG,
    version=sources.BIG,
    milliseconds=sources.BIG,
)


@dataclass(frozen=True)
class Extracted:
    """What one extraction did to one table. ``rows`` is None where nothing had changed.

    ``kind``: log, snapshot (replaced whole) or changes (rows that differ; ``gone``: tombstones).
    """

    table: str
    rows: int | None
    kind: str = "snapshot"
    gone: int = 0
    milliseconds: int = 0


def extract(
    *,
    root: Path,
    of: Iterable[Snapshot | Log],
    at: datetime,
    progress: Progress | None = None,
) -> list[Extracted]:
    """Bring bronze up to date. Safe to stop at any moment and to run again.

    Args:
        root: the lake's folder.
        of: what to copy; ``catalogue.sources()`` for all.
        at: written beside each new row as its arrival.
        progress: told after each batch.

    Raises:
        tables.LakeBusy: another extraction runs.
        tables.LakeFull: the disk is full; nothing is half-written.
    """
    told = progress or (lambda *_facts: None)
    with tables.locked(root, "extract"):
        done = [
            follow(root, source, at, told)
            if isinstance(source, Log)
            else snapshot(root, source, at, told)
            for source in of
        ]
        record(root, [each for each in done if each.rows is not None], at)
    return done


def snapshot(root: Path, source: Snapshot, at: datetime, told: Progress) -> Extracted:
    """Copy what changed of a snapshot when its stamp has changed."""
    began = time.monotonic()
    if not source.key:
        return replaced(root, source, told)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            kept = keeping.keep(root, source, at)
        except tables.Overtaken:
            # Somebody else wrote these changes; look again behind them.
            if attempt == ATTEMPTS:
                raise
            continue
        break
    if kept is None:
        return Extracted(source.table, None, "changes")
    told(source.table, kept.rows, kept.rows)
    return Extracted(source.table, kept.rows, "changes", kept.gone, since(began))


def replaced(root: Path, source: Snapshot, told: Progress) -> Extracted:
    """Replace a table without a key when its stamp has changed."""
    began, table = time.monotonic(), tables.Table(root, source.table)
    # The stamp is taken first: a change during reading gives another stamp next time.
    stamp = tables.number([source.stamp(), str(source.schema)])
    if table.marks(["stamp"]).get("stamp") == stamp:
        return Extracted(source.table, None)
    rows = table.commit(
        batches=sources.reader(source.schema, source.read()),
        marks={"stamp": stamp},
        replace="everything",
    )
    told(source.table, rows, rows)
    return Extracted(source.table, rows, milliseconds=since(began))


def follow(root: Path, source: Log, at: datetime, told: Progress) -> Extracted:
    """Append what a log has gained, a batch a commit, each with its position."""
    began = time.monotonic()
    table = tables.Table(
        root, source.table, is_parted=bool(source.instant), days=source.instant or ""
    )
    shaped(table, source)
    done, total, line = 0, None, lines.of(root).get(source.table, "")
    while True:
        version, position = table.version(), position_of(table)
        found = sources.as_table(source.schema, source.after(position, BATCH))
        if not found.num_rows:
            return Extracted(source.table, done if total is not None else None, "log", 0,
                             since(began))  # fmt: skip
        if total is None:
            total = source.waiting(position)
        marks = {"xid": found["xid"][-1].as_py(), "row": found["id"][-1].as_py()}
        rows = arrived(source, found, at, line)
        try:
            table.commit(
                batches=sources.reader(rows.schema, [rows]),
                marks=marks,
                replace="nothing",
                expect=version,
            )
        except tables.Overtaken:
            # Somebody else wrote these rows; go on behind them.
            continue
        done += rows.num_rows
        total -= found.num_rows - rows.num_rows
        told(source.table, done, max(total, done))


def shaped(table: tables.Table, source: Log) -> None:
    """The table of a log, made where there is none, and in the columns of this version."""
    wanted, opened = log_schema(source), table.opened()
    if opened is None:
        table.make(wanted)
    elif set(pa.schema(opened.schema().to_arrow()).names) != set(wanted.names):
        folding.reshape(table, wanted)


def position_of(table: tables.Table) -> cursor.Position:
    """How far bronze has come, as its last commit says."""
    marks = table.marks(["xid", "row"])
    return cursor.Position(marks.get("xid", 0), marks.get("row", 0))


def log_schema(source: Log) -> pa.Schema:
    """The columns of a followed table in bronze: its own, arrival, digest, part."""
    part = [(tables.PART, pa.string())] if source.instant else []
    return pa.schema([*source.schema, *ARRIVAL, *part])


def arrived(source: Log, found: pa.Table, at: datetime, line: str = "") -> pa.Table:
    """Rows of a log with arrival, digest and part.

    Args:
        line: the first month that is kept; rows of earlier ones are left out.
    """
    rows = found.append_column("arrived_at", pa.array([at] * found.num_rows, sources.INSTANT))
    rows = rows.append_column("digest", columns.digests(found, exact=source.exact))
    if source.instant:
        rows = rows.append_column(tables.PART, columns.months(found[source.instant]))
        if line:
            rows = rows.filter(pc.greater_equal(rows[tables.PART], line))
    return rows


def record(root: Path, done: list[Extracted], at: datetime) -> None:
    """Append to ``runs.extract`` what was copied, and how far each table has come."""
    if not done:
        return
    rows = [run_row(root, each, at) for each in done]
    tables.Table(root, RUNS).commit(
        batches=sources.reader(RUN_COLUMNS, [sources.as_table(RUN_COLUMNS, rows)]),
        marks={},
        replace="nothing",
    )


def run_row(root: Path, each: Extracted, at: datetime) -> dict[str, object]:
    table = tables.Table(root, each.table)
    place = position_of(table)
    return {
        "started_at": at,
        "table": each.table,
        "kind": each.kind,
        "rows": each.rows,
        "gone": each.gone,
        "xid": place.xid,
        "row": place.row,
        "version": table.version(),
        "milliseconds": each.milliseconds,
    }


def since(began: float) -> int:
    """Milliseconds since a reading of the monotonic clock."""
    return int((time.monotonic() - began) * 1000)
