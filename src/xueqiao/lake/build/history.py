"""The history of builds: one row of ``runs.build`` for each table that a run made, or could not."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

import xueqiao
from xueqiao.lake import folding, sources, tables
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
    return _rows(root, pc.field("run") == run if run else None)


def newest(root: Path, *, most: int) -> list[dict[str, Any]]:
    """The rows of the newest runs, in the order in which they were written.

    Args:
        most: how many runs; rows of earlier versions of the program, without a name, are one.
    """
    table = tables.Table(root, TABLE)
    if table.opened() is None:
        return []
    begun = folding.columns_of(table, ["run", "started_at"]).group_by("run")
    runs = begun.aggregate([("started_at", "max")]).sort_by([("started_at_max", "descending")])
    names = runs["run"].slice(0, most).combine_chunks()
    where = pc.field("run").isin(names.drop_null())
    return _rows(root, where | pc.field("run").is_null() if names.null_count else where)


def last_made(root: Path) -> dict[str, datetime]:
    """When each table was last made, by its name."""
    table = tables.Table(root, TABLE)
    if table.opened() is None:
        return {}
    well = ~pc.field("outcome").isin(pa.array([FAILED, SKIPPED]))
    made = folding.columns_of(table, ["table", "started_at"], well).group_by("table")
    rows = made.aggregate([("started_at", "max")]).to_pylist()
    return {row["table"]: row["started_at_max"] for row in rows}


def _rows(root: Path, where: Any) -> list[dict[str, Any]]:
    table = tables.Table(root, TABLE)
    opened = table.opened()
    if opened is None:
        return []
    held = [field.name for field in opened.schema().fields if field.name in COLUMNS.names]
    found = folding.columns_of(table, held, where).to_pylist()
    rows = [{name: row.get(name) for name in COLUMNS.names} for row in found]
    return sorted(rows, key=lambda row: row["started_at"])


def code_of(table: str) -> str:
    """What made a table: version of the program, digest of its SQL."""
    return f"{xueqiao.__version__} {recipes()[table].digest:016x}"


def as_far_as_there_is_room(full: tables.LakeFull | None) -> AbstractContextManager[None]:
    """Where the disk is already full, a record that finds no room is no second failure."""
    return suppress(tables.LakeFull) if full else nullcontext()
