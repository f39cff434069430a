"""Balances as of one day by what the bank knew on another 双时态余额.

``event_at`` of a transfer says when it took effect, ``posted_at`` when the bank came to know of it.
A reversal takes effect when it is made, so the past stays as it was taken to be.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import BigIntegerField, Sum
from django.db.models.functions import Coalesce

from xueqiao.creditbank.models import Account, AccountKind, CreditLot, LotStep, Phase, Transfer

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from xueqiao.people.models import Person


@dataclass(frozen=True)
class Position:
    """A lot at a moment: what it held, in 1/100 credit, and the state it was known to be in."""

    lot: CreditLot
    held_hundredths: int
    state: str

    @property
    def state_text(self) -> str:
        return str(CreditLot.State(self.state).label)


def balances(
    account_ids: Collection[int], *, as_of: datetime, known_at: datetime
) -> dict[int, int]:
    """What each account held at an instant by what was known at another, in 1/100. 2 queries.

    Accounts that held nothing are left out.
    """
    found: dict[int, int] = defaultdict(int)
    known = Transfer.objects.filter(phase=Phase.POST, event_at__lte=as_of, posted_at__lte=known_at)
    total = Coalesce(Sum("amount_hundredths"), 0, output_field=BigIntegerField())
    for side, sign in (("credit_id", 1), ("debit_id", -1)):
        rows = known.filter(**{f"{side}__in": account_ids}).values(side).annotate(n=total)
        for account_id, amount in rows.values_list(side, "n"):
            found[account_id] += sign * amount
    return {account_id: held for account_id, held in found.items() if held}


def positions(person: Person, *, as_of: datetime, known_at: datetime) -> list[Position]:
    """The lots of a learner that held something then, oldest first. 4 queries."""
    ids = Account.objects.filter(person=person, kind=AccountKind.LOT).values_list("pk", flat=True)
    held = balances(list(ids), as_of=as_of, known_at=known_at)
    lots = CreditLot.objects.filter(account_id__in=held).select_related("level", "institution")
    states = _states([lot.pk for lot in lots], known_at)
    return [
        Position(lot, held[lot.account_id], states.get(lot.pk, CreditLot.State.ACTIVE.value))
        for lot in sorted(lots, key=lambda each: (each.obtained, each.pk))
    ]


def _states(lot_ids: Collection[int], known_at: datetime) -> dict[int, str]:
    """The last state of each lot that moved before an instant."""
    steps = LotStep.objects.filter(lot_id__in=lot_ids, at__lte=known_at).order_by("at", "pk")
    return dict(steps.values_list("lot_id", "to_state"))
