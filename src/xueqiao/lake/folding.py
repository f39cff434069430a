"""The present state out of changes, and files of it rewritten only where a key lies in them.

Files of a present state are written in the order of its key, so a key lies in few of them, mostly
one; which, the footers say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import dataset

from xueqiao.lake.files import PART

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from xueqiao.lake.tables import Table

SMALL_BYTES = 16 << 20
"""A last file smaller than this takes new keys in; beyond it they begin another."""


def rows_in(table: Table, names: Sequence[str], schema: pa.Schema | None = None) -> dataset.Dataset:
    """Some files of a table to read from; columns they lack are null."""
    store = table.store
    paths = [store.path(f"{table.folder}/{name}") for name in names]
    if schema is None:
        opened = table.opened()
        assert opened is not None
        schema = pa.schema(opened.schema().to_arrow())
    if not paths:
        return dataset.dataset(schema.empty_table())
    by_month = dataset.partitioning(pa.schema([(PART, pa.string())]), flavor="hive")
    return dataset.dataset(
        paths, schema=schema, format="parquet", filesystem=store.files,
        partitioning=by_month if table.is_parted else None,
    )  # fmt: skip


def columns_of(table: Table, names: list[str], where: Any = None) -> pa.Table:
    """Some columns of all rows of a table, or of those that meet a condition."""
    return rows_in(table, table.file_names()).to_table(columns=names, filter=where)


def folded(changes: Table, key: str, schema: pa.Schema) -> Iterator[pa.Table]:
    """The latest version of each row that is not gone, by key."""
    files = rows_in(changes, changes.file_names())
    order = files.to_table(columns=[key, "sequence", "is_gone"])
    if not pc.max_element_wise(pc.max(order["sequence"]), 1).as_py() > 1:
        # One reading only: nothing to choose from, however many rows there are.
        for batch in files.to_batches(columns=schema.names):
            yield pa.Table.from_batches([batch]).cast(schema)
        return
    keys, numbers = order[key].to_numpy(), order["sequence"].to_numpy()
    sorted_places = np.lexsort((numbers, keys))
    last = np.append(np.diff(keys[sorted_places]) != 0, True)
    latest = sorted_places[last]
    alive = latest[~order["is_gone"].to_numpy(zero_copy_only=False)[latest]]
    rows = files.to_table(columns=schema.names)
    yield rows.take(alive).cast(schema)


def fold(
    present: Table,
    key: str,
    changed: pa.Table,
    gone: np.ndarray[Any, Any],
    *,
    marks: dict[str, int],
) -> None:
    """Put changed rows into the present state and take gone ones out, in one commit."""
    keys = np.sort(np.concatenate([changed[key].to_numpy(), gone]))
    ranges = key_ranges(present, key)
    hit = [name for name, (low, high) in ranges if holds_any(keys, low, high)]
    if ranges and ranges[-1][0] not in hit and is_small(present, ranges[-1][0]):
        hit.append(ranges[-1][0])
    opened = present.opened()
    assert opened is not None
    schema = pa.schema(opened.schema().to_arrow())
    touched = pa.array(keys)

    def rows() -> Iterator[pa.RecordBatch]:
        fresh = changed.cast(schema).sort_by(key)
        for name in hit:
            held = rows_in(present, [name], schema).to_table(filter=~pc.field(key).isin(touched))
            top = pc.max(held[key]).as_py()
            below = 0 if top is None else int(np.searchsorted(fresh[key].to_numpy(), top))
            both = pa.concat_tables([held, fresh.slice(0, below)]).sort_by(key)
            fresh = fresh.slice(below)
            yield from both.to_batches()
        yield from fresh.to_batches()

    present.swap(remove=hit, batches=pa.RecordBatchReader.from_batches(schema, rows()), marks=marks)


def key_ranges(table: Table, key: str) -> list[tuple[str, tuple[int, int]]]:
    """Lowest and highest key of each file, by the lowest; from their footers."""
    store, found = table.store, []
    for name in table.file_names():
        path = store.path(f"{table.folder}/{name}")
        metadata = pq.read_metadata(path, filesystem=store.files)
        column = metadata.schema.names.index(key)
        groups = (metadata.row_group(n).column(column) for n in range(metadata.num_row_groups))
        spans = [group.statistics for group in groups if group.statistics is not None]
        found.append((name, (min(s.min for s in spans), max(s.max for s in spans))))
    return sorted(found, key=lambda each: each[1])


def holds_any(keys: Any, low: int, high: int) -> bool:
    """Whether one of some sorted keys lies between two."""
    return bool(np.searchsorted(keys, high, "right") > np.searchsorted(keys, low))


def is_small(table: Table, name: str) -> bool:
    store = table.store
    path = store.path(f"{table.folder}/{name}")
    return bool(store.files.get_file_info(path).size < SMALL_BYTES)


def reshape(table: Table, schema: pa.Schema) -> None:
    """Write a table anew in other columns; what it did not have is null.

    Raises:
        tables.Overtaken: rows came meanwhile, which would be lost; call again.
    """
    version = table.version()
    rows = rows_in(table, table.file_names(), schema).to_batches()
    table.commit(
        batches=pa.RecordBatchReader.from_batches(schema, rows), marks={}, replace="everything",
        expect=version,
    )  # fmt: skip
