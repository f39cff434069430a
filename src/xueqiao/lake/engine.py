"""What the lake asks of an engine: tables in, SQL, Arrow out. Small on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from xueqiao.kernel import errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager

BATCH_ROWS = 122_880
"""Rows of a batch, whatever the engine: so files are alike byte for byte."""


class OutOfMemory(errors.Refusal):
    """A query needs more memory than the engine may use, and could not be spilled to disk."""

    code = "lake.out_of_memory"
    status = 507


class Engine(Protocol):
    """Runs the SQL of the lake, written in the part of DuckDB's dialect that every engine knows.

    See ``docs/guide/engines.md`` for that part.
    """

    name: str
    memory: str
    """What it may use, as DuckDB writes it: 1GB; "" where its server looks after that itself."""

    def job(self) -> AbstractContextManager[Engine]:
        """The same engine with names of its own, for one of several things done at once.

        What is attached there is seen only there; memory and threads are those of the engine.
        """

    def attach(
        self,
        name: str,
        *,
        files: list[str],
        schema: pa.Schema,
        is_parted: bool,
        where: str = "",
    ) -> None:
        """Make Parquet files readable as a table.

        Args:
            name: ``bronze.statement``, ``stage.event``; a bare name for a mart.
            files: absolute paths; none makes an empty table.
            schema: columns and types, with ``part`` last when parted.
            is_parted: the files lie in folders ``part=…`` and do not hold that column.
            where: a condition in SQL for the rows that the table is to have; "" for all of them.
        """

    def register(self, name: str, rows: pa.Table) -> None:
        """Make an Arrow table readable under a name."""

    def sql(self, query: str) -> pa.RecordBatchReader:
        """Run a query; rows in batches of ``BATCH_ROWS``, columns by Arrow type.

        Raises:
            OutOfMemory: it does not fit into what the engine may use.
        """

    def close(self) -> None:
        """Give memory and scratch space back."""


def rebatched(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows in the same order, ``BATCH_ROWS`` to a batch; the last one may be smaller."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        rest = batch
        while count + rest.num_rows >= BATCH_ROWS:
            taken = BATCH_ROWS - count
            yield pa.concat_batches([*waiting, rest.slice(0, taken)])
            rest, waiting, count = rest.slice(taken), [], 0
        if rest.num_rows:
            waiting.append(rest)
            count += rest.num_rows
    if waiting:
        yield pa.concat_batches(waiting)
