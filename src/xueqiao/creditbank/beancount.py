"""The ledger as a Beancount file, so that a program of others can check it (law I10).

Every account is opened under one of the five roots, every voucher with posted transfers becomes a
balanced transaction, and at the end every account's stored balance is asserted, without tolerance:
``bean-check`` accepts the file if and only if the counters are the sums of the transfers.
Reservations move nothing and are left out. Account codes and voucher keys are metadata.

Source: beancount.github.io/docs/beancount_language_syntax.html
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Final

from django.db import connection, transaction
from django.db.models import Min

from xueqiao.creditbank.models import Account, AccountKind, Phase, Transfer
from xueqiao.kernel import clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

CHUNK = 5_000
# What is held is an asset; where credit and rights come from is income, where they end an expense.
ROOTS: Final = {
    AccountKind.ISSUE: "Income:Issue",
    AccountKind.LOT: "Assets:Lot",
    AccountKind.GRANT: "Income:Grant",
    AccountKind.CAPACITY_SOURCE: "Income:Rights",
    AccountKind.CAPACITY: "Assets:Right",
    AccountKind.CLEARING: "Expenses:Counted",
    AccountKind.CAP_LIMIT: "Assets:Limit",
    AccountKind.CAP_USED: "Expenses:Limit",
    AccountKind.EXPIRED: "Expenses:Lapsed",
}


def lines() -> Iterator[str]:
    """The file, line by line, as the ledger stands at one moment.

    On PostgreSQL postings go on meanwhile; on SQLite they wait.
    """
    with _one_moment():
        first = _first_day()
        last = first
        yield 'option "title" "Xueqiao credit bank 学桥学分银行"'
        yield 'option "operating_currency" "XF"'
        names = {}
        for account in Account.objects.order_by("pk").iterator(chunk_size=CHUNK):
            names[account.pk] = f"{ROOTS[AccountKind(account.kind)]}:A{account.pk}"
            yield f"{first} open {names[account.pk]} {account.unit}"
            yield f"  code: {_text(account.code)}"
        posted = Transfer.objects.filter(phase=Phase.POST).select_related("group", "debit")
        rows = posted.order_by("group_id", "pk").iterator(chunk_size=CHUNK)
        for _group_id, transfers in groupby(rows, key=lambda each: each.group_id):
            held = list(transfers)
            last = max(last, clock.local_date(held[0].posted_at))
            yield from _transaction(held, names)
        for account in Account.objects.order_by("pk").iterator(chunk_size=CHUNK):
            held_now = _amount(account.credits - account.debits)
            day = last + timedelta(days=1)
            yield f"{day} balance {names[account.pk]} {held_now} ~ 0.00 {account.unit}"


def _transaction(transfers: Iterable[Transfer], names: dict[int, str]) -> Iterator[str]:
    for number, each in enumerate(transfers):
        if number == 0:
            group = each.group
            day = clock.local_date(group.posted_at)
            yield f"{day} * {_text(group.kind)} {_text(group.reason)}"
            yield f"  voucher: {_text(group.key)}"
            yield f"  event: {clock.local_date(group.event_at)}"
        amount, unit = each.amount_hundredths, each.debit.unit
        yield f"  {names[each.debit_id]}  {_amount(-amount)} {unit}"
        yield f"  {names[each.credit_id]}  {_amount(amount)} {unit}"


def _first_day() -> date:
    first = Transfer.objects.aggregate(n=Min("posted_at"))["n"]
    return clock.local_date(first or clock.now())


def _amount(hundredths: int) -> str:
    """Exactly two decimals, from whole hundredths.

    >>> _amount(-5), _amount(12345)
    ('-0.05', '123.45')
    """
    sign = "-" if hundredths < 0 else ""
    return f"{sign}{abs(hundredths) // 100}.{abs(hundredths) % 100:02d}"


def _text(words: str) -> str:
    plain = " ".join(words.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'


@contextmanager
def _one_moment() -> Iterator[None]:
    """What is read inside is the ledger of one moment."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if connection.vendor == "postgresql" and outermost:
            with connection.cursor() as run:
                run.execute("set transaction isolation level repeatable read, read only")
        yield
