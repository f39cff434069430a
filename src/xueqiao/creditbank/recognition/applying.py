"""The applicant's side: begin an application, hand it in, take it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import evidence, moves
from xueqiao.creditbank.models import Application, ApplicationItem, Unit
from xueqiao.creditbank.recognition import certificates, held, work
from xueqiao.creditbank.recognition.refusals import NothingAsked, refuse_amount
from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from xueqiao.people.models import Person


class NoHome(errors.Refusal):
    """The applicant's account names no home place, so no service point is responsible."""

    code = "recognition.no_home"


class RequestReused(errors.Refusal):
    """The request key already belongs to another application."""

    code = "recognition.request_reused"


class NotYet(errors.Refusal):
    """Learning that would be complete on a day to come."""

    code = "recognition.not_yet"
    status = 422


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
        claims: what the applicant can do; units that rest on a certificate or on work are added to
            the draft with it, so none need be named here when the title says what was learnt.
        obtained: when the learning was complete.
        employer: the applicant's, so that an assessor can tell a conflict.

    Raises:
        NoHome, NothingAsked, AmountTooHigh, NotYet, RequestReused, rights.NotAllowed.
    """
    found = Application.objects.filter(request_key=request_key).first()
    if found:
        return _same_or_refuse(found, applicant, title, claims)
    if applicant.home_id is None:
        raise NoHome(_("Your account names no home place. Add it at a service point, then apply."))
    if by != applicant:
        rights.check(by, rights.RECOGNITION_ENTER, clock.local_date(at), place_id=applicant.home_id)
    if obtained > clock.local_date(at):
        text = _("The learning would be complete on {day}, which is still to come. Apply after it.")
        raise NotYet(text.format(day=clock.written(obtained)), pointer="obtained")
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
def drop_claim(*, item: ApplicationItem, by: Person, at: datetime) -> None:
    """Ask no more for a unit that rests on no paper; harmless when repeated.

    What rests on a certificate or on work goes with it (``drop_certificate``, ``drop_work``).
    """
    locked, _repeated = moves.lock(item.application, "edit", by=by, at=at)
    locked.items.filter(pk=item.pk, ground=ApplicationItem.Ground.OTHER).delete()


@transaction.atomic
def submit(*, application: Application, by: Person, at: datetime) -> Application:
    """Hand the application in; from here on its evidence is fixed by its hashes.

    Raises:
        NothingAsked: no unit is asked for.
        held.UnitHeld: the account holds credit for a unit already.
        certificates.*, work.*: a certificate has expired; work gives less than is asked.
        evidence.Missing, evidence.Altered, moves.*: see there.
    """
    locked, repeated = moves.lock(application, "submit", by=by, at=at)
    if repeated:
        return locked
    if not locked.items.exists():
        text = _("Nothing is asked for yet. Add a certificate, work experience or a unit.")
        raise NothingAsked(text, pointer="claims")
    held.refuse_held(locked, dict(locked.items.values_list("unit_id", "asked_hundredths")))
    certificates.check(locked, clock.local_date(at))
    work.check(locked, clock.local_date(at))
    evidence.freeze(application=locked, at=at)
    return moves.move(locked, "submit", by=by, at=at)


@transaction.atomic
def withdraw(*, application: Application, by: Person, at: datetime, note: str = "") -> Application:
    """Take the application back; possible until it is decided."""
    locked, repeated = moves.lock(application, "withdraw", by=by, at=at)
    return locked if repeated else moves.move(locked, "withdraw", by=by, at=at, note=note)


def _same_or_refuse(
    found: Application, applicant: Person, title: str, claims: Sequence[Claim]
) -> Application:
    asked = {each.unit_id: each.asked_hundredths for each in claims}
    stored = dict(
        found.items.filter(ground=ApplicationItem.Ground.OTHER).values_list(
            "unit_id", "asked_hundredths"
        )
    )
    if (found.applicant, found.title, stored) == (applicant, title, asked):
        return found
    raise RequestReused(_("This form was sent before with other contents. Open the form anew."))


def _refuse_claims(claims: Sequence[Claim]) -> None:
    if len({each.unit_id for each in claims}) < len(claims):
        raise NothingAsked(_("Choose each unit once."), pointer="claims")
    units = Unit.objects.in_bulk([each.unit_id for each in claims])
    for each in claims:
        if each.unit_id not in units:
            raise NothingAsked(
                _("Unit {id} does not exist.").format(id=each.unit_id), pointer="claims"
            )
        refuse_amount(units[each.unit_id], each.asked_hundredths, least=1)
