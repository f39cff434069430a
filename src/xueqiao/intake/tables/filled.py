"""A table that people filled in after a template: within bounds, faults named by their cell.

Identity numbers are hashed as soon as they are read; neither a fault nor a line repeats one.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

from django.utils.translation import gettext as _
from openpyxl.utils import get_column_letter

from xueqiao.intake.files import FileUnreadable
from xueqiao.intake.tables import reading
from xueqiao.people import accounts, documents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xueqiao.kernel import errors

MOST_BYTES: Final = 10 * 1024 * 1024
MOST_FAULTS: Final = 500
"""As many faults of one table are kept; who mends those sees the next."""
LONGEST_ENDING: Final = 10
"""Of a file's name: a file system takes no endless one."""
Line = TypeVar("Line")


@dataclass(frozen=True)
class Fault:
    """What is wrong with one cell, such as ``C5``."""

    cell: str
    column: str
    text: str


@dataclass
class Read(Generic[Line]):
    """What a table says: lines without fault, faults, and how many rows are filled."""

    lines: list[Line] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    rows: int = 0


class Sheet(NamedTuple):
    """An open table: its headings without the marks of a template, and its filled rows."""

    titles: list[str]
    rows: Iterator[reading.Row]


@contextmanager
def opened(
    *, content: bytes, name: str, most_rows: int, refusal: type[errors.Refusal]
) -> Iterator[Sheet]:
    """Open a table as CSV or XLSX.

    Args:
        content: of the file.
        name: of the file, for people.
        most_rows: of how many filled rows it may be.
        refusal: what is raised with a sentence where nothing of it can be used; also while its
            rows are read.
    """
    if not 0 < len(content) <= MOST_BYTES:
        text = _("The file has {size:,} bytes. Send one of at least 1 and at most {most:,} bytes.")
        raise refusal(text.format(size=len(content), most=MOST_BYTES), pointer="file")
    with NamedTemporaryFile(suffix=Path(name).suffix[:LONGEST_ENDING]) as file:
        file.write(content)
        file.flush()
        path = Path(file.name)
        try:
            layout = reading.detect(path)
            titles = [title.strip().strip("*＊ ") for title in reading.heading(path, layout)]
            yield Sheet(titles, _rows(path, layout, most_rows, refusal))
        except FileUnreadable as why:
            raise refusal(str(why).replace(path.name, name), pointer="file") from why


def _rows(
    path: Path, layout: reading.Layout, most_rows: int, refusal: type[errors.Refusal]
) -> Iterator[reading.Row]:
    count = 0
    for count, row in enumerate(reading.rows(path, layout), start=1):
        if count > most_rows:
            text = _("The file has more than {most:,} filled rows. Split it.")
            raise refusal(text.format(most=most_rows), pointer="file")
        yield row
    if not count:
        raise refusal(_("No row below the headings is filled."), pointer="file")


class Reader(Generic[Line]):
    """What row after row of a table gives; its kind says how a row is taken.

    Args:
        where: the place of each column in a row, from 0, by its name.
    """

    def __init__(self, where: dict[str, int]) -> None:
        self.where = where
        self.found: Read[Line] = Read()

    def cell(self, cells: list[str], column: str) -> str:
        """What stands in a column of a row; "" where the table has no such column."""
        place = self.where.get(column)
        return cells[place].strip() if place is not None and place < len(cells) else ""

    def fault(self, number: int, column: str, title: str, text: str) -> None:
        """Write down what is wrong with a column of the row of a number."""
        cell = f"{get_column_letter(self.where.get(column, 0) + 1)}{number}"
        self.found.faults.append(Fault(cell, title, text))


class Unfit(Exception):  # noqa: N818 - says what is wrong with a cell, and becomes a fault
    """A cell that holds no identity number."""


def identity_hash(text: str) -> str:
    """The keyed hash of an identity number as it stands in a cell.

    Raises:
        Unfit: it is missing, spoilt by a spreadsheet, or none.
    """
    if text.startswith(reading.LOST_DIGITS) or text == reading.FORMULA_WITHOUT_RESULT:
        raise Unfit(_("The spreadsheet lost digits. Format the column as text and type it again."))
    if not text:
        raise Unfit(_("The identity number is missing."))
    try:
        return documents.hashed(text)
    except accounts.ParticularsImpossible as why:
        raise Unfit(str(why)) from why
