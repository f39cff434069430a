"""Opening a table: CSV in the encodings that offices use, or XLSX. Row by row, within bounds.

Every fault is one ``FileUnreadable``. A cell is text: a date of a spreadsheet becomes ISO 8601, a
number is written without a point where it needs none.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
import zlib
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, timedelta
from typing import IO, TYPE_CHECKING, Any, NamedTuple
from xml.etree.ElementTree import ParseError

from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from xueqiao.intake.files import FileUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A file of more rows takes minutes; it is split, or fetched from the database instead.
MOST_BYTES = 256 * 1024 * 1024
# What a spreadsheet may become when it is unpacked. Its texts lie in memory, its rows do not.
MOST_UNPACKED = 512 * 1024 * 1024
# Styles and shared texts are held whole; only sheets are read row by row.
MOST_WHOLE = 64 * 1024 * 1024
MOST_PARTS = 2000
MOST_COLUMNS = 256
ENCODINGS = ("utf-8", "gb18030", "utf-16", "big5", "cp1252")
DELIMITERS = (",", "\t", ";", "|")
FORMULA_WITHOUT_RESULT = "#FORMULA?"
# Before a number of which the spreadsheet kept 15 digits only, such as an identity number.
LOST_DIGITS = "#DIGITS?"
_EXACT_BELOW = 10**15
_SAMPLE = 1 << 20
_LOOKED_AT = 50
_XLSX, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
# So a CSV keeps a spreadsheet from taking a number's zeros away.
_KEPT_AS_TEXT = re.compile(r'="([^"]*)"')


class Layout(NamedTuple):
    """How a file is read.

    Attributes:
        encoding: one of ``ENCODINGS``; "" for XLSX.
        delimiter: one of ``DELIMITERS``; "" for XLSX.
        sheet: name of the sheet; "": the first.
        heading: the number of the row with the names of the columns, from 1.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    sheet: str = ""
    heading: int = 1


class Row(NamedTuple):
    """A row that is not empty; ``number`` is its number in the file, from 1."""

    number: int
    cells: list[str]


def detect(path: Path) -> Layout:
    """How a file is most probably read.

    Raises:
        FileUnreadable: it is empty, too large, locked, in an old format, or no table.
    """
    start = _start(path)
    if start.startswith(_XLSX):
        first = next(iter(sheets(path)), "")
        return Layout("", "", first)
    encoding = _encoding(start, path.name)
    text = codecs.getincrementaldecoder(encoding)().decode(start)
    return Layout(encoding, _delimiter(text))


def is_spreadsheet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_XLSX)) == _XLSX


def sheets(path: Path) -> list[str]:
    """The names of the sheets of a spreadsheet; none for CSV."""
    if not is_spreadsheet(path):
        return []
    with _workbook(path, formulas=False) as book:
        return [sheet.title for sheet in book.worksheets]


def heading(path: Path, layout: Layout) -> list[str]:
    """The names of the columns, each once: a second 姓名 becomes “姓名 2”.

    Raises:
        FileUnreadable: the file has no row there.
    """
    for row in rows(path, layout._replace(heading=0)):
        if row.number == layout.heading:
            return _unique(row.cells)
        if row.number > layout.heading:
            break
    text = _("{name} has no row {row} with the names of the columns.")
    raise FileUnreadable(text.format(name=path.name, row=layout.heading))


def rows(path: Path, layout: Layout) -> Iterator[Row]:
    """The rows below the heading, without empty ones.

    Raises:
        FileUnreadable: while reading; what was yielded until then is sound.
    """
    found = _xlsx(path, layout) if is_spreadsheet(path) else _csv(path, layout)
    for number, cells in enumerate(found, start=1):
        if number > layout.heading and any(cells):
            yield Row(number, cells)


def check(path: Path, layout: Layout) -> None:
    """Read all of a file once, so that one which breaks off is refused before a row is stored.

    Raises:
        FileUnreadable: it does.
    """
    _start(path)
    if not is_spreadsheet(path):
        for _row in _csv(path, layout):
            pass
        return
    with _workbook(path, formulas=False), zipfile.ZipFile(path) as archive:
        try:
            damaged = archive.testzip()
        except (zipfile.BadZipFile, zlib.error, EOFError) as why:
            raise FileUnreadable(_damaged(path.name, why)) from why
    if damaged:
        raise FileUnreadable(_damaged(path.name, damaged))


def _start(path: Path) -> bytes:
    size = path.stat().st_size
    if not size:
        text = _("{name} is empty.")
        raise FileUnreadable(text.format(name=path.name))
    if size > MOST_BYTES:
        text = _("{name} has {size} MB; at most {most} are read. Split it.")
        raise FileUnreadable(text.format(name=path.name, size=size >> 20, most=MOST_BYTES >> 20))
    with path.open("rb") as file:
        start = file.read(_SAMPLE)
    if start.startswith(_OLE):
        text = _("{name} is protected by a password or in the old format .xls. Save it as .xlsx.")
        raise FileUnreadable(text.format(name=path.name))
    return start


def _encoding(start: bytes, name: str) -> str:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8"
    if b"\0" in start[:2000]:
        text = _("{name} is no text: it holds NUL bytes. Save it as CSV (UTF-8) or .xlsx.")
        raise FileUnreadable(text.format(name=name))
    for encoding in ("utf-8", "gb18030"):
        try:
            codecs.getincrementaldecoder(encoding)().decode(start, len(start) < _SAMPLE)
        except UnicodeDecodeError:
            continue
        return encoding
    return "cp1252"


def _delimiter(text: str) -> str:
    """The sign that cuts the most lines into equally many cells."""
    lines = text.splitlines()[:_LOOKED_AT]
    best, most = ",", 0
    for sign in DELIMITERS:
        try:
            found = [len(row) for row in csv.reader(lines, delimiter=sign) if row]
        except csv.Error:
            continue
        width = max(set(found), key=found.count) if found else 1
        score = found.count(width) * (width - 1)
        if score > most:
            best, most = sign, score
    return best


def _csv(path: Path, layout: Layout) -> Iterator[list[str]]:
    # "utf-8-sig" takes a byte order mark away where there is one.
    encoding = "utf-8-sig" if layout.encoding == "utf-8" else layout.encoding
    number = 0
    with path.open(encoding=encoding, newline="") as file:
        try:
            for cells in csv.reader(file, delimiter=layout.delimiter or ",", strict=True):
                number += 1
                yield [_plain(cell) for cell in cells[:MOST_COLUMNS]]
        except csv.Error as why:
            text = _("{name} is no table behind row {row}: {why}. Is a quotation mark left open?")
            raise FileUnreadable(text.format(name=path.name, row=number, why=why)) from why
        except UnicodeError as why:
            text = _("{name} is not text in {encoding} behind row {row}. Choose its encoding.")
            raise FileUnreadable(
                text.format(name=path.name, encoding=layout.encoding, row=number)
            ) from why


def _plain(cell: str) -> str:
    kept = _KEPT_AS_TEXT.fullmatch(cell)
    return kept[1] if kept else cell.strip()


def _xlsx(path: Path, layout: Layout) -> Iterator[list[str]]:
    with _workbook(path, formulas=False) as book:
        sheet = _sheet(book, layout.sheet, path.name)
        values = sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS)
        if not _has_formulas(path):
            yield from _cut(values, path.name)
            return
        with _workbook(path, formulas=True) as formulas:
            written = _sheet(formulas, layout.sheet, path.name).iter_rows(
                values_only=True, max_col=MOST_COLUMNS
            )
            # A formula whose result was never saved would look like an empty cell.
            yield from _cut(
                (
                    [
                        FORMULA_WITHOUT_RESULT if a is None and b is not None else a
                        for a, b in zip(row, said, strict=True)
                    ]
                    for row, said in zip(values, written, strict=True)
                ),
                path.name,
            )


def _cut(found: Iterator[Any], name: str) -> Iterator[list[str]]:
    """Rows as texts, without the empty cells behind the last one."""
    try:
        for row in found:
            cells = [_text(cell) for cell in row]
            while cells and not cells[-1]:
                cells.pop()
            yield cells
    # What openpyxl raises on a damaged part depends on the part.
    except (ParseError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError) as why:
        raise FileUnreadable(_damaged(name, why)) from why


@contextmanager
def _workbook(path: Path, *, formulas: bool) -> Iterator[Any]:
    with ExitStack() as opened:
        # Opened here, because openpyxl leaves a file open that it cannot read.
        file = opened.enter_context(path.open("rb"))
        book = _book(file, path, formulas=formulas)
        opened.callback(book.close)
        yield book


def _book(file: IO[bytes], path: Path, *, formulas: bool) -> Any:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
        unpacked = sum(part.file_size for part in parts)
        whole = unpacked - sum(
            part.file_size for part in parts if part.filename.startswith("xl/worksheets/")
        )
        if len(parts) > MOST_PARTS or unpacked > MOST_UNPACKED or whole > MOST_WHOLE:
            text = _("{name} grows to {size} MB when it is unpacked; at most {most} are read.")
            raise FileUnreadable(
                text.format(name=path.name, size=unpacked >> 20, most=MOST_UNPACKED >> 20)
            )
        return load_workbook(file, read_only=True, data_only=not formulas, keep_links=False)
    except (
        InvalidFileException, zipfile.BadZipFile, ParseError, KeyError, ValueError, OSError,
        EOFError, zlib.error, TypeError, AttributeError, IndexError,
    ) as why:  # fmt: skip
        raise FileUnreadable(_damaged(path.name, why)) from why


def _sheet(book: Any, name: str, file: str) -> Any:
    found = [sheet for sheet in book.worksheets if not name or sheet.title == name]
    if not found:
        text = _("{name} has no sheet “{sheet}”. Choose one that it has.")
        raise FileUnreadable(text.format(name=file, sheet=name))
    # What the file says of its size is not believed: it may name a million columns.
    found[0].reset_dimensions()
    return found[0]


def _has_formulas(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        for part in archive.infolist():
            if not part.filename.startswith("xl/worksheets/"):
                continue
            with archive.open(part) as file:
                before = b""
                while block := file.read(1 << 20):
                    if b"<f>" in before + block or b"<f " in before + block:
                        return True
                    before = block[-3:]
    return False


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, int | float):
        return _number(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(timespec="seconds")
    if isinstance(cell, timedelta):
        seconds = round(cell.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    # A date is the beginning of its day, in the form of the times.
    return f"{cell}T00:00:00" if isinstance(cell, date) else str(cell).strip()


def _number(cell: float) -> str:
    if abs(cell) >= _EXACT_BELOW:
        return f"{LOST_DIGITS}{int(cell)}"
    return str(int(cell)) if cell == int(cell) else str(cell)


def _unique(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    made = []
    for place, name in enumerate(names, start=1):
        plain = " ".join(name.split()) or _("Column {n}").format(n=place)
        seen[plain] = seen.get(plain, 0) + 1
        made.append(plain if seen[plain] == 1 else f"{plain} {seen[plain]}")
    return made


def _damaged(name: str, why: object) -> str:
    text = _("{name} is damaged and cannot be read ({why}). Save it again as .xlsx or CSV.")
    said = str(why) or type(why).__name__
    return text.format(name=name, why=io.StringIO(said).readline().strip()[:120])
