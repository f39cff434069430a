"""Holds what arrived in a table against its contract: columns and types first, then the rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from django.utils.translation import gettext as _

from xueqiao.lake.contracts.contract import SOURCE_TABLE, Contract, delta_type

if TYPE_CHECKING:
    from deltalake import DeltaTable

    from xueqiao.lake.engine import Engine

COLUMN_GONE, TYPE_CHANGED = "column_gone", "type_changed"
NULL, CODE_UNKNOWN, IN_FUTURE, TWICE, FEW = "null", "code_unknown", "in_future", "twice", "few"
FEWEST = 100
"""A table of fewer rows goes up and down by chance."""


@dataclass(frozen=True)
class Breach:
    """One promise that was not kept.

    Attributes:
        column: "" where it is about the table.
        found: rows that break it, or the type that was found.
        agreed: what the contract says instead.
    """

    kind: str
    column: str = ""
    found: str = ""
    agreed: str = ""


@dataclass(frozen=True)
class Arrived:
    """A version of a table that is to be judged, and the one that passed before.

    Attributes:
        rows: in the table now.
        before: the version that passed last; None where there is none to compare with.
        rows_before: in that version.
    """

    opened: DeltaTable
    rows: int
    before: DeltaTable | None = None
    rows_before: int = 0

    @property
    def added(self) -> list[str]:
        """Files that the version before did not have."""
        earlier = set(self.before.file_uris()) if self.before else set()
        return [file for file in self.opened.file_uris() if file not in earlier]

    @property
    def is_appended(self) -> bool:
        """Whether rows were only added, so that the others need no second look."""
        return self.before is not None and set(self.before.file_uris()) <= set(
            self.opened.file_uris()
        )


def breaches(contract: Contract, arrived: Arrived, engine: Engine, at: datetime) -> list[Breach]:
    """What the table does not keep; columns and types before rows, for rows need both."""
    found = of_columns(contract, types_of(arrived.opened))
    if found:
        return found
    if contract.name == SOURCE_TABLE:
        # Its rows are judged batch by batch, so that one source does not stop the others.
        return []
    return [*of_volume(contract, arrived), *of_rows(contract, arrived, engine, at)]


def types_of(opened: DeltaTable) -> dict[str, str]:
    """Column → Delta's name of its type."""
    schema = pa.schema(opened.schema().to_arrow())
    return {each.name: delta_type(each.type) for each in schema}


def of_columns(contract: Contract, types: dict[str, str]) -> list[Breach]:
    """Columns that are gone or have another type. Columns that were added break nothing."""
    found = []
    for column in contract.columns:
        now = types.get(column.name)
        if now is None:
            found.append(Breach(COLUMN_GONE, column.name, agreed=column.type))
        elif column.type and now != column.type:
            found.append(Breach(TYPE_CHANGED, column.name, now, column.type))
    return found


def of_volume(contract: Contract, arrived: Arrived) -> list[Breach]:
    """Whether far fewer rows came than there were."""
    least = arrived.rows_before * contract.least_percent
    if arrived.rows_before < FEWEST or arrived.rows * 100 >= least:
        return []
    return [Breach(FEW, found=str(arrived.rows), agreed=str(arrived.rows_before))]


def of_rows(contract: Contract, arrived: Arrived, engine: Engine, at: datetime) -> list[Breach]:
    """Rows that break a promise: one pass over what was added, or over all that was replaced."""
    files = arrived.added if arrived.is_appended else arrived.opened.file_uris()
    asked = _questions(contract, _latest(arrived.opened, at, contract), arrived.is_appended)
    if not files or not asked:
        return []
    parted = bool(arrived.opened.metadata().partition_columns)
    schema = pa.schema(arrived.opened.schema().to_arrow())
    engine.attach("candidate", files=files, schema=schema, is_parted=parted)
    listed = ", ".join(f"{sql} as q{n}" for n, (_breach, sql) in enumerate(asked))
    counts = engine.sql(f"select {listed} from candidate").read_all().to_pylist()[0]  # noqa: S608 - our own names
    return [
        Breach(breach.kind, breach.column, str(counts[f"q{n}"]), breach.agreed)
        for n, (breach, _sql) in enumerate(asked)
        if counts[f"q{n}"]
    ]


def _questions(contract: Contract, latest: str, is_appended: bool) -> list[tuple[Breach, str]]:
    """Breaches that rows may show, each with SQL that counts them."""
    asked: list[tuple[Breach, str]] = []
    for column in contract.columns:
        name = quoted(column.name)
        if column.is_required:
            counted = f"count(*) filter (where {name} is null)"
            asked.append((Breach(NULL, column.name), counted))
        if column.codes:
            codes = ", ".join(literal(code) for code in column.codes)
            counted = f"count(*) filter (where cast({name} as varchar) not in ({codes}))"
            asked.append((Breach(CODE_UNKNOWN, column.name, agreed=codes), counted))
        if column.type == "timestamp":
            counted = f"count(*) filter (where {name} > timestamptz '{latest}')"
            asked.append((Breach(IN_FUTURE, column.name, agreed=latest), counted))
    if contract.key and not is_appended:
        key = ", ".join(quoted(name) for name in contract.key)
        held = f"({key})" if len(contract.key) > 1 else key
        counted = f"count({held}) - count(distinct {held})"
        asked.append((Breach(TWICE, ", ".join(contract.key)), counted))
    return asked


def _latest(opened: DeltaTable, at: datetime, contract: Contract) -> str:
    """The last instant that is believed: some minutes after the commit that brought the rows."""
    written = datetime.fromtimestamp(opened.history(1)[0]["timestamp"] / 1000, UTC)
    return f"{max(at, written) + timedelta(seconds=contract.future_seconds):%Y-%m-%d %H:%M:%S+00}"


def quoted(name: str) -> str:
    """A column's name in SQL, whatever a document calls it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in SQL."""
    return "'" + text.replace("'", "''") + "'"


def said(breach: dict[str, Any]) -> str:
    """A breach in one sentence."""
    texts = {
        COLUMN_GONE: _("The column {column} ({agreed}) is gone."),
        TYPE_CHANGED: _("The column {column} is {found} now; {agreed} was agreed."),
        NULL: _("{found} rows have no {column}."),
        CODE_UNKNOWN: _(
            "{found} rows have a {column} that is not among the agreed codes: {agreed}"
        ),
        IN_FUTURE: _("{found} rows have a {column} that lies in the future (after {agreed})."),
        TWICE: _("{found} rows repeat a key ({column})."),
        FEW: _("{found} rows came; {agreed} were there before."),
    }
    return texts[breach["kind"]].format(**breach)
