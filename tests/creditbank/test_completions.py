from datetime import UTC, date, datetime

import pytest

from tests.creditbank import factories
from xueqiao.creditbank import audit, completions, standards
from xueqiao.creditbank.models import CreditLot, Decision, LearningAccount, Outcome, Transfer
from xueqiao.records.models import LogEntry

pytestmark = pytest.mark.django_db(transaction=True)
AT = factories.AT


@pytest.fixture
def bank():
    standards.load()
    factories.institution()
    return factories.person("学员 11391")


def follow():
    return completions.follow(now=AT)


def test_a_passed_module_becomes_outcome_decision_lot_and_transfer(bank):
    factories.completed(bank, 1, result="pass", credits=6000)

    assert vars(follow()) == {
        "read": 1, "posted": 1, "hundredths": 6000, "not_passed": 0, "repeated": 0, "no_unit": 0,
    }  # fmt: skip
    lot = CreditLot.objects.select_related("decision__outcome", "unit", "level").get()
    assert (lot.person, lot.amount_hundredths, lot.source_kind, lot.hops) == (
        bank,
        6000,
        "formal",
        0,
    )
    assert (lot.unit.code, lot.level.number, lot.obtained) == ("OULAD-AAA-U1", 5, date(2014, 6, 30))
    assert lot.decision.rule.code == "completion.credit"
    assert lot.decision.decided_by is None
    assert lot.decision.outcome.source == "hall.completed enrolment:1"
    assert [len(each) for each in lot.decision.outcome.evidence_sha256] == [64]
    transfer = Transfer.objects.get()
    assert (transfer.key, transfer.amount_hundredths) == ("completion:1/1", 6000)
    assert transfer.event_at == datetime(2014, 6, 30, 0, 1, tzinfo=UTC)
    assert audit.balance(lot.account_id).free == 6000
    assert LearningAccount.objects.get().person == bank
    assert LogEntry.objects.get(kind="creditbank.posted").payload["amount_hundredths"] == 6000


def test_fail_and_withdrawn_give_nothing(bank):
    factories.completed(bank, 1, result="fail")
    factories.completed(bank, 2, result="withdrawn")
    assert follow().not_passed == 2
    assert not Outcome.objects.exists()
    assert not Transfer.objects.exists()


def test_a_repeated_or_late_event_changes_nothing(bank):
    factories.completed(bank, 1, credits=6000)
    follow()
    factories.completed(bank, 1, credits=9000, key="enrolment:1:again")
    factories.completed(bank, 2, credits=3000, at=datetime(2013, 6, 30, tzinfo=UTC))
    done = follow()
    assert (done.repeated, done.posted, done.hundredths) == (1, 1, 3000)
    amounts = CreditLot.objects.order_by("amount_hundredths").values_list(
        "amount_hundredths", flat=True
    )
    assert list(amounts) == [3000, 6000]


def test_an_unknown_module_and_a_day_before_its_unit_give_nothing(bank):
    factories.completed(bank, 1, module="ZZZ")
    factories.completed(bank, 2, at=datetime(2009, 1, 1, tzinfo=UTC))
    assert follow().no_unit == 2
    assert not Decision.objects.exists()


def test_a_killed_batch_leaves_nothing_and_a_second_run_everything(bank, monkeypatch):
    for number in range(1, 8):
        factories.completed(bank, number, credits=100 * number)
    real, calls = completions.recognise, []

    def dies_in_the_second_batch(**given):
        calls.append(given)
        done = real(**given)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(completions, "recognise", dies_in_the_second_batch)
    with pytest.raises(KeyboardInterrupt):
        completions.follow(now=AT, limit=3)
    assert CreditLot.objects.count() == 3
    monkeypatch.undo()
    assert follow().posted == 4
    assert sum(CreditLot.objects.values_list("amount_hundredths", flat=True)) == 2800
    assert list(audit.recompute()) == []
