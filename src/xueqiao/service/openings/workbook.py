"""The empty workbook that an office fills in."""

from __future__ import annotations

import io
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.worksheet.datavalidation import DataValidation

from xueqiao.service.openings.columns import COLUMNS

ROWS = 1000
WIDTH = 24


def template() -> bytes:
    """An XLSX with the headings, every cell as text, and a second sheet that explains them.

    Text keeps all 18 characters of an identity number, which a spreadsheet would round.
    """
    book = Workbook()
    sheet: Any = book.active
    sheet.title = _("People")
    for place, column in enumerate(COLUMNS, start=1):
        cell = sheet.cell(1, place, str(column.title))
        cell.font = Font(bold=True)
        sheet.column_dimensions[cell.column_letter].width = WIDTH
        for row in range(2, 2 + ROWS):
            sheet.cell(row, place).number_format = "@"
    sheet.freeze_panes = "A2"
    choice = DataValidation(type="list", formula1='"男,女"', allow_blank=True)
    sheet.add_data_validation(choice)
    choice.add(f"B2:B{ROWS + 1}")
    notes = book.create_sheet(_("What the columns mean"))
    notes.append([_("Column"), _("Needed"), _("How it is written")])
    for column in COLUMNS:
        needed = _("yes") if column.required else ""
        notes.append([str(column.title), needed, str(column.how)])
    for letter in "ABC":
        notes.column_dimensions[letter].width = WIDTH * 2
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
