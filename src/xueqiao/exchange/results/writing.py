"""What this bank holds of a school, in the column sets: rows to download, and empty templates.

The identity number is left empty: the bank keeps none. The number of the learning account stands in
the remarks, or in place of the student number where a set has no remarks.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from xueqiao.creditbank import reported
from xueqiao.exchange.models import ResultSheet
from xueqiao.exchange.results import columns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from xueqiao.exchange.results.sheets import Sender

ROWS, WIDTH = 2000, 18


def template(of: columns.ColumnSet) -> bytes:
    """An empty XLSX of a set; every cell is text, so that no digit of a number is lost."""
    book = Workbook()
    sheet: Any = book.active
    for place, column in enumerate(of.columns, start=1):
        cell = sheet.cell(1, place, column.title)
        cell.font = Font(bold=column.required)
        sheet.column_dimensions[get_column_letter(place)].width = WIDTH
        for row in range(2, ROWS + 2):
            sheet.cell(row, place).number_format = "@"
    sheet.freeze_panes = "A2"
    codes = book.create_sheet("代码")
    for column in of.columns:
        for code, title in column.codes.items():
            codes.append([column.title, code, title])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def given(
    *, of: columns.ColumnSet, sender: Sender, school: str, since: date, until: date, at: datetime
) -> list[list[str]]:
    """Rows of a set of one school, from one day to before another; that they were given is kept.

    Args:
        school: the code of the school, for the set's own column.
    """
    found = _courses if of is columns.COURSES else _conversions
    rows = [
        [row.get(column.name, "") for column in of.columns]
        for row in found(of, sender.institution_id, school, since, until)
    ]
    ResultSheet.objects.create(
        institution_id=sender.institution_id, place_id=sender.place_id, kind=of.code,
        state=ResultSheet.State.GIVEN, file_name=f"{since:%Y%m%d}-{until:%Y%m%d}", digest="",
        rows=len(rows), by=sender.person, key=sender.key, at=at,
    )  # fmt: skip
    return rows


def decimal(hundredths: int) -> str:
    """Hundredths as the sets write them.

    >>> decimal(250), decimal(3000), decimal(5)
    ('2.5', '30', '0.05')
    """
    return f"{hundredths // 100}.{hundredths % 100:02}".rstrip("0").rstrip(".")


def _courses(
    of: columns.ColumnSet, school_id: int, school: str, since: date, until: date
) -> Iterator[dict[str, str]]:
    del of, school
    for each in reported.of_school(school_id, since, until):
        yield {
            "student": each.number.partition("#")[0], "name": each.person_name,
            "course": each.title, "credit": decimal(each.amount_hundredths),
            "score": each.result, "obtained": f"{each.obtained:%Y%m}", "remark": each.account,
        }  # fmt: skip


def _conversions(
    of: columns.ColumnSet, school_id: int, school: str, since: date, until: date
) -> Iterator[dict[str, str]]:
    certificates = of is columns.CERTIFICATE_CONVERSIONS
    for each in reported.conversions_into(school_id, since, until):
        if each.is_certificate != certificates:
            continue
        yield {
            "name": each.person_name, "school": school, "origin": "02" if certificates else "01",
            "from_course": each.from_title, "from_body": each.from_body,
            "from_credit": decimal(each.from_hundredths), "score": each.from_result,
            "obtained": f"{each.obtained:%Y%m}", "course_code": each.course_code,
            "course": each.course, "credit": decimal(each.hundredths),
            "converted": f"{each.converted_on:%Y%m}", "major": each.programme,
            "remark": each.account, "student": each.account,
        }  # fmt: skip
