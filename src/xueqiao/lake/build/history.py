"""The history of builds: one row of ``runs.build`` for each table that a run made, or could not."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import parquet

import xueqiao
from xueqiao.lake import sources, tables
from xueqiao.lake.build.staleness import wanted_marks
from xueqiao.lake.recipes import recipes

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from xueqiao.lake.build.reading import Reading
    from xueqiao.lake.build.running import Outcome

TABLE = "runs.build"
MADE, FAILED, SKIPPED = "made", "failed", "skipped"
COLUMNS = sources.columns(
    run=sources.TEXT,
    started_at=sources.INSTANT,
    table=sources.TEXT,
    outcome=sources.TEXT,
    rows=sources.BIG,
    parts=sources.TEXT,
    milliseconds=sources.BIG,
    inputs=sources.TEXT,
    engine=sources.TEXT,
    code=sources.TEXT,
    refusal=sources.TEXT,
    why=sources.TEXT,
)
"""``outcome``: made, failed, skipped; ``code``: version of the program and digest of the SQL;
``refusal``, ``why``: of what failed; of what was skipped, the table it waited for."""


def record(reading: Reading, outcome: Outcome, *, at: datetime, engine: str) -> None:
    """Append what became of the tables; a run that had nothing to do leaves no row."""
    common = {"run": outcome.run, "started_at": at, "engine": engine}
    rows: list[dict[str, Any]] = [
        {
            "table": built.table,
            "outcome": MADE,
            "rows": built.rows,
            "parts": built.shown_parts,
            "milliseconds": built.milliseconds,
            "inputs": json.dumps(wanted_marks(reading, recipes()[built.table]), sort_keys=True),
        }
        for built in outcome.built
    ]
    rows += [
        {"table": failed.table, "outcome": FAILED, "milliseconds": failed.milliseconds,
         "refusal": failed.code, "why": failed.why}
        for failed in outcome.failed
    ]  # fmt: skip
    rows += [
        {"table": table, "outcome": SKIPPED, "why": cause}
        for table, cause in outcome.skipped.items()
    ]
    if rows:
        append(reading.root, [{**common, "code": code_of(row["table"]), **row} for row in rows])


def append(root: Path, rows: list[dict[str, Any]]) -> None:
    table = tables.Table(root, TABLE)
    whole = [{name: row.get(name) for name in COLUMNS.names} for row in rows]
    batch = sources.record_batch(COLUMNS, whole)
    opened = table.opened()
    is_old = opened is not None and pa.schema(opened.schema().to_arrow()) != COLUMNS
    batches = [*(carried(root) if is_old else []), batch]
    table.commit(
        batches=pa.RecordBatchReader.from_batches(COLUMNS, batches),
        marks={},
        replace="everything" if is_old else "nothing",
    )


def carried(root: Path) -> list[pa.RecordBatch]:
    """The rows so far, of a version of the program that kept fewer columns."""
    return [sources.record_batch(COLUMNS, [row]) for row in rows_of(root)]


def rows_of(root: Path, run: str = "") -> list[dict[str, Any]]:
    """The rows of one run, or of all, in the order in which they were written.

    Args:
        root: the lake's folder.
        run: the name of a run; "" for all.
    """
    table = tables.Table(root, TABLE)
    store, found = table.store, []
    for name in table.file_names():
        with store.files.open_input_file(store.path(f"{table.folder}/{name}")) as file:
            found += parquet.read_table(file).to_pylist()
    rows = [{name: row.get(name) for name in COLUMNS.names} for row in found]
    chosen = [row for row in rows if not run or row["run"] == run]
    return sorted(chosen, key=lambda row: row["started_at"])


def code_of(table: str) -> str:
    """What made a table: version of the program, digest of its SQL."""
    return f"{xueqiao.__version__} {recipes()[table].digest:016x}"


def as_far_as_there_is_room(full: tables.LakeFull | None) -> AbstractContextManager[None]:
    """Where the disk is already full, a record that finds no room is no second failure."""
    return suppress(tables.LakeFull) if full else nullcontext()
