"""An empty table to fill in: the columns of a contract, and a sheet that says what they mean."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.styles import Font

from xueqiao.intake.tables.mapping import BY_NAME, PARTS

if TYPE_CHECKING:
    from xueqiao.intake.tables.mapping import Mapping

WIDTH = 22
ROWS = 1000


def workbook(mapping: Mapping) -> bytes:
    """An XLSX whose first sheet has the heading, every column formatted as text.

    Text keeps the zeros of a student number, and all digits of a long one.
    """
    book = Workbook()
    sheet = book.active
    sheet.title = mapping.layout.sheet or _("Records")
    # In the order of the parts: PostgreSQL keeps the names of a JSON object in one of its own.
    parts = [mapping.columns[part.name] for part in PARTS if part.name in mapping.columns]
    names = list(dict.fromkeys([*parts, *sorted(mapping.extensions.values())]))
    # The heading stands where the contract says that it stands.
    for place, name in enumerate(names, start=1):
        cell = sheet.cell(mapping.layout.heading, place, name)
        cell.font = Font(bold=True)
        sheet.column_dimensions[cell.column_letter].width = WIDTH
        for row in range(mapping.layout.heading + 1, mapping.layout.heading + 1 + ROWS):
            sheet.cell(row, place).number_format = "@"
    sheet.freeze_panes = sheet.cell(mapping.layout.heading + 1, 1)
    _explain(book.create_sheet(_("What the columns mean")), mapping)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _explain(sheet: object, mapping: Mapping) -> None:
    write = sheet.append  # type: ignore[attr-defined]
    write([_("Column"), _("Holds"), _("Needed"), _("How it is written")])
    for part, name in mapping.columns.items():
        how = ""
        if part == "time":
            how = mapping.time_format
        elif part == "duration":
            how = mapping.duration_unit
        elif part in mapping.codes:
            how = ", ".join(mapping.codes[part])
        about = BY_NAME[part]
        write([name, str(about.label), _("yes") if about.required else "", how])
    for address, name in mapping.extensions.items():
        write([name, address, "", ""])
