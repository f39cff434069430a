"""Freezing a lot and everything made from it while something is in dispute, and releasing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import credentials, ledger, lotstates, rules_lots
from xueqiao.creditbank.models import CreditLot, HeldLot, Hold, LotStep
from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from xueqiao.people.models import Person

State = CreditLot.State


class OwnLot(errors.Refusal):
    """Nobody decides about credit of their own."""

    code = "lots.own"
    status = 403


class HeldByReversal(errors.Refusal):
    """What a reversal froze is released by the answer to the reversal."""

    code = "holds.reversal"


@transaction.atomic
def freeze(*, request_key: str, lot: CreditLot, reason: str, by: Person, at: datetime) -> Hold:
    """Freeze a lot and what was made from it: nothing can be converted, its certificates pause.

    A repeated call with the same key returns the first hold.

    Raises:
        rights.NotAllowed, OwnLot, ledger.KeyReused, lotstates.NoReason, lotstates.WrongState.
    """
    refuse_person(lot, rights.LOT_FREEZE, by, at)
    return place(
        request_key=request_key, lot=lot, cause=Hold.Cause.DISPUTE, reason=reason, by=by, at=at
    )


def place(
    *, request_key: str, lot: CreditLot, cause: Hold.Cause, reason: str, by: Person, at: datetime
) -> Hold:
    """A hold without asking for the right, inside the caller's transaction. Raises as freeze."""
    reason = lotstates.refuse_silence(reason)
    held = lotstates.lock_with_downstream([lot.pk])
    found: Hold | None = Hold.objects.filter(request_key=request_key).first()
    if found:
        if (found.lot_id, found.reason, found.cause) == (lot.pk, reason, cause):
            return found
        raise ledger.KeyReused(ledger.key_reused_text(request_key))
    root = next(each for each in held if each.pk == lot.pk)
    if root.state == State.REVERSED:
        raise lotstates.WrongState(lotstates.wrong_state_text(root))
    alive = [each for each in held if each.state != State.REVERSED]
    hold: Hold = Hold.objects.create(
        request_key=request_key, lot=lot, cause=cause, reason=reason, opened_by=by, opened_at=at
    )
    HeldLot.objects.bulk_create([HeldLot(hold=hold, lot=each) for each in alive])
    fresh = [each for each in alive if rules_lots.may_move("freeze", each.state)]
    lotstates.move(lots=fresh, verb="freeze", by=by, reason=reason, at=at, cause=f"hold:{hold.pk}")
    frozen = [each.pk for each in fresh]
    credentials.suspend_for_lots(lot_ids=frozen, reason=reason, at=at, by=by)
    return hold


@transaction.atomic
def release(*, hold: Hold, outcome: str, by: Person, at: datetime) -> Hold:
    """End a dispute: what no other hold keeps frozen can be used again. Repeating changes nothing.

    Args:
        outcome: what was found, in words the learner reads.

    Raises:
        rights.NotAllowed, OwnLot, lotstates.NoReason, HeldByReversal.
    """
    refuse_person(hold.lot, rights.LOT_FREEZE, by, at)
    locked = Hold.objects.select_for_update(no_key=True).get(pk=hold.pk)
    if locked.cause == Hold.Cause.REVERSAL:
        raise HeldByReversal(
            _("A reversal froze this credit. Refuse or withdraw the reversal to release it.")
        )
    return lift(hold=locked, outcome=outcome, by=by, at=at)


def lift(*, hold: Hold, outcome: str, by: Person, at: datetime) -> Hold:
    """Release a locked hold. Inside the caller's transaction.

    Raises:
        lotstates.NoReason
    """
    outcome = lotstates.refuse_silence(outcome)
    if hold.released_at:
        return hold
    hold.released_at, hold.released_by, hold.outcome = at, by, outcome
    hold.save(update_fields=["released_at", "released_by", "outcome"])
    lots = lotstates.lock(hold.lots.values_list("lot_id", flat=True))
    elsewhere = set(
        HeldLot.objects.filter(
            lot__in=[each.pk for each in lots], hold__released_at=None
        ).values_list("lot_id", flat=True)
    )
    free = [each for each in lots if each.state == State.FROZEN and each.pk not in elsewhere]
    lotstates.move(
        lots=free, verb="release", by=by, reason=outcome, at=at, back_to=_before(free),
        cause=f"release:{hold.pk}",
    )  # fmt: skip
    released = [each.pk for each in free]
    credentials.reinstate_for_lots(lot_ids=released, reason=outcome, at=at, by=by)
    return hold


def refuse_person(lot: CreditLot, policy: rights.Policy, by: Person, at: datetime) -> None:
    """Raises rights.NotAllowed or OwnLot."""
    if lot.person_id == by.pk:
        raise OwnLot(_("This is your own credit. Somebody else has to decide about it."))
    rows = CreditLot.objects.within(by, policy, clock.local_date(at))
    if not rows.filter(pk=lot.pk).exists():
        raise rights.NotAllowed(rights.not_allowed_text())


def _before(lots: Sequence[CreditLot]) -> dict[int, str]:
    """The state that each lot had before it was frozen."""
    steps = LotStep.objects.filter(lot__in=lots, verb="freeze").order_by("pk")
    return dict(steps.values_list("lot_id", "from_state"))
