"""A learner's plan: what counts, what to convert, what is missing, and why the rest does not."""

import pytest

from tests.creditbank import factories
from tests.creditbank.programmes import Campus
from xueqiao.creditbank import conversion, planner
from xueqiao.creditbank.models import Conversion, CreditLot

pytestmark = pytest.mark.django_db
AT, DAY = factories.AT, factories.DAY
FIXED = {"kind": "fixed"}


@pytest.fixture
def campus():
    return Campus()


def plan(campus, goal):
    found = planner.in_force(DAY).get(pk=goal.pk)
    return planner.plan(person=campus.learner, qualification=found, day=DAY, seconds=30)


def whys(found):
    return {each.lot.pk: (each.left_hundredths, each.code) for each in found.uncounted}


def test_a_plan_counts_converts_and_says_what_is_missing(campus):
    goal = campus.qualification()
    standing = campus.lot(900)
    prior = campus.certificate(1000, kind="prior")
    rule = campus.rule("R", source_kinds=["prior"], value={"kind": "ratio", "denominator": 2})
    found = plan(campus, goal)

    assert [(lot.pk, part.code, amount) for lot, part, amount in found.standing] == [
        (standing.pk, "CORE", 900)
    ]
    (step,) = found.conversions
    assert step.rule.version == rule
    assert step.uses == [(prior, 1000)]
    assert [(part.code, amount) for part, amount in step.granted] == [("FREE", 500)]
    assert (found.missing_hundredths, found.is_complete, found.proven) == (600, False, True)
    progress = {
        each.part.code: (each.least_hundredths, each.standing_hundredths, each.planned_hundredths)
        for each in found.parts
    }
    assert progress == {"CORE": (1000, 900, 0), "C1": (0, 0, 0), "C2": (0, 0, 0),
                        "FREE": (0, 0, 500)}  # fmt: skip
    assert whys(found) == {}
    assert found.uncounted == []


def test_the_rule_that_gives_more_is_taken_then_the_more_specific_then_the_older_lot(campus):
    goal = campus.qualification()
    old = campus.certificate(300, kind="prior", obtained=DAY.replace(year=2010))
    new = campus.certificate(300, kind="prior", obtained=DAY.replace(year=2013))
    campus.rule("R-LESS", value={"kind": "ratio", "denominator": 2})
    campus.rule("R-WIDE")
    named = campus.rule("R-NAMED", sources=[{"units": ["SAMPLE-ELDERCARE-U1"]}],
                        limits=[{"on": "rule", "hundredths": 300}])  # fmt: skip
    found = plan(campus, goal)
    assert found.planned_hundredths == 600
    by_rule = {each.rule.version.rule.code: each.uses for each in found.conversions}
    assert set(by_rule) == {"R-NAMED", "R-WIDE"}
    assert sum(amount for _lot, amount in by_rule["R-NAMED"]) == 300
    Conversion.objects.all().delete()
    campus.programme.groups.filter(code="FREE").update(credit_hundredths=200)
    tight = plan(campus, goal)
    assert [each.uses for each in tight.conversions] == [[(old, 200)]]
    assert tight.conversions[0].rule.version == named
    assert whys(tight) == {old.pk: (100, "part_full"), new.pk: (300, "part_full")}


def test_every_lot_that_does_not_count_has_its_reason(campus):
    goal = campus.qualification(
        total_hundredths=1200, groups=[{"code": "CORE", "units": ["OULAD-AAA-U1"]}]
    )
    used = campus.lot(300)
    campus.rule("R-OTHER", sources=[{"units": ["OULAD-BBB-U1"], "obtained_within_years": 1}],
                targets=["C1"])  # fmt: skip
    campus.rule("R-PAIR", how={"kind": "all"}, value=FIXED, targets=[
        {"code": "C1", "credit_hundredths": 400}], sources=[
        {"units": ["SAMPLE-ELDERCARE-U1"], "at_least_hundredths": 200},
        {"units": ["SAMPLE-ELDERCARE-U2"], "at_least_hundredths": 200}])  # fmt: skip
    campus.rule("R-FEW", source_kinds=["nonformal"], value={"kind": "ratio", "denominator": 10},
                targets=["C2"], limits=[{"on": "rule", "hundredths": 20}])  # fmt: skip
    aged = campus.lot(300, module="BBB")
    CreditLot.objects.filter(pk=aged.pk).update(obtained=DAY.replace(year=2001))
    alone = campus.certificate(200)
    much = campus.certificate(300, "SAMPLE-FARM-U1", kind="nonformal")
    unknown = campus.certificate(100, "SAMPLE-FARM-U2", kind="prior")
    lapsed = campus.lot(300, module="CCC")
    CreditLot.objects.filter(pk=lapsed.pk).update(valid_to=DAY)
    frozen = campus.lot(300, module="DDD")
    CreditLot.objects.filter(pk=frozen.pk).update(state="frozen")
    gone = campus.lot(300, module="EEE")
    campus.request((gone, 300), version=campus.rule("R-GONE", sources=[
        {"units": ["OULAD-EEE-U1"]}]))  # fmt: skip
    found = plan(campus, goal)
    assert [lot.pk for lot, _part, _amount in found.standing] == [used.pk]
    assert whys(found) == {
        aged.pk: (300, "too_old"), alone.pk: (200, "needs_more"), much.pk: (100, "rule_full"),
        unknown.pk: (100, "other_source"), lapsed.pk: (300, "lapsed"),
        frozen.pk: (300, "not_active"), gone.pk: (300, "used_up"),
    }  # fmt: skip
    assert all(each.text for each in found.uncounted)
    assert found.reserved_hundredths == 300


def test_what_is_complete_needs_nothing_more(campus):
    goal = campus.qualification(total_hundredths=1000)
    campus.lot(1100)
    found = plan(campus, goal)
    assert (found.is_complete, found.missing_hundredths, found.conversions) == (True, 0, [])
    assert [each.code for each in found.uncounted] == ["not_needed"]


def test_a_plan_is_carried_out_at_once_as_it_was_seen(campus):
    goal = campus.qualification()
    campus.rule("R")
    campus.rule("R2", targets=["C1"])
    campus.certificate(1000, kind="prior")
    found = plan(campus, goal)
    assert [each.made_hundredths for each in found.conversions] == [800, 200]
    facts = {"request_key": "plan:1", "person": campus.learner, "by": campus.learner, "at": AT}
    with pytest.raises(planner.PlanChanged):
        planner.convert(qualification=found.qualification, digest="other", **facts)
    asked = planner.convert(qualification=found.qualification, digest=found.digest, **facts)
    assert sum(each.granted_hundredths for each in asked) == found.planned_hundredths
    again = planner.convert(qualification=found.qualification, digest=found.digest, **facts)
    assert again == asked
    after = plan(campus, goal)
    assert (after.conversions, after.reserved_hundredths) == ([], 1000)
    assert after.missing_hundredths == 1000
    with pytest.raises(planner.NothingToDo):
        planner.convert(
            qualification=found.qualification, digest=found.digest,
            **{**facts, "request_key": "plan:2"},
        )  # fmt: skip
    for each in asked:
        campus.approve(each)
    done = plan(campus, goal)
    assert (done.standing_hundredths, done.reserved_hundredths) == (1000, 0)


def test_what_stays_reserved_is_planned_again_when_it_is_withdrawn(campus):
    goal = campus.qualification()
    campus.rule("R")
    lot = campus.certificate(500, kind="prior")
    asked = campus.request((lot, 500), version=campus.rule("R2"))
    assert plan(campus, goal).conversions == []
    conversion.withdraw(conversion=asked, by=campus.learner, at=AT)
    assert plan(campus, goal).planned_hundredths == 500


@pytest.mark.parametrize("many", [1, 3])
def test_a_plan_asks_a_constant_number_of_queries(campus, many, django_assert_num_queries):
    goal = campus.qualification()
    for number in range(many):
        campus.rule(f"R{number}")
        campus.certificate(100, kind="prior")
    found = planner.in_force(DAY).get(pk=goal.pk)
    with django_assert_num_queries(6):
        planner.plan(person=campus.learner, qualification=found, day=DAY)
