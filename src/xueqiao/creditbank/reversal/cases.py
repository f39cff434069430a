"""The verbs of a reversal: one person asks, another approves or refuses; who asked withdraws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import holds, ledger, lotstates, rules_lots
from xueqiao.creditbank.models import AwardReview, Hold, Reversal
from xueqiao.creditbank.reversal import cascade, downstream, reviews
from xueqiao.kernel import errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.creditbank.models import CreditLot
    from xueqiao.people.models import Person

State = Reversal.State
OPEN = frozenset({State.ASKED, State.REVIEW})


class AskedBefore(errors.Refusal):
    """The lot is being reversed already."""

    code = "reversal.asked_before"


class SecondPerson(errors.Refusal):
    """Who asked for a reversal does not answer it."""

    code = "reversal.second_person"
    status = 403


class PlanChanged(errors.Refusal):
    """What the reversal undoes is not what was shown any more."""

    code = "reversal.plan_changed"


class UnderReview(errors.Refusal):
    """A qualification rests on the credit; it is reviewed first."""

    code = "reversal.under_review"


class Answered(errors.Refusal):
    """The reversal was answered before, and otherwise."""

    code = "reversal.answered"


@transaction.atomic
def ask(*, request_key: str, lot: CreditLot, reason: str, by: Person, at: datetime) -> Reversal:
    """Ask for the reversal of a lot. It and everything made from it is frozen until the answer.

    Where a qualification rests on it, nothing is undone before that was reviewed. A repeated call
    with the same key returns the first.

    Args:
        reason: what was wrong, in words the learner reads.

    Raises:
        rights.NotAllowed, holds.OwnLot, lotstates.NoReason, lotstates.WrongState, AskedBefore,
        ledger.KeyReused.
    """
    holds.refuse_person(lot, rights.LOT_FREEZE, by, at)
    reason = lotstates.refuse_silence(reason)
    reviews.lock_awards(rules_lots.downstream([lot.pk], lotstates.children))
    lotstates.lock_with_downstream([lot.pk])
    found: Reversal | None = Reversal.objects.filter(request_key=request_key).first()
    if found:
        if (found.lot_id, found.reason) == (lot.pk, reason):
            return found
        raise ledger.KeyReused(ledger.key_reused_text(request_key))
    earlier = Reversal.objects.filter(lot=lot, state__in=[*OPEN, State.DONE]).first()
    if earlier:
        text = _("{number} already reverses this credit. Look there for how it stands.")
        raise AskedBefore(text.format(number=earlier.number))
    hold = holds.place(
        request_key=f"reversal:{request_key}"[:120], lot=lot, cause=Hold.Cause.REVERSAL,
        reason=reason, by=by, at=at,
    )  # fmt: skip
    made: Reversal = Reversal.objects.create(
        request_key=request_key, lot=lot, hold=hold, reason=reason, asked_by=by, asked_at=at
    )
    return reviews.open_for(reversal=made, by=by, at=at)


@transaction.atomic
def approve(*, reversal: Reversal, seen: str, by: Person, at: datetime, note: str = "") -> Reversal:
    """Undo the lot and everything made from it. A repeated call changes nothing.

    Vouchers, lots, conversions and the public status list change in one transaction; the learner
    finds the reason on the account page.

    Args:
        seen: ``Plan.digest`` of the dry run that was looked at.

    Raises:
        rights.NotAllowed, holds.OwnLot, SecondPerson, Answered, UnderReview, PlanChanged.
    """
    locked = _lock(reversal)
    holds.refuse_person(locked.lot, rights.LOT_REVERSE, by, at)
    _refuse_same(locked, by)
    if locked.state == State.DONE:
        return locked
    _refuse_answered(locked)
    if locked.state == State.REVIEW:
        text = _("A qualification rests on this credit. Decide its review first.")
        raise UnderReview(text)
    plan = _locked_plan(locked)
    if plan.digest != seen:
        text = _("What is undone has changed since you looked. Read the page again, then decide.")
        raise PlanChanged(text)
    cascade.carry_out(plan=plan, reversal=locked, by=by, at=at)
    locked.plan_hash = plan.digest
    _answer(locked, State.DONE, by, at, note)
    holds.lift(hold=locked.hold, outcome=locked.reason, by=by, at=at)
    return locked


@transaction.atomic
def refuse(*, reversal: Reversal, note: str, by: Person, at: datetime) -> Reversal:
    """Leave the lot as it was; it is released. A repeated call changes nothing.

    Raises:
        rights.NotAllowed, holds.OwnLot, SecondPerson, Answered, lotstates.NoReason.
    """
    locked = _lock(reversal)
    holds.refuse_person(locked.lot, rights.LOT_REVERSE, by, at)
    _refuse_same(locked, by)
    return _leave(locked, State.REFUSED, lotstates.refuse_silence(note), by, at)


@transaction.atomic
def review(
    *, review: AwardReview, outcome: AwardReview.Outcome, note: str, by: Person, at: datetime
) -> Reversal:
    """Decide whether a qualification stands. If it does, the reversal is refused with it.

    When every qualification is to be revoked the reversal waits for its second person; they are
    revoked with the credit, not before. A repeated call changes nothing.

    Raises:
        rights.NotAllowed, holds.OwnLot, SecondPerson, Answered, lotstates.NoReason.
    """
    locked = _lock(review.reversal)
    holds.refuse_person(locked.lot, rights.LOT_REVERSE, by, at)
    _refuse_same(locked, by)
    note = lotstates.refuse_silence(note)
    if not reviews.decide(review=review, outcome=outcome, note=note, by=by, at=at):
        return locked
    _refuse_answered(locked)
    if outcome == AwardReview.Outcome.STANDS:
        return _leave(locked, State.REFUSED, note, by, at)
    if not locked.reviews.filter(outcome="").exists():
        locked.state = State.ASKED
        locked.save(update_fields=["state"])
    return locked


@transaction.atomic
def withdraw(*, reversal: Reversal, note: str, by: Person, at: datetime) -> Reversal:
    """Who asked takes it back; the lot is released. A repeated call changes nothing.

    Raises:
        rights.NotAllowed, Answered, lotstates.NoReason.
    """
    locked = _lock(reversal)
    if locked.asked_by_id != by.pk:
        raise rights.NotAllowed(rights.not_allowed_text())
    return _leave(locked, State.WITHDRAWN, lotstates.refuse_silence(note), by, at)


def _lock(reversal: Reversal) -> Reversal:
    rows = Reversal.objects.select_for_update(of=("self",), no_key=True)
    locked: Reversal = rows.select_related("lot", "hold").get(pk=reversal.pk)
    return locked


def _locked_plan(locked: Reversal) -> downstream.Plan:
    """The plan as it stands under the locks of every conversion and lot that it names."""
    frozen = locked.hold.lots.values_list("lot_id", flat=True)
    lotstates.lock_conversions(frozen)
    reviews.lock_awards(frozen)
    lotstates.lock_with_downstream([locked.lot_id])
    return downstream.look(locked.lot)


def _leave(locked: Reversal, state: State, note: str, by: Person, at: datetime) -> Reversal:
    if locked.state == state:
        return locked
    _refuse_answered(locked)
    reviews.close(reversal=locked, by=by, at=at, note=note)
    holds.lift(hold=locked.hold, outcome=note, by=by, at=at)
    return _answer(locked, state, by, at, note)


def _answer(locked: Reversal, state: State, by: Person, at: datetime, note: str) -> Reversal:
    locked.state, locked.decided_by, locked.decided_at = state, by, at
    locked.note = note.strip()[:300]
    locked.save(update_fields=["state", "decided_by", "decided_at", "note", "plan_hash"])
    return locked


def _refuse_same(locked: Reversal, by: Person) -> None:
    if locked.asked_by_id == by.pk:
        text = _("You asked for this reversal. A second person has to look at it and answer.")
        raise SecondPerson(text)


def _refuse_answered(locked: Reversal) -> None:
    if locked.state not in OPEN:
        text = _("The reversal {number} is “{state}” already.")
        raise Answered(text.format(number=locked.number, state=locked.get_state_display()))
