"""Objections, appeals and lapse: what is said against a case, and what the calendar does."""

from datetime import timedelta

import pytest

from tests.creditbank import factories
from tests.creditbank.test_recognition import AFTER_NOTICE, AT, case, storage  # noqa: F401 - fixtures
from xueqiao.creditbank import audit, evidence, moves, notices, recognition
from xueqiao.creditbank.models import (
    AppealRuling,
    Application,
    CreditLot,
    Decision,
    Notice,
    Objection,
)
from xueqiao.kernel import clock
from xueqiao.people import rights

pytestmark = pytest.mark.django_db
APPEALED = AFTER_NOTICE + timedelta(days=10)


def objecting(application, **changes):
    given = {
        "name": "李明", "contact": "13900000000", "at": AT,
        "reasons": "他那几年不在这家养老院工作。",
    }  # fmt: skip
    return recognition.object_to(application=application, **{**given, **changes})


def told(person):
    return list(Notice.objects.filter(person=person).order_by("pk").values_list("code", flat=True))


def test_each_step_names_its_due_day_and_tells_the_applicant(case):  # noqa: F811
    application = case.submitted()
    # 1 September 2026 is a Tuesday; five working days later it is the 8th.
    assert str(application.due_on) == "2026-09-08"
    case.decide(case.proposed_from(application))
    assert told(case.learner) == [
        "application.accepted", "application.assessing", "application.public_notice",
        "application.posted",
    ]  # fmt: skip
    shown = [notices.text(each) for each in notices.unread(case.learner)]
    assert "照料老人十年" in shown[0]
    assert "符合标准" in shown[0]
    read = notices.read(person=case.learner, notice_ids=[Notice.objects.first().pk], at=AT)
    assert (read, notices.unread(case.learner).count()) == (1, 3)


def test_an_objection_stops_approval_until_it_is_ruled_on(case):  # noqa: F811
    application = case.proposed()
    made = objecting(application)
    assert objecting(application).pk == made.pk, "the same words are one objection"
    with pytest.raises(recognition.ObjectionsOpen):
        case.decide(application)
    recognition.rule_on(
        objection=made, by=case.provincial, at=AFTER_NOTICE, upheld=False, reasons="社保记录相符"
    )
    assert case.decide(application).state == "posted"


def test_an_upheld_objection_sends_the_case_back_or_ends_it(case):  # noqa: F811
    application = case.proposed()
    made = objecting(application)
    recognition.rule_on(
        objection=made, by=case.provincial, at=AFTER_NOTICE, upheld=True, reasons="社保记录不符"
    )
    with pytest.raises(recognition.ObjectionUpheld):
        case.decide(application)
    back = recognition.send_back(
        application=application, by=case.provincial, at=AFTER_NOTICE, reasons="请核实任职时间"
    )
    assert (back.state, back.round, back.notice_until) == ("screening", 2, None)
    again = case.assess(back, amounts={case.care.pk: 100, case.nursing.pk: 0})
    proposed = recognition.propose(application=again, by=case.assessor, at=AFTER_NOTICE)
    late = AFTER_NOTICE + timedelta(days=20)
    assert case.decide(proposed, at=late).state == "posted"
    assert CreditLot.objects.get().amount_hundredths == 100


def test_who_rules_on_an_objection_may_decide_and_nobody_of_another_step(case):  # noqa: F811
    made = objecting(case.proposed())
    with pytest.raises(rights.NotAllowed):
        recognition.rule_on(
            objection=made, by=case.assessor, at=AFTER_NOTICE, upheld=False, reasons="x"
        )


@pytest.mark.parametrize(
    "changes",
    [{"name": " "}, {"contact": "1"}, {"reasons": "不对"}],
    ids=["name", "contact", "why"],
)
def test_an_objection_names_somebody_a_way_to_answer_and_a_reason(case, changes):  # noqa: F811
    with pytest.raises(recognition.ObjectionIncomplete) as refused:
        objecting(case.proposed(), **changes)
    assert refused.value.pointer == next(iter(changes))
    assert not Objection.objects.exists()


def test_nobody_objects_to_what_is_not_on_notice(case):  # noqa: F811
    application = case.proposed()
    with pytest.raises(recognition.NoticeOver):
        objecting(application, at=AFTER_NOTICE)
    with pytest.raises(moves.OwnCase):
        objecting(application, person=case.learner)
    case.decide(application)
    with pytest.raises(recognition.NoticeOver):
        objecting(application)


def rejected(case):  # noqa: F811
    return recognition.reject(
        application=case.proposed(), by=case.provincial, at=AFTER_NOTICE, reasons="证明没有公章"
    )


def appealing(case, application, at=APPEALED, grounds="公章在第二页，请再看一次。"):  # noqa: F811
    return recognition.appeal(application=application, by=case.learner, at=at, grounds=grounds)


def test_an_appeal_is_reviewed_by_somebody_new_and_the_old_decision_stays(case):  # noqa: F811
    application = rejected(case)
    appealing(case, application)
    with pytest.raises(moves.TwoSteps):
        recognition.take_up(application=application, by=case.provincial, at=APPEALED)
    reviewer = factories.provincial(case.places.province)
    recognition.take_up(application=application, by=reviewer, at=APPEALED)
    changed = recognition.change(
        application=application, by=reviewer, at=APPEALED, reasons="公章在第二页，符合标准。",
        amounts={case.care.pk: 200},
    )  # fmt: skip
    assert changed.state == "changed"
    decisions = Decision.objects.order_by("pk").values_list(
        "unit__code", "approved", "amount_hundredths", "replaces__approved"
    )
    assert list(decisions) == [
        ("SAMPLE-ELDERCARE-U1", False, 0, None), ("SAMPLE-ELDERCARE-U2", False, 0, None),
        ("SAMPLE-ELDERCARE-U1", True, 200, False),
    ]  # fmt: skip
    assert audit.balance(CreditLot.objects.get().account_id).free == 200
    assert told(case.learner)[-1] == "application.changed"


def test_an_appeal_against_less_credit_adds_the_difference(case):  # noqa: F811
    application = case.decide(case.proposed())
    appealing(case, application)
    reviewer = factories.provincial(case.places.province)
    recognition.take_up(application=application, by=reviewer, at=APPEALED)
    with pytest.raises(recognition.NothingChanged):
        recognition.change(
            application=application, by=reviewer, at=APPEALED, reasons="x", amounts={}
        )
    with pytest.raises(recognition.AmountTooHigh):
        recognition.change(
            application=application, by=reviewer, at=APPEALED, reasons="x",
            amounts={case.care.pk: 100},
        )  # fmt: skip
    recognition.change(
        application=application, by=reviewer, at=APPEALED, reasons="第二单元也合格",
        amounts={case.nursing.pk: 250},
    )  # fmt: skip
    lots = CreditLot.objects.order_by("pk").values_list("unit__code", "amount_hundredths")
    assert list(lots) == [("SAMPLE-ELDERCARE-U1", 200), ("SAMPLE-ELDERCARE-U2", 250)]


def test_an_upheld_decision_is_final(case):  # noqa: F811
    application = rejected(case)
    appealing(case, application)
    reviewer = factories.provincial(case.places.province)
    recognition.take_up(application=application, by=reviewer, at=APPEALED)
    upheld = recognition.uphold(
        application=application, by=reviewer, at=APPEALED, reasons="第二页是复印件"
    )
    assert upheld.state == "upheld"
    assert AppealRuling.objects.get().changed is False
    with pytest.raises(moves.WrongState):
        appealing(case, upheld)


def test_an_appeal_has_grounds_a_time_and_something_to_gain(case):  # noqa: F811
    application = rejected(case)
    with pytest.raises(recognition.ReasonMissing):
        appealing(case, application, grounds="不服")
    with pytest.raises(recognition.AppealTooLate):
        appealing(case, application, at=AFTER_NOTICE + timedelta(days=61))
    whole = case.assess(case.accepted("form:2"), amounts={case.care.pk: 200, case.nursing.pk: 300})
    posted = case.decide(recognition.propose(application=whole, by=case.assessor, at=AT))
    with pytest.raises(recognition.NothingToAppeal):
        appealing(case, posted)


def test_what_nobody_goes_on_with_is_warned_about_and_lapses(case):  # noqa: F811
    returned = recognition.return_for_more(
        application=case.submitted(), by=case.helper, at=AT, note="请补充公章。"
    )
    assert returned.due_on == clock.local_date(AT) + timedelta(days=60)

    def run(days):
        found = recognition.lapse_due(now=AT + timedelta(days=days))
        return found.lapsed, found.warned

    assert [run(days) for days in (10, 54, 55, 60, 61, 62)] == [
        (0, 0), (0, 1), (0, 0), (0, 0), (1, 0), (0, 0),
    ]  # fmt: skip
    assert Application.objects.get().state == "lapsed"
    last = Application.objects.get().steps.order_by("number").last()
    assert (last.verb, last.actor) == ("lapse", None)
    assert told(case.learner)[-2:] == ["application.lapses_soon", "application.lapsed"]
    with pytest.raises(moves.WrongState):
        recognition.submit(application=returned, by=case.learner, at=AT + timedelta(days=70))


def test_a_case_that_was_taken_up_is_left_to_who_has_it(case):  # noqa: F811
    application = case.submitted()
    other = factories.helper(case.places.county)
    recognition.take(application=application, by=case.helper, at=AT)
    with pytest.raises(recognition.Taken):
        recognition.take(application=application, by=other, at=AT)
    with pytest.raises(rights.NotAllowed):
        recognition.release(application=application, by=other, at=AT)
    assert recognition.release(application=application, by=case.helper, at=AT).holder is None
    assert recognition.take(application=application, by=other, at=AT).holder == other
    with pytest.raises(recognition.Taken):
        recognition.take(application=application, by=case.assessor, at=AT)
    moved = recognition.accept(application=application, by=other, at=AT)
    assert moved.holder is None, "the next step is open to all again"
    with pytest.raises(recognition.NotWaiting):
        recognition.take(application=moved, by=case.helper, at=AT)


def test_evidence_altered_before_a_review_stops_it(case, settings):  # noqa: F811
    application = rejected(case)
    appealing(case, application)
    reviewer = factories.provincial(case.places.province)
    recognition.take_up(application=application, by=reviewer, at=APPEALED)
    application.evidence.update(stored_as="evidence/gone")
    with pytest.raises(evidence.Altered):
        recognition.change(
            application=application, by=reviewer, at=APPEALED, reasons="x",
            amounts={case.care.pk: 200},
        )  # fmt: skip
    assert not CreditLot.objects.exists()
