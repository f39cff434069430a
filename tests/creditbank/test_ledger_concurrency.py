"""Sixteen writers at once on PostgreSQL: nothing overdrawn, nothing lost, no deadlock."""

from __future__ import annotations

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections

from tests.creditbank import factories
from tests.creditbank.test_conversion import Bank
from tests.creditbank.test_recognition import Case
from xueqiao.creditbank import audit, caps, conversion, ledger
from xueqiao.creditbank.models import Account, Conversion, CreditLot, Transfer, TransferGroup

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer"),
]
AT = factories.AT
WRITERS, GROUPS, LINES, ACCOUNTS = 16, 40, 8, 12


def together(work):
    """Run ``work(number)`` in sixteen threads that begin at the same moment; what each returned."""
    gate = threading.Barrier(WRITERS)

    def run(number):
        try:
            gate.wait()
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(run, range(WRITERS)))


def test_overlapping_groups_neither_overdraw_nor_deadlock_nor_get_lost():
    issue = factories.account("issue")
    lots = [factories.account(f"lot:{n}", no_overdraw=True) for n in range(ACCOUNTS)]
    for lot in lots:
        factories.post(issue, lot, 2000, f"start:{lot.pk}")
    ids = [issue.pk, *(lot.pk for lot in lots)]

    def write(number):
        pick, said = random.Random(number), Counter()
        for n in range(GROUPS):
            # Half of the keys are asked for by two writers: the same request must be posted once.
            key = f"shared:{number // 2}:{n}" if n % 2 else f"own:{number}:{n}"
            chosen = random.Random(key)
            pairs = [chosen.sample(ids, 2) for _ in range(LINES)]
            lines = [ledger.Line(d, c, chosen.randint(1, 400), "race") for d, c in pairs]
            pick.shuffle(lines) if not n % 2 else None
            try:
                ledger.post(key=key, kind="race", lines=lines, event_at=AT, posted_at=AT)
                said["posted"] += 1
            except ledger.Overdrawn:
                said["refused"] += 1
        return said

    total = sum(together(write), Counter())
    assert total["posted"] + total["refused"] == WRITERS * GROUPS
    assert total["refused"] > 0
    assert total["posted"] > 0
    own = TransferGroup.objects.filter(key__startswith="own:").count()
    shared = TransferGroup.objects.filter(key__startswith="shared:").count()
    assert own + shared <= total["posted"] <= own + 2 * shared
    assert Transfer.objects.filter(code="race").count() == LINES * (own + shared)
    assert list(audit.recompute()) == []
    rows = Account.objects.all()
    assert sum(row.debits for row in rows) == sum(row.credits for row in rows)
    assert all(row.credits >= row.debits for row in rows if row.no_overdraw)


def test_one_lot_is_used_once_by_sixteen_requests_at_the_same_moment():
    bank = Bank()
    lot = bank.lot(6000)

    def ask(number):
        try:
            return bank.request((lot, 900), key=f"ask:{number}").pk
        except caps.RightUsedUp:
            return None

    granted = [each for each in together(ask) if each]
    assert len(granted) == 6000 // 900
    assert Conversion.objects.count() == len(granted)
    assert list(audit.recompute()) == []


def test_a_cap_is_passed_by_no_two_requests_together():
    bank = Bank()
    lots = [bank.lot(6000, module) for module in ("AAA", "BBB", "CCC", "DDD")]

    def ask(number):
        try:
            return bank.request((lots[number % 4], 1800), key=f"ask:{number}").granted_hundredths
        except (caps.CapReached, caps.RightUsedUp):
            return 0

    assert sum(together(ask)) == 4000
    assert list(audit.recompute()) == []


def test_one_request_sent_sixteen_times_is_one():
    bank = Bank()
    lot = bank.lot(6000)

    def ask(number):
        return bank.request((lot, 900), key="same").pk

    assert len(set(together(ask))) == 1
    assert Conversion.objects.count() == 1


def test_one_form_sent_sixteen_times_is_one_application():
    case = Case()
    assert len(set(together(lambda _number: case.apply().pk))) == 1


def test_two_answers_at_the_same_moment_settle_once():
    bank = Bank()
    asked = bank.request((bank.lot(6000), 900))

    def answer(number):
        try:
            if number % 2:
                return bank.approve(asked).pk
            conversion.reject(conversion=asked, by=bank.officer, at=AT, reason="x")
        except conversion.WrongState:
            return "settled"
        return "rejected"

    said = together(answer)
    made = CreditLot.objects.filter(source_kind="converted").count()
    state = Conversion.objects.get().state
    assert (state, made) in {("approved", 1), ("rejected", 0)}
    assert ("rejected" in said) == (state == "rejected")
    assert list(audit.recompute()) == []


def test_sixteen_retries_of_one_posting_are_one():
    issue, lot = factories.account("issue"), factories.account("lot", no_overdraw=True)
    assert connection.vendor == "postgresql"
    made = together(lambda _number: factories.post(issue, lot, 100, "same").pk)
    assert len(set(made)) == 1
    assert audit.balance(lot.pk).held == 100
