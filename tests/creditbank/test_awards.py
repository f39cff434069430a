"""A qualification is awarded once, by somebody else, on credit that then is used up."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from tests.creditbank import factories
from tests.creditbank.programmes import Campus
from tests.creditbank.test_conversion import free
from xueqiao.creditbank import audit, awards, caps, conversion, rulebodies
from xueqiao.creditbank.models import Award, CreditLot, Qualification
from xueqiao.people import rights
from xueqiao.records.models import LogEntry

pytestmark = pytest.mark.django_db
AT = factories.AT


class Graduation(Campus):
    """A learner whose modules AAA and BBB make 20 credits, and a conversion of 3 beside them."""

    def __init__(self, *, core=1200, free_=500, **requirements):
        super().__init__()
        self.core, self.free = self.lot(core), self.lot(free_, module="BBB")
        self.goal = self.qualification(**requirements)

    def convert(self, amount=300):
        lot = self.certificate(amount, kind="prior")
        rule = self.rule("R", source_kinds=["prior"])
        return self.approve(self.request((lot, amount), version=rule, key="convert"))

    def ask(self, key="award:1", by=None, at=AT):
        return awards.ask(
            request_key=key, person=self.learner, by=by or self.learner,
            qualification_id=self.goal.pk, at=at,
        )  # fmt: skip


@pytest.fixture
def graduation():
    made = Graduation()
    made.third = made.convert()
    return made


def test_credit_that_meets_the_requirements_is_awarded(graduation):
    asked = graduation.ask()
    assert (asked.state, asked.total_hundredths) == ("requested", 2000)
    uses = asked.uses.order_by("lot").values_list("lot", "part__code", "amount_hundredths")
    assert list(uses) == [
        (graduation.core.pk, "CORE", 1200), (graduation.free.pk, "FREE", 500),
        (graduation.third.pk, "FREE", 300),
    ]  # fmt: skip
    assert awards.supporting([graduation.core.pk]) == [], "nothing is awarded yet"
    done = awards.award(award=asked, by=graduation.officer, at=AT)

    assert (done.state, done.awarded_at) == ("awarded", AT)
    assert awards.award(award=asked, by=graduation.officer, at=AT) == done
    assert awards.supporting([graduation.core.pk, graduation.third.pk]) == [done]
    assert free(caps.capacity_code(graduation.core.pk, "SAMPLE-BACHELOR")) == 0
    assert list(audit.recompute()) == []
    told = LogEntry.objects.get(kind="creditbank.awarded")
    assert told.payload["award_id"] == done.pk
    with pytest.raises(caps.RightUsedUp):
        graduation.request((graduation.core, 900), key="again")


def test_the_same_form_is_one_application_and_one_award_at_a_time(graduation):
    asked = graduation.ask()
    assert graduation.ask() == asked
    other = Qualification.objects.get(pk=graduation.goal.pk)
    other.pk, other.code = None, "Q2"
    other.save()
    with pytest.raises(awards.RequestReused):
        awards.ask(request_key="award:1", person=graduation.learner, by=graduation.learner,
                   qualification_id=other.pk, at=AT)  # fmt: skip
    with pytest.raises(awards.RequirementsUnmet):
        graduation.ask(key="award:2")
    with pytest.raises(IntegrityError), transaction.atomic():
        Award.objects.create(
            number="x", request_key="x", request_hash="", qualification=graduation.goal,
            person=graduation.learner, asked_by=graduation.learner, total_hundredths=1,
            state_since=AT, asked_at=AT, reserved_until=AT,
            reservation=graduation.core.account.incoming.first().group,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "missing"),
    [
        ({}, "total"),
        ({"core": 900, "free_": 800, "total_hundredths": 1700}, "part"),
        ({"total_hundredths": 2000, "residence_least_hundredths": 1800}, "residence"),
        ({"level_floor": {"level": 6, "least_hundredths": 1}}, "level"),
        ({"kind_limits": [{"source_kind": "formal", "hundredths": 1600}]}, "total"),
    ],
)
def test_what_is_missing_is_said(facts, missing):
    made = Graduation(**facts)
    if missing in {"residence", "level"}:
        made.convert()
    with pytest.raises(awards.RequirementsUnmet) as refused:
        made.ask()
    assert refused.value.pointer in {missing, "total"}
    assert Award.objects.count() == 0


def test_nobody_awards_themselves_and_only_who_may(graduation):
    asked = graduation.ask()
    with pytest.raises(awards.OwnAward):
        awards.award(award=asked, by=graduation.learner, at=AT)
    for who in (
        factories.provincial(graduation.places.elsewhere),
        factories.helper(graduation.places.county),
        graduation.manager("别校", factories.institution("SAMPLE-OTHER")),
    ):
        with pytest.raises(rights.NotAllowed):
            awards.award(award=asked, by=who, at=AT)
    own = graduation.manager("本校", graduation.programme.institution)
    assert list(awards.waiting(own, factories.DAY)) == [asked]
    assert awards.award(award=asked, by=own, at=AT).state == "awarded"


def test_a_refused_withdrawn_or_late_application_gives_everything_back(graduation):
    code = caps.capacity_code(graduation.core.pk, "SAMPLE-BACHELOR")
    with pytest.raises(awards.NoReason):
        awards.refuse(award=graduation.ask("1"), by=graduation.officer, at=AT, reason=" ")
    awards.refuse(award=graduation.ask("1"), by=graduation.officer, at=AT, reason="照片缺失")
    assert free(code) == 1200
    awards.withdraw(award=graduation.ask("2"), by=graduation.learner, at=AT)
    assert free(code) == 1200
    late = graduation.ask("3")
    assert awards.expire_due(now=AT + timedelta(days=30)) == 1
    assert free(code) == 1200
    with pytest.raises(awards.WrongState):
        awards.award(award=late, by=graduation.officer, at=AT)
    states = Award.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["refused", "withdrawn", "lapsed"]


def test_credit_that_was_frozen_since_is_not_awarded(graduation):
    asked = graduation.ask()
    CreditLot.objects.filter(pk=graduation.core.pk).update(state="frozen")
    with pytest.raises(awards.CreditInDoubt):
        awards.award(award=asked, by=graduation.officer, at=AT)


def test_requirements_name_parts_of_the_programme_that_lie_apart():
    campus = Campus()
    for groups in ([{"code": "CORE"}, {"code": "C1"}], [{"code": "NOWHERE"}], []):
        with pytest.raises(rulebodies.RuleBodyWrong):
            rulebodies.requirements({"total_hundredths": 100, "groups": groups}, campus.programme)


def test_a_conversion_that_is_not_answered_yet_does_not_count(graduation):
    lot = graduation.certificate(100, kind="prior")
    CreditLot.objects.filter(pk=graduation.third.pk).update(state="frozen")
    conversion.request(
        request_key="late", person=graduation.learner, by=graduation.learner, at=AT,
        version_id=graduation.third.conversion.version_id, uses=[conversion.Use(lot.pk, 100)],
    )  # fmt: skip
    with pytest.raises(awards.RequirementsUnmet):
        graduation.ask()
