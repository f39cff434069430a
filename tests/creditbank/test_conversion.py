from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction

from tests.creditbank import factories
from xueqiao.creditbank import audit, caps, completions, conversion, ledger, matching, standards
from xueqiao.creditbank.models import (
    Account,
    Conversion,
    ConversionRule,
    CreditLot,
    RuleVersion,
    Transfer,
    TransferAgreement,
)
from xueqiao.people import rights
from xueqiao.records.models import LogEntry

pytestmark = pytest.mark.django_db
AT = factories.AT


class Bank:
    """A learner with lots of passed modules, and the officer who answers."""

    def __init__(self):
        standards.load()
        factories.institution()
        self.places = factories.places()
        self.learner = factories.person("学员 1", self.places.county)
        self.officer = factories.provincial(self.places.province)
        self.bachelor = RuleVersion.objects.get(rule__code="R-OULAD-BA-SOCIAL")
        self.associate = RuleVersion.objects.get(rule__code="R-OULAD-AS-IT")
        self.count = 0

    def lot(self, credits=6000, module="AAA", who=None):  # noqa: A002
        self.count += 1
        entry = factories.completed(who or self.learner, self.count, credits=credits, module=module)
        completions.recognise(entries=[entry], now=AT)
        return CreditLot.objects.latest("pk")

    def request(self, *uses, key="ask:1", version=None, by=None, at=AT):
        return conversion.request(
            request_key=key, person=self.learner, by=by or self.learner,
            version_id=(version or self.bachelor).pk, at=at,
            uses=[conversion.Use(lot.pk, amount) for lot, amount in uses],
        )  # fmt: skip

    def approve(self, asked, by=None, at=AT):
        return conversion.approve(conversion=asked, by=by or self.officer, at=at)


@pytest.fixture
def bank():
    return Bank()


def free(code):
    account = Account.objects.get(code=code)
    return audit.balance(account.pk).free


def test_a_lot_is_converted_at_the_ratio_and_its_right_used(bank):
    lot = bank.lot(6000)
    asked = bank.request((lot, 6000))
    assert (asked.state, asked.granted_hundredths) == ("reserved", 3333)
    assert free(caps.capacity_code(lot.pk, "SAMPLE-BACHELOR")) == 0
    assert free(f"caplim:programme:SAMPLE-BA-SOCIAL:{bank.learner.pk}") == 4000 - 3333

    made = bank.approve(asked)

    assert (made.amount_hundredths, made.source_kind, made.hops) == (3333, "converted", 1)
    assert list(made.parents.values_list("parent", "amount_hundredths")) == [(lot.pk, 6000)]
    assert audit.balance(made.account_id).free == 3333
    assert audit.balance(lot.account_id).free == 6000, "the credit itself stays where it was earned"
    assert list(audit.recompute()) == []
    posted = LogEntry.objects.get(kind="creditbank.posted", key=f"conversion:{asked.pk}")
    assert posted.payload["lot_id"] == made.pk


def test_the_remainder_of_a_ratio_stays_in_the_lot(bank):
    lot = bank.lot(6001)
    bank.request((lot, 6001))
    assert free(caps.capacity_code(lot.pk, "SAMPLE-BACHELOR")) == 1


def test_a_repeated_request_or_answer_changes_nothing(bank):
    lot = bank.lot()
    first, second = bank.request((lot, 1800)), bank.request((lot, 1800))
    assert first == second
    assert bank.approve(first) == bank.approve(first)
    assert CreditLot.objects.filter(source_kind="converted").count() == 1
    with pytest.raises(conversion.RequestReused):
        bank.request((lot, 900))


def test_a_credit_counts_once_in_a_scope_but_again_in_another(bank):
    lot = bank.lot(6000, module="CCC")
    bank.request((lot, 5400))
    with pytest.raises(caps.RightUsedUp) as refused:
        bank.request((lot, 900), key="ask:2")
    assert " 6" in str(refused.value)
    assert bank.request((lot, 900), key="ask:3", version=bank.associate).state == "reserved"


def test_the_programme_takes_no_more_than_its_cap(bank):
    lot, other = bank.lot(12000), bank.lot(12000, module="BBB")
    with pytest.raises(caps.CapReached):
        bank.request((lot, 7202))
    bank.request((lot, 5400))
    with pytest.raises(caps.CapReached) as refused:
        bank.request((other, 1802), key="ask:2")
    assert "10" in str(refused.value)
    assert bank.request((other, 1800), key="ask:3").granted_hundredths == 1000


def test_the_rules_own_cap_holds_beside_the_programmes(bank):
    lot = bank.lot(12000, module="CCC")
    with pytest.raises(caps.CapReached):
        bank.request((lot, 5474), version=bank.associate)
    assert bank.request((lot, 5472), version=bank.associate).granted_hundredths == 3040


def test_a_refused_withdrawn_or_late_request_gives_everything_back(bank):
    lot = bank.lot()
    code = caps.capacity_code(lot.pk, "SAMPLE-BACHELOR")
    one = bank.request((lot, 6000), key="1")
    conversion.reject(conversion=one, by=bank.officer, at=AT, reason="材料不全")
    assert free(code) == 6000
    two = bank.request((lot, 6000), key="2")
    conversion.withdraw(conversion=two, by=bank.learner, at=AT)
    assert free(code) == 6000
    three = bank.request((lot, 6000), key="3")
    late = AT + timedelta(days=60)
    assert conversion.expire_due(now=late - timedelta(seconds=1)) == 0
    assert conversion.expire_due(now=late) == 1
    assert conversion.expire_due(now=late) == 0
    assert free(code) == 6000
    states = Conversion.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["rejected", "withdrawn", "timed_out"]
    with pytest.raises(conversion.WrongState):
        bank.approve(three, at=late)
    assert list(audit.recompute()) == []


def test_after_its_time_a_reservation_cannot_be_posted(bank):
    asked = bank.request((bank.lot(), 6000))
    with pytest.raises(ledger.ReservationLapsed):
        bank.approve(asked, at=AT + timedelta(days=60))
    pending = Transfer.objects.filter(phase="pending").first()
    late = AT + timedelta(days=60)
    with pytest.raises(DatabaseError, match="timed out"), transaction.atomic():
        Transfer.objects.create(
            group=pending.group, key="late", request_hash="", debit=pending.debit,
            credit=pending.credit, amount_hundredths=pending.amount_hundredths, code="use",
            phase="post", pending=pending, event_at=late, posted_at=late,
        )  # fmt: skip


def test_converted_credit_is_not_converted_again(bank):
    made = bank.approve(bank.request((bank.lot(), 6000)))
    with pytest.raises(matching.DoesNotCount) as refused:
        bank.request((made, 900), key="ask:2")
    assert refused.value.pointer == "too_many_hops"


def test_a_lot_that_does_not_fit_is_refused_with_the_reason(bank):
    with pytest.raises(matching.DoesNotCount) as refused:
        bank.request((bank.lot(module="AAA"), 900), version=bank.associate)
    assert refused.value.pointer == "other_unit"
    frozen = bank.lot(module="BBB")
    CreditLot.objects.filter(pk=frozen.pk).update(state="frozen")
    with pytest.raises(matching.DoesNotCount) as refused:
        bank.request((frozen, 900))
    assert refused.value.pointer == "not_active"


def test_a_lot_that_lapsed_since_the_request_is_not_converted(bank):
    lot = bank.lot()
    asked = bank.request((lot, 900))
    CreditLot.objects.filter(pk=lot.pk).update(valid_to=factories.DAY)
    with pytest.raises(matching.DoesNotCount):
        bank.approve(asked)
    assert Conversion.objects.get().state == "reserved"


def test_another_persons_lot_is_not_used(bank):
    lot = bank.lot(who=factories.person("学员 2"))
    with pytest.raises(rights.NotAllowed):
        bank.request((lot, 900))


def test_only_an_officer_of_the_place_answers_and_never_for_themselves(bank):
    asked = bank.request((bank.lot(), 900))
    with pytest.raises(conversion.OwnConversion):
        bank.approve(asked, by=bank.learner)
    for who in (factories.provincial(bank.places.elsewhere), factories.helper(bank.places.county)):
        with pytest.raises(rights.NotAllowed):
            bank.approve(asked, by=who)
    assert list(Conversion.objects.reviewable_by(bank.officer, factories.DAY)) == [asked]
    assert list(Conversion.objects.own(bank.learner)) == [asked]


def test_too_little_or_twice_the_same_lot_is_refused(bank):
    lot = bank.lot()
    for uses in ([], [(lot, 1)], [(lot, 0)], [(lot, -900)], [(lot, 900), (lot, 1800)]):
        with pytest.raises(conversion.NothingToConvert):
            bank.request(*uses)


def test_a_rule_out_of_force_or_unsigned_converts_nothing(bank):
    lot = bank.lot()
    with pytest.raises(matching.RuleNotInForce):
        bank.request((lot, 900), at=datetime(2012, 1, 1, tzinfo=UTC))
    with pytest.raises(matching.RuleNotInForce):
        bank.request((lot, 900), version=half_signed(bank.bachelor))


def half_signed(version):
    """The same version under an agreement that the receiving side has not signed."""
    rule = ConversionRule.objects.get(pk=version.rule_id)
    agreement = TransferAgreement.objects.get(pk=rule.agreement_id)
    agreement.pk, agreement.code, agreement.signed_receiving = None, "HALF-SIGNED", None
    agreement.save(force_insert=True)
    rule.pk, rule.code, rule.agreement = None, "R-HALF-SIGNED", agreement
    rule.save(force_insert=True)
    copy = RuleVersion.objects.get(pk=version.pk)
    copy.pk, copy.rule = None, rule
    copy.save(force_insert=True)
    return copy


def test_a_published_version_is_never_edited(bank):
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        RuleVersion.objects.filter(pk=bank.bachelor.pk).update(body={})
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        RuleVersion.objects.filter(pk=bank.bachelor.pk).delete()
