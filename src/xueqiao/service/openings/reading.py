"""Reading a filled roster: the people in it, and what is wrong with which cell.

Identity numbers are hashed as soon as they are read; neither a fault nor a line repeats one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _

from xueqiao.intake.tables import filled
from xueqiao.kernel import clock, errors
from xueqiao.network import tree
from xueqiao.people import documents, rights, rules
from xueqiao.service.openings.columns import COLUMNS

if TYPE_CHECKING:
    from datetime import date, datetime

MOST_ROWS: Final = 5000
SEXES: Final = {"男": "1", "女": "2", "male": "1", "female": "2"}
LONGEST_NAME: Final = 80


class RosterUnreadable(errors.Refusal):
    """No table, too large, or without the columns that a roster needs."""

    code = "service.roster_unreadable"
    status = 422


@dataclass(frozen=True)
class Line:
    """One person of a roster; ``number`` is the row in the file."""

    number: int
    name: str
    sex: str
    birth_year: int
    home_id: int
    identity_hash: str


Read = filled.Read[Line]


def read(*, content: bytes, name: str, place_id: int, at: datetime) -> Read:
    """Read a roster of people who live within a place.

    Raises:
        RosterUnreadable: nothing of it can be used.
    """
    with filled.opened(
        content=content, name=name, most_rows=MOST_ROWS, refusal=RosterUnreadable
    ) as sheet:
        reader = _Reader(_where(sheet.titles), place_id, clock.local_date(at))
        for row in sheet.rows:
            reader.found.rows += 1
            reader.take(row.number, row.cells)
    reader.compare_with_accounts()
    return reader.found


def _where(titles: list[str]) -> dict[str, int]:
    """The place of each column in a row, from 0."""
    plain = [title.lower() for title in titles]
    where = {}
    for column in COLUMNS:
        known = {*column.known_as, str(column.title).lower()}
        place = next((n for n, title in enumerate(plain) if title in known), None)
        if place is not None:
            where[column.name] = place
        elif column.required:
            text = _("The first row names no column “{column}”. Use the template.")
            raise RosterUnreadable(text.format(column=column.title), pointer="file")
    return where


class _Reader(filled.Reader[Line]):
    """Takes row after row, and remembers who and which place came before."""

    def __init__(self, where: dict[str, int], place_id: int, day: date) -> None:
        super().__init__(where)
        self.place_id, self.day = place_id, day
        self.rows_of: dict[str, int] = {}
        self.homes: dict[str, int | str] = {}

    def take(self, number: int, cells: list[str]) -> None:
        before = len(self.found.faults)
        name = self._name(number, cells)
        hashed, year, sex = self._identity(number, cells)
        home = self._home(number, cells)
        if len(self.found.faults) == before:
            assert isinstance(home, int)
            self.found.lines.append(Line(number, name, sex, year, home, hashed))

    def compare_with_accounts(self) -> None:
        """Refuse lines whose identity number has an account under another name or year."""
        known = documents.holders(line.identity_hash for line in self.found.lines)
        for line in list(self.found.lines):
            person = known.get(line.identity_hash)
            if person and (person.name, person.birth_year or line.birth_year) != (
                line.name, line.birth_year,
            ):  # fmt: skip
                self.found.lines.remove(line)
                text = _(
                    "This identity number has an account under another name or year of birth. "
                    "Compare both with the card."
                )
                self._fault(line.number, "number", text)

    def _fault(self, number: int, column: str, text: str) -> None:
        title = next(str(each.title) for each in COLUMNS if each.name == column)
        self.fault(number, column, title, text)

    def _name(self, number: int, cells: list[str]) -> str:
        name = " ".join(self.cell(cells, "name").split())
        if not name:
            self._fault(number, "name", _("The name is missing."))
        elif len(name) > LONGEST_NAME or any(sign.isdigit() for sign in name):
            self._fault(number, "name", _("This is no name. Write it as on the identity card."))
        return name

    def _identity(self, number: int, cells: list[str]) -> tuple[str, int, str]:
        text = self.cell(cells, "number").replace(" ", "").upper()
        try:
            hashed = filled.identity_hash(text)
        except filled.Unfit as why:
            self._fault(number, "number", str(why))
            return "", 0, ""
        year, sex = rules.birth_year_of(text), rules.sex_of(text)
        if not rules.birth_year_fits(year, self.day.year):
            self._fault(number, "number", _("Nobody living was born in {year}.").format(year=year))
        self._sex(number, cells, sex)
        self._once(number, hashed)
        return hashed, year, sex

    def _sex(self, number: int, cells: list[str], sex: str) -> None:
        said = self.cell(cells, "sex").lower()
        if said and SEXES.get(said) is None:
            self._fault(number, "sex", _("Write 男 or 女."))
        elif said and SEXES[said] != sex:
            self._fault(number, "sex", _("This does not agree with the identity number."))

    def _once(self, number: int, hashed: str) -> None:
        first = self.rows_of.setdefault(hashed, number)
        if first != number:
            text = _("The same identity number stands in row {row}.")
            self._fault(number, "number", text.format(row=first))

    def _home(self, number: int, cells: list[str]) -> int | str:
        text = self.cell(cells, "home")
        if not text:
            self._fault(number, "home", _("The home place is missing."))
            return ""
        if text not in self.homes:
            self.homes[text] = self._place(text)
        home = self.homes[text]
        if isinstance(home, str):
            self._fault(number, "home", home)
        return home

    def _place(self, text: str) -> int | str:
        """The id of a place within the sheet's, or what is wrong with it."""
        found: list[Any] = []
        if text.isascii() and text.isdigit():
            try:
                found = [tree.by_code(text)]
            except errors.Refusal:
                found = []
        else:
            found = [each for each in tree.search(text, day=self.day, limit=50)
                     if each.name == text]  # fmt: skip
        inside = [each for each in found if rights.lies_in(each.pk, self.place_id, self.day)]
        if len(inside) == 1:
            return int(inside[0].pk)
        if inside:
            return _("Several places have this name. Write the code instead.")
        return _("No such place within the sheet's place. Write the code of the village or town.")
