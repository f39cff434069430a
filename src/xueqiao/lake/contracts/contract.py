"""A contract in the parts that are checked. How it looks as a document: ``odcs``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from xueqiao.lake import tables

if TYPE_CHECKING:
    from collections.abc import Mapping

ERROR, WARNING = "error", "warning"
OF_SOURCE = "source."
SOURCE_TABLE = "bronze.statement"

# Types of Arrow by the names that Delta has for them; a contract speaks of the latter.
DELTA_TYPES = {
    pa.string(): "string",
    pa.large_string(): "string",
    pa.int32(): "integer",
    pa.int64(): "long",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.binary(): "binary",
    pa.float64(): "double",
    pa.timestamp("us", tz="UTC"): "timestamp",
}


@dataclass(frozen=True)
class Column:
    """A column and what it promises.

    Attributes:
        type: Delta's name of the type: string, integer, long, boolean, date, timestamp, binary.
        is_required: it is never null.
        codes: the only values it may have; empty: any.
    """

    name: str
    type: str
    is_required: bool = False
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measure:
    """How many rows may break a rule of ``quality.rules``, and what follows when more do.

    Attributes:
        at_most_percent: of the rows of one batch, 0 to 100.
        severity: ``error`` holds the batch back, ``warning`` is only shown.
    """

    at_most_percent: int
    severity: str = ERROR


@dataclass(frozen=True)
class Contract:
    """What a table (``bronze.person``) or a source of statements (``source.<code>``) promises.

    Attributes:
        version: 0 for what follows from the code alone.
        key: columns that together occur once.
        future_seconds: how far an instant may lie ahead of its arrival.
        least_percent: rows in percent of what was there before (a table) or is usual for that day
            of the week (a source), below which it is too few; 0: any number.
        latest_hours: after how many hours without anything new it is late; 0: never.
        verbs: of a source: the IRIs it may send; empty: any.
        measures: of a source: rule → measure, where it differs from the rule's own.
    """

    name: str
    version: int
    columns: tuple[Column, ...] = ()
    key: tuple[str, ...] = ()
    future_seconds: int = 300
    least_percent: int = 50
    latest_hours: int = 0
    verbs: tuple[str, ...] = ()
    measures: Mapping[str, Measure] = field(default_factory=dict)

    @property
    def digest(self) -> int:
        """A number that changes with anything that is checked."""
        measures = sorted((name, each.__dict__) for name, each in self.measures.items())
        parts = {**self.__dict__, "measures": measures}
        return tables.number({name: repr(value) for name, value in parts.items()})

    @property
    def is_of_source(self) -> bool:
        return self.name.startswith(OF_SOURCE)


def delta_type(kind: pa.DataType) -> str:
    """Delta's name of an Arrow type; Arrow's own where it has none here."""
    return DELTA_TYPES.get(kind, str(kind))
