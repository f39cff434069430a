"""Many small files of a table laid together as few large ones, and old ones deleted.

Each commit of an extraction is a file; readers pay for every one. Rows stay the same: commits that
only lay them out anew reopen nothing. Who reads an earlier version is not disturbed, because its
files stay until ``sweep``.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from xueqiao.lake import days, sources, tables
from xueqiao.lake.recipes import days_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from xueqiao.lake.engine import Engine

APPENDED = ("bronze", "runs", "quality")
TARGET_BYTES = 64 << 20
"""A file of this size is left as it is."""
FEWEST = 4
"""Fewer small files of a part than this cost readers less than laying them together."""
MOST_BYTES = 1 << 30
"""Of files laid together in one commit; the rest waits for the next one."""
ORDERS = (("actor_id", "id"), ("id",), ("sequence",), ("started_at",), ("judged_at",))
"""Columns that rows of one reader lie near each other by; the first that a table has.

Days come before them where a table has days: builds read some days of a month.
"""


@dataclass(frozen=True)
class Compacted:
    """What was laid together: files of one part of one table, before and after."""

    table: str
    part: str
    before: int
    after: int


def compact(*, root: Path, engine: Engine, seconds: float = math.inf) -> list[Compacted]:
    """Lay together the small files of what is appended to: logs, changes, runs.

    Tables that a build makes have few files of each part already.

    Args:
        seconds: no other part is begun after these; what is left waits for the next call.

    Raises:
        tables.LakeBusy: another compaction runs.
        tables.Overtaken: somebody took rows out meanwhile; nothing changed, run it again.
        tables.LakeFull: the disk is full; each table is as before or as after.
    """
    done, until = list[Compacted](), time.monotonic() + seconds
    with tables.locked(root, "compact"):
        for name in tables.names(root, APPENDED):
            done += laid_together(root, name, engine, until=until)
    return done


def laid_together(root: Path, name: str, engine: Engine, *, until: float) -> list[Compacted]:
    """The same for one table, as long as the monotonic clock is before ``until``."""
    opened = tables.Table(root, name).opened()
    assert opened is not None
    schema = pa.schema(opened.schema().to_arrow())
    order = next((each for each in ORDERS if set(each) <= set(schema.names)), None)
    if order is None:
        return []
    if of_days := days_of(name):
        order = (days.expression(of_days), *order)
    table = tables.Table(root, name, is_parted=bool(opened.metadata().partition_columns))
    done = []
    for part, files in small(table).items():
        if time.monotonic() >= until:
            break
        with engine.job() as job:
            uris = [table.store.uri(f"{table.folder}/{file}") for file in files]
            job.attach("small", files=uris, schema=schema, is_parted=table.is_parted)
            found = job.sql(f"select * from small order by {', '.join(order)}")  # noqa: S608 - our own names
            table.swap(
                remove=files,
                batches=sources.reader(schema, as_held(found, schema)),
                is_data_change=False,
            )
        left = [file for file in table.file_names() if part in {"", tables.part_of(file)}]
        done.append(Compacted(name, part, len(files), len(left)))
    return done


def small(table: tables.Table) -> dict[str, list[str]]:
    """The files to lay together, by part; parts with few of them are left out.

    The oldest first: what came together is mostly of days that lie near each other.
    """
    store = table.store
    found: defaultdict[str, list[str]] = defaultdict(list)
    size: defaultdict[str, int] = defaultdict(int)
    names = table.file_names()
    infos = store.files.get_file_info([store.path(f"{table.folder}/{name}") for name in names])
    for name, info in sorted(
        zip(names, infos, strict=True), key=lambda each: (each[1].mtime_ns or 0, each[0])
    ):
        part = tables.part_of(name) if table.is_parted else ""
        if info.size < TARGET_BYTES and size[part] + info.size <= MOST_BYTES:
            found[part].append(name)
            size[part] += info.size
    return {part: files for part, files in found.items() if len(files) >= FEWEST}


def as_held(found: pa.RecordBatchReader, schema: pa.Schema) -> Iterator[pa.Table]:
    """Rows of an engine in the columns and types of the table."""
    for batch in found:
        yield pa.Table.from_batches([batch]).select(schema.names).cast(schema)


def sweep(*, root: Path, keep_hours: int = tables.KEEP_HOURS) -> int:
    """Delete files that no commit of the last hours names, of every table; how many.

    Also those that a killed writer has left behind.
    """
    return sum(
        tables.Table(root, name).vacuum(keep_hours=keep_hours)
        for name in tables.names(root, (*tables.FLOORS, *APPENDED[1:]))
    )
