"""What the lake asks of an engine: tables in, SQL, Arrow out. Small on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyarrow as pa


class Engine(Protocol):
    """Runs the SQL of the lake, written in DuckDB's dialect."""

    def attach(self, name: str, *, files: list[str], schema: pa.Schema, is_parted: bool) -> None:
        """Make Parquet files readable as a table.

        Args:
            name: ``bronze.statement``, ``stage.activity``; a bare name for a mart.
            files: absolute paths; none makes an empty table.
            schema: columns and types, with ``part`` last when parted.
            is_parted: the files lie in folders ``part=…`` and do not hold that column.
        """

    def register(self, name: str, rows: pa.Table) -> None:
        """Make an Arrow table readable under a name."""

    def sql(self, query: str) -> pa.RecordBatchReader:
        """Run a query; rows in batches, columns by Arrow type."""

    def close(self) -> None:
        """Give memory and scratch space back."""
