"""Reads approved budgets from a CSV file: all rows or none, and a refusal names row and column."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from django.utils.translation import gettext as _

from xueqiao import sample
from xueqiao.funds import budgets
from xueqiao.kernel import errors, tables

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLE = Path(sample.__file__).parent / "funds" / "budgets_2020.csv"
COLUMNS = ("place_code", "place_name", "year", "line", "fen", "approved_on", "source", "is_sample")
REGISTER = "nbs"
Value = TypeVar("Value")


class FileUnreadable(errors.Refusal):
    """The file is missing, is not UTF-8, or lacks a column."""

    code = "budget.file_unreadable"
    status = 422


class CellRefused(errors.Refusal):
    """A cell holds something that cannot be a budget; ``pointer`` is ``row/column``."""

    code = "budget.cell_refused"
    status = 422


@dataclass(frozen=True)
class Counts:
    """Rows of the file, their sum in fen, and how many were new."""

    rows: int
    fen: int
    new: int


def load(*, path: Path = SAMPLE) -> Counts:
    """Record the budgets of a file; a second load of the same rows changes nothing.

    Args:
        path: CSV in UTF-8 with the columns of ``COLUMNS``; ``fen`` is 1/100 yuan.

    Raises:
        FileUnreadable: missing, not UTF-8, or without a column.
        CellRefused: an unknown place code, a negative or damaged amount, year or day.
    """
    rows = _rows(path)
    places = _places({row["place_code"] for row in rows})
    approvals = [_approval(number, row, places) for number, row in enumerate(rows, start=2)]
    new = budgets.approve_many(approvals)
    return Counts(len(approvals), sum(each.fen for each in approvals), new)


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or [])]
            if not missing:
                return list(reader)
    except FileNotFoundError:
        raise FileUnreadable(
            _("There is no file {path}. Check the name.").format(path=path)
        ) from None
    except UnicodeDecodeError:
        text = _("{path} is not UTF-8. Save it from the spreadsheet as “CSV UTF-8”.")
        raise FileUnreadable(text.format(path=path)) from None
    text = _("{path} lacks the column {names}. Its first line must name: {all}.")
    raise FileUnreadable(text.format(path=path, names=", ".join(missing), all=", ".join(COLUMNS)))


def _places(codes: set[str]) -> dict[str, int]:
    # Named by string: only the network app imports its own models.
    listings = tables.rows("network.Listing")
    found = listings.filter(register=REGISTER, code__in=codes).order_by("valid_from")
    return dict(found.values_list("code", "place_id"))


def _approval(number: int, row: dict[str, str], places: dict[str, int]) -> budgets.Approval:
    code = row["place_code"]
    if code not in places:
        raise CellRefused(
            _(
                "Row {row}, column place_code: no place has the code {code}. Compare it with the "
                "statistical register."
            ).format(row=number, code=code),
            pointer=f"{number}/place_code",
        )
    fen = _cell(number, row, "fen", int)
    if fen < 0:
        raise CellRefused(
            _(
                "Row {row}, column fen: an approved budget is 0 or more; {fen} was given. "
                "Check the sign."
            ).format(row=number, fen=fen),
            pointer=f"{number}/fen",
        )
    return budgets.Approval(
        place_id=places[code],
        year=_cell(number, row, "year", int),
        fen=fen,
        line=row["line"],
        approved_on=_cell(number, row, "approved_on", date.fromisoformat),
        source=row["source"],
        is_sample=row["is_sample"] == "1",
        request_key=f"budget:{code}:{row['year']}:{row['line']}",
    )


def _cell(number: int, row: dict[str, str], name: str, read: Callable[[str], Value]) -> Value:
    try:
        return read(row[name])
    except (TypeError, ValueError):
        raise CellRefused(
            _(
                "Row {row}, column {name}: {value!r} cannot be read. Write it as in the sample "
                "file."
            ).format(row=number, name=name, value=row[name]),
            pointer=f"{number}/{name}",
        ) from None
