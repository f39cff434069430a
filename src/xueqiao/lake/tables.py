"""Delta tables on disk: files first, made durable, then one commit that names them.

delta-rs never calls fsync, so the data files are written and synced first, the commit after them; a
commit that survives a power cut names only files that survived too. Every commit carries *marks*:
whole numbers under a name (Delta's application transactions). They hold a reader's position or the
versions a table was built from; two writers that set the same mark at once cannot both succeed.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
from deltalake import DeltaTable, Schema
from deltalake.exceptions import CommitFailedError, TableNotFoundError
from deltalake.transaction import RemoveAction
from django.conf import settings
from django.utils.translation import gettext as _
from pyarrow import fs

from xueqiao.kernel import errors
from xueqiao.lake import commits, files, storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

PART = files.PART
part_of = commits.part_of
Replace = Literal["nothing", "everything"] | list[str]
FLOORS = ("bronze", "stage", "marts")
NEVER = -1
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
    ``days``: the column that tells the day of a row; commits that append then name their days.
    """

    root: Path
    name: str
    is_parted: bool = False
    days: str = ""

    @property
    def folder(self) -> str:
        """Its folder below the lake's top."""
        return self.name.replace(".", "/")

    @property
    def path(self) -> Path:
        """Its folder, where the lake lies on a disk."""
        return self.root / self.folder

    @property
    def store(self) -> storage.Store:
        return storage.of(self.root)

    def opened(self, version: int | None = None) -> DeltaTable | None:
        """The Delta table, as it was at a version; None before the first commit."""
        store = self.store
        try:
            return DeltaTable(
                store.uri(self.folder), version=version, storage_options=store.options or None
            )
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
        batches: pa.RecordBatchReader | files.Chunks,
        marks: dict[str, int],
        replace: Replace,
        expect: int | None = None,
        group_bytes: int = files.GROUP_BYTES,
    ) -> int:
        """Write rows and marks as one commit, all or nothing.

        Args:
            batches: rows of all partitions, with ``part`` when the table is parted.
            marks: whole numbers to keep with the rows.
            replace: "nothing" appends; "everything" also takes the schema of the batches; a list
                replaces those parts, and leaves the others as they are.
            expect: the version that the caller has read; another one is refused.
            group_bytes: how much is read at least to find one row; small for tables of large cells.

        Returns:
            How many rows were written.

        Raises:
            LakeFull: the disk is full; nothing changed.
            Overtaken: somebody else committed since.
        """
        is_append = replace == "nothing"

        def name(table: DeltaTable, writing: files.Files) -> None:
            table.create_write_transaction(
                [*writing.actions],
                "append" if is_append else "overwrite",
                batches.schema if replace == "everything" else table.schema(),
                [PART] if self.is_parted else [],
                [(PART, "in", replace)] if isinstance(replace, list) else None,
                commit_properties=commits.properties(
                    table, marks, is_rewrite=not is_append, changed=writing.days
                ),
            )

        told = self.days if is_append else ""
        return self._write(batches, name, expect=expect, group_bytes=group_bytes, told=told)

    def mark(self, marks: dict[str, int]) -> None:
        """Set marks without touching rows. The table exists."""
        table = self.opened()
        assert table is not None
        nothing = pa.schema(table.schema().to_arrow()).empty_table().to_reader()
        self.commit(batches=nothing, marks=marks, replace="nothing")

    def swap(
        self,
        *,
        remove: Sequence[str],
        batches: pa.RecordBatchReader | files.Chunks,
        marks: dict[str, int] | None = None,
        is_data_change: bool = True,
        changed: commits.Named | None = None,
        expect: int | None = None,
    ) -> int:
        """Take files out and put rows in as one commit. What others append meanwhile stays.

        Args:
            remove: files of the table, named as ``file_names`` does.
            batches: the rows in their stead, with ``part`` when the table is parted.
            is_data_change: False where the rows are the same ones, only laid out differently:
                readers of changes then pass it over.
            changed: part → the days of which rows came or went; of parts left out it may be any.

        Returns:
            How many rows were written.

        Raises:
            LakeFull: the disk is full; nothing changed.
            Overtaken: somebody else took files out since their names were read.
        """
        now = int(time.time() * 1000)
        removed = [
            RemoveAction(
                path=name,
                data_change=is_data_change,
                deletion_timestamp=now,
                partition_values={PART: part_of(name)} if self.is_parted else {},
            )
            for name in remove
        ]

        def name(table: DeltaTable, writing: files.Files) -> None:
            # Rows of a file that is not in the table any more would come back with these.
            if not set(remove) <= set(self.file_names(table)):
                raise Overtaken(overtaken_text(self.name))
            table.create_write_transaction(
                [*writing.actions, *removed],
                "append",
                table.schema(),
                [PART] if self.is_parted else [],
                commit_properties=commits.properties(
                    table, marks or {}, is_rewrite=True, changed=changed
                ),
            )

        return self._write(batches, name, expect=expect, is_data_change=is_data_change)

    def file_names(self, table: DeltaTable | None = None) -> list[str]:
        """The files of the table, each as a path below its folder, sorted."""
        opened = table or self.opened()
        if opened is None:
            return []
        return sorted(pa.table(opened.get_add_actions(flatten=True))["path"].to_pylist())

    def rows(self) -> int:
        """How many rows the last commit says there are."""
        table = self.opened()
        if table is None:
            return 0
        return sum(pa.table(table.get_add_actions(flatten=True))["num_records"].to_pylist())

    def changes_since(
        self, version: int, told: commits.Told | None = None
    ) -> commits.Changes | None:
        """The parts, and days of them, in which rows came or went; None where nobody can tell.

        Commits that only laid rows out differently change nothing.

        Args:
            told: what is known of commits besides what their log says.
        """
        return commits.changes_since(self, version, told)

    def vacuum(self, *, keep_hours: int = KEEP_HOURS) -> int:
        """Delete files that no commit of the last hours names, also of killed writers; how many."""
        table = self.opened()
        if table is None:
            return 0
        return len(
            table.vacuum(
                retention_hours=keep_hours,
                dry_run=False,
                enforce_retention_duration=False,
                full=True,
            )
        )

    def make(self, schema: pa.Schema) -> DeltaTable:
        """The table, made empty where there is none. Making it twice at once is no harm."""
        table = self.opened()
        if table is None:
            store = self.store
            store.make_folder(self.folder)
            table = DeltaTable.create(
                store.uri(self.folder),
                Schema.from_arrow(schema),
                mode="ignore",
                partition_by=[PART] if self.is_parted else None,
                storage_options=store.options or None,
            )
            self._sync_log(table, NEVER)
        return table

    def _write(
        self,
        batches: pa.RecordBatchReader | files.Chunks,
        name: Callable[[DeltaTable, files.Files], None],
        *,
        expect: int | None,
        is_data_change: bool = True,
        group_bytes: int = files.GROUP_BYTES,
        told: str = "",
    ) -> int:
        """Write the data files, then the commit that names them; all or nothing. How many rows."""
        writing = files.Files(
            self.store,
            self.folder,
            is_parted=self.is_parted,
            is_data_change=is_data_change,
            group_bytes=group_bytes,
            told=told,
        )
        try:
            table = self.make(batches.schema)
            if expect is not None and table.version() > max(expect, 0):
                raise Overtaken(overtaken_text(self.name))  # noqa: TRY301 - caught below like the one of the commit
            added = writing.write(batches)
            before = table.version()
            name(table, writing)
        except CommitFailedError as why:
            self._retreat(writing)
            raise Overtaken(overtaken_text(self.name)) from why
        except Exception as why:
            self._retreat(writing)
            if files.is_disk_full(why):
                raise LakeFull(lake_full_text(self.path)) from why
            raise
        # From here on a commit names the files: whatever fails now, they stay.
        self._sync_log(table, before)
        return sum(json.loads(action.stats)["numRecords"] for action in added)

    def _retreat(self, writing: files.Files) -> None:
        """Remove what was written, unless a commit names it: its answer may have been lost.

        Where nobody can tell, the files stay too; those that no commit names are swept later.
        """
        named = set(self.file_names())
        if named.isdisjoint(action.path for action in writing.actions):
            writing.discard()

    def _sync_log(self, table: DeltaTable, before: int) -> None:
        """Make the commits after a version durable: ours is one of them."""
        table.update_incremental()
        log = f"{self.folder}/_delta_log"
        self.store.sync(
            f"{log}/{number:020}.json" for number in range(before + 1, table.version() + 1)
        )


def names(root: Path, floors: Sequence[str] = FLOORS) -> list[str]:
    """The tables that exist on some floors of the lake, such as ``stage.event``; sorted."""
    store = storage.of(root)
    found = []
    for floor in floors:
        below = fs.FileSelector(store.path(floor), allow_not_found=True)
        for each in store.files.get_file_info(below):
            table = Table(root, f"{floor}.{each.base_name}")
            if each.type == fs.FileType.Directory and table.opened() is not None:
                found.append(table.name)
    return sorted(found)


def row_counts(root: Path | None = None) -> dict[str, int]:
    """Rows of every table of bronze, stage and marts, by name: what the last commits say.

    Args:
        root: the lake's folder; the one of the settings when it is left out.
    """
    root = root or settings.LAKE
    return {name: Table(root, name).rows() for name in names(root)}


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
