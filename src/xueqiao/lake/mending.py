"""Files of the lake that are gone, and the rows in them brought back from the rooms below.

A disk or a bucket may lose an object. Bronze is mended by reading again exactly the rows that are
missing; of what a build makes the whole table is dropped, and the next build makes it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from xueqiao.lake import commits, extract, folding, keeping, sources, tables
from xueqiao.lake.build.staleness import SQL_MARK
from xueqiao.lake.retention import lines
from xueqiao.lake.sources import Log, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from xueqiao.kernel.cursor import Position


def lost(root: Path) -> dict[str, list[str]]:
    """The files that tables of bronze, stage and marts name and that are not there, by table."""
    found = {}
    for name in tables.names(root):
        table = tables.Table(root, name)
        if gone := commits.lost(table, table.file_names()):
            found[name] = gone
    return found


def mend(*, root: Path, of: Iterable[Snapshot | Log], at: datetime) -> dict[str, int]:
    """Bring back into bronze what lost files held; rows by table.

    History that only a lost file of changes held cannot come back: the present rows begin it anew.

    Args:
        of: the sources, as ``extract`` takes them.
        at: written as the arrival of the rows that come back.

    Raises:
        tables.LakeBusy: an extraction runs.
        tables.Overtaken: an erasure rewrote the same table meanwhile; run it again.
    """
    done = {}
    with tables.locked(root, "extract"):
        for source in of:
            if isinstance(source, Log):
                rows = mended_log(root, source, at)
            else:
                rows = mended_snapshot(root, source, at)
            if rows is not None:
                done[source.table] = rows
    return done


def mended_log(root: Path, source: Log, at: datetime) -> int | None:
    """Put the missing rows of a log into the commit that takes its lost files out."""
    table = tables.Table(root, source.table, is_parted=bool(source.instant))
    # The version first: who has committed since makes what is missing another question.
    version, names = table.version(), table.file_names()
    gone = commits.lost(table, names)
    if not gone:
        return None
    reached = extract.position_of(table)
    parts = {tables.part_of(name) for name in gone} if source.instant else None
    schema = extract.log_schema(source)
    left = [name for name in names if name not in gone]
    near = [name for name in left if parts is None or tables.part_of(name) in parts]
    have = folding.rows_in(table, near, schema).to_table(columns=["id"])["id"].to_numpy()
    line = lines.of(root).get(source.table, "")
    found = missing(source, reached, np.sort(have), parts, at, line=line)
    return table.swap(
        remove=gone,
        batches=sources.reader(schema, found),
        marks={"xid": reached.xid, "row": reached.row},
        expect=version,
    )


def missing(
    source: Log,
    reached: Position,
    have: np.ndarray[Any, Any],
    parts: set[str] | None,
    at: datetime,
    *,
    line: str,
) -> Iterator[pa.Table]:
    """The rows of a log up to a position that are not among some, of some parts.

    Args:
        line: the first month that is kept; what was given up stays so.
    """
    position = type(reached)()
    while True:
        found = sources.as_table(source.schema, source.after(position, extract.BATCH))
        if not found.num_rows:
            return
        position = type(reached)(found["xid"][-1].as_py(), found["id"][-1].as_py())
        rows = extract.arrived(source, found, at, line)
        ids = rows["id"].to_numpy()
        wanted = ~np.isin(ids, have)
        xids = rows["xid"].to_numpy()
        wanted &= (xids < reached.xid) | ((xids == reached.xid) & (ids <= reached.row))
        if parts is not None:
            wanted &= np.isin(rows[tables.PART].to_numpy(zero_copy_only=False), sorted(parts))
        yield rows.filter(pa.array(wanted))
        if (position.xid, position.row) >= (reached.xid, reached.row):
            return


def mended_snapshot(root: Path, source: Snapshot, at: datetime) -> int | None:
    """Read a snapshot whole, of which a file is lost; rows that were written."""
    present = tables.Table(root, source.table)
    kept = [present, tables.Table(root, keeping.changes_of(source))]
    holed = [table for table in kept if commits.lost(table, table.file_names())]
    if not holed:
        return None
    for table in holed:
        opened = table.opened()
        assert opened is not None
        schema = pa.schema(opened.schema().to_arrow())
        # The stamp of no state: the next look reads everything.
        table.swap(
            remove=commits.lost(table, table.file_names()),
            batches=sources.reader(schema, []),
            marks={keeping.STAMP: 0},
        )
    if source.key:
        # Folded anew from the changes that are left: what they lack is then found to have changed.
        present.mark({keeping.STAMP: 0, keeping.SEQUENCE: 0})
    done = extract.snapshot(root, replace(source, follow=None), at, lambda *_facts: None)
    return done.rows or 0


def drop_made(*, root: Path, names: Iterable[str]) -> list[str]:
    """Give up tables that a build makes: by their marks the next one makes them whole."""
    dropped = []
    for name in names:
        if name.partition(".")[0] == "bronze":
            continue
        opened = tables.Table(root, name).opened()
        assert opened is not None
        is_parted = bool(opened.metadata().partition_columns)
        tables.Table(root, name, is_parted=is_parted).mark({SQL_MARK: 0})
        dropped.append(name)
    return dropped
