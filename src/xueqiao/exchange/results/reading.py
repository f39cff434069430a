"""Reading a filled table: its lines, and what is wrong with which cell.

Identity numbers are hashed as soon as they are read; neither a fault nor a line repeats one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _

from xueqiao.intake.tables import filled
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from xueqiao.exchange.results.columns import Column, ColumnSet

MOST_ROWS: Final = 20_000
LONGEST_TEXT: Final = 200
DECIMAL: Final = re.compile(r"\d{1,6}(?:\.\d{1,2})?")
MONTH: Final = re.compile(r"(\d{4})[-./年]?(\d{1,2})(?:[-./月](?:\d{1,2}日?)?)?")


class TableUnreadable(errors.Refusal):
    """No table, too large, or not the columns of the set."""

    code = "exchange.table_unreadable"
    status = 422


@dataclass(frozen=True)
class Line:
    """One filled row: the cells by name of column, without the identity number."""

    number: int
    identity_hash: str
    cells: dict[str, str]


Read = filled.Read[Line]


def read(*, content: bytes, name: str, of: ColumnSet, today: date) -> Read:
    """Read a table of one of the sets.

    Args:
        today: nothing may be obtained after its month.

    Raises:
        TableUnreadable: nothing of it can be used.
    """
    with filled.opened(
        content=content, name=name, most_rows=MOST_ROWS, refusal=TableUnreadable
    ) as sheet:
        reader = _Reader(_where(sheet.titles, of), of, today)
        for row in sheet.rows:
            reader.found.rows += 1
            reader.take(row.number, row.cells)
    return reader.found


def month_of(text: str) -> date | None:
    """The first day of a month such as 202407, 2024-07 or 2024-07-15; None when it is none.

    >>> month_of("202407"), month_of("2024年7月"), month_of("202413")
    (datetime.date(2024, 7, 1), datetime.date(2024, 7, 1), None)
    """
    found = MONTH.fullmatch(text.strip())
    try:
        return date(int(found[1]), int(found[2]), 1) if found else None
    except ValueError:
        return None


def hundredths(text: str) -> int:
    """A decimal of at most two places in hundredths.

    >>> hundredths("2.5"), hundredths("30")
    (250, 3000)
    """
    whole, _point, part = text.partition(".")
    return int(whole or 0) * 100 + int(f"{part:0<2}"[:2])


def _where(titles: list[str], of: ColumnSet) -> dict[str, int]:
    """The place of each column in a row, from 0."""
    where = {each.name: titles.index(each.title) for each in of.columns if each.title in titles}
    missing = [each.title for each in of.columns if each.required and each.name not in where]
    if missing:
        text = _("The first row lacks these columns: {columns}. Use the template of this set.")
        raise TableUnreadable(text.format(columns="、".join(missing)), pointer="file")
    return where


class _Reader(filled.Reader[Line]):
    """Takes row after row, and remembers which came before."""

    def __init__(self, where: dict[str, int], of: ColumnSet, today: date) -> None:
        super().__init__(where)
        self.of, self.today = of, today
        self.seen: dict[tuple[str, ...], int] = {}

    def take(self, number: int, cells: list[str]) -> None:
        before = len(self.found.faults)
        hashed, said = "", {}
        for column in self.of.columns:
            text = self.cell(cells, column.name)
            if column.kind == "identity":
                hashed = self._identity(number, column, text)
            elif fault := self._fault_of(column, text):
                self._fault(number, column, fault)
            else:
                said[column.name] = text
        if len(self.found.faults) == before and self._is_new(number, hashed, said):
            self.found.lines.append(Line(number, hashed, said))

    def _fault(self, number: int, column: Column, text: str) -> None:
        self.fault(number, column.name, column.title, text)

    def _fault_of(self, column: Column, text: str) -> str:
        """What is wrong with a cell that holds no identity number; "" when nothing is."""
        if not text:
            return _("This cell is empty.") if column.required else ""
        if len(text) > LONGEST_TEXT:
            return _("Longer than {most} characters.").format(most=LONGEST_TEXT)
        if column.kind == "decimal" and not DECIMAL.fullmatch(text):
            return _("Write a number with at most two decimal places, such as 2.5.")
        if column.kind == "month":
            return self._fault_of_month(text)
        if column.codes and text not in column.codes:
            known = "、".join(f"{code} {title}" for code, title in column.codes.items())
            return _("No such code. Choose from: {codes}.").format(codes=known)
        return ""

    def _fault_of_month(self, text: str) -> str:
        month = month_of(text)
        if month is None:
            return _("Write the month as YYYYMM, such as 202407.")
        return _("This month lies in the future.") if month > self.today else ""

    def _identity(self, number: int, column: Column, text: str) -> str:
        try:
            return filled.identity_hash(text.replace(" ", "").upper())
        except filled.Unfit as why:
            self._fault(number, column, str(why))
            return ""

    def _is_new(self, number: int, hashed: str, said: dict[str, str]) -> bool:
        first = self.seen.setdefault((hashed, *sorted(said.values())), number)
        if first != number:
            text = _("The same line stands in row {row}.").format(row=first)
            self._fault(number, self.of.columns[0], text)
        return first == number
