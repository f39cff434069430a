"""Sets of learner numbers, as Arrow rows hold them."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _
from pyroaring import BitMap

from xueqiao.kernel import errors

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 2**32 - 1
"""The greatest learner number that a bitmap holds: twice the greatest number of a person."""


class NumberTooLarge(errors.Refusal):
    """A learner number does not fit a bitmap of 32 bits."""

    code = "lake.number_too_large"


def grouped(reader: pa.RecordBatchReader) -> dict[Any, BitMap]:
    """The learners of each key.

    Args:
        reader: rows (key, learner_id); ordered by key is fastest, and no order is needed.

    Raises:
        NumberTooLarge: a learner number above ``MOST``.
    """
    made: dict[Any, BitMap] = {}
    for batch in reader:
        if not batch.num_rows:
            continue
        numbers = numbers_of(batch.column(1))
        runs = pc.run_end_encode(batch.column(0))
        start = 0
        ends = runs.run_ends.to_pylist()
        for key, end in zip(runs.values.to_pylist(), ends, strict=True):
            made.setdefault(key, BitMap()).update(numbers[start:end])
            start = end
    return made


def numbers_of(column: pa.Array) -> array[int]:
    """Learner numbers as an array of 32 bits each."""
    try:
        narrow = column.cast(pa.uint32())
    except pa.ArrowInvalid as why:
        text = _(
            "Learner number {number:,} is above {most:,}, the greatest that distinct persons are "
            "counted for. Report it to the developers; the marts themselves are unharmed."
        )
        raise NumberTooLarge(text.format(number=pc.max(column).as_py(), most=MOST)) from why
    numbers = array("I")
    size = numbers.itemsize
    values = narrow.buffers()[1]
    numbers.frombytes(values[narrow.offset * size : (narrow.offset + len(narrow)) * size])
    return numbers


def packed(learners: BitMap) -> bytes:
    """A set as bytes; equal sets give equal bytes, whatever they were made from."""
    learners.run_optimize()
    learners.shrink_to_fit()
    return bytes(learners.serialize())


def united(rows: Iterable[bytes]) -> BitMap:
    """All who are in any of some packed sets."""
    return union([BitMap.deserialize(row) for row in rows])


def union(sets: list[BitMap]) -> BitMap:
    """All who are in any of some sets; nobody where there are none."""
    if len(sets) > 1:
        return BitMap.union(*sets)
    return sets[0] if sets else BitMap()
