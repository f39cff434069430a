"""The laws of the ledger (I1-I5, I9, I10, I12, I13) under any order of postings.

A plain-Python model of the ledger runs beside the real one; after every step both say the same.
"""

from __future__ import annotations

import os
from datetime import timedelta

from django.db import transaction
from django.test import TestCase
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from tests.creditbank import factories
from xueqiao.creditbank import audit, ledger
from xueqiao.creditbank.models import Account, LedgerUnit, Phase, Transfer, TransferGroup

AT = factories.AT
CREDIT = ("issue", "lot:a", "lot:b", "lot:c")
RIGHT = ("source", "cap:a")
amounts = st.integers(1, 400)


class Model:
    """What the ledger should hold, kept in the plainest way."""

    def __init__(self):
        self.posted, self.pending, self.keys, self.log = {}, {}, {}, []

    def free(self, code):
        held = sum(n for d, c, n in self.posted.values() if c == code)
        held -= sum(n for d, c, n in self.posted.values() if d == code)
        return held - sum(n for d, c, n, _due in self.pending.values() if d == code)


class LedgerMachine(RuleBasedStateMachine):
    groups = Bundle("groups")
    reservations = Bundle("reservations")

    @initialize()
    def open(self):
        self.model, self.count, self.now = Model(), 0, AT
        self.ids = {}
        for code in (*CREDIT, *RIGHT):
            unit = LedgerUnit.CREDIT if code in CREDIT else LedgerUnit.RIGHT
            made = factories.account(code, no_overdraw=":" in code, unit=unit)
            self.ids[code] = made.pk
        for lot in CREDIT[1:]:
            self.begin("issue", lot)
        self.begin("source", "cap:a")

    def begin(self, debit, credit):
        key, line = self.key(), (debit, credit, 600)
        ledger.post(
            key=key, kind="law", lines=[self.line(*line)], event_at=self.now, posted_at=self.now
        )
        self.model.posted[key, 0] = line

    def key(self):
        self.count += 1
        return f"k{self.count}"

    def line(self, debit, credit, amount):
        return ledger.Line(self.ids[debit], self.ids[credit], amount, "law")

    def attempt(self, work, *refusals):
        """Run a verb as a request would; what it refuses leaves no trace."""
        try:
            with transaction.atomic():
                return work()
        except refusals:
            return None

    def tick(self):
        self.now += timedelta(hours=1)

    @rule(
        target=groups,
        lines=st.lists(
            st.tuples(st.sampled_from(CREDIT), st.sampled_from(CREDIT), amounts),
            min_size=1,
            max_size=4,
        ),
    )
    def post(self, lines):
        lines = [each for each in lines if each[0] != each[1]]
        if not lines:
            return multiple()
        key, fits = self.key(), True
        posted = dict(self.model.posted)
        for number, each in enumerate(lines):
            if ":" in each[0] and self.model.free(each[0]) < each[2]:
                fits = False
                break
            self.model.posted[key, number] = each
        group = self.attempt(
            lambda: ledger.post(
                key=key, kind="law", lines=[self.line(*each) for each in lines], event_at=self.now,
                posted_at=self.now,
            ),
            ledger.Overdrawn,
        )  # fmt: skip
        assert (group is not None) == fits
        if not fits:
            self.model.posted = posted
            return multiple()
        self.model.keys[key] = lines
        self.tick()
        return key

    @rule(key=groups, change=amounts)
    def replay(self, key, change):
        """I4: the same request returns the first result, another one under its key is refused."""
        lines = [self.line(*each) for each in self.model.keys[key]]
        first = TransferGroup.objects.get(key=key)
        again = ledger.post(key=key, kind="law", lines=lines, event_at=self.now, posted_at=self.now)
        assert (again.pk, again.posted_at) == (first.pk, first.posted_at)
        debit, credit, amount = self.model.keys[key][0]
        other = [self.line(debit, credit, amount + change), *lines[1:]]
        refused = self.attempt(
            lambda: ledger.post(key=key, kind="law", lines=other, event_at=AT, posted_at=AT),
            ledger.KeyReused,
        )
        assert refused is None

    @rule(
        target=reservations, debit=st.sampled_from(("lot:a", "lot:b", "cap:a")), amount=amounts,
        hours=st.integers(1, 6),
    )  # fmt: skip
    def reserve(self, debit, amount, hours):
        key, credit = self.key(), "source" if debit == "cap:a" else "issue"
        fits = self.model.free(debit) >= amount
        due = self.now + timedelta(hours=hours)
        made = self.attempt(
            lambda: ledger.reserve(
                key=key, lines=[self.line(debit, credit, amount)], event_at=self.now,
                posted_at=self.now, expires_at=due,
            ),
            ledger.Overdrawn,
        )  # fmt: skip
        assert (made is not None) == fits
        if not fits:
            return multiple()
        self.model.pending[key] = (debit, credit, amount, due)
        self.tick()
        return key

    @rule(key=consumes(reservations), outcome=st.sampled_from((Phase.POST, Phase.VOID)))
    def resolve(self, key, outcome):
        """I5: once, and after its time never by posting."""
        reservation = TransferGroup.objects.get(key=key)
        held = self.model.pending.get(key)
        resolve = self.key()
        done = self.attempt(
            lambda: ledger.resolve(
                key=resolve, reservation=reservation, outcome=outcome, event_at=self.now,
                posted_at=self.now,
            ),
            ledger.AlreadyResolved, ledger.ReservationLapsed,
        )  # fmt: skip
        may = held is not None and (outcome == Phase.VOID or self.now < held[3])
        assert (done is not None) == may
        if may:
            debit, credit, amount, _due = self.model.pending.pop(key)
            if outcome == Phase.POST:
                self.model.posted[resolve, 0] = (debit, credit, amount)
            self.tick()

    @rule(hours=st.integers(0, 5))
    def let_time_pass(self, hours):
        self.now += timedelta(hours=hours)
        due = [key for key, held in self.model.pending.items() if held[3] <= self.now]
        assert ledger.expire_due(now=self.now) == len(due)
        for key in due:
            del self.model.pending[key]

    @rule(amount=amounts)
    def fund_the_right(self, amount):
        key = self.key()
        ledger.post(
            key=key, kind="law", lines=[self.line("source", "cap:a", amount)], event_at=self.now,
            posted_at=self.now,
        )  # fmt: skip
        self.model.posted[key, 0] = ("source", "cap:a", amount)
        self.tick()

    @rule(key=consumes(groups))
    def reverse(self, key):
        """I9: once, in the opposite order, and never a reversal of a reversal."""
        lines, fits = self.model.keys.pop(key), True
        name, posted = self.key(), dict(self.model.posted)
        for number, (debit, credit, amount) in enumerate(reversed(lines)):
            if ":" in credit and self.model.free(credit) < amount:
                fits = False
                break
            self.model.posted[name, number] = (credit, debit, amount)
        group = TransferGroup.objects.get(key=key)
        back = self.attempt(
            lambda: ledger.reverse(
                key=name, group=group, reason="law", event_at=self.now, posted_at=self.now
            ),
            ledger.Overdrawn,
        )
        assert (back is not None) == fits
        if not fits:
            self.model.posted = posted
            return
        for which in (back, group):
            again = self.attempt(
                lambda which=which: ledger.reverse(
                    key=self.key(), group=which, reason="x", event_at=self.now, posted_at=self.now
                ),
                ledger.NotReversible,
            )
            assert again is None
        self.tick()

    @invariant()
    def the_ledger_agrees_with_the_model(self):
        """I1, I2, I10, I13."""
        if not getattr(self, "ids", None):
            return
        rows = {row.code: row for row in Account.objects.all()}
        for code, row in rows.items():
            assert row.credits - row.debits - row.debits_pending == self.model.free(code), code
            assert row.credits >= row.debits + row.debits_pending or not row.no_overdraw
        for unit in LedgerUnit:
            mine = [row for row in rows.values() if row.unit == unit]
            assert sum(row.debits for row in mine) == sum(row.credits for row in mine)
            assert sum(r.debits_pending for r in mine) == sum(r.credits_pending for r in mine)
        assert list(audit.recompute()) == []

    @rule(code=st.sampled_from(CREDIT), back=st.integers(0, 20))
    def look_back(self, code, back):
        """I12: the balance of an earlier day is what the transfers of that day say."""
        day = self.now - timedelta(hours=back)
        rows = Transfer.objects.filter(phase="post").values_list(
            "debit__code", "credit__code", "amount_hundredths", "event_at"
        )
        naive = sum(
            n * ((credit == code) - (debit == code)) for debit, credit, n, at in rows if at <= day
        )
        assert audit.balance_at(self.ids[code], as_of=day, known_at=self.now) == naive


class LedgerHolds(TestCase):
    def test_whatever_is_posted_the_laws_hold(self):
        """XUEQIAO_LAW_EXAMPLES raises the number of runs of 30 operations; 4,000 make 10⁵."""
        examples = int(os.environ.get("XUEQIAO_LAW_EXAMPLES", "25"))
        run_state_machine_as_test(
            Isolated,
            settings=settings(
                max_examples=examples, stateful_step_count=30, deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip


class Isolated(LedgerMachine):
    """Each example in a savepoint of its own, undone at its end."""

    def __init__(self):
        super().__init__()
        self.inside = transaction.atomic()
        self.inside.__enter__()

    def teardown(self):
        transaction.set_rollback(True)
        self.inside.__exit__(None, None, None)
