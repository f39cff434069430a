"""Rows of the database as Arrow columns: whole columns at a time, on either database.

A driver gives an instant as such or as text, an identifier as such or as its digits. Which it is
shows in the first value of a column; the type it has to become stands in the schema.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from xueqiao.kernel.clock import LOCAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from xueqiao.kernel.flat import Chunk, Export

HEX = 32
HYPHENS = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))
# Neither may stand in a text of PostgreSQL or of a statement.
NULL, BETWEEN = "\x00", "\x1f"


@dataclass(frozen=True)
class Shape:
    """How the rows of an export become columns of the lake.

    Attributes:
        schema: names and types in the lake.
        export: gives the rows.
        names: the lake's name → the export's, where they differ.
        learner: the export's column of a person, from which ``learner_id`` is made; "" for none.
        identifiers: columns of the lake that are UUIDs in the database and text here.
    """

    schema: pa.Schema
    export: Export
    names: tuple[tuple[str, str], ...] = ()
    learner: str = ""
    identifiers: tuple[str, ...] = ()

    def table(self, rows: Chunk) -> pa.Table:
        """Rows in the columns of the schema."""
        held = dict(zip(self.export.names, zip(*rows, strict=True), strict=True)) if rows else {}
        return pa.Table.from_arrays(
            [self._column(field, held) for field in self.schema], schema=self.schema
        )

    def tables(self, found: Iterable[Chunk]) -> Iterator[pa.Table]:
        return (self.table(rows) for rows in found)

    def _column(self, field: pa.Field, held: Mapping[str, Sequence[Any]]) -> pa.Array:
        if self.learner and field.name == "learner_id":
            # As records/rules.py numbers learners: persons are the even ones.
            persons = array(held.get(self.learner, ()), field.type)
            return pc.multiply(persons, pa.scalar(2, field.type))
        values = held.get(dict(self.names).get(field.name, field.name), ())
        if field.name in self.identifiers:
            return identifiers(values)
        return array(values, field.type)


def array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """A column of a type out of what a driver gave.

    >>> array(["2024-03-31 16:00:00", None], pa.timestamp("us", tz="UTC"))[0].as_py().isoformat()
    '2024-03-31T16:00:00+00:00'
    >>> array([1, 0], pa.bool_()).to_pylist(), array(["2024-03-31"], pa.date32())[0].as_py().year
    ([True, False], 2024)
    """
    first = next((value for value in values if value is not None), None)
    if pa.types.is_timestamp(kind) and isinstance(first, str):
        return _instants(values, kind)
    if pa.types.is_date(kind) and isinstance(first, str):
        return pa.array(values, pa.string()).cast(kind)
    if pa.types.is_boolean(kind) and isinstance(first, int):
        return pa.array(values, pa.int64() if not isinstance(first, bool) else kind).cast(kind)
    return pa.array(values, kind)


def _instants(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    try:
        plain = pa.array(values, pa.string()).cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        # Some writer has added a zone.
        return pa.array([_instant(value) if value else None for value in values], kind)
    return pc.assume_timezone(plain, "UTC")


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def identifiers(values: Sequence[Any]) -> pa.Array:
    """UUIDs as text with hyphens.

    >>> identifiers(["00000000000000000000000000000007", None]).to_pylist()
    ['00000000-0000-0000-0000-000000000007', None]
    """
    first = next((value for value in values if value is not None), None)
    if isinstance(first, UUID):
        return pa.array([str(value) if value else None for value in values], pa.string())
    text = pa.array(values, pa.string())
    if not isinstance(first, str) or len(first) != HEX:
        return text
    pieces = [pc.utf8_slice_codeunits(text, start, stop) for start, stop in HYPHENS]
    return pc.binary_join_element_wise(*pieces, "-")


def digests(rows: pa.Table, *, exact: str = "") -> pa.Array:
    """SHA-256 of each row: of its exact text where there is one, else of all its columns."""
    texts = rows[exact] if exact else pa.nulls(rows.num_rows, pa.string())
    if not exact or pc.any(pc.fill_null(pc.equal(texts, ""), True)).as_py():
        columns = [pc.cast(column, pa.string()) for column in _plain(rows)]
        joined = pc.binary_join_element_wise(
            *columns, BETWEEN, null_handling="replace", null_replacement=NULL
        )
        texts = pc.if_else(pc.fill_null(pc.not_equal(texts, ""), False), texts, joined)
    made = [hashlib.sha256(text.encode()).digest() for text in texts.to_pylist()]
    return pa.array(made, pa.binary())


def _plain(rows: pa.Table) -> list[pa.ChunkedArray]:
    """Columns that a cast to text says in one way, whatever the machine's zones are."""
    return [
        column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
        for column in rows.columns
    ]


def months(instants: pa.ChunkedArray) -> pa.Array:
    """The month 'YYYY-MM' in Asia/Shanghai of each instant.

    >>> late = pa.array([datetime(2024, 3, 31, 16, tzinfo=UTC)], pa.timestamp("us", tz="UTC"))
    >>> months(pa.chunked_array([late])).to_pylist()
    ['2024-04']
    """
    local = instants.cast(pa.timestamp("us", tz=str(LOCAL)))
    number = pc.add(pc.multiply(pc.year(local), 12), pc.subtract(pc.month(local), 1))
    coded = number.combine_chunks().dictionary_encode()
    words = [f"{each // 12:04}-{each % 12 + 1:02}" for each in coded.dictionary.to_pylist()]
    return pa.array(words, pa.string()).take(coded.indices)
