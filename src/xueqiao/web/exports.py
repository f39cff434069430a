"""Files of rows: CSV that Excel opens with the right characters, and XLSX, both as a stream."""

from __future__ import annotations

import csv
import io
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from openpyxl import Workbook

from xueqiao.kernel import cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

KINDS = ("csv", "xlsx")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def answer(kind: str, name: str, head: list[str], body: Iterable[list[Any]]) -> HttpResponse:
    """Rows as a file to download.

    Args:
        kind: one of ``KINDS``.
        name: the file's name without its ending.
        head: the titles of the columns.
        body: one list of cells a row, in the order of ``head``; read once.
    """
    made = _csv(head, body) if kind == "csv" else _xlsx(head, body)
    made["Content-Disposition"] = attachment(f"{name}.{kind}")
    return made


def attachment(name: str) -> str:
    """The header by which an answer becomes a file of this name."""
    return f"attachment; filename*=UTF-8''{quote(name)}"


def address(path: str, query: Iterable[tuple[str, str]]) -> str:
    """A path with a query, "?" only where there is one."""
    text = urlencode([(key, value) for key, value in query if value])
    return f"{path}?{text}" if text else path


def _csv(head: list[str], body: Iterable[list[Any]]) -> HttpResponse:
    return StreamingHttpResponse(_lines(head, body), content_type="text/csv; charset=utf-8")  # type: ignore[return-value]


def _lines(head: list[str], body: Iterable[list[Any]]) -> Iterator[str]:
    scratch = io.StringIO()
    writer = csv.writer(scratch)
    # Excel takes a file without a byte order mark for the local 8-bit encoding.
    yield "\ufeff"
    writer.writerow(head)
    for row in body:
        writer.writerow([cells.plain(cell) for cell in row])
        yield scratch.getvalue()
        scratch.seek(0)
        scratch.truncate()
    yield scratch.getvalue()


def _xlsx(head: list[str], body: Iterable[list[Any]]) -> HttpResponse:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"
    sheet.append(head)
    for row in body:
        sheet.append([cells.in_workbook(cell) for cell in row])
    scratch = NamedTemporaryFile(suffix=".xlsx")  # noqa: SIM115 - FileResponse closes it
    book.save(scratch.name)
    return FileResponse(scratch, content_type=XLSX)  # type: ignore[return-value]
