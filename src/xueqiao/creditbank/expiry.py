"""Lots whose validity is over: their rights lapse, the archive keeps them, they can be renewed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from xueqiao.creditbank import accounts, capacity, holds, ledger, lotstates
from xueqiao.creditbank.models import (
    AccountKind,
    Conversion,
    ConversionStep,
    CreditLot,
    LedgerUnit,
    Phase,
    Transfer,
)
from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from xueqiao.people.models import Person

EXPIRED = "expired:rights"
LINE = "expire_lot"
LAPSED = gettext_noop("Its validity is over. It stays in your record but cannot be used any more.")
State = CreditLot.State


class NotLonger(errors.Refusal):
    """A renewal ends later than what it renews, and later than today."""

    code = "lots.not_longer"
    status = 422


def expire_due(*, now: datetime, limit: int = 500) -> int:
    """Let lots lapse whose validity is over, one transaction each; how many did."""
    today = clock.local_date(now)
    due = CreditLot.objects.filter(state=State.ACTIVE, valid_to__lte=today)
    ids = list(due.order_by("valid_to", "pk").values_list("pk", flat=True)[:limit])
    return sum(_expire(lot_id, today, now) for lot_id in ids)


@transaction.atomic
def _expire(lot_id: int, today: date, now: datetime) -> bool:
    """One lot: conversions that still wait for it are given back, and its free rights lapse."""
    waiting = [each for each in lotstates.lock_conversions([lot_id]) if each.is_pending]
    (lot,) = lotstates.lock([lot_id])
    if lot.state != State.ACTIVE or lot.valid_to is None or lot.valid_to > today:
        return False
    reserved = capacity.reserved_by([each.reservation_id for each in waiting])
    opening = accounts.Opening(
        EXPIRED, LedgerUnit.RIGHT.value, AccountKind.EXPIRED.value, no_overdraw=False, opened_at=now
    )
    lapsed = accounts.open_all([opening])[EXPIRED]
    # The lot is locked, so nobody uses its rights between this look and the posting.
    lines = tuple(
        ledger.Line(account_id, lapsed, free, LINE)
        for account_id, free in capacity.free_of([lot_id], given_back=reserved).items()
        if free
    )
    vouchers = [_given_back(each, reserved, now) for each in waiting]
    if lines:
        vouchers.append(ledger.Voucher(f"expire:lot:{lot_id}:{lot.valid_to}", "expire", lines, now))
    posted = ledger.post_many(vouchers=vouchers, posted_at=now)
    _time_out(waiting, posted, now)
    lotstates.move(
        lots=[lot], verb="expire", by=None, reason=LAPSED, at=now, cause=f"expire:{lot.valid_to}"
    )
    return True


def _given_back(asked: Conversion, reserved: Sequence[Transfer], now: datetime) -> ledger.Voucher:
    mine = [each for each in reserved if each.group_id == asked.reservation_id]
    lines = ledger.resolving(mine, Phase.VOID)
    return ledger.Voucher(_lapsed_key(asked), "void", lines, now, LAPSED)


def _lapsed_key(asked: Conversion) -> str:
    return f"lapsed:conversion:{asked.pk}"


def _time_out(waiting: Sequence[Conversion], posted: Mapping[str, int], now: datetime) -> None:
    for asked in waiting:
        asked.state, asked.state_since = Conversion.State.TIMED_OUT, now
        asked.settlement_id = posted[_lapsed_key(asked)]
    Conversion.objects.bulk_update(waiting, ["state", "state_since", "settlement"])
    ConversionStep.objects.bulk_create(
        [
            ConversionStep(conversion=each, to_state=each.state, reason=LAPSED, at=now)
            for each in waiting
        ]
    )


@transaction.atomic
def refresh(*, lot: CreditLot, valid_to: date, reason: str, by: Person, at: datetime) -> CreditLot:
    """Renew a lot's validity after its content was assessed anew; what had lapsed counts again.

    A repeated call with the same day changes nothing.

    Args:
        valid_to: first day on which it can no longer be used.
        reason: on what ground, in words the learner reads.

    Raises:
        NotLonger, holds.OwnLot, rights.NotAllowed, lotstates.NoReason, lotstates.WrongState.
    """
    holds.refuse_person(lot, rights.LOT_REFRESH, by, at)
    reason = lotstates.refuse_silence(reason)
    (locked,) = lotstates.lock([lot.pk])
    if locked.valid_to == valid_to and locked.steps.filter(verb="refresh").exists():
        return locked
    if locked.valid_to is None or valid_to <= max(locked.valid_to, clock.local_date(at)):
        text = _("Choose a day after today and after {day}, when the credit ends now.")
        shown = clock.written(locked.valid_to) if locked.valid_to else "–"
        raise NotLonger(text.format(day=shown), pointer="valid_to")
    _count_again(locked, reason, at)
    locked.valid_to = valid_to
    lotstates.move(
        lots=[locked], verb="refresh", by=by, reason=reason, at=at, cause=f"refresh:{valid_to}"
    )
    return locked


def _count_again(lot: CreditLot, reason: str, at: datetime) -> None:
    """Reverse what was posted when the lot lapsed."""
    rows = Transfer.objects.filter(
        debit_id__in=capacity.accounts_of([lot.pk]), code=LINE, phase=Phase.POST, reversal=None
    )
    lapsed = list(rows.order_by("-pk"))
    if lapsed:
        ledger.post(
            key=f"refresh:{lapsed[0].pk}", kind="refresh", lines=ledger.undoing(lapsed),
            event_at=at, posted_at=at, reason=reason,
        )  # fmt: skip
