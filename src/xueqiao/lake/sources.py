"""What the lake copies: one entry for each bronze table, with its columns and where rows come from.

Rows come from the ``exports`` of the rooms below, flat and without names of people. A *snapshot* is
read whole when its stamp has changed; a *log* is followed by a cursor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from django.apps import apps
from django.db.models import Count, Max

if TYPE_CHECKING:
    from xueqiao.kernel import cursor

Rows = Iterable[dict[str, Any]]

TEXT, INT, BIG, FLAG, DAY = pa.string(), pa.int32(), pa.int64(), pa.bool_(), pa.date32()
INSTANT = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class Snapshot:
    """A table small enough to be read whole.

    Attributes:
        rows: gives all rows, in an order that depends on nothing but the rows.
        stamp: a value that changes whenever a row is added, changed or removed; cheap.
    """

    table: str
    schema: pa.Schema
    rows: Callable[[], Rows]
    stamp: Callable[[], Any]


@dataclass(frozen=True)
class Log:
    """A table that only grows, followed by ``(xid, id)``.

    Attributes:
        after: the next rows behind a position, at most ``limit``, with ``xid`` and ``id``.
        waiting: how many rows lie behind a position; for progress.
        instant: the column whose month in Asia/Shanghai is the part; "" when it is not parted.
    """

    table: str
    schema: pa.Schema
    after: Callable[[cursor.Position, int], list[dict[str, Any]]]
    waiting: Callable[[cursor.Position], int]
    instant: str = ""


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


def batches(schema: pa.Schema, rows: Rows, size: int = 20_000) -> pa.RecordBatchReader:
    """Rows as Arrow, a batch at a time; keys that the schema does not name are left out."""

    def chunks() -> Iterator[pa.RecordBatch]:
        chunk: list[dict[str, Any]] = []
        for row in rows:
            chunk.append(row)
            if len(chunk) == size:
                yield record_batch(schema, chunk)
                chunk = []
        if chunk:
            yield record_batch(schema, chunk)

    return pa.RecordBatchReader.from_batches(schema, chunks())


def record_batch(schema: pa.Schema, rows: list[dict[str, Any]]) -> pa.RecordBatch:
    arrays = [pa.array([row[field.name] for row in rows], field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
