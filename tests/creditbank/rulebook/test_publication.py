"""A rule on its road: drafted, checked, consulted on, signed by both sides, published, replaced."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction

from tests.creditbank import factories as bank
from tests.creditbank.rulebook import factories
from xueqiao.creditbank import matching, rulebodies
from xueqiao.creditbank.models import RuleVersion
from xueqiao.creditbank.rulebook import (
    agreements,
    consultation,
    lint,
    making,
    publication,
    simulation,
    steps,
    texts,
)
from xueqiao.people import rights

pytestmark = pytest.mark.django_db
AT = factories.AT
LATER = AT + timedelta(days=8)
BEGINS = date(2026, 10, 1)


@pytest.fixture
def of():
    return factories.making()


def in_force(day):
    rows = matching.versions_in_force(day).filter(rule__code="R-WORKS")
    return list(rows.values_list("number", flat=True))


def test_a_rule_goes_its_whole_road(of):
    made = factories.published(of)
    assert (made.state, made.number, made.published_at) == ("published", 1, LATER)
    assert (in_force(BEGINS - timedelta(days=1)), in_force(BEGINS)) == ([], [1])
    walked = made.steps.order_by("number").values_list("verb", "to_state", "actor__name")
    assert list(walked) == [
        ("draft", "draft", "工程师"), ("check", "linted", "工程师"),
        ("consult", "linted", "工程师"), ("close_consultation", "consulted", "工程师"),
        ("sign_giving", "consulted", "工程师"), ("sign_receiving", "signed", "校长"),
        ("publish", "signed", "管理中心"),
    ]  # fmt: skip
    assert {each.text_hash for each in made.signatures.all()} == {texts.text_hash(made)}


def test_no_step_is_left_out(of):
    made = factories.drafted(of)
    refused = [
        lambda: factories.sign_version(made, of.of.engineer, "giving"),
        lambda: publication.publish(version=made, by=of.of.officer, at=AT),
        lambda: consultation.start(
            version=made, question="?", closes_on=BEGINS, by=of.of.engineer, at=AT
        ),
        lambda: publication.suspend(version=made, by=of.of.officer, reason="x", at=AT),
    ]
    for step in refused:
        with pytest.raises(steps.WrongState):
            step()
    with pytest.raises(making.InMaking):
        factories.drafted(of, reserve_days=30)
    assert factories.drafted(of) == made


def test_who_drafted_does_not_publish_and_sides_do_not_either(of):
    first = making.draft(rule=of.rule, says=factories.says(), by=of.of.officer, at=AT)
    made = factories.consulted(of, first)
    factories.sign_version(made, of.of.engineer, "giving")
    factories.sign_version(made, of.of.headmaster, "receiving")
    with pytest.raises(publication.OwnRule):
        publication.publish(version=made, by=of.of.officer, at=LATER)
    with pytest.raises(rights.NotAllowed):
        publication.publish(version=made, by=of.of.headmaster, at=LATER)
    second = bank.provincial(bank.Place.objects.get(code="32"))
    assert publication.publish(version=made, by=second, at=LATER).state == "published"
    assert publication.publish(version=made, by=second, at=LATER).steps.count() == 7


def test_each_side_signs_what_it_has_read(of):
    made = factories.consulted(of, factories.drafted(of))
    read = texts.text_hash(made)
    with pytest.raises(rights.NotAllowed):
        factories.sign_version(made, of.of.engineer, "receiving")
    with pytest.raises(publication.TextChanged):
        factories.sign_version(made, of.of.engineer, "giving", read="0" * 64)
    factories.sign_version(made, of.of.officer, "giving", document="厂字 9 号")
    with pytest.raises(publication.SignedByOne):
        factories.sign_version(made, of.of.officer, "receiving", document="校字 9 号")
    making.revise(version=made, says=factories.says(reserve_days=30), by=of.of.engineer, at=AT)
    made.refresh_from_db()
    assert (made.state, texts.text_hash(made) == read) == ("draft", False)
    making.revise(version=made, says=factories.says(), by=of.of.engineer, at=AT)
    made.refresh_from_db()
    assert texts.text_hash(made) == read
    making.check(version=made, by=of.of.engineer, at=AT)
    assert made.signatures.count() == 1


def test_a_rule_that_would_make_credit_out_of_circles_is_not_let_on(of):
    circle = factories.body(
        sources=[{"source_kinds": ["converted"]}], hop_limit=2,
        value={"kind": "ratio", "numerator": 3, "denominator": 2},
    )  # fmt: skip
    made = factories.drafted(of, body=circle)
    with pytest.raises(making.CheckFailed) as refused:
        making.check(version=made, by=of.of.engineer, at=AT)
    assert [each.code for each in refused.value.findings] == ["gaining_cycle"]
    assert "R-WORKS" in str(refused.value)
    assert lint.gaining_in_force(BEGINS) is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sources": [{"units": ["NOBODY-KNOWS"]}]}, "unreachable"),
        ({"limits": [{"on": "rule", "hundredths": 1}], "cardinality": {
            "kind": "sum", "at_least_hundredths": 1000}}, "cap_too_low"),
        ({"sources": [{"units": ["OULAD-CCC-U1", "OULAD-DDD-U1", "OULAD-EEE-U1", "OULAD-FFF-U1"],
          "source_kinds": ["formal"]}]}, "needs_priority"),
    ],
    ids=["unreachable", "cap", "priority"],
)  # fmt: skip
def test_the_checks_stop_a_rule_on_the_stored_ones(of, changes, code):
    made = factories.drafted(of, body=factories.body(**changes))
    assert code in [each.code for each in lint.findings(made)]
    with pytest.raises(making.CheckFailed):
        making.check(version=made, by=of.of.engineer, at=AT)


def test_a_body_that_is_no_rule_is_refused(of):
    with pytest.raises(rulebodies.RuleBodyWrong):
        factories.drafted(of, body=factories.body(targets=[{"code": "NOT-THERE"}]))
    with pytest.raises(making.DaysImpossible):
        factories.drafted(of, valid_to=BEGINS)
    with pytest.raises(steps.Incomplete):
        factories.drafted(of, source=" ")


def simulate(version, by, at):
    made = simulation.ask(
        version=version, since=date(2026, 1, 1), until=date(2026, 8, 31), by=by, at=at
    )
    simulation.run(simulation=made, at=at)


def test_the_next_version_takes_the_place_of_the_one_before(of):
    first = factories.published(of)
    late = AT + timedelta(days=40)
    second = factories.drafted(of, reserve_days=30, valid_from=date(2026, 12, 1))
    factories.consulted(of, second, late)
    factories.sign_version(second, of.of.engineer, "giving")
    factories.sign_version(second, of.of.headmaster, "receiving")
    at = late + timedelta(days=9)
    with pytest.raises(publication.NotSimulated):
        publication.publish(version=second, by=of.of.officer, at=at)
    simulate(second, of.of.engineer, at)
    publication.publish(version=second, by=of.of.officer, at=at)
    first.refresh_from_db()
    assert (first.state, first.valid_to) == ("superseded", date(2026, 12, 1))
    assert (in_force(date(2026, 11, 30)), in_force(date(2026, 12, 1))) == ([1], [2])


def test_a_late_publication_begins_on_its_own_day(of):
    made = factories.consulted(of, factories.drafted(of))
    factories.sign_version(made, of.of.engineer, "giving")
    factories.sign_version(made, of.of.headmaster, "receiving")
    late = AT + timedelta(days=60)
    publication.publish(version=made, by=of.of.officer, at=late)
    made.refresh_from_db()
    assert made.valid_from == late.date()
    assert in_force(BEGINS) == []


def test_a_rule_waits_for_its_agreement(of):
    made = factories.consulted(of, factories.drafted(of))
    factories.sign_version(made, of.of.engineer, "giving")
    factories.sign_version(made, of.of.headmaster, "receiving")
    agreements.give_notice(
        agreement=of.agreement, by=of.of.engineer, reason="停产", at=AT,
        last_day=date(2026, 12, 31),
    )  # fmt: skip
    late = AT + timedelta(days=130)
    with pytest.raises(publication.AgreementNotInForce):
        publication.publish(version=made, by=of.of.officer, at=late)


def test_suspended_and_retired_rules_convert_nothing(of):
    made = factories.published(of)
    day = BEGINS + timedelta(days=5)
    with pytest.raises(steps.Incomplete):
        publication.suspend(version=made, by=of.of.officer, reason=" ", at=LATER)
    with pytest.raises(rights.NotAllowed):
        publication.suspend(version=made, by=of.of.headmaster, reason="争议", at=LATER)
    publication.suspend(version=made, by=of.of.officer, reason="争议", at=LATER)
    assert in_force(day) == []
    publication.resume(version=made, by=of.of.officer, reason="已解决", at=LATER)
    assert in_force(day) == [1]
    publication.retire(version=made, by=of.of.officer, reason="停办", at=LATER)
    assert in_force(day) == []
    with pytest.raises(steps.WrongState):
        publication.resume(version=made, by=of.of.officer, reason="x", at=LATER)


def test_a_published_version_never_says_anything_else(of):
    made = factories.published(of)
    for change in ({"body": {}}, {"reserve_days": 1}, {"source": "x"}, {"state": "draft"}):
        with pytest.raises(DatabaseError, match="never change"), transaction.atomic():
            RuleVersion.objects.filter(pk=made.pk).update(**change)
    with pytest.raises(steps.WrongState):
        making.revise(version=made, says=factories.says(), by=of.of.engineer, at=LATER)


def test_both_sentences_of_a_stored_rule(of):
    made = factories.drafted(of)
    row = steps.versions_kept_by(of.of.engineer, AT.date()).get(pk=made.pk)
    assert texts.sentence(row, "zh").startswith(
        "凡来源为“非学历教育课程”的学习成果，计入信息技术应用"
    )
    assert texts.sentence(row, "en").startswith("Learning outcomes from “Course outside formal")
