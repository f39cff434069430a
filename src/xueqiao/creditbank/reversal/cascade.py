"""Carrying a plan out: vouchers, states, certificates and the learner's notice, all or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xueqiao.creditbank import credentials, ledger, lotstates
from xueqiao.creditbank.models import (
    Award,
    AwardStep,
    Conversion,
    ConversionStep,
    Phase,
    ReversalStep,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from xueqiao.creditbank.models import Reversal
    from xueqiao.creditbank.reversal.downstream import Plan, Undo
    from xueqiao.people.models import Person


def carry_out(*, plan: Plan, reversal: Reversal, by: Person, at: datetime) -> None:
    """Undo everything of a plan. Inside the caller's transaction, which has locked the lots.

    Raises:
        As ``ledger.post_many``; nothing is undone then.
    """
    vouchers = [_voucher(undo, reversal, at) for undo in plan.undo]
    posted = ledger.post_many(vouchers=vouchers, posted_at=at)
    ReversalStep.objects.bulk_create(
        [
            ReversalStep(
                reversal=reversal, number=number, group_id=posted[voucher.key], undone=undo.group
            )
            for number, (voucher, undo) in enumerate(zip(vouchers, plan.undo, strict=True), start=1)
        ]
    )
    given_back = {
        undo.group.pk: posted[voucher.key]
        for voucher, undo in zip(vouchers, plan.undo, strict=True)
        if undo.is_reserved
    }
    _settle_conversions(plan, reversal, given_back, by, at)
    _settle_awards(plan, reversal, given_back, by, at)
    cause = f"reversal:{reversal.pk}"
    lots = list(plan.lots)
    lotstates.move(lots=lots, verb="reverse", by=by, reason=reversal.reason, at=at, cause=cause)
    credentials.revoke_for_lots(lot_ids=plan.lot_ids, reason=reversal.reason, at=at)


def _voucher(undo: Undo, reversal: Reversal, at: datetime) -> ledger.Voucher:
    key = f"reversal:{reversal.pk}:{undo.group.pk}"
    if undo.is_reserved:
        oldest_first = undo.transfers[::-1]
        lines = ledger.resolving(oldest_first, Phase.VOID)
        return ledger.Voucher(f"{key}:void", "void", lines, at, reversal.reason)
    return ledger.Voucher(key, "reverse", ledger.undoing(undo.transfers), at, reversal.reason)


def _settle_conversions(
    plan: Plan, reversal: Reversal, given_back: Mapping[int, int], by: Person, at: datetime
) -> None:
    for asked in plan.conversions:
        asked.state = Conversion.State.REJECTED if asked.is_pending else Conversion.State.REVERSED
        asked.state_since = at
        asked.settlement_id = given_back.get(asked.reservation_id, asked.settlement_id)
    Conversion.objects.bulk_update(plan.conversions, ["state", "state_since", "settlement"])
    ConversionStep.objects.bulk_create(
        [
            ConversionStep(
                conversion=each, to_state=each.state, actor=by, reason=reversal.reason, at=at
            )
            for each in plan.conversions
        ]
    )


def _settle_awards(
    plan: Plan, reversal: Reversal, given_back: Mapping[int, int], by: Person, at: datetime
) -> None:
    """What was only asked for is refused; what was awarded is revoked, after its review."""
    for award in plan.awards:
        waited = award.state == Award.State.REQUESTED
        award.state = Award.State.REFUSED if waited else Award.State.REVOKED
        award.state_since = at
        award.settlement_id = given_back.get(award.reservation_id, award.settlement_id)
    Award.objects.bulk_update(plan.awards, ["state", "state_since", "settlement"])
    AwardStep.objects.bulk_create(
        [
            AwardStep(award=each, to_state=each.state, actor=by, reason=reversal.reason, at=at)
            for each in plan.awards
        ]
    )
