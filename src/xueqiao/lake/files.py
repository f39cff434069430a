"""Writes the data files of one commit: rows gathered by part into row groups of a useful size.

Rows of a batch that belong to many parts would make many tiny row groups, which cost more to read
than their rows. They are held back by part until a group is full, within a bound of memory.
"""

from __future__ import annotations

import errno
import json
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake.transaction import AddAction

from xueqiao.lake import days
from xueqiao.lake.ahead import ahead

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from xueqiao.lake.storage import Store

PART = "part"
"""The partition column: 'YYYY-MM', the month of the event in Asia/Shanghai."""

GROUP_ROWS = 122_880
GROUP_BYTES = 128 << 20
HELD_BYTES = 512 << 20
FILE_BYTES = 64 << 20
"""A file that has grown so large is closed and the next one begun."""
DISK_FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}
DISK_FULL_TEXTS = ("no space left", "file too large", "quota exceeded")


@dataclass(frozen=True)
class Chunks:
    """Rows that come one chunk after another. The files that a chunk went into end with it.

    They are asked for in a thread of their own.
    """

    schema: pa.Schema
    chunks: Iterable[Iterable[pa.RecordBatch]]

    def batches(self) -> Iterator[pa.RecordBatch | None]:
        """The rows, with None behind each chunk."""
        for chunk in self.chunks:
            yield from chunk
            yield None


@dataclass
class Pile:
    """Rows of one part that wait for a full row group, and the file they will go to."""

    held: list[pa.Table] = field(default_factory=list)
    rows: int = 0
    bytes: int = 0
    name: str = ""
    written: int = 0
    stream: Any = None
    writer: pq.ParquetWriter | None = None


class Files:
    """The data files of one commit to one table.

    ``written`` names every file begun, also where ``close`` was not reached, for a retreat.
    ``told``: the column by which the days of the rows are gathered in ``days``; "" for none.
    """

    def __init__(
        self,
        store: Store,
        folder: str,
        *,
        is_parted: bool,
        is_data_change: bool = True,
        group_bytes: int = GROUP_BYTES,
        told: str = "",
    ) -> None:
        self.store = store
        self.folder = folder
        self.is_parted = is_parted
        self.is_data_change = is_data_change
        self.group_bytes = group_bytes
        self.written: list[str] = []
        self.actions: list[AddAction] = []
        self.piles: dict[str, Pile] = {}
        self.told = told
        self.days: defaultdict[str, set[date]] = defaultdict(set)

    def write(self, rows: pa.RecordBatchReader | Chunks) -> list[AddAction]:
        """Write all rows and make the files durable; one action a file."""
        try:
            for batch in ahead(rows.batches()) if isinstance(rows, Chunks) else rows:
                if batch is None:
                    self._end()
                else:
                    for part, found in self._split(batch):
                        self._put(part, found)
            self._end()
        except BaseException:
            self._abandon()
            raise
        self.store.sync(self.written)
        return self.actions

    def _end(self) -> None:
        """Write what is held and close every file."""
        for part, pile in self.piles.items():
            self._flush(part, pile)
            self._close(part, pile)
        self.piles = {}

    def discard(self) -> None:
        """Remove what was written: the commit did not happen."""
        self._abandon()
        self.store.remove(self.written)

    def _put(self, part: str, rows: pa.Table) -> None:
        if self.told:
            self.days[part] |= days.of(rows[self.told])
        pile = self.piles.setdefault(part, Pile())
        pile.held.append(rows)
        pile.rows += rows.num_rows
        pile.bytes += rows.nbytes
        if pile.rows >= GROUP_ROWS or pile.bytes >= self.group_bytes:
            self._flush(part, pile)
        while sum(each.bytes for each in self.piles.values()) > HELD_BYTES:
            self._flush(*max(self.piles.items(), key=lambda item: item[1].bytes))

    def _flush(self, part: str, pile: Pile) -> None:
        if not pile.rows:
            return
        rows = pa.concat_tables(pile.held)
        if pile.writer is None:
            self._begin(part, pile, rows.schema)
        assert pile.writer is not None
        pile.writer.write_table(rows, row_group_size=max(GROUP_ROWS, rows.num_rows))
        pile.written += rows.num_rows
        pile.held, pile.rows, pile.bytes = [], 0, 0
        if pile.stream.tell() >= FILE_BYTES:
            self._close(part, pile)

    def _begin(self, part: str, pile: Pile, schema: pa.Schema) -> None:
        folder = f"{self.folder}/{PART}={part}" if self.is_parted else self.folder
        self.store.make_folder(folder)
        pile.name = f"{folder}/{uuid.uuid4().hex}.parquet"
        self.written.append(pile.name)
        pile.stream = self.store.files.open_output_stream(self.store.path(pile.name))
        pile.writer = pq.ParquetWriter(pile.stream, schema, compression="zstd")

    def _close(self, part: str, pile: Pile) -> None:
        if pile.writer is None:
            return
        writer, stream, pile.writer = pile.writer, pile.stream, None
        writer.close()
        stream.close()
        self.actions.append(
            AddAction(
                path=pile.name.removeprefix(f"{self.folder}/"),
                size=self.store.files.get_file_info(self.store.path(pile.name)).size,
                partition_values={PART: part} if self.is_parted else {},
                modification_time=int(time.time() * 1000),
                data_change=self.is_data_change,
                # How many rows and nothing else: the log outlives rows that had to be erased.
                stats=json.dumps({"numRecords": pile.written}),
            )
        )
        pile.written = 0

    def _abandon(self) -> None:
        for pile in self.piles.values():
            for each in (pile.writer, pile.stream):
                _close_quietly(each)
            pile.writer = None

    def _split(self, batch: pa.RecordBatch) -> Iterator[tuple[str, pa.Table]]:
        rows = pa.Table.from_batches([batch])
        if not rows.num_rows:
            return
        if not self.is_parted:
            yield "", rows
            return
        column = rows[PART]
        rows = rows.drop_columns([PART])
        for part in column.unique().to_pylist():
            yield part, rows.filter(pa.compute.equal(column, part))


def _close_quietly(handle: Any) -> None:
    """Close what is being given up; why it was given up is already known."""
    try:
        if handle is not None:
            handle.close()
    except Exception:  # noqa: BLE001 - a full disk shows itself at every close
        return


def is_disk_full(why: BaseException) -> bool:
    """Whether an error, of whichever library, says that the disk takes no more."""
    if isinstance(why, OSError) and why.errno in DISK_FULL:
        return True
    return any(text in str(why).lower() for text in DISK_FULL_TEXTS)
