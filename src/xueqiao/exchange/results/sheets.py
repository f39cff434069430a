"""Tables of results kept and decided: the same file is one sheet, and it counts whole or not."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, NamedTuple

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import reported
from xueqiao.exchange.models import ResultLine, ResultSheet
from xueqiao.exchange.results import columns, reading
from xueqiao.intake.tables import filled
from xueqiao.kernel import clock, errors, tables
from xueqiao.people import documents, rights

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from xueqiao.people.models import Person

State, Became = ResultSheet.State, ResultLine.State


class SheetSettled(errors.Refusal):
    """The table was decided before, or has wrong cells."""

    code = "exchange.sheet_settled"


class OwnSheet(errors.Refusal):
    """Whoever sent a table does not accept it."""

    code = "exchange.own_sheet"
    status = 403


class NoReason(errors.Refusal):
    """A table is refused without saying why."""

    code = "exchange.refused_without_reason"
    status = 422


class SchoolNowhere(errors.Refusal):
    """The institution has no seat, so nobody is responsible for what it reports."""

    code = "exchange.school_nowhere"
    status = 422


class Sender(NamedTuple):
    """Who sends or fetches: a person of an institution, or a program with its key."""

    institution_id: int
    place_id: int
    person: Person | None = None
    key: str = ""


def by_program(*, institution_id: int, key: str) -> Sender:
    """The sender that a key stands for.

    Raises:
        SchoolNowhere.
    """
    seat = tables.rows("network.Seat").filter(institution_id=institution_id).order_by("pk").first()
    if seat is None:
        text = _("This institution has no seat in the register. Ask the province to enter one.")
        raise SchoolNowhere(text)
    return Sender(institution_id, seat.place_id, key=key)


def upload(
    *, content: bytes, name: str, of: columns.ColumnSet, sender: Sender, at: datetime
) -> ResultSheet:
    """Read a table and keep what it says; the same file of the same school is the same sheet.

    Raises:
        reading.TableUnreadable.
    """
    digest = hashlib.sha256(content).hexdigest()
    same = ResultSheet.objects.filter(
        institution_id=sender.institution_id, kind=of.code, digest=digest
    ).exclude(state__in=[State.REFUSED, State.GIVEN])
    if found := same.exclude(state=State.FAULTY).first():
        return found
    read = reading.read(content=content, name=name, of=of, today=clock.local_date(at))
    sheet = ResultSheet(
        institution_id=sender.institution_id, place_id=sender.place_id, kind=of.code,
        state=State.FAULTY if read.faults else State.READY, file_name=name[:200], digest=digest,
        rows=read.rows, faults=[asdict(each) for each in read.faults[: filled.MOST_FAULTS]],
        fault_count=len(read.faults), by=sender.person, key=sender.key, at=at,
    )  # fmt: skip
    try:
        return _keep(sheet, read.lines)
    except IntegrityError:
        # Sent twice at one moment.
        return same.get()


@transaction.atomic
def _keep(sheet: ResultSheet, lines: list[reading.Line]) -> ResultSheet:
    earlier = ResultSheet.objects.filter(
        institution_id=sheet.institution_id,
        kind=sheet.kind,
        digest=sheet.digest,
        state=State.FAULTY,
    )
    earlier.delete()
    sheet.save(force_insert=True)
    ResultLine.objects.bulk_create(
        [ResultLine(sheet=sheet, **asdict(each)) for each in lines], batch_size=500
    )
    return sheet


@transaction.atomic
def accept(*, sheet: ResultSheet, by: Person, at: datetime) -> ResultSheet:
    """Let a table count: courses become credit, conversions are compared with those of this bank.

    Repeating it changes nothing. Each line says what became of it.

    Raises:
        SheetSettled, OwnSheet, rights.NotAllowed.
    """
    locked = _locked(sheet, by, at)
    if locked.state == State.ACCEPTED:
        return locked
    _refuse_state(locked)
    lines = list(locked.lines.order_by("number"))
    fitting = _persons(lines)
    if locked.kind == columns.COURSES.code:
        _recognise(locked, fitting, by, at)
    else:
        _compare(locked, fitting)
    ResultLine.objects.bulk_update(lines, ["state", "person"], batch_size=500)
    return _decided(locked, State.ACCEPTED, by, at, "")


@transaction.atomic
def refuse(*, sheet: ResultSheet, by: Person, reason: str, at: datetime) -> ResultSheet:
    """Send a table back; its file may then be sent again. Repeating it changes nothing.

    Raises:
        NoReason, SheetSettled, OwnSheet, rights.NotAllowed.
    """
    locked = _locked(sheet, by, at)
    if locked.state == State.REFUSED:
        return locked
    if locked.state == State.ACCEPTED:
        raise SheetSettled(_("This table was accepted. What it brought is reversed lot by lot."))
    if not reason.strip():
        raise NoReason(_("Say in a sentence why the table is refused."), pointer="reason")
    return _decided(locked, State.REFUSED, by, at, reason.strip()[:300])


def became(sheet: ResultSheet) -> dict[ResultLine.State, int]:
    """How many lines came to what."""
    found = Counter(sheet.lines.values_list("state", flat=True))
    return {state: found[state] for state in Became if found[state]}


def waiting(person: Person, at: datetime) -> QuerySet[ResultSheet]:
    """Tables that somebody else sent and this person may accept, oldest first."""
    day = clock.local_date(at)
    reach = rights.within(person, rights.RESULTS_ACCEPT, day, place="place_id")
    rows = ResultSheet.objects.filter(reach, state=State.READY).exclude(by=person)
    return rows.select_related("institution").order_by("at", "pk")


def _locked(sheet: ResultSheet, by: Person, at: datetime) -> ResultSheet:
    locked = ResultSheet.objects.select_for_update().get(pk=sheet.pk)
    day = clock.local_date(at)
    rights.check(by, rights.RESULTS_ACCEPT, day, place_id=locked.place_id)
    if locked.by_id == by.pk:
        raise OwnSheet(_("You sent this table yourself. Somebody else accepts or refuses it."))
    return locked


def _refuse_state(sheet: ResultSheet) -> None:
    if sheet.state == State.FAULTY:
        raise SheetSettled(_("Cells of this table are wrong. The school corrects and sends it."))
    if sheet.state != State.READY:
        raise SheetSettled(_("This table was decided before."))


def _decided(
    sheet: ResultSheet, state: ResultSheet.State, by: Person, at: datetime, reason: str
) -> ResultSheet:
    sheet.state, sheet.decided_by, sheet.decided_at, sheet.reason = state, by, at, reason
    sheet.save(update_fields=["state", "decided_by", "decided_at", "reason"])
    return sheet


def _persons(lines: list[ResultLine]) -> list[ResultLine]:
    """Give each line its person; the lines that have one, of the same name."""
    known = documents.holders({each.identity_hash for each in lines})
    for each in lines:
        person = known.get(each.identity_hash)
        if person is None:
            each.state = Became.NO_ACCOUNT
        elif person.name != each.cells["name"]:
            each.state = Became.OTHER_NAME
        else:
            each.person = person
    return [each for each in lines if each.person_id]


def _recognise(sheet: ResultSheet, lines: list[ResultLine], by: Person, at: datetime) -> None:
    passed = []
    for each in lines:
        if columns.passes(each.cells["score"]) and each.cells["credit"].strip("0."):
            passed.append(each)
        else:
            each.state = Became.NOT_PASSED
    school = reported.School(sheet.institution_id, sheet.institution.code)
    answers = reported.recognise(
        results=[_result(sheet, each) for each in passed], school=school, decided_by_id=by.pk,
        now=at,
    )  # fmt: skip
    for each, answer in zip(passed, answers, strict=True):
        each.state = Became(answer)


def _result(sheet: ResultSheet, line: ResultLine) -> reported.Result:
    said = line.cells
    obtained = reading.month_of(said["obtained"])
    assert obtained is not None
    assert line.person_id is not None
    return reported.Result(
        person_id=line.person_id, course=said["course"],
        credit_hundredths=reading.hundredths(said["credit"]), score=said["score"][:40],
        obtained=obtained, number=f"{said['student']}#{said['course']}#{obtained:%Y%m}"[:120],
        source=f"{sheet.file_name[:150]} #{line.number}",
    )  # fmt: skip


def _compare(sheet: ResultSheet, lines: list[ResultLine]) -> None:
    here = reported.converted_here(
        sheet.institution_id, [each.person_id for each in lines if each.person_id]
    )
    for each in lines:
        is_here = (each.person_id, each.cells["course_code"]) in here
        each.state = Became.MATCHED if is_here else Became.REPORTED
