"""One move of some lots: the state, the audit rows that learners read, the events in the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.translation import gettext as _

from xueqiao.creditbank import rules_lots
from xueqiao.creditbank.models import Conversion, ConversionUse, CreditLot, LotParent, LotStep
from xueqiao.kernel import errors
from xueqiao.records import log

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from xueqiao.people.models import Person

# What became of a lot, for readers of the log.
EVENTS = {
    "freeze": "creditbank.frozen",
    "release": "creditbank.released",
    "expire": "creditbank.expired",
    "refresh": "creditbank.refreshed",
    "reverse": "creditbank.reversed",
}
ATTEMPTS = 5


class WrongState(errors.Refusal):
    """The lot does not stand where this move begins."""

    code = "lots.wrong_state"


class NoReason(errors.Refusal):
    """What is done to a learner's credit says why."""

    code = "lots.no_reason"
    status = 422


class StillGrowing(errors.Refusal):
    """Somebody keeps making credit from the lot while it is being locked."""

    code = "lots.still_growing"


def move(
    *, lots: Sequence[CreditLot], verb: str, by: Person | None, reason: str, at: datetime,
    back_to: Mapping[int, str] | None = None, cause: str,
) -> None:  # fmt: skip
    """Move locked lots and tell the learner why. Inside the caller's transaction.

    Args:
        by: None is the clock.
        back_to: for "release" the state of each lot by its id.
        cause: what makes the event one, such as ``reversal:12``.

    Raises:
        WrongState
    """
    steps, entries = [], []
    for lot in lots:
        if not rules_lots.may_move(verb, lot.state):
            raise WrongState(wrong_state_text(lot))
        before, to_state = lot.state, rules_lots.LOT_MOVES[verb][1] or (back_to or {})[lot.pk]
        lot.state, lot.state_since = to_state, at
        steps.append(
            LotStep(
                lot=lot, verb=verb, from_state=before, to_state=to_state, actor=by,
                reason=reason[:300], valid_to=lot.valid_to, at=at,
            )
        )  # fmt: skip
        payload = {
            "lot_id": lot.pk, "person_id": lot.person_id, "from_state": before,
            "to_state": to_state, "amount_hundredths": lot.amount_hundredths, "reason": reason,
            "cause": cause,
        }  # fmt: skip
        entries.append(
            log.entry(kind=EVENTS[verb], key=f"{cause}:{lot.pk}", event_at=at, payload=payload)
        )
    CreditLot.objects.bulk_update(lots, ["state", "state_since", "valid_to"])
    LotStep.objects.bulk_create(steps)
    log.append_many(entries)


def lock(ids: Collection[int]) -> list[CreditLot]:
    """Lock lots, lowest id first."""
    rows = CreditLot.objects.select_for_update(no_key=True).filter(pk__in=ids)
    return list(rows.order_by("pk"))


def children(ids: set[int]) -> set[int]:
    """The lots that stand and fall with some lots: made from them, or by the same conversion.

    A voucher is undone whole, so what one conversion gave in several parts goes together.
    """
    made = LotParent.objects.filter(parent_id__in=ids).values_list("lot_id", flat=True)
    by_conversion = CreditLot.objects.filter(conversion__uses__lot_id__in=ids)
    together = CreditLot.objects.filter(conversion__lots__in=ids)
    return {
        *made,
        *by_conversion.values_list("pk", flat=True),
        *together.values_list("pk", flat=True),
    }


def lock_with_downstream(ids: Collection[int]) -> list[CreditLot]:
    """Lock lots and everything made from them, lowest id first; complete when it returns.

    What is made from a lot is made under its lock, so nothing is added once all are locked. What
    was added while they were being locked is found by looking again; it has higher ids.

    Raises:
        StillGrowing
    """
    for _attempt in range(ATTEMPTS):
        wanted = rules_lots.downstream(ids, children)
        held = lock(wanted)
        if rules_lots.downstream(ids, children) == wanted:
            return held
    text = _("Credit is being made from this lot at this moment. Try again in a minute.")
    raise StillGrowing(text)


def lock_conversions(ids: Collection[int]) -> list[Conversion]:
    """Lock the conversions that use or made some lots, lowest id first; before the lots' lock."""
    using = ConversionUse.objects.filter(lot_id__in=ids).values("conversion_id")
    made = CreditLot.objects.filter(pk__in=ids, conversion__isnull=False).values("conversion_id")
    rows = Conversion.objects.select_for_update(no_key=True)
    return list(rows.filter(Q(pk__in=using) | Q(pk__in=made)).order_by("pk"))


def refuse_silence(reason: str) -> str:
    """The reason without blanks around it.

    Raises:
        NoReason
    """
    if not reason.strip():
        raise NoReason(_("Say why; the learner will read it."), pointer="reason")
    return reason.strip()[:300]


def wrong_state_text(lot: CreditLot) -> str:
    text = _("The credit “{title}” is “{state}” now. Load the page again to see what can be done.")
    return text.format(title=lot.title_zh, state=lot.get_state_display())
