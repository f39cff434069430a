"""Deciding on an award: made, refused, withdrawn, lapsed. Reviews stand in ``reversal``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import conversion, ledger
from xueqiao.creditbank.credentials import qualifications
from xueqiao.creditbank.models import Award, AwardStep, CreditLot, Phase
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.records import log

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.creditbank.models import TransferGroup
    from xueqiao.people.models import Person

State = Award.State
AWARDED = "creditbank.awarded"


class WrongState(errors.Refusal):
    """The award does not stand where this move begins."""

    code = "awards.wrong_state"


class OwnAward(errors.Refusal):
    """Nobody decides what they asked for themselves."""

    code = "awards.own"
    status = 403


class NoReason(errors.Refusal):
    """A refusal says why."""

    code = "awards.no_reason"
    status = 422


class CreditInDoubt(errors.Refusal):
    """A lot behind the award is not active any more."""

    code = "awards.credit_in_doubt"


@transaction.atomic
def award(*, award: Award, by: Person, at: datetime, reason: str = "") -> Award:
    """Award the qualification: the right of the credit behind it is used up.

    Repeating it changes nothing.

    Raises:
        WrongState, OwnAward, CreditInDoubt, rights.NotAllowed, ledger.ReservationLapsed.
    """
    locked = _lock(award, by, at)
    if locked.state == State.AWARDED:
        return locked
    _refuse_other(locked, State.REQUESTED)
    lots = conversion.lock_lots([use.lot_id for use in locked.uses.all()], locked.person)
    today = clock.local_date(at)
    for lot in lots.values():
        if lot.state != CreditLot.State.ACTIVE or (lot.valid_to and today >= lot.valid_to):
            text = _("“{title}” is not active any more. Refuse the award, and say so.")
            raise CreditInDoubt(text.format(title=lot.title_zh))
    group = ledger.resolve(
        key=f"award:{locked.pk}", kind="award", reservation=locked.reservation,
        outcome=Phase.POST, event_at=at, posted_at=at, reason=reason,
    )  # fmt: skip
    locked.awarded_at = at
    _move(locked, State.AWARDED, by, at, reason, group)
    _tell(locked, at, reason)
    qualifications.request(award_id=locked.pk, requested_at=at)
    return locked


@transaction.atomic
def refuse(*, award: Award, by: Person, at: datetime, reason: str) -> Award:
    """Refuse an award; the credit is free again.

    Raises:
        WrongState, OwnAward, NoReason, rights.NotAllowed.
    """
    locked = _lock(award, by, at)
    return _give_back(locked, State.REFUSED, by, at, _said(reason))


@transaction.atomic
def withdraw(*, award: Award, by: Person, at: datetime) -> Award:
    """The learner takes the application back; the credit is free again.

    Raises:
        WrongState, rights.NotAllowed.
    """
    locked = _fresh(award)
    if by.pk not in (locked.person_id, locked.asked_by_id):
        raise rights.NotAllowed(rights.not_allowed_text())
    return _give_back(locked, State.WITHDRAWN, by, at, "")


def expire_due(*, now: datetime, limit: int = 500) -> int:
    """Let applications lapse that nobody answered, one transaction each; how many did."""
    due = Award.objects.filter(state=State.REQUESTED, reserved_until__lte=now).order_by("pk")
    found = list(due[:limit])
    for each in found:
        _expire(each, now)
    return len(found)


@transaction.atomic
def _expire(each: Award, now: datetime) -> None:
    locked = _fresh(each)
    if locked.state == State.REQUESTED:
        group = ledger.expire(reservation=locked.reservation, now=now)
        _move(locked, State.LAPSED, None, now, "", group)


def _fresh(each: Award) -> Award:
    rows = Award.objects.select_for_update(of=("self",), no_key=True)
    related = ("qualification__programme", "person", "reservation", "settlement")
    return rows.select_related(*related).get(pk=each.pk)


def _lock(each: Award, by: Person, at: datetime) -> Award:
    locked = _fresh(each)
    if by.pk in (locked.person_id, locked.asked_by_id):
        raise OwnAward(_("You asked for this award. Somebody else has to decide it."))
    reach = Award.objects.decidable_by(by, clock.local_date(at))
    if not reach.filter(pk=locked.pk).exists():
        raise rights.NotAllowed(rights.not_allowed_text())
    return locked


def _give_back(
    locked: Award, to_state: Award.State, by: Person, at: datetime, reason: str
) -> Award:
    if locked.state == to_state:
        return locked
    _refuse_other(locked, State.REQUESTED)
    group = ledger.resolve(
        key=f"{to_state}:award:{locked.pk}", reservation=locked.reservation, outcome=Phase.VOID,
        event_at=at, posted_at=at, reason=reason,
    )  # fmt: skip
    _move(locked, to_state, by, at, reason, group)
    return locked


def _said(reason: str) -> str:
    if not reason.strip():
        raise NoReason(_("Say why; the learner will read it."), pointer="reason")
    return reason.strip()[:300]


def _refuse_other(locked: Award, state: Award.State) -> None:
    if locked.state != state:
        text = _("The award is “{state}” now. Load the page again to see what can be done.")
        raise WrongState(text.format(state=locked.get_state_display()))


def _move(  # noqa: PLR0917 - all that makes up the move
    locked: Award, to_state: Award.State, by: Person | None, at: datetime, reason: str,
    group: TransferGroup | None = None,
) -> None:  # fmt: skip
    locked.state, locked.state_since = to_state, at
    if group is not None:
        locked.settlement = group
    locked.save(update_fields=["state", "state_since", "awarded_at", "settlement"])
    AwardStep.objects.create(award=locked, to_state=to_state, actor=by, reason=reason, at=at)


def _tell(locked: Award, at: datetime, reason: str) -> None:
    payload = {
        "award_id": locked.pk,
        "person_id": locked.person_id,
        "qualification": locked.qualification.code,
        "amount_hundredths": locked.total_hundredths,
        "reason": reason,
    }
    key = f"award:{locked.pk}"
    log.append(kind=AWARDED, key=key, event_at=at, payload=payload)
