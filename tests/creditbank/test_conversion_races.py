"""At the same second, on PostgreSQL: a lot counts once, whoever asks for it."""

from __future__ import annotations

import pytest
from django.db import connection  # noqa: F401 - the mark below reads it

from tests.creditbank import factories
from tests.creditbank.programmes import Campus
from tests.creditbank.test_awards import Graduation
from tests.creditbank.test_ledger_concurrency import WRITERS, together
from xueqiao.creditbank import audit, awards, caps, conversion, planner
from xueqiao.creditbank.models import Conversion, CreditGroup, Programme
from xueqiao.kernel import errors

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer"),
]
AT, DAY = factories.AT, factories.DAY


def another_school(campus):
    """A second institution with a programme of the same scope, and a rule into it."""
    facts = {
        field.attname: getattr(campus.programme, field.attname)
        for field in Programme._meta.concrete_fields
        if field.attname not in {"id", "code", "institution_id"}
    }
    own, campus.programme = (
        campus.programme,
        Programme.objects.create(
            **facts, code="P2", institution=factories.institution("SAMPLE-OTHER")
        ),
    )
    CreditGroup.objects.create(
        programme=campus.programme, code="FREE", title_zh="F", title_en="F", credit_hundredths=800
    )
    rule = campus.rule("R-OTHER")
    campus.programme = own
    return rule


def test_two_schools_claim_one_lot_at_the_same_second():
    campus = Campus()
    schools = [campus.rule("R-OWN"), another_school(campus)]
    lot = campus.lot(600)

    def ask(number):
        try:
            asked = campus.request((lot, 600), version=schools[number % 2], key=f"ask:{number}")
        except caps.RightUsedUp:
            return None
        return asked.pk

    (winner,) = [each for each in together(ask) if each]
    assert Conversion.objects.get().pk == winner
    assert list(audit.recompute()) == []


def test_a_plan_clicked_sixteen_times_is_asked_once():
    campus = Campus()
    campus.rule("R")
    campus.rule("R2", targets=["C1"])
    campus.certificate(1000, kind="prior")
    goal = planner.in_force(DAY).get(pk=campus.qualification().pk)
    seen = planner.plan(person=campus.learner, qualification=goal, day=DAY)

    def click(number):
        try:
            asked = planner.convert(
                request_key=f"click:{number // 2}", person=campus.learner, by=campus.learner,
                qualification=goal, digest=seen.digest, at=AT,
            )  # fmt: skip
        except errors.Refusal as why:
            return why.code
        return tuple(each.pk for each in asked)

    said = together(click)
    assert Conversion.objects.count() == len(seen.conversions)
    assert len({each for each in said if isinstance(each, tuple)}) == 1
    refused = {each for each in said if isinstance(each, str)}
    assert refused <= {"planner.nothing_to_do", "planner.plan_changed"}
    assert list(audit.recompute()) == []


def test_an_award_and_a_conversion_never_take_the_same_credit():
    made = Graduation(core=1200, free_=800)
    rule = made.rule("R")

    def take(number):
        try:
            if number % 2:
                return made.ask(key=f"award:{number}").total_hundredths
            uses = [conversion.Use(made.core.pk, 600)]
            return conversion.request(
                request_key=f"ask:{number}", person=made.learner, by=made.learner, at=AT,
                version_id=rule.pk, uses=uses,
            ).granted_hundredths  # fmt: skip
        except (caps.RightUsedUp, caps.CapReached, awards.RequirementsUnmet):
            return 0

    taken = together(take)
    assert len(taken) == WRITERS
    assert sum(taken) in {600, 1200, 2000}, "the award takes all, or conversions half each"
    assert list(audit.recompute()) == []
