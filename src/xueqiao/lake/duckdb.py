"""DuckDB as the engine of the lake: embedded, within a memory limit, spilling beside the lake."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import threading
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
from django.utils.translation import gettext as _
from fsspec.implementations.arrow import ArrowFSWrapper

from xueqiao.kernel import lease
from xueqiao.lake import tables
from xueqiao.lake.engine import BATCH_ROWS, OutOfMemory
from xueqiao.lake.files import is_disk_full
from xueqiao.lake.storage import Bucket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xueqiao.lake.engine import Engine
    from xueqiao.lake.storage import Store


class Connected:
    """What both the engine and a job of it do with their connection; see ``engine.Engine``."""

    name = "duckdb"
    connection: duckdb.DuckDBPyConnection
    memory: str
    scratch: Path

    def attach(
        self,
        name: str,
        *,
        files: list[str],
        schema: pa.Schema,
        is_parted: bool,
        where: str = "",
    ) -> None:
        if not files:
            self.register(name, schema.empty_table())
            return
        listed = ", ".join("'" + file.replace("'", "''") + "'" for file in sorted(files))
        parted = ", hive_partitioning = true, hive_types = {'part': varchar}" if is_parted else ""
        self.connection.execute(
            f"create or replace view {name} as "  # noqa: S608 - names and paths of our own
            f"select * from read_parquet([{listed}]{parted}) {f'where {where}' if where else ''}"
        )

    def register(self, name: str, rows: pa.Table) -> None:
        plain = "arrow_" + name.replace(".", "_")
        self.connection.register(plain, rows)
        self.connection.execute(
            f'create or replace view {name} as select * from "{plain}"'  # noqa: S608 - our own names
        )

    def sql(self, query: str) -> pa.RecordBatchReader:
        with self._refusing():
            reader = self.connection.execute(query).to_arrow_reader(BATCH_ROWS)

        def rows() -> Iterator[pa.RecordBatch]:
            with self._refusing():
                yield from reader

        return pa.RecordBatchReader.from_batches(reader.schema, rows())

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except (duckdb.Error, OSError) as why:
            if is_disk_full(why):
                raise tables.LakeFull(tables.lake_full_text(self.scratch)) from why
            if isinstance(why, duckdb.OutOfMemoryException):
                text = _(
                    "The lake needs more than {memory} of memory. Raise XUEQIAO_LAKE_MEMORY and "
                    "run the command again."
                )
                raise OutOfMemory(text.format(memory=self.memory)) from why
            raise


class DuckDB(Connected):
    """The engine itself.

    Args:
        memory: as DuckDB writes it: 1GB.
        scratch: the folder of this machine to spill into.
        store: where the lake lies; None: on this machine.
    """

    def __init__(self, *, memory: str, scratch: Path, store: Store | None = None) -> None:
        self.memory = memory
        self.scratch = scratch_folder(scratch)
        self.connection = duckdb.connect(
            config={
                "memory_limit": memory,
                "temp_directory": str(self.scratch),
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            }
        )
        self.numbers, self.opening = itertools.count(1), threading.Lock()
        if isinstance(store, Bucket):
            # DuckDB's own extension for buckets would be fetched from the internet.
            self.connection.register_filesystem(ArrowFSWrapper(store.files))
        prepare(self.connection)

    @contextmanager
    def job(self) -> Iterator[Engine]:
        """A catalogue of its own in the same database, so memory and threads are one's."""
        with self.opening:
            own, catalogue = self.connection.cursor(), f"job_{next(self.numbers)}"
        own.execute(f"attach ':memory:' as {catalogue}; use {catalogue}")
        prepare(own)
        try:
            yield Job(self, own)
        finally:
            own.close()
            with self.opening:
                self.connection.execute(f"detach {catalogue}")

    def close(self) -> None:
        self.connection.close()
        shutil.rmtree(self.scratch, ignore_errors=True)


class Job(Connected):
    """One thing done beside others in the same engine."""

    def __init__(self, engine: DuckDB, connection: duckdb.DuckDBPyConnection) -> None:
        self.engine, self.connection = engine, connection
        self.memory, self.scratch = engine.memory, engine.scratch

    def job(self) -> AbstractContextManager[Engine]:
        return self.engine.job()

    def close(self) -> None:
        """Nothing: the memory is the engine's."""


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """What holds for a connection and not for the database: clock and schemas."""
    connection.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
    connection.execute("create schema bronze; create schema stage; create schema quality")


def scratch_folder(root: Path) -> Path:
    """A folder of this process to spill into. Those of processes that were killed are removed."""
    root.mkdir(parents=True, exist_ok=True)
    clear_scratch(root)
    return Path(tempfile.mkdtemp(dir=root, prefix=lease.owner().replace("/", "~") + "~"))


def clear_scratch(root: Path) -> None:
    """Remove what killed processes left of their spilling."""
    for left in root.iterdir() if root.is_dir() else ():
        owner = left.name.rpartition("~")[0].replace("~", "/")
        if lease.is_dead(owner):
            shutil.rmtree(left, ignore_errors=True)
