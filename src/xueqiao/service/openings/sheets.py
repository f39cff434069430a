"""Rosters kept and opened: the same file is one sheet, and a sheet is opened whole or not."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import asdict
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import holders
from xueqiao.intake.tables import filled
from xueqiao.kernel import clock, errors, ids
from xueqiao.people import accounts, documents, rights
from xueqiao.service.models import OpeningLine, OpeningSheet
from xueqiao.service.openings import reading

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from xueqiao.people.models import Person

State = OpeningSheet.State
LEVEL_ROSTER = 1


class SheetFaulty(errors.Refusal):
    """Cells of the sheet are wrong; nothing of it is opened."""

    code = "service.sheet_faulty"
    status = 422


class SheetOver(errors.Refusal):
    """The sheet was dropped, or opened when it is to be dropped."""

    code = "service.sheet_over"


def upload(
    *, content: bytes, name: str, place_id: int, by: Person, at: datetime,
    institution_id: int | None = None,
) -> OpeningSheet:  # fmt: skip
    """Read a roster and keep what it says; the same file for the same place is the same sheet.

    Raises:
        reading.RosterUnreadable, rights.NotAllowed.
    """
    rights.check(
        by, rights.SERVICE_OPENING, clock.local_date(at), place_id=place_id,
        institution_id=institution_id,
    )  # fmt: skip
    digest = hashlib.sha256(content).hexdigest()
    same = OpeningSheet.objects.filter(place_id=place_id, digest=digest).exclude(
        state=State.DROPPED
    )
    # A faulty one is read again: what it was compared with may have changed.
    if found := same.exclude(state=State.FAULTY).first():
        return found
    read = reading.read(content=content, name=name, place_id=place_id, at=at)
    try:
        return _keep(read, name, digest, place_id, institution_id, by, at)
    except IntegrityError:
        # Sent twice at one moment.
        return same.get()


@transaction.atomic
def _keep(  # noqa: PLR0917 - all that makes up the row
    read: reading.Read, name: str, digest: str, place_id: int, institution_id: int | None,
    by: Person, at: datetime,
) -> OpeningSheet:  # fmt: skip
    OpeningSheet.objects.filter(place_id=place_id, digest=digest, state=State.FAULTY).delete()
    sheet = OpeningSheet(
        key=uuid.uuid4(), place_id=place_id, institution_id=institution_id, file_name=name[:200],
        digest=digest, state=State.FAULTY if read.faults else State.READY, rows=read.rows,
        faults=[asdict(each) for each in read.faults[: filled.MOST_FAULTS]],
        fault_count=len(read.faults), uploaded_by=by, uploaded_at=at,
    )  # fmt: skip
    sheet.save(force_insert=True)
    OpeningLine.objects.bulk_create(
        [OpeningLine(sheet=sheet, **asdict(each)) for each in read.lines], batch_size=500
    )
    return sheet


@transaction.atomic
def open_accounts(*, sheet: OpeningSheet, by: Person, at: datetime) -> OpeningSheet:
    """Open the account of everybody in a sheet, or of nobody. A repeated call changes nothing.

    Who has an account keeps it; it is then known by a roster.

    Raises:
        SheetFaulty: cells are wrong, or an account of another name was opened meanwhile.
        SheetOver: it was dropped.
        rights.NotAllowed.
    """
    locked = _locked(sheet, by, at)
    if locked.state == State.OPENED:
        return locked
    _refuse_state(locked)
    lines = list(locked.lines.order_by("identity_hash"))
    _refuse_changed(lines)
    opened = documents.open_many({each.identity_hash: _account(each, at) for each in lines})
    for each in lines:
        each.person_id, each.is_new = opened[each.identity_hash]
    OpeningLine.objects.bulk_update(lines, ["person", "is_new"], batch_size=500)
    persons = {each.person_id for each in lines if each.person_id}
    holders.verify_many(person_ids=persons, level=LEVEL_ROSTER, at=at)
    locked.opened = sum(each.is_new for each in lines)
    locked.known = len(lines) - locked.opened
    locked.state, locked.opened_by, locked.opened_at = State.OPENED, by, at
    locked.save(update_fields=["state", "opened", "known", "opened_by", "opened_at"])
    return locked


@transaction.atomic
def drop(*, sheet: OpeningSheet, by: Person, at: datetime) -> OpeningSheet:
    """Put a sheet away that will not be opened; its lines are removed.

    Raises:
        SheetOver: it was opened.
        rights.NotAllowed.
    """
    locked = _locked(sheet, by, at)
    if locked.state == State.OPENED:
        raise SheetOver(_("The accounts are open. Accounts never close; merge wrong ones."))
    locked.lines.all().delete()
    locked.state = State.DROPPED
    locked.save(update_fields=["state"])
    return locked


def known_of(sheet: OpeningSheet) -> dict[str, Person]:
    """Who of a sheet has an account already, by identity hash."""
    return documents.holders(sheet.lines.values_list("identity_hash", flat=True))


def waiting(person: Person, at: datetime) -> QuerySet[OpeningSheet]:
    """Sheets that somebody uploaded and did not open, oldest first."""
    rows = OpeningSheet.objects.kept_by(person, clock.local_date(at))
    rows = rows.filter(state__in=[State.READY, State.FAULTY]).select_related("place")
    return rows.order_by("uploaded_at", "pk")


def _account(line: OpeningLine, at: datetime) -> accounts.NewAccount:
    return accounts.NewAccount(
        key=ids.stable_uuid("opening", line.identity_hash), name=line.name, opened_at=at,
        birth_year=line.birth_year, sex=line.sex, home_id=line.home_id,
    )  # fmt: skip


def _locked(sheet: OpeningSheet, by: Person, at: datetime) -> OpeningSheet:
    locked = OpeningSheet.objects.select_for_update(of=("self",)).get(pk=sheet.pk)
    rights.check(
        by, rights.SERVICE_OPENING, clock.local_date(at), place_id=locked.place_id,
        institution_id=locked.institution_id,
    )  # fmt: skip
    return locked


def _refuse_state(sheet: OpeningSheet) -> None:
    if sheet.state == State.FAULTY:
        text = _("{n} cells are wrong. Correct them in the workbook and upload it again.")
        raise SheetFaulty(text.format(n=sheet.fault_count))
    if sheet.state == State.DROPPED:
        raise SheetOver(_("This sheet was dropped. Upload the workbook again."))


def _refuse_changed(lines: list[OpeningLine]) -> None:
    known = documents.holders(each.identity_hash for each in lines)
    for each in lines:
        person = known.get(each.identity_hash)
        if person and person.name != each.name:
            text = _(
                "Row {row}: since the upload an account under another name was opened with this "
                "identity number. Drop the sheet and compare the card."
            )
            raise SheetFaulty(text.format(row=each.number))
