"""Numbers of rows: the highest are cut to what k persons reach, then rounded down to a unit."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc


class Capped(NamedTuple):
    """A column after it was cut. ``cap``: the highest value left; ``rows``: how many were above."""

    values: pa.Array
    cap: int
    rows: int


def cap(values: pa.ChunkedArray, learners: pa.ChunkedArray, *, k: int) -> Capped:
    """Cut a column to the highest value that k persons reach, so that no record tells who it was.

    Args:
        values: whole numbers without nulls; ``learners``: whose each is; at least k different ones.
    """
    rows = pa.table({"learner": learners, "value": values})
    highest = rows.group_by("learner", use_threads=False).aggregate([("value", "max")])["value_max"]
    order = pc.sort_indices(highest, sort_keys=[("", "descending")])
    reached = highest.take(order[k - 1 : k])[0].as_py()
    above = pc.sum(pc.cast(pc.greater(values, reached), pa.int64())).as_py() or 0
    return Capped(pc.min_element_wise(values, reached), reached, above)
