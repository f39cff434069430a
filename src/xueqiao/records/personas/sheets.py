"""Many personas by a table: looked at, with an error for each cell, then applied as a whole."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from xueqiao.kernel import errors
from xueqiao.records.models import Actor, PersonaMember, PersonaSheet
from xueqiao.records.personas import identifiers, membership, reading

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from xueqiao.people.models import Person

MOST_ROWS = 5000
MOST_UNPACKED = 50 * 1024 * 1024
MOST_BYTES = 5 << 20
# Heading → column; Chinese and English ones are the same.
HEADINGS = {
    "group": "group", "分组": "group",
    "identifier": "identifier", "标识": "identifier",
    "platform": "home_page", "平台": "home_page",
    "evidence": "why", "依据": "why",
}  # fmt: skip
NEEDED = ("group", "identifier", "why")


class CellError(NamedTuple):
    """What is wrong with a cell: ``B7`` and a sentence."""

    cell: str
    text: str


class SheetUnfit(errors.Refusal):
    """A table of personas that cannot be taken; ``cells`` says where."""

    code = "records.persona_sheet_unfit"
    status = 422

    def __init__(self, text: str, cells: list[CellError] | None = None) -> None:
        super().__init__(text, pointer="file")
        self.cells = cells or []


class SheetApplied(errors.Refusal):
    """The table was applied before."""

    code = "records.persona_sheet_applied"


class Group(NamedTuple):
    """One human being of a table, as it would be joined.

    Attributes:
        unknown: identifiers of which no statement has come yet.
        joined: how many are together in a persona already.
    """

    name: str
    identifiers: list[str]
    unknown: list[str]
    joined: int


def read(*, name: str, data: bytes, by: Person | None, at: datetime) -> PersonaSheet:
    """Keep a table to be looked at and applied. The same file is the same table.

    Columns: ``group`` (which rows belong together), ``identifier``, ``platform`` (the account's
    address; empty for other identifiers), ``evidence``; in Chinese 分组、标识、平台、依据.

    Raises:
        SheetUnfit: no CSV in UTF-8 and no XLSX, a heading is missing, or cells are wrong.
    """
    digest = hashlib.sha256(data).hexdigest()
    found = _checked(_table(name, data))
    made, _is_new = PersonaSheet.objects.get_or_create(
        digest=digest,
        defaults={"name": name[:200], "rows": found, "uploaded_by": by, "uploaded_at": at},
    )
    return made


def _table(name: str, data: bytes) -> list[list[str]]:
    if len(data) > MOST_BYTES:
        raise SheetUnfit(_("The file is larger than 5 MB. Divide it."))
    try:
        rows = _xlsx(data) if name.lower().endswith(".xlsx") else _csv(data)
    except (
        UnicodeDecodeError, csv.Error, zipfile.BadZipFile, InvalidFileException, KeyError,
        ValueError, OSError,
    ) as why:  # fmt: skip
        raise SheetUnfit(_("The file is neither CSV in UTF-8 nor XLSX.")) from why
    if len(rows) > MOST_ROWS + 1:
        raise SheetUnfit(_("The file has more than {n} rows. Divide it.").format(n=MOST_ROWS))
    return rows


def _csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig")), strict=True))


def _xlsx(data: bytes) -> list[list[str]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(part.file_size for part in archive.infolist()) > MOST_UNPACKED:
            raise SheetUnfit(_("The file grows too large when it is unpacked. Divide it."))
    book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    try:
        sheet: Any = book.worksheets[0]
        # A sheet may claim a million rows and columns; what is over the limit is refused unread.
        rows = sheet.iter_rows(max_row=MOST_ROWS + 2, max_col=20, values_only=True)
        return [["" if cell is None else str(cell) for cell in row] for row in rows]
    finally:
        book.close()


def _checked(table: list[list[str]]) -> list[dict[str, str]]:
    """The rows of a table.

    Raises:
        SheetUnfit: with every cell that is wrong.
    """
    places = _places(table[0] if table else [])
    wrong: list[CellError] = []
    found: list[dict[str, str]] = []
    holders: dict[str, str] = {}
    for number, row in enumerate(table[1:], start=2):
        cells = {name: row[at].strip() if at < len(row) else "" for name, at in places.items()}
        if any(cells.values()):
            wrong += _row(cells, places, number, found, holders)
    counts = Counter(each["group"] for each in found)
    lonely = [each["cell"] for each in found if counts[each["group"]] == 1]
    wrong += [CellError(cell, _("A group has two identifiers at least.")) for cell in lonely]
    if wrong:
        shown = sorted(wrong, key=lambda each: int("".join(filter(str.isdigit, each.cell))))
        raise SheetUnfit(_("{n} cells need attention.").format(n=len(wrong)), shown)
    if not found:
        raise SheetUnfit(_("The table has no rows."))
    return found


def _places(heading: list[str]) -> dict[str, int]:
    places = {
        HEADINGS[title.strip().lower()]: at
        for at, title in enumerate(heading)
        if title.strip().lower() in HEADINGS
    }
    if missing := [name for name in NEEDED if name not in places]:
        titles = [title for title, name in HEADINGS.items() if name in missing]
        text = _("The first row needs these headings: {names}.")
        raise SheetUnfit(text.format(names=", ".join(titles)))
    return places


def _row(
    cells: dict[str, str],
    places: dict[str, int],
    number: int,
    found: list[dict[str, str]],
    holders: dict[str, str],
) -> list[CellError]:
    def at(name: str) -> str:
        return f"{get_column_letter(places[name] + 1)}{number}"

    wrong = [CellError(at(name), _("This cell is empty.")) for name in NEEDED if not cells[name]]
    if not cells["identifier"]:
        return wrong
    try:
        identifier = identifiers.parse(cells["identifier"], cells.get("home_page", ""))
    except identifiers.IdentifierUnfit as why:
        return [*wrong, CellError(at("identifier"), str(why))]
    holder = holders.setdefault(identifier, cells["group"])
    if holder != cells["group"]:
        text = _("This identifier stands in group “{group}” as well.")
        wrong.append(CellError(at("identifier"), text.format(group=holder)))
    found.append(
        {"group": cells["group"], "identifier": identifier, "why": cells["why"],
         "cell": at("identifier")}
    )  # fmt: skip
    return wrong


def preview(sheet: PersonaSheet) -> list[Group]:
    """What applying a table would join, in its order."""
    wanted = [row["identifier"] for row in sheet.rows]
    known = dict(Actor.objects.filter(ifi__in=wanted).values_list("ifi", "pk"))
    joined = set(reading.members().filter(actor__in=known.values()).values_list("actor", flat=True))
    return [
        Group(
            name,
            [row["identifier"] for row in rows],
            [row["identifier"] for row in rows if row["identifier"] not in known],
            sum(known.get(row["identifier"]) in joined for row in rows),
        )
        for name, rows in grouped(sheet.rows)
    ]


def grouped(rows: Iterable[dict[str, str]]) -> list[tuple[str, list[dict[str, str]]]]:
    """Rows by group, groups in the order of their first row."""
    found: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        found.setdefault(row["group"], []).append(row)
    return list(found.items())


@transaction.atomic
def apply(*, sheet: PersonaSheet, by: Person | None, at: datetime) -> PersonaSheet:
    """Join every group of a table, or none.

    Raises:
        SheetApplied: it was applied.
        SheetUnfit: a group holds identifiers of different persons; the cells say which.
    """
    held = PersonaSheet.objects.select_for_update().get(pk=sheet.pk)
    if held.applied_at is not None:
        raise SheetApplied(_("This table was applied on {day}.").format(day=held.applied_at.date()))
    before = PersonaMember.objects.count()
    wrong = []
    for name, rows in grouped(held.rows):
        try:
            membership.join(
                identifiers=[row["identifier"] for row in rows], why=rows[0]["why"], by=by, at=at,
                label="",
            )  # fmt: skip
        except membership.TwoPersons as why:
            wrong.append(CellError(rows[0]["cell"], f"{name}: {why}"))
    if wrong:
        raise SheetUnfit(_("{n} cells need attention.").format(n=len(wrong)), wrong)
    held.applied_by, held.applied_at = by, at
    held.joined = PersonaMember.objects.count() - before
    held.save(update_fields=["applied_by", "applied_at", "joined"])
    return held
