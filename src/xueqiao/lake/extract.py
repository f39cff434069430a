"""Copies rows out of the rooms below into bronze.

The position and the rows up to it are one Delta commit, so a process killed between reading and
writing reads the same rows again, and one killed after writing does not. Two processes at once are
kept apart by a lock on one machine, and beyond it by the commit: who is second is refused there and
reads on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from xueqiao.kernel import clock, cursor
from xueqiao.lake import sources, tables
from xueqiao.lake.sources import Log, Snapshot

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

BATCH = 20_000
Progress = Callable[[str, int, int], None]
"""Called with table, rows done, rows in all."""

ARRIVAL = [("arrived_at", sources.INSTANT), ("digest", pa.binary())]


@dataclass(frozen=True)
class Extracted:
    """What one extraction did to one table. ``rows`` is None where nothing had changed."""

    table: str
    rows: int | None


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
        of: what to copy; ``catalogue.SOURCES`` for all.
        at: written beside each new row as its arrival.
        progress: told after each batch.

    Raises:
        tables.LakeBusy: another extraction runs.
        tables.LakeFull: the disk is full; nothing is half-written.
    """
    told = progress or (lambda *_facts: None)
    with tables.locked(root, "extract"):
        return [
            follow(root, source, at, told)
            if isinstance(source, Log)
            else snapshot(root, source, told)
            for source in of
        ]


def snapshot(root: Path, source: Snapshot, told: Progress) -> Extracted:
    """Replace a small table when its stamp has changed."""
    table = tables.Table(root, source.table)
    # The stamp is taken first: a change during reading gives another stamp next time.
    stamp = tables.number([source.stamp(), str(source.schema)])
    if table.marks(["stamp"]).get("stamp") == stamp:
        return Extracted(source.table, None)
    rows = table.commit(
        batches=sources.batches(source.schema, source.rows()),
        marks={"stamp": stamp},
        replace="everything",
    )
    told(source.table, rows, rows)
    return Extracted(source.table, rows)


def follow(root: Path, source: Log, at: datetime, told: Progress) -> Extracted:
    """Append what a log has gained, a batch a commit, each with its position."""
    table = tables.Table(root, source.table, is_parted=bool(source.instant))
    done, total = 0, None
    while True:
        version, position = table.version(), position_of(table)
        rows = source.after(position, BATCH)
        if not rows:
            if version == tables.NEVER:
                table.make(log_schema(source))
            return Extracted(source.table, done if total is not None else None)
        if total is None:
            total = source.waiting(position)
        batch = arrived(source, rows, at)
        marks = {"xid": rows[-1]["xid"], "row": rows[-1]["id"]}
        try:
            table.commit(
                batches=pa.RecordBatchReader.from_batches(batch.schema, [batch]),
                marks=marks,
                replace="nothing",
                expect=version,
            )
        except tables.Overtaken:
            # Somebody else wrote these rows; go on behind them.
            continue
        done += len(rows)
        told(source.table, done, max(total, done))


def position_of(table: tables.Table) -> cursor.Position:
    """How far bronze has come, as its last commit says."""
    marks = table.marks(["xid", "row"])
    return cursor.Position(marks.get("xid", 0), marks.get("row", 0))


def log_schema(source: Log) -> pa.Schema:
    """The columns of a followed table in bronze: its own, arrival, digest, part."""
    part = [(tables.PART, pa.string())] if source.instant else []
    return pa.schema([*source.schema, *ARRIVAL, *part])


def arrived(source: Log, rows: list[dict[str, Any]], at: datetime) -> pa.RecordBatch:
    """Rows of a log with arrival, digest of the exact text (else of all columns) and part."""
    for row in rows:
        exact = row.get("text") or repr(sorted(row.items()))
        row["digest"] = hashlib.sha256(exact.encode()).digest()
        row["arrived_at"] = at
        if source.instant:
            row[tables.PART] = f"{clock.local_date(row[source.instant]):%Y-%m}"
    return sources.record_batch(log_schema(source), rows)
