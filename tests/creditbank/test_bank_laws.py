"""The laws of the whole bank (I1, I2, I6-I10, I12, I15, I16) under any order of its verbs.

Learners earn, convert, lapse; officers answer, freeze, release, reverse. After every step the laws
hold; at the end of every run everything is reversed and nothing is left.
"""

from __future__ import annotations

import os
from collections import Counter
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q, Sum
from django.test import TestCase
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.creditbank import factories
from tests.creditbank.test_reversal import LATER, WHY, Court
from xueqiao.creditbank import (
    audit,
    bitemporal,
    completions,
    conversion,
    credentials,
    expiry,
    holds,
    reversal,
)
from xueqiao.creditbank.models import (
    Account,
    Certificate,
    Conversion,
    ConversionUse,
    CreditLot,
    Hold,
    LedgerUnit,
    Programme,
    Reversal,
    Transfer,
)
from xueqiao.kernel import errors
from xueqiao.records.models import LogEntry

AMOUNTS = st.sampled_from((900, 1800, 3600, 6000))
PICK = st.integers(0, 1_000)
USED = ("reserved", "reviewing", "approved")


class BankMachine(RuleBasedStateMachine):
    @initialize()
    def open(self):
        self.court, self.now, self.count = self.court_of_all(), LATER, 0
        self.seen = []

    def attempt(self, work):
        """A verb as a request runs it; what is refused leaves no trace."""
        self.count += 1
        try:
            with transaction.atomic():
                return work()
        except errors.Refusal:
            return None

    def one_of(self, rows, pick):
        found = list(rows.order_by("pk"))
        return found[pick % len(found)] if found else None

    @rule(credits=AMOUNTS, module=st.sampled_from("ABC"), days=st.integers(1, 40))
    def earn(self, credits, module, days):  # noqa: A002
        self.count += 1
        entry = factories.completed(
            self.court.learner, self.count, credits=credits, module=module * 3
        )
        completions.recognise(entries=[entry], now=self.now)
        lot = CreditLot.objects.latest("pk")
        until = (self.now + timedelta(days=days)).date()
        CreditLot.objects.filter(pk=lot.pk).update(valid_to=until)

    @rule()
    def import_the_same_again(self):
        """I16: whatever was imported, importing it again changes nothing."""
        before = (Transfer.objects.count(), CreditLot.objects.count())
        entries = list(LogEntry.objects.filter(kind="hall.completed").order_by("pk"))
        completions.recognise(entries=entries, now=self.now)
        assert (Transfer.objects.count(), CreditLot.objects.count()) == before

    @rule(pick=PICK, amount=AMOUNTS, rule_pick=st.booleans())
    def ask_for_conversion(self, pick, amount, rule_pick):
        lot = self.one_of(CreditLot.objects.all(), pick)
        version = self.court.bachelor if rule_pick else self.deeper
        if lot:
            key = f"ask:{self.count}"
            self.attempt(
                lambda: self.court.request((lot, amount), key=key, version=version, at=self.now)
            )

    @rule(pick=PICK, verb=st.sampled_from(("approve", "approve", "reject", "withdraw")))
    def answer_conversion(self, pick, verb):
        asked = self.one_of(Conversion.objects.filter(state="reserved"), pick)
        if asked:
            who = self.court.learner if verb == "withdraw" else self.court.officer
            more = {"reason": "x"} if verb == "reject" else {}
            act = getattr(conversion, verb)
            self.attempt(lambda: act(conversion=asked, by=who, at=self.now, **more))

    @rule(pick=PICK)
    def freeze(self, pick):
        lot = self.one_of(CreditLot.objects.all(), pick)
        if lot:
            key = f"hold:{self.count}"
            self.attempt(
                lambda: holds.freeze(
                    request_key=key, lot=lot, reason=WHY, by=self.court.asker, at=self.now
                )
            )

    @rule(pick=PICK)
    def release(self, pick):
        hold = self.one_of(Hold.objects.filter(released_at=None, cause="dispute"), pick)
        if hold:
            holds.release(hold=hold, outcome="ok", by=self.court.officer, at=self.now)

    @rule(pick=PICK)
    def ask_for_reversal(self, pick):
        lot = self.one_of(CreditLot.objects.all(), pick)
        if lot:
            key = f"reverse:{self.count}"
            self.attempt(lambda: self.court.ask(lot, key=key, at=self.now))

    @rule(pick=PICK, approve=st.booleans())
    def answer_reversal(self, pick, approve):
        case = self.one_of(Reversal.objects.filter(state="asked"), pick)
        if case and approve:
            self.attempt(lambda: self.court.carry_out(case, at=self.now))
        elif case:
            by = self.court.officer
            self.attempt(lambda: reversal.refuse(reversal=case, note="x", by=by, at=self.now))

    @rule(pick=PICK)
    def ask_for_a_certificate(self, pick):
        lot = self.one_of(CreditLot.objects.filter(institution__isnull=False), pick)
        if lot and lot.state == "active":
            key = f"certificate:{self.count}"
            self.attempt(
                lambda: credentials.request(lot_id=lot.pk, request_key=key, requested_at=self.now)
            )

    @rule(days=st.integers(1, 30))
    def let_time_pass(self, days):
        self.seen.append((self.now, self.everything_held()))
        self.now += timedelta(days=days)
        conversion.expire_due(now=self.now)
        expiry.expire_due(now=self.now)
        day = self.now.date()
        assert not CreditLot.objects.filter(state="active", valid_to__lte=day).exists()

    @rule(pick=PICK)
    def renew(self, pick):
        lot = self.one_of(CreditLot.objects.filter(state__in=["expired", "active"]), pick)
        if lot:
            until = (self.now + timedelta(days=50)).date()
            by = self.court.officer
            self.attempt(
                lambda: expiry.refresh(lot=lot, valid_to=until, reason="x", by=by, at=self.now)
            )

    def everything_held(self):
        rows = Account.objects.exclude(credits=F("debits"))
        return {row.pk: row.credits - row.debits for row in rows}

    @invariant()
    def books_balance(self):
        """I1, I2, I10."""
        for unit in LedgerUnit:
            names = ("debits", "credits", "debits_pending", "credits_pending")
            sums = Account.objects.filter(unit=unit).aggregate(**{n: Sum(n) for n in names})
            assert sums["debits"] == sums["credits"]
            assert sums["debits_pending"] == sums["credits_pending"]
        over = Q(no_overdraw=True, credits__lt=F("debits") + F("debits_pending"))
        assert not Account.objects.filter(over).exists()
        assert list(audit.recompute()) == []

    @invariant()
    def nothing_counts_twice(self):
        """I6, I7: uses of a lot in a scope within its amount, converted credit within the caps."""
        uses = ConversionUse.objects.filter(conversion__state__in=USED)
        scope = "conversion__version__rule__programme__scope"
        by_lot = Counter()
        for lot, amount, each, used in uses.values_list(
            "lot_id", "lot__amount_hundredths", scope, "amount_hundredths"
        ):
            by_lot[lot, each, amount] += used
        assert all(used <= amount for (_lot, _scope, amount), used in by_lot.items())
        for programme in Programme.objects.all():
            made = Conversion.objects.filter(
                version__rule__programme=programme, state__in=USED, person=self.court.learner
            ).aggregate(n=Sum("granted_hundredths"))["n"]
            cap = programme.total_hundredths * programme.cap_numerator
            assert (made or 0) <= cap // programme.cap_denominator

    @invariant()
    def every_lot_has_its_ground(self):
        """I8; what a lot's account holds is what it is worth, or nothing once it is reversed."""
        for lot in CreditLot.objects.select_related("account", "decision__outcome"):
            held = lot.account.credits - lot.account.debits
            assert held == (0 if lot.state == "reversed" else lot.amount_hundredths)
            if lot.decision:
                assert lot.decision.approved
                assert lot.decision.outcome.evidence_sha256
            else:
                assert lot.parents.exists()
            open_holds = Hold.objects.filter(lots__lot=lot, released_at=None).exists()
            assert lot.state == "reversed" or (lot.state == "frozen") == open_holds

    @invariant()
    def no_certificate_outlives_its_lot(self):
        """I15."""
        alive = Certificate.objects.filter(state__in=["queued", "issued", "suspended"])
        assert not alive.filter(lot__state="reversed").exists()
        assert not alive.filter(state="issued", lot__state="frozen").exists()

    @precondition(lambda self: self.seen)
    @rule(pick=PICK)
    def look_back(self, pick):
        """I12: what was known at a moment is what the accounts held at that moment."""
        at, held = self.seen[pick % len(self.seen)]
        ids = list(Account.objects.values_list("pk", flat=True))
        assert bitemporal.balances(ids, as_of=self.now, known_at=at) == held

    def reverse_everything(self):
        """I9: when all is reversed, nothing is left but the room under the caps."""
        for lot in CreditLot.objects.exclude(state="reversed").order_by("pk"):
            lot.refresh_from_db()
            for case in Reversal.objects.filter(lot=lot, state="asked"):
                self.court.carry_out(case, at=self.now)
            lot.refresh_from_db()
            if lot.state != "reversed":
                self.count += 1
                self.court.carry_out(
                    self.court.ask(lot, key=f"end:{self.count}", at=self.now), at=self.now
                )
        left = Account.objects.exclude(credits=F("debits")).exclude(code__startswith="caplim:")
        assert set(left.values_list("code", flat=True)) <= {"capsrc:rights"}
        assert not Account.objects.exclude(debits_pending=0, credits_pending=0).exists()
        self.books_balance()


class LawsOfTheBank(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.court = Court()
        cls.deeper = factories.deeper(cls.court.associate)

    def test_whatever_people_do_the_laws_hold(self):
        """XUEQIAO_LAW_EXAMPLES raises the number of runs of 25 verbs; 4,000 make 10⁵."""
        BankMachine.court_of_all = lambda _machine: self.court
        BankMachine.deeper = self.deeper
        run_state_machine_as_test(
            Isolated,
            settings=settings(
                max_examples=int(os.environ.get("XUEQIAO_LAW_EXAMPLES", "5")),
                stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck),
                # A run of 25 verbs is short enough to read; making it shorter takes minutes.
                phases=[Phase.explicit, Phase.reuse, Phase.generate],
            ),
        )  # fmt: skip


class Isolated(BankMachine):
    """Each run in a savepoint of its own, undone at its end."""

    def __init__(self):
        super().__init__()
        self.inside = transaction.atomic()
        self.inside.__enter__()

    def teardown(self):
        try:
            if hasattr(self, "court"):
                self.reverse_everything()
        finally:
            transaction.set_rollback(True)
            self.inside.__exit__(None, None, None)
