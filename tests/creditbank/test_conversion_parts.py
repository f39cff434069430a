"""Conversion from many lots into many parts of a programme, with every kind of limit."""

from datetime import timedelta

import pytest

from tests.creditbank import factories
from tests.creditbank.programmes import Campus
from tests.creditbank.test_conversion import free
from xueqiao.creditbank import audit, caps, conversion, ledger, matching, rulebodies
from xueqiao.creditbank.models import Conversion, CreditLot, LotParent, TransferGroup
from xueqiao.people import rights

pytestmark = pytest.mark.django_db
AT = factories.AT
FIXED = {"kind": "fixed"}


@pytest.fixture
def campus():
    return Campus()


def cap(campus, name):
    return free(f"caplim:{name}:{campus.learner.pk}")


def both(campus):
    """Two certificates that together stand for two courses."""
    return campus.rule(
        "R-BOTH", how={"kind": "all"}, value=FIXED,
        sources=[
            {"certificate_types": ["1X-WEB"], "at_least_hundredths": 200},
            {"certificate_types": ["1X-CARE"], "at_least_hundredths": 150},
        ],
        targets=[
            {"code": "C1", "credit_hundredths": 400}, {"code": "C2", "credit_hundredths": 300},
        ],
    )  # fmt: skip


def test_two_certificates_become_two_courses(campus):
    web = campus.certificate(200, certificate_type="1X-WEB")
    care = campus.certificate(300, unit="SAMPLE-ELDERCARE-U2", certificate_type="1X-CARE")
    asked = campus.request((web, 200), (care, 300), version=both(campus))
    assert list(asked.uses.values_list("lot", "amount_hundredths", "made_hundredths")) == [
        (web.pk, 200, 400), (care.pk, 150, 300),
    ]  # fmt: skip
    first = campus.approve(asked)

    made = list(asked.lots.order_by("pk"))
    assert [(lot.credit_group.code, lot.amount_hundredths) for lot in made] == [
        ("C1", 400), ("C2", 300),
    ]  # fmt: skip
    assert first == made[0]
    parents = LotParent.objects.order_by("parent", "lot").values_list(
        "parent", "lot", "amount_hundredths"
    )
    assert list(parents) == [
        (web.pk, made[0].pk, 114), (web.pk, made[1].pk, 86),
        (care.pk, made[0].pk, 85), (care.pk, made[1].pk, 65),
    ]  # fmt: skip
    assert [audit.balance(lot.account_id).free for lot in made] == [400, 300]
    assert free(caps.capacity_code(care.pk, "SAMPLE-BACHELOR")) == 150, "the rest stays"
    assert cap(campus, "group:P:CORE") == 1200 - 700, "what counts in a course counts above it"
    assert cap(campus, "programme:P") == 1500 - 700
    asked.refresh_from_db()
    assert asked.settlement.key == f"convert:{asked.pk}"
    assert list(audit.recompute()) == []


def test_one_of_two_certificates_is_not_enough(campus):
    web = campus.certificate(200, certificate_type="1X-WEB")
    with pytest.raises(conversion.LeftSideUnmet) as refused:
        campus.request((web, 200), version=both(campus))
    assert refused.value.pointer == "patterns_unmet"


def test_a_course_is_given_once(campus):
    rule = both(campus)
    for number in (1, 2):
        web = campus.certificate(200, certificate_type="1X-WEB")
        care = campus.certificate(300, "SAMPLE-ELDERCARE-U2", certificate_type="1X-CARE")
        uses = ((web, 200), (care, 300))
        if number == 1:
            campus.request(*uses, version=rule)
        else:
            with pytest.raises(caps.CapReached) as refused:
                campus.request(*uses, version=rule, key="ask:2")
            assert refused.value.pointer == "group"


def test_the_rule_limits_the_use_of_one_kind(campus):
    rule = campus.rule("R-KIND", limits=[
        {"on": "source_kind", "source_kind": "prior", "hundredths": 150},
    ])  # fmt: skip
    prior = campus.certificate(200, kind="prior")
    formal = campus.lot(6000)
    with pytest.raises(caps.CapReached) as refused:
        campus.request((prior, 200), (formal, 100), version=rule)
    assert refused.value.pointer == "rule"
    assert campus.request((prior, 150), (formal, 100), version=rule).granted_hundredths == 250


def test_one_application_is_limited(campus):
    rule = campus.rule("R-ONE", limits=[{"on": "application", "hundredths": 200}])
    lot = campus.lot(6000)
    with pytest.raises(caps.CapReached) as refused:
        campus.request((lot, 201), version=rule)
    assert refused.value.pointer == "application"
    assert campus.request((lot, 200), version=rule).state == "reserved"
    assert campus.request((lot, 200), version=rule, key="ask:2").state == "reserved"


def test_a_rule_looks_at_all_that_was_converted_into_the_programme(campus):
    wide = campus.rule("R-WIDE")
    strict = campus.rule("R-STRICT", limits=[{"on": "programme", "numerator": 1, "denominator": 4}])
    lot = campus.lot(6000)
    campus.request((lot, 400), version=wide)
    with pytest.raises(caps.CapReached) as refused:
        campus.request((lot, 101), version=strict, key="ask:2")
    assert refused.value.pointer == "programme"
    assert campus.request((lot, 100), version=strict, key="ask:3").granted_hundredths == 100


def test_a_part_of_the_programme_is_earned_there():
    campus = Campus(cap_numerator=1, cap_denominator=1, residence_least_hundredths=1800)
    rule = campus.rule("R")
    lot = campus.lot(6000)
    with pytest.raises(caps.CapReached) as refused:
        campus.request((lot, 201), version=rule)
    assert refused.value.pointer == "residence"
    campus.request((lot, 200), version=rule)
    assert cap(campus, "residence:P") == 0


def test_a_rule_may_ask_for_residence_of_its_own(campus):
    rule = campus.rule("R", residence_minimum_hundredths=1700)
    lot = campus.lot(6000)
    with pytest.raises(caps.CapReached) as refused:
        campus.request((lot, 301), version=rule)
    assert refused.value.pointer == "residence"
    assert campus.request((lot, 300), version=rule).granted_hundredths == 300


def test_a_cap_that_is_raised_gives_more_and_one_that_is_lowered_holds(campus):
    rule, lot = campus.rule("R"), campus.lot(6000)
    campus.request((lot, 600), version=rule)
    parts = campus.programme.groups.filter(code="FREE")
    parts.update(credit_hundredths=700)
    with pytest.raises(caps.CapReached):
        campus.request((lot, 101), version=rule, key="ask:2")
    assert campus.request((lot, 100), version=rule, key="ask:3").granted_hundredths == 100
    parts.update(credit_hundredths=900)
    assert campus.request((lot, 200), version=rule, key="ask:4").granted_hundredths == 200
    with pytest.raises(caps.CapReached):
        campus.request((lot, 1), version=rule, key="ask:5")


def test_a_rule_for_an_age_is_for_that_age(campus):
    rule, lot = campus.rule("R", age_from=90), campus.lot(6000)
    with pytest.raises(matching.DoesNotCount) as refused:
        campus.request((lot, 100), version=rule)
    assert refused.value.pointer == "too_young"


def test_what_is_reviewed_is_seen_and_still_lapses_in_time(campus):
    asked = campus.request((campus.lot(6000), 100), version=campus.rule("R"))
    taken = conversion.take_up(conversion=asked, by=campus.officer, at=AT)
    assert taken.state == "reviewing"
    assert conversion.take_up(conversion=asked, by=campus.officer, at=AT) == taken
    with pytest.raises(conversion.OwnConversion):
        conversion.take_up(conversion=asked, by=campus.learner, at=AT)
    assert conversion.expire_due(now=AT + timedelta(days=60)) == 1
    steps = asked.steps.order_by("pk").values_list("to_state", flat=True)
    assert list(steps) == ["reserved", "reviewing", "timed_out"]
    asked.refresh_from_db()
    assert asked.settlement.kind == "expire"
    with pytest.raises(conversion.WrongState):
        conversion.take_up(conversion=asked, by=campus.officer, at=AT)


def test_the_receiving_institution_decides_and_no_other(campus):
    asked = campus.request((campus.lot(6000), 100), version=campus.rule("R"))
    other = campus.manager("别校", factories.institution("SAMPLE-OTHER"))
    with pytest.raises(rights.NotAllowed):
        campus.approve(asked, by=other)
    own = campus.manager("本校", campus.programme.institution)
    assert campus.approve(asked, by=own).amount_hundredths == 100


def test_substitution_leaves_a_voucher_of_its_own_kind(campus):
    rule = campus.rule("R", effect="substitution", targets=["C1"])
    asked = campus.request((campus.lot(6000), 400), version=rule)
    made = campus.approve(asked)
    assert (made.credit_group.code, made.amount_hundredths) == ("C1", 400)
    assert TransferGroup.objects.get(key=f"convert:{asked.pk}").kind == "substitute"


def test_several_conversions_are_asked_for_together_or_not_at_all(campus):
    first, second = campus.rule("R1"), campus.rule("R2", targets=["C1"])
    lot, other = campus.lot(6000), campus.lot(300, module="BBB")

    def ask(amount):
        return conversion.request_all(
            person=campus.learner, by=campus.learner, at=AT,
            requests=[
                conversion.Request("all:1", first.pk, [conversion.Use(lot.pk, 500)]),
                conversion.Request("all:2", second.pk, [conversion.Use(other.pk, amount)]),
            ],
        )  # fmt: skip

    with pytest.raises(caps.RightUsedUp):
        ask(301)
    assert Conversion.objects.count() == 0
    asked = ask(300)
    assert [each.granted_hundredths for each in asked] == [500, 300]
    assert ask(300) == asked
    with pytest.raises(conversion.RequestReused):
        ask(200)


def test_reversing_a_conversion_gives_every_right_and_cap_back(campus):
    web = campus.certificate(200, certificate_type="1X-WEB")
    care = campus.certificate(300, "SAMPLE-ELDERCARE-U2", certificate_type="1X-CARE")
    asked = campus.request((web, 200), (care, 300), version=both(campus))
    campus.approve(asked)
    asked.refresh_from_db()
    ledger.reverse(key="undo", group=asked.settlement, reason="错误", event_at=AT, posted_at=AT)
    ids = [asked.pk]
    said = {"by": campus.officer, "at": AT, "reason": "错误"}
    assert conversion.mark_reversed(conversion_ids=ids, **said) == 1
    assert conversion.mark_reversed(conversion_ids=ids, **said) == 0
    assert [audit.balance(lot.account_id).free for lot in asked.lots.all()] == [0, 0]
    assert cap(campus, "group:P:CORE") == 1200
    assert free(caps.capacity_code(web.pk, "SAMPLE-BACHELOR")) == 200
    again = campus.request((web, 200), (care, 300), version=asked.version, key="ask:2")
    assert again.granted_hundredths == 700, "what was given back can be used again"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"targets": [{"code": "NOWHERE"}]}, "$.targets[0]"),
        ({"targets": [{"code": "C1", "credit_hundredths": 401}]}, "$.targets[0]"),
        ({"sources": [{"source_kinds": ["luck"]}]}, "$.sources"),
        ({"value": {"kind": "half"}}, "$.value.kind"),
    ],
)
def test_a_rule_that_does_not_fit_its_programme_is_refused(campus, change, path):
    body = {
        "sources": [{}], "cardinality": {"kind": "sum"}, "targets": [{"code": "C1"}],
        "value": {"kind": "ratio"},
    }  # fmt: skip
    with pytest.raises(rulebodies.RuleBodyWrong) as refused:
        rulebodies.rule({**body, **change}, campus.programme)
    assert refused.value.pointer == path


def test_lots_made_by_a_conversion_name_it(campus):
    campus.approve(campus.request((campus.lot(6000), 100), version=campus.rule("R")))
    made = CreditLot.objects.get(source_kind="converted")
    assert (made.institution, made.level) == (campus.programme.institution, campus.level)
