"""Recognition of prior learning: an application and every move of it, each by somebody else.

Moves and stages stand in ``rules.APPLICATION_MOVES``. Each verb locks the application, refuses what
the rights, the state or the separation of duties forbid, and writes one audit row. A move that its
actor repeats changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import evidence, moves, posting, rules, standards
from xueqiao.creditbank.models import Application, ApplicationItem, Assessment, Unit
from xueqiao.kernel import clock, credit, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from xueqiao.people.models import Person


class NoHome(errors.Refusal):
    """The applicant's account names no home place, so no service point is responsible."""

    code = "recognition.no_home"


class AmountTooHigh(errors.Refusal):
    """More credit is asked or proposed than the unit is worth."""

    code = "recognition.amount_too_high"
    status = 422


class NothingAsked(errors.Refusal):
    """An application without a unit, or one unit twice."""

    code = "recognition.nothing_asked"
    status = 422


class RequestReused(errors.Refusal):
    """The request key already belongs to another application."""

    code = "recognition.request_reused"


class ReasonMissing(errors.Refusal):
    """A person who is told no, or is asked for more, is told why."""

    code = "recognition.reason_missing"
    status = 422


class ConflictOfInterest(errors.Refusal):
    """The assessor does not declare to be free of a conflict."""

    code = "recognition.conflict_of_interest"


class NoticeRunning(errors.Refusal):
    """The public notice is not over."""

    code = "recognition.notice_running"


class NothingProposed(errors.Refusal):
    """No unit was proposed with any credit; such an application is rejected, not approved."""

    code = "recognition.nothing_proposed"


@dataclass(frozen=True)
class Claim:
    """One unit that somebody asks to have recognised; the amount in 1/100 credit."""

    unit_id: int
    asked_hundredths: int


@transaction.atomic
def apply(
    *,
    request_key: str,
    applicant: Person,
    by: Person,
    title: str,
    claims: Sequence[Claim],
    obtained: date,
    at: datetime,
    statement: str = "",
    employer: str = "",
    institution_id: int | None = None,
) -> Application:
    """Begin an application as a draft, once for each request key.

    Args:
        by: the applicant, or a helper of the service point who enters it for them.
        obtained: when the learning was complete.
        employer: the applicant's, so that an assessor can tell a conflict.

    Raises:
        NoHome, NothingAsked, AmountTooHigh, RequestReused, rights.NotAllowed.
    """
    found = Application.objects.filter(request_key=request_key).first()
    if found:
        return _same_or_refuse(found, applicant, title, claims)
    if applicant.home_id is None:
        raise NoHome(_("Your account names no home place. Add it at a service point, then apply."))
    if by != applicant:
        rights.check(by, rights.RECOGNITION_ENTER, clock.local_date(at), place_id=applicant.home_id)
    _refuse_claims(claims)
    application = Application(
        request_key=request_key, applicant=applicant, entered_by=by, place_id=applicant.home_id,
        institution_id=institution_id, title=title, statement=statement, obtained=obtained,
        employer=employer, state="", state_since=at, created_at=at,
    )  # fmt: skip
    try:
        with transaction.atomic():
            application.save(force_insert=True)
    except IntegrityError:
        # The same form was sent twice at one moment; the other request was first.
        found = Application.objects.get(request_key=request_key)
        return _same_or_refuse(found, applicant, title, claims)
    ApplicationItem.objects.bulk_create(
        [
            ApplicationItem(
                application=application,
                unit_id=each.unit_id,
                asked_hundredths=each.asked_hundredths,
            )
            for each in claims
        ]
    )
    return moves.move(application, "apply", by=by, at=at)


@transaction.atomic
def submit(*, application: Application, by: Person, at: datetime) -> Application:
    """Hand the application in; from here on its evidence is fixed by its hashes.

    Raises:
        evidence.Missing, evidence.Altered, moves.*: see there.
    """
    locked, repeated = moves.lock(application, "submit", by=by, at=at)
    if repeated:
        return locked
    evidence.freeze(application=locked, at=at)
    return moves.move(locked, "submit", by=by, at=at)


@transaction.atomic
def withdraw(*, application: Application, by: Person, at: datetime, note: str = "") -> Application:
    """Take the application back; possible until it is decided."""
    locked, repeated = moves.lock(application, "withdraw", by=by, at=at)
    return locked if repeated else moves.move(locked, "withdraw", by=by, at=at, note=note)


@transaction.atomic
def accept(*, application: Application, by: Person, at: datetime, note: str = "") -> Application:
    """Pass the application to assessment: it is complete and belongs to this service point."""
    locked, repeated = moves.lock(application, "accept", by=by, at=at)
    return locked if repeated else moves.move(locked, "accept", by=by, at=at, note=note)


@transaction.atomic
def return_for_more(
    *, application: Application, by: Person, at: datetime, note: str
) -> Application:
    """Give the application back and say what is missing.

    Raises:
        ReasonMissing: the note is empty.
    """
    locked, repeated = moves.lock(application, "return_for_more", by=by, at=at)
    if repeated:
        return locked
    _refuse_silence(note)
    evidence.thaw(application=locked)
    return moves.move(locked, "return_for_more", by=by, at=at, note=note)


@transaction.atomic
def assess(
    *,
    application: Application,
    by: Person,
    at: datetime,
    method: str,
    amounts: Mapping[int, int],
    findings: str,
    no_conflict_declared: bool,
) -> Application:
    """Record what the assessor found.

    Args:
        method: one of ``Assessment.Method``.
        amounts: unit id to 1/100 credit, 0 where nothing is to be recognised; every unit asked for.
        no_conflict_declared: the assessor is neither kin nor employer of the applicant.

    Raises:
        ConflictOfInterest, AmountTooHigh, ReasonMissing, evidence.Altered, moves.*.
    """
    locked, repeated = moves.lock(application, "assess", by=by, at=at)
    if repeated:
        return locked
    if not no_conflict_declared:
        text = _("Only somebody who is neither kin nor employer of the applicant may assess. Leave "
                 "the case to another assessor.")  # fmt: skip
        raise ConflictOfInterest(text, pointer="no_conflict_declared")
    _refuse_silence(findings)
    evidence.check(application=locked)
    items = list(locked.items.select_related("unit"))
    for item in items:
        item.proposed_hundredths = amounts.get(item.unit_id, 0)
        _refuse_amount(item.unit, item.proposed_hundredths, least=0)
    ApplicationItem.objects.bulk_update(items, ["proposed_hundredths"])
    Assessment.objects.create(
        application=locked, assessor=by, method=method, findings=findings,
        no_conflict_declared=True, assessed_at=at,
    )  # fmt: skip
    return moves.move(locked, "assess", by=by, at=at, note=findings)


@transaction.atomic
def propose(*, application: Application, by: Person, at: datetime, note: str = "") -> Application:
    """Send the assessment on for decision, by way of the public notice where a rule sets one."""
    locked, repeated = moves.lock(application, "propose", by=by, at=at)
    if repeated:
        return locked
    today = clock.local_date(at)
    days = standards.rule("prior.notice", today).value["working_days"]
    if not days:
        return moves.move(locked, "propose", by=by, at=at, note=note)
    locked.notice_until = rules.working_days_later(today, days)
    locked.save(update_fields=["notice_until"])
    return moves.move(locked, "publish", by=by, at=at, note=note)


@transaction.atomic
def decide(*, application: Application, by: Person, at: datetime, reasons: str) -> Application:
    """Approve what was proposed and post it: one decision and one lot for each unit with credit.

    Raises:
        NoticeRunning, NothingProposed, ReasonMissing, evidence.Altered, moves.*.
    """
    locked, repeated = moves.lock(application, "post", by=by, at=at, begins_with="approve")
    if repeated:
        return locked
    _refuse_silence(reasons)
    if locked.notice_until and clock.local_date(at) <= locked.notice_until:
        text = _("The public notice runs until {day}. Decide on the day after, or later.")
        raise NoticeRunning(text.format(day=locked.notice_until))
    evidence.check(application=locked)
    items = list(locked.items.select_related("unit").order_by("pk"))
    if not any(item.proposed_hundredths for item in items):
        raise NothingProposed(
            _("No credit was proposed for any unit. Reject the application instead.")
        )
    moves.move(locked, "approve", by=by, at=at, note=reasons)
    posting.post_application(application=locked, items=items, by=by, at=at, reasons=reasons)
    return moves.move(locked, "post", by=by, at=at)


@transaction.atomic
def reject(*, application: Application, by: Person, at: datetime, reasons: str) -> Application:
    """Refuse recognition, with reasons; the applicant may apply again with more evidence.

    Raises:
        ReasonMissing, moves.*.
    """
    locked, repeated = moves.lock(application, "reject", by=by, at=at)
    if repeated:
        return locked
    _refuse_silence(reasons)
    items = list(locked.items.select_related("unit").order_by("pk"))
    posting.refuse_application(application=locked, items=items, by=by, at=at, reasons=reasons)
    return moves.move(locked, "reject", by=by, at=at, note=reasons)


def _same_or_refuse(
    found: Application, applicant: Person, title: str, claims: Sequence[Claim]
) -> Application:
    asked = {each.unit_id: each.asked_hundredths for each in claims}
    stored = dict(found.items.values_list("unit_id", "asked_hundredths"))
    if (found.applicant, found.title, stored) == (applicant, title, asked):
        return found
    raise RequestReused(_("This form was sent before with other contents. Open the form anew."))


def _refuse_claims(claims: Sequence[Claim]) -> None:
    if not claims or len({each.unit_id for each in claims}) < len(claims):
        raise NothingAsked(_("Choose at least one unit, and each unit once."), pointer="claims")
    units = Unit.objects.in_bulk([each.unit_id for each in claims])
    for each in claims:
        if each.unit_id not in units:
            raise NothingAsked(
                _("Unit {id} does not exist.").format(id=each.unit_id), pointer="claims"
            )
        _refuse_amount(units[each.unit_id], each.asked_hundredths, least=1)


def _refuse_amount(unit: Unit, amount_hundredths: int, *, least: int) -> None:
    if least <= amount_hundredths <= unit.credit_hundredths:
        return
    text = _("{unit} is worth {value} credits; {asked} were asked. Lower the amount.")
    shown = text.format(
        unit=unit.code,
        value=credit.show(unit.credit_hundredths),
        asked=credit.show(amount_hundredths),
    )
    raise AmountTooHigh(shown, pointer=unit.code)


def _refuse_silence(words: str) -> None:
    if not words.strip():
        raise ReasonMissing(_("Say why, in words the applicant understands."), pointer="note")
