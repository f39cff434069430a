"""Delta tables on disk: files first, made durable, then one commit that names them.

delta-rs never calls fsync, so the data files are written and synced here and the commit after them;
a commit that survives a power cut names only files that survived too. Every commit carries *marks*:
whole numbers under a name (Delta's application transactions). They hold a reader's position or the
versions a table was built from; two writers that set the same mark at once cannot both succeed.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import time
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction
from django.conf import settings
from django.utils.translation import gettext as _

from xueqiao.kernel import errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PART = "part"
"""The partition column: 'YYYY-MM', the month of the event in Asia/Shanghai."""

Replace = Literal["nothing", "everything"] | list[str]
FLOORS = ("bronze", "stage", "marts")
NEVER = -1
DISK_FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}
DISK_FULL_TEXTS = ("no space left", "file too large", "quota exceeded")
KEEP_HOURS = 24 * 7


class LakeFull(errors.Refusal):
    """The disk took no more. What was there before is untouched and still served."""

    code = "lake.full"
    status = 507


class LakeBusy(errors.Refusal):
    """Another process writes to the lake."""

    code = "lake.busy"


class Overtaken(errors.Refusal):
    """Another writer committed the same position first; reading again continues behind it."""

    code = "lake.overtaken"


@dataclass(frozen=True)
class Table:
    """One table of the lake, such as ``Table(root, "bronze.statement")``.

    ``is_parted``: split by the column ``part``, whose values are whole partitions to replace.
    """

    root: Path
    name: str
    is_parted: bool = False

    @property
    def path(self) -> Path:
        return self.root.joinpath(*self.name.split("."))

    def opened(self) -> DeltaTable | None:
        """The Delta table; None before the first commit."""
        try:
            return DeltaTable(str(self.path))
        except TableNotFoundError:
            return None

    def version(self) -> int:
        """The number of the last commit; ``NEVER`` before the first."""
        table = self.opened()
        return table.version() if table else NEVER

    def marks(self, names: Iterable[str]) -> dict[str, int]:
        """The marks of the last commits that set them; names never set are left out."""
        table = self.opened()
        if table is None:
            return {}
        found = {name: table.transaction_version(name) for name in names}
        return {name: value for name, value in found.items() if value is not None}

    def commit(
        self,
        *,
        batches: pa.RecordBatchReader,
        marks: dict[str, int],
        replace: Replace,
        expect: int | None = None,
    ) -> int:
        """Write rows and marks as one commit, all or nothing.

        Args:
            batches: rows of all partitions, with ``part`` when the table is parted.
            marks: whole numbers to keep with the rows.
            replace: "nothing" appends; "everything" also takes the schema of the batches; a list
                replaces those parts, and leaves the others as they are.
            expect: the version that the caller has read; another one is refused.

        Returns:
            How many rows were written.

        Raises:
            LakeFull: the disk is full; nothing changed.
            Overtaken: somebody else committed since.
        """
        written: list[Path] = []
        try:
            table = self.make(batches.schema)
            if expect is not None and table.version() > max(expect, 0):
                raise Overtaken(overtaken_text(self.name))  # noqa: TRY301 - caught below like the one of the commit
            actions, rows = self._write(batches, written)
            table.create_write_transaction(
                actions,
                "append" if replace == "nothing" else "overwrite",
                batches.schema if replace == "everything" else table.schema(),
                [PART] if self.is_parted else [],
                [(PART, "in", replace)] if isinstance(replace, list) else None,
                commit_properties=CommitProperties(
                    app_transactions=[Transaction(name, value) for name, value in marks.items()]
                ),
            )
            self._sync_log()
        except CommitFailedError as why:
            _remove(written)
            raise Overtaken(overtaken_text(self.name)) from why
        except Exception as why:
            _remove(written)
            if is_disk_full(why):
                raise LakeFull(lake_full_text(self.path)) from why
            raise
        return rows

    def parts_since(self, version: int) -> set[str] | None:
        """The parts whose files differ between a version and now; None where nobody can tell."""
        table = self.opened()
        if table is None:
            return set()
        if version == table.version():
            return set()
        try:
            before = DeltaTable(str(self.path), version=version)
        except (DeltaError, TableNotFoundError):
            return None
        return {part_of(file) for file in set(before.file_uris()) ^ set(table.file_uris())}

    def vacuum(self, *, keep_hours: int = KEEP_HOURS) -> int:
        """Delete files that no commit of the last hours names; how many."""
        table = self.opened()
        if table is None:
            return 0
        return len(
            table.vacuum(
                retention_hours=keep_hours, dry_run=False, enforce_retention_duration=False
            )
        )

    def make(self, schema: pa.Schema) -> DeltaTable:
        """The table, made empty where there is none. Making it twice at once is no harm."""
        table = self.opened()
        if table is None:
            self.path.mkdir(parents=True, exist_ok=True)
            table = DeltaTable.create(
                str(self.path),
                Schema.from_arrow(schema),
                mode="ignore",
                partition_by=[PART] if self.is_parted else None,
            )
            self._sync_log()
            for folder in (self.path, self.path.parent, self.root):
                _sync_folder(folder)
        return table

    def _write(
        self, batches: pa.RecordBatchReader, written: list[Path]
    ) -> tuple[list[AddAction | RemoveAction], int]:
        """Write the data files and sync them; ``written`` is kept up to date for a retreat."""
        writers: dict[str, pq.ParquetWriter] = {}
        counts: dict[str, int] = {}
        paths: dict[str, Path] = {}
        try:
            for batch in batches:
                for part, rows in self._split(batch):
                    if part not in writers:
                        paths[part] = self._new_file(part)
                        written.append(paths[part])
                        writers[part] = pq.ParquetWriter(
                            paths[part], rows.schema, compression="zstd"
                        )
                    writers[part].write_table(rows)
                    counts[part] = counts.get(part, 0) + rows.num_rows
        finally:
            _close(list(writers.values()))
        actions: list[AddAction | RemoveAction] = []
        for part, path in paths.items():
            _sync(path)
            actions.append(
                AddAction(
                    path=str(path.relative_to(self.path)),
                    size=path.stat().st_size,
                    partition_values={PART: part} if self.is_parted else {},
                    modification_time=int(time.time() * 1000),
                    data_change=True,
                    stats=json.dumps({"numRecords": counts[part]}),
                )
            )
        for folder in {path.parent for path in paths.values()} | {self.path}:
            _sync_folder(folder)
        return actions, sum(counts.values())

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

    def _new_file(self, part: str) -> Path:
        folder = self.path / f"{PART}={part}" if self.is_parted else self.path
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{uuid.uuid4().hex}.parquet"

    def _sync_log(self) -> None:
        log = self.path / "_delta_log"
        newest = max(log.glob("*.json"), default=None)
        if newest:
            _sync(newest)
        _sync_folder(log)


def row_counts(root: Path | None = None) -> dict[str, int]:
    """Rows of every table of bronze, stage and marts, by name: what the last commits say.

    Args:
        root: the lake's folder; the one of the settings when it is left out.
    """
    root = root or settings.LAKE
    logs = sorted(log for floor in FLOORS for log in root.glob(f"{floor}/*/_delta_log"))
    counts = {}
    for log in logs:
        files = pa.table(DeltaTable(str(log.parent)).get_add_actions(flatten=True))
        rows = sum(files["num_records"].to_pylist()) if files.num_rows else 0
        counts[f"{log.parent.parent.name}.{log.parent.name}"] = rows
    return counts


def part_of(file: str) -> str:
    """The part that a file lies in.

    >>> part_of("/lake/stage/activity/part=2013-02/0a.parquet")
    '2013-02'
    """
    return Path(file).parent.name.removeprefix(f"{PART}=")


def number(value: Any) -> int:
    """A 63-bit number of a value, to keep a digest as a mark.

    >>> number({"a": 1}) == number({"a": 1}) != number({"a": 2})
    True
    """
    text = json.dumps(value, sort_keys=True, default=str)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 1


@contextmanager
def locked(root: Path, purpose: str) -> Iterator[None]:
    """One process of a purpose at a time, on this machine. The lock ends with the process.

    Raises:
        LakeBusy: another process holds it.
    """
    root.mkdir(parents=True, exist_ok=True)
    with (root / f".{purpose}.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            text = _("Another process is at work on the lake ({purpose}). Wait until it has ended.")
            raise LakeBusy(text.format(purpose=purpose)) from None
        yield


def is_disk_full(why: BaseException) -> bool:
    """Whether an error, of whichever library, says that the disk takes no more."""
    if isinstance(why, OSError) and why.errno in DISK_FULL:
        return True
    return any(text in str(why).lower() for text in DISK_FULL_TEXTS)


def lake_full_text(path: Path) -> str:
    text = _(
        "The disk is full: {path} could not be written. Nothing was changed; make room there and "
        "run the command again."
    )
    return text.format(path=path)


def overtaken_text(name: str) -> str:
    text = _(
        "Another process has written to {name} meanwhile. Run the command again; it continues "
        "behind what the other one wrote."
    )
    return text.format(name=name)


def _close(writers: list[pq.ParquetWriter]) -> None:
    """Close all, then report the first error: a full disk may show itself only here."""
    first: Exception | None = None
    for writer in writers:
        try:
            writer.close()
        except Exception as why:  # noqa: BLE001 - every writer must be closed before anything is said
            first = first or why
    if first:
        raise first


def _remove(paths: list[Path]) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink()


def _sync(path: Path) -> None:
    with path.open("rb") as handle:
        os.fsync(handle.fileno())


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
