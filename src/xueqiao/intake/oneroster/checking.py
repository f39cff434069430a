"""Checking a row cell by cell against the binding: every fault of it, each with its column."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext as _

from xueqiao.intake.oneroster.tables import EXT, EXTENSION, TABLES, Field
from xueqiao.records.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from xueqiao.intake.oneroster.package import Row

LONGEST_ID = 255
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_YEAR = re.compile(r"\d{4}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})")


class Fault(NamedTuple):
    """What is wrong with a cell."""

    column: str
    reason: Reason
    text: str


def faults(table: str, row: Row, *, mode: str, known: Mapping[str, set[str]]) -> Iterator[Fault]:
    """Every fault of a row, in the order of its columns.

    Args:
        mode: ``bulk`` or ``delta``, in which status and time of the change are needed.
        known: the sourcedIds of each table, of this package and of what is held.
    """
    if row.columns:
        text = _("The row has {n} cells more or fewer than its heading.")
        yield Fault("", Reason.COLUMNS, text.format(n=row.columns))
        return
    is_leaving = row.cells.get("status") == "tobedeleted"
    for field in TABLES[table]:
        cell = row.cells.get(field.name, "")
        needed = field.needed or (mode == "delta" and field.name in {"status", "dateLastModified"})
        if not cell:
            # Of what leaves only its name is needed.
            if needed and not (is_leaving and field.name != "sourcedId"):
                yield Fault(field.name, Reason.CELL_UNFIT, _("The cell is empty."))
            continue
        if field.name == "sourcedId" and len(cell) > LONGEST_ID:
            text = _("A sourcedId has at most {most} characters.").format(most=LONGEST_ID)
            yield Fault(field.name, Reason.CELL_UNFIT, text)
        elif (why := _misfit(field, cell)) is not None:
            yield Fault(field.name, Reason.CELL_UNFIT, why)
        elif field.refers and not is_leaving:
            yield from _strangers(field, cell, known)


def _misfit(field: Field, cell: str) -> str | None:
    """What is wrong with the form of a cell, or None."""
    if field.one_of:
        if cell in field.one_of or (cell.startswith(EXT) and len(cell) > len(EXT)):
            return None
        text = _("“{value}” is not one of: {words}.")
        return text.format(value=cell[:80], words=", ".join(sorted(field.one_of)))
    fits = _FITS.get(field.form)
    if fits is None or fits(cell):
        return None
    text = _("“{value}” is not of the form {form}.")
    return text.format(value=cell[:80], form=_FORMS[field.form])


def _strangers(field: Field, cell: str, known: Mapping[str, set[str]]) -> Iterator[Fault]:
    for each in listed(cell) if field.form == "list" else [cell]:
        if each not in known[field.refers]:
            text = _("{table}.csv has no “{value}”, and none is held.")
            detail = text.format(table=field.refers, value=each[:80])
            yield Fault(field.name, Reason.REFERENCE_UNKNOWN, detail)


def listed(cell: str) -> list[str]:
    """The entries of a list, which stand in one cell with commas between them."""
    return [each.strip() for each in cell.split(",") if each.strip()]


def kept(table: str, row: Row) -> dict[str, str]:
    """What is kept of a row: its filled cells, without what nobody here needs."""
    fields = {field.name: field for field in TABLES[table]}
    return {
        column: cell
        for column, cell in row.cells.items()
        if cell and (column.startswith(EXTENSION) or fields[column].is_kept)
    }


def moment(cell: str) -> datetime | None:
    """A time of a change; None where the cell is empty."""
    return datetime.fromisoformat(cell) if cell else None


def _is_day(cell: str) -> bool:
    if not _DAY.fullmatch(cell):
        return False
    try:
        date.fromisoformat(cell)
    except ValueError:
        return False
    return True


def _is_time(cell: str) -> bool:
    if not _TIME.fullmatch(cell):
        return False
    try:
        datetime.fromisoformat(cell)
    except ValueError:
        return False
    return True


_FITS: dict[str, Callable[[str], Any]] = {
    "date": _is_day,
    "time": _is_time,
    "year": _YEAR.fullmatch,
    "boolean": {"true", "false"}.__contains__,
}
_FORMS = {
    "date": "2026-03-02",
    "time": "2026-03-02T08:00:00.000Z",
    "year": "2026",
    "boolean": "true, false",
}
