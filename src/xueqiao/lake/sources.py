"""What the lake copies: one entry for each bronze table, with its columns and where rows come from.

Rows come from the ``exports`` of the rooms below, flat and without names of people. A *log* is
followed by a cursor. A *snapshot* is looked at when its stamp has changed: with a key, only rows
that differ are written and every change is kept beside it; without one it is replaced whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from django.apps import apps
from django.db.models import Count, Max

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.kernel import cursor
    from xueqiao.lake.columns import Shape

Rows = Iterable[dict[str, Any]]
Found = Any
"""A list of dicts, or an Arrow table."""

TEXT, INT, BIG, FLAG, DAY = pa.string(), pa.int32(), pa.int64(), pa.bool_(), pa.date32()
INSTANT = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class Snapshot:
    """A table whose rows come, change and go.

    Attributes:
        rows: gives all rows, in an order that depends on nothing but the rows.
        stamp: a value that changes whenever a row is added, changed or removed; cheap.
        key: the column of a whole number by which rows are told apart; "" replaces the table whole.
        follow: reads only what changed; without it all rows are read and compared.
        shape: the export behind it, where there is one.
    """

    table: str
    schema: pa.Schema
    rows: Callable[[], Rows | Iterable[pa.Table]]
    stamp: Callable[[], Any]
    key: str = ""
    follow: Follow | None = None
    shape: Shape | None = None

    def read(self) -> Iterator[pa.Table]:
        return as_tables(self.schema, self.rows())


@dataclass(frozen=True)
class Follow:
    """Reads of a snapshot that cost by what changed.

    Attributes:
        since: rows changed at or after an instant.
        among: the rows of some keys.
        keys: the keys of all rows.
        count: how many rows there are.
        latest: when a row was last changed; None without rows.
    """

    since: Callable[[datetime], Iterable[pa.Table]]
    among: Callable[[list[int]], Iterable[pa.Table]]
    keys: Callable[[], Iterable[int]]
    count: Callable[[], int]
    latest: Callable[[], datetime | None]


@dataclass(frozen=True)
class Log:
    """A table that only grows, followed by ``(xid, id)``.

    Attributes:
        after: the next rows behind a position, at most ``limit``, with ``xid`` and ``id``.
        waiting: how many rows lie behind a position; for progress.
        instant: the column whose month in Asia/Shanghai is the part; "" when it is not parted.
        exact: the column whose text the digest is taken of; "" for all columns.
    """

    table: str
    schema: pa.Schema
    after: Callable[[cursor.Position, int], Found]
    waiting: Callable[[cursor.Position], int]
    instant: str = ""
    exact: str = ""


def kept(table: str, shape: Shape, *, key: str = "") -> Snapshot:
    """A snapshot of an export, followed by its changes where it tells them.

    Args:
        key: the column that tells rows apart, where it is not that of the export's key.
    """
    export = shape.export
    is_learner = export.key == shape.learner
    ours = {theirs: mine for mine, theirs in shape.names}
    # Learners are numbered by twice the person (records/rules.py).
    times = 2 if is_learner else 1
    follow = None
    if export.changed:
        follow = Follow(
            since=lambda instant: shape.tables(export.since(instant)),
            among=lambda keys: shape.tables(export.among(each // times for each in keys)),
            keys=lambda: (each * times for each in export.every_key()),
            count=export.count,
            latest=export.latest,
        )
    named = "learner_id" if is_learner else ours.get(export.key, export.key)
    return Snapshot(
        table, shape.schema, lambda: shape.tables(export.all()), export.stamp, key=key or named,
        follow=follow, shape=shape,
    )  # fmt: skip


def whole(table: str, shape: Shape, *, stamp: Callable[[], Any] | None = None) -> Snapshot:
    """A snapshot that is replaced whole: reference data, loaded at once and then left alone."""
    export = shape.export
    return Snapshot(
        table, shape.schema, lambda: shape.tables(export.all()), stamp or export.stamp, shape=shape
    )


def followed(table: str, shape: Shape, *, instant: str = "", exact: str = "") -> Log:
    """A log out of an export of a table that has ``xid``."""
    export = shape.export
    return Log(
        table, shape.schema, lambda position, limit: shape.table(export.after(position, limit)),
        export.waiting, instant=instant, exact=exact,
    )  # fmt: skip


def columns(**types: pa.DataType) -> pa.Schema:
    return pa.schema(list(types.items()))


def stamp_of(*labels: str) -> Callable[[], Any]:
    """Count, highest key and latest change of some models, such as ``network.Place``.

    Models are named by label because only their own room imports them; nothing but these three
    facts is read.
    """

    def stamp() -> list[Any]:
        return [_facts(label) for label in labels]

    return stamp


def _facts(label: str) -> list[Any]:
    model = apps.get_model(label)
    facts: dict[str, Any] = {"rows": Count("*"), "highest": Max("pk")}
    names = {field.name for field in model._meta.get_fields()}
    if "updated_at" in names:
        facts["changed"] = Max("updated_at")
    found = model._default_manager.aggregate(**facts)
    return [label, sorted((key, str(value)) for key, value in found.items())]


def as_tables(schema: pa.Schema, rows: Any, size: int = 20_000) -> Iterator[pa.Table]:
    """Rows as Arrow: tables as they come, dicts gathered; what the schema does not name is left."""
    chunk: list[dict[str, Any]] = []
    for row in rows:
        if isinstance(row, pa.Table):
            yield row
            continue
        chunk.append(row)
        if len(chunk) == size:
            yield as_table(schema, chunk)
            chunk = []
    if chunk:
        yield as_table(schema, chunk)


def as_table(schema: pa.Schema, rows: Found) -> pa.Table:
    """Rows as one Arrow table; a table as it is."""
    if isinstance(rows, pa.Table):
        return rows
    return pa.Table.from_batches([record_batch(schema, rows)])


def record_batch(schema: pa.Schema, rows: list[dict[str, Any]]) -> pa.RecordBatch:
    arrays = [pa.array([row[field.name] for row in rows], field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def reader(schema: pa.Schema, found: Iterable[pa.Table]) -> pa.RecordBatchReader:
    """Tables as one stream of batches."""
    return pa.RecordBatchReader.from_batches(
        schema, (batch for table in found for batch in table.to_batches())
    )
