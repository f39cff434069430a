from datetime import date

import pytest

from tests.creditbank import factories as bank
from xueqiao.creditbank import standards
from xueqiao.creditbank.models import RuleTable
from xueqiao.creditbank.rulebook import measures
from xueqiao.people import rights

pytestmark = pytest.mark.django_db
AT = bank.AT
BEGINS = date(2027, 1, 1)


@pytest.fixture
def officers():
    standards.load()
    where = bank.places()
    return bank.provincial(where.province), bank.provincial(where.province)


def propose(by, **changes):
    given = {
        "request_key": "1", "code": "hours_per_credit", "version": "2027.1",
        "value": {"hours": 16}, "valid_from": BEGINS, "valid_to": None,
        "source": "苏教继〔2026〕9 号第五条",
    }  # fmt: skip
    return measures.propose(**{**given, **changes}, by=by, at=AT)


def test_a_number_is_in_force_when_a_second_person_publishes_it(officers):
    one, two = officers
    asked = propose(one)
    assert propose(one) == asked
    with pytest.raises(measures.OwnProposal):
        measures.publish(proposal=asked, by=one, at=AT)
    row = measures.publish(proposal=asked, by=two, at=AT)
    assert measures.publish(proposal=asked, by=two, at=AT) == row
    assert standards.rule("hours_per_credit", date(2026, 12, 31)).value == {"hours": 18}
    assert standards.rule("hours_per_credit", BEGINS).value == {"hours": 16}


@pytest.mark.parametrize(
    ("changes", "refusal", "pointer"),
    [
        ({"value": {"hours": -1}}, measures.ValueUnfit, "value"),
        ({"value": {"hours": True}}, measures.ValueUnfit, "value"),
        ({"value": {"minutes": 5}}, measures.ValueUnfit, "value"),
        ({"code": "nobody.knows"}, measures.ValueUnfit, "code"),
        ({"source": " "}, measures.Incomplete, "source"),
        ({"valid_from": date(2010, 1, 1)}, measures.DaysImpossible, "valid_from"),
        ({"valid_to": BEGINS}, measures.DaysImpossible, "valid_to"),
        ({"version": "2026.1"}, measures.VersionTaken, "version"),
    ],
    ids=["negative", "bool", "names", "code", "source", "early", "end", "version"],
)
def test_a_number_that_cannot_be_is_refused(officers, changes, refusal, pointer):
    with pytest.raises(refusal) as refused:
        propose(officers[0], **changes)
    assert refused.value.pointer == pointer


def test_a_refused_or_withdrawn_number_can_be_proposed_again(officers):
    one, two = officers
    asked = propose(one)
    with pytest.raises(measures.VersionTaken):
        propose(two, request_key="2")
    with pytest.raises(measures.Incomplete):
        measures.refuse(proposal=asked, reason="", by=two, at=AT)
    measures.refuse(proposal=asked, reason="依据不符", by=two, at=AT)
    again = propose(one, request_key="2")
    with pytest.raises(rights.NotAllowed):
        measures.withdraw(proposal=again, by=two, at=AT)
    measures.withdraw(proposal=again, by=one, at=AT)
    with pytest.raises(measures.WrongState):
        measures.publish(proposal=again, by=two, at=AT)
    assert RuleTable.objects.filter(code="hours_per_credit").count() == 1


def test_only_the_province_sets_numbers(officers):
    with pytest.raises(rights.NotAllowed):
        propose(bank.person("路人"))
