from datetime import timedelta

import pytest

from tests.creditbank import factories
from tests.creditbank.test_conversion import Bank
from tests.creditbank.test_recognition import case, storage  # noqa: F401 - fixtures
from xueqiao.creditbank import conversion, exports, ledger, queries, recognition, statement
from xueqiao.creditbank.models import TransferGroup
from xueqiao.creditbank.recognition import waiting as waiting_rows
from xueqiao.kernel.cursor import Position

pytestmark = pytest.mark.django_db
AT, DAY = factories.AT, factories.DAY
LATER = AT + timedelta(days=1)


@pytest.fixture
def bank():
    return Bank()


def test_a_lot_shows_where_it_counts_and_why_not_elsewhere(bank):
    lot = bank.lot(6000, module="AAA")
    bank.request((lot, 1800))
    (row,) = queries.lots(bank.learner, DAY)
    ours = [each for each in row.counting if "OULAD" in each.version.rule.code]
    shown = [
        (each.version.rule.code, each.remaining_hundredths, each.makes_hundredths, each.why_not)
        for each in ours
    ]
    assert shown == [
        ("R-OULAD-AS-IT", 6000, 0, "other_unit"),
        ("R-OULAD-BA-SOCIAL", 4200, 2333, ""),
        ("R-OULAD-CARE", 6000, 200, ""),
    ]
    assert row.held_hundredths == 6000
    assert [each.version.rule.code for each in row.usable] == ["R-OULAD-BA-SOCIAL", "R-OULAD-CARE"]


@pytest.mark.parametrize("many", [1, 3])
def test_pages_ask_a_constant_number_of_queries(bank, many, django_assert_num_queries):
    for _each in range(many):
        bank.approve(bank.request((bank.lot(3000), 900), key=f"ask:{_each}"))
    with django_assert_num_queries(4):
        assert len(queries.lots(bank.learner, DAY)) == 2 * many
    with django_assert_num_queries(4):
        assert len(statement.statement(bank.learner, since=AT, until=LATER).movements) == 2 * many
    with django_assert_num_queries(7):
        assert (
            len([(c.steps.all(), c.uses.all()) for c in queries.conversions(bank.learner)]) == many
        )


def test_a_statement_goes_from_its_opening_to_its_closing_balance(bank):
    bank.lot(3000)
    later = bank.lot(6000)
    ledger.reverse(
        key="reverse:2", group=TransferGroup.objects.get(key="completion:2"), reason="登记错误",
        event_at=LATER, posted_at=LATER,
    )  # fmt: skip
    whole = statement.statement(bank.learner, since=AT, until=LATER + timedelta(days=1))
    assert whole.opening_hundredths == 0
    assert [(m.amount_hundredths, m.balance_hundredths) for m in whole.movements] == [
        (3000, 3000), (6000, 9000), (-6000, 3000),
    ]  # fmt: skip
    assert whole.closing_hundredths == 3000
    assert whole.movements[2].transfer.debit_id == later.account_id
    assert statement.statement(bank.learner, since=AT, until=LATER).closing_hundredths == 9000
    tail = statement.statement(bank.learner, since=LATER, until=LATER + timedelta(days=1))
    assert (tail.opening_hundredths, len(tail.movements), tail.closing_hundredths) == (
        9000,
        1,
        3000,
    )


def test_each_officer_sees_what_waits_for_them(case):  # noqa: F811 - the fixture
    def waiting(who, day=DAY):
        return [(row.pk, row.waits_for) for row in waiting_rows.work_queue(who, day)]

    application = case.submitted()
    people = (case.helper, case.assessor, case.provincial)
    # A provincial officer may also receive an application.
    assert [waiting(who) for who in people] == [
        [(application.pk, "accepting")], [], [(application.pk, "accepting")],
    ]  # fmt: skip
    accepted = recognition.accept(application=application, by=case.helper, at=AT)
    assert [waiting(who) for who in people] == [[], [(application.pk, "assessing")], []]
    recognition.propose(application=case.assess(accepted), by=case.assessor, at=AT)
    after = DAY + timedelta(days=20)
    assert [waiting(who) for who in people] == [[], [], []], "the notice runs"
    assert [waiting(who, after) for who in people] == [[], [], [(application.pk, "deciding")]]


def test_who_acted_before_does_not_see_the_next_step(case):  # noqa: F811 - the fixture
    both = factories.provincial(case.places.province)
    accepted = recognition.accept(application=case.submitted(), by=both, at=AT)
    recognition.propose(application=case.assess(accepted), by=case.assessor, at=AT)
    after = DAY + timedelta(days=20)
    assert list(waiting_rows.work_queue(both, after)) == []
    assert waiting_rows.work_queue(case.provincial, after).count() == 1


def test_conversions_that_wait_for_an_officer(bank):
    asked = bank.request((bank.lot(), 900))
    assert list(queries.conversions_waiting(bank.officer, DAY)) == [asked]
    conversion.reject(conversion=asked, by=bank.officer, at=AT, reason="x")
    assert list(queries.conversions_waiting(bank.officer, DAY)) == []


@pytest.mark.django_db(transaction=True)
def test_the_lake_reads_transfers_and_lots_by_cursor():
    bank = Bank()
    bank.approve(bank.request((bank.lot(), 1800)))
    transfers, lots = exports.TRANSFERS, exports.LOTS
    xid, code = transfers.names.index("xid"), transfers.names.index("code")
    first = transfers.after(Position(), 3)
    rest = transfers.after(Position(first[-1][xid], first[-1][xid + 1]), 100)
    assert first[0][code] == "recognise"
    assert len(first + rest) == transfers.waiting(Position()) == 14
    found = [dict(zip(lots.names, row, strict=True)) for row in lots.after(Position(), 10)]
    assert [(row["source_kind"], row["unit_code"], row["level_number"]) for row in found] == [
        ("formal", "OULAD-AAA-U1", 5), ("converted", None, 6),
    ]  # fmt: skip
    assert lots.waiting(Position()) == 2
