"""A ledger with transfers, made through verbs, to be sealed."""

from __future__ import annotations

import time
from datetime import timedelta

from tests.creditbank import factories
from xueqiao.creditbank import ledger, seals
from xueqiao.creditbank.models import Account, Transfer
from xueqiao.creditbank.seals import sealing

AT = factories.AT
NOW = AT + timedelta(days=1)


def sealed(*, now=NOW):
    """Everything posted under one seal.

    On a server with other databases a transaction there can stand at the horizon for an instant.
    """
    for _try in range(200):
        if sealing.waiting() + sealing.size() == Transfer.objects.count():
            break
        time.sleep(0.05)
    return seals.seal(now=now)


def post(count, *, first=0, batch=500):
    """As many transfers, each with a voucher of its own; ids of all there are, in order."""
    one = Account.objects.filter(code="a").first() or factories.account("a")
    other = Account.objects.filter(code="b").first() or factories.account("b")
    vouchers = [
        ledger.Voucher(f"t:{number}", "test", (factories.line(one, other, number + 1),), AT)
        for number in range(first, first + count)
    ]
    for start in range(0, count, batch):
        ledger.post_many(vouchers=vouchers[start : start + batch], posted_at=AT)
    return list(Transfer.objects.order_by("pk").values_list("pk", flat=True))
