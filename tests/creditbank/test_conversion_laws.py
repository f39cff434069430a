"""I6 and I7: whatever is asked and answered, a lot counts once in a scope and caps hold."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.creditbank import factories
from tests.creditbank.test_conversion import Bank
from xueqiao.creditbank import audit, caps, conversion, ledger, matching
from xueqiao.creditbank.models import Account, Conversion, ConversionUse, CreditLot, Transfer
from xueqiao.kernel import errors

pytestmark = pytest.mark.django_db
AT = factories.AT

ask = st.tuples(
    st.just("ask"), st.integers(0, 2), st.sampled_from(("bachelor", "associate")),
    st.integers(1, 70).map(lambda n: n * 100),
)  # fmt: skip
answer = st.tuples(st.sampled_from(("approve", "reject", "withdraw")), st.integers(0, 9))
wait = st.tuples(st.just("wait"), st.integers(1, 40))


@given(st.lists(st.one_of(ask, answer, wait), min_size=3, max_size=12))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_lot_counts_once_and_caps_hold_in_any_order(bank, moves):
    outer = transaction.atomic()
    outer.__enter__()
    try:
        play(bank, moves)
        laws(bank)
        undo_everything()
    finally:
        transaction.set_rollback(True)
        outer.__exit__(None, None, None)


@pytest.fixture
def bank():
    made = Bank()
    made.lots = [made.lot(6000, "CCC"), made.lot(3000, "DDD"), made.lot(12000, "AAA")]
    return made


def play(bank, moves):
    now, asked = AT, []
    for number, move in enumerate(moves):
        refusals = (caps.RightUsedUp, caps.CapReached, matching.DoesNotCount)
        if move[0] == "wait":
            now += timedelta(days=move[1])
            conversion.expire_due(now=now)
        elif move[0] == "ask":
            _ask, lot, rule, amount = move
            with suppress(*refusals), transaction.atomic():
                asked.append(
                    bank.request(
                        (bank.lots[lot], amount), key=f"ask:{number}", version=getattr(bank, rule),
                        at=now,
                    )
                )  # fmt: skip
        elif asked:
            answered(bank, move[0], asked[move[1] % len(asked)], now)


def answered(bank, verb, which, now):
    settled = (conversion.WrongState, ledger.ReservationLapsed)
    with suppress(*settled), transaction.atomic():
        if verb == "approve":
            bank.approve(which, at=now)
        elif verb == "reject":
            conversion.reject(conversion=which, by=bank.officer, at=now, reason="x")
        else:
            conversion.withdraw(conversion=which, by=bank.learner, at=now)


def laws(bank):
    live = ("reserved", "approved")
    for lot in bank.lots:
        for scope in ("SAMPLE-BACHELOR", "SAMPLE-ASSOCIATE"):
            uses = ConversionUse.objects.filter(
                lot=lot,
                conversion__state__in=live,
                conversion__version__rule__programme__scope__code=scope,
            )
            assert sum(uses.values_list("amount_hundredths", flat=True)) <= lot.amount_hundredths
    for code, limit in (("SAMPLE-BA-SOCIAL", 4000), ("SAMPLE-AS-IT", 3040)):
        granted = Conversion.objects.filter(
            state__in=live, version__rule__programme__code=code
        ).values_list("granted_hundredths", flat=True)
        assert sum(granted) <= limit
    made = CreditLot.objects.filter(source_kind="converted")
    approved = Conversion.objects.filter(state="approved")
    assert sorted(made.values_list("amount_hundredths", flat=True)) == sorted(
        approved.values_list("granted_hundredths", flat=True)
    )
    for lot in CreditLot.objects.all():
        assert lot.decision_id or lot.parents.exists(), "I8: every lot has a cause"
    assert list(audit.recompute()) == []


def undo_everything():
    """I9: reversing everything, latest first, brings every balance back to zero."""
    late = AT + timedelta(days=10_000)
    ledger.expire_due(now=late)
    groups = {
        each.group_id: each.group for each in Transfer.objects.filter(phase="post").order_by("pk")
    }
    for group in sorted(groups.values(), key=lambda each: -each.pk):
        ledger.reverse(
            key=f"undo:{group.pk}", group=group, reason="law", event_at=late, posted_at=late
        )
    left = [row.code for row in Account.objects.all() if row.credits != row.debits]
    assert left == []


def test_every_refusal_of_the_bank_has_a_code_of_its_own():
    ours = [
        each
        for each in errors.REGISTRY.values()
        if each.__module__.startswith("xueqiao.creditbank")
    ]
    assert len({each.code for each in ours}) == len(ours) > 15
