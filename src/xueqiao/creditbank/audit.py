"""Reading the ledger: balances, balances as of a day, and the nightly recomputation."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Case, F, Max, QuerySet, Sum, When
from django.utils.translation import gettext as _

from xueqiao.creditbank import bitemporal
from xueqiao.creditbank.models import Account, Phase, Transfer
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

SLICE = 20_000


class CountersDiffer(errors.Refusal):
    """An account's counters are not the sums of its transfers: somebody wrote past the ledger."""

    code = "ledger.counters_differ"


@dataclass(frozen=True)
class Balance:
    """All in hundredths of a credit. ``free`` is what the account can still give."""

    held: int
    reserved_out: int
    reserved_in: int

    @property
    def free(self) -> int:
        return self.held - self.reserved_out


@dataclass(frozen=True)
class Difference:
    """An account whose counters disagree with its transfers."""

    account_id: int
    code: str
    counted: tuple[int, int, int, int]
    recomputed: tuple[int, int, int, int]


def balance(account_id: int) -> Balance:
    """What an account holds. One row is read, however long the account's history."""
    row = Account.objects.only("debits", "credits", "debits_pending", "credits_pending").get(
        pk=account_id
    )
    return Balance(row.credits - row.debits, row.debits_pending, row.credits_pending)


def balance_at(account_id: int, *, as_of: datetime, known_at: datetime) -> int:
    """What an account held at one instant by what the bank knew at another, in 1/100 credit."""
    found = bitemporal.balances([account_id], as_of=as_of, known_at=known_at)
    return found.get(account_id, 0)


def recompute() -> Iterator[Difference]:
    """Every account whose counters are not the sums of its transfers. Must yield none.

    Reads accounts in slices of 20,000 ids, so memory does not grow with the ledger. Postings go on
    meanwhile: what seems to differ is looked at again under the lock of its account.
    """
    last = Account.objects.aggregate(n=Max("pk"))["n"] or 0
    for start in range(0, last + 1, SLICE):
        for seeming in _differences(start, start + SLICE):
            yield from _confirmed(seeming.account_id)


@transaction.atomic
def _confirmed(account_id: int) -> list[Difference]:
    """The difference of one account while nobody posts to it; none where it was only a moment."""
    list(Account.objects.select_for_update(no_key=True).filter(pk=account_id))
    return list(_differences(account_id, account_id + 1))


def refuse_differences() -> None:
    """The check of the command.

    Raises:
        CountersDiffer: naming up to five accounts.
    """
    found = list(islice(recompute(), 6))
    if found:
        named = ", ".join(each.code for each in found[:5])
        text = _(
            "Accounts {named} disagree with their transfers. Stop posting and call the operator."
        )
        raise CountersDiffer(text.format(named=named))


def _differences(start: int, end: int) -> Iterator[Difference]:
    out = _sums("debit_id", start, end)
    into = _sums("credit_id", start, end)
    for row in Account.objects.filter(pk__gte=start, pk__lt=end).order_by("pk"):
        debits, debits_pending = out.get(row.pk, (0, 0))
        credits_, credits_pending = into.get(row.pk, (0, 0))
        counted = (row.debits, row.credits, row.debits_pending, row.credits_pending)
        recomputed = (debits, credits_, debits_pending, credits_pending)
        if counted != recomputed:
            yield Difference(row.pk, row.code, counted, recomputed)


def _sums(side: str, start: int, end: int) -> dict[int, tuple[int, int]]:
    amount = F("amount_hundredths")
    posted = Sum(Case(When(phase=Phase.POST, then=amount), default=0))
    reserved = Sum(
        Case(
            When(phase=Phase.PENDING, then=amount),
            When(pending__isnull=False, then=-amount),
            default=0,
        )
    )
    rows: QuerySet[Transfer, tuple[int, int, int]] = (
        Transfer.objects.filter(**{f"{side}__gte": start, f"{side}__lt": end})
        .values(side)
        .annotate(posted=posted, reserved=reserved)
        .values_list(side, "posted", "reserved")
    )
    return {account: (posted_sum, reserved_sum) for account, posted_sum, reserved_sum in rows}
