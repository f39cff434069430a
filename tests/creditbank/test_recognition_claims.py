"""Certificates and work experience behind an application, and what the tables make of them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.creditbank import factories
from tests.creditbank.test_recognition import AFTER_NOTICE, AT, case, storage  # noqa: F401 - fixtures
from xueqiao.creditbank import audit, moves, recognition
from xueqiao.creditbank.models import (
    ApplicationItem,
    ClaimedCertificate,
    CreditLot,
    Outcome,
    RuleTable,
    Unit,
)
from xueqiao.creditbank.recognition import work
from xueqiao.creditbank.rules import recognition as rules

pytestmark = pytest.mark.django_db
PHOTO = b"\xff\xd8\xff a photo of the certificate"
EQUAL = {
    "compared_with": "1+X 老年照护（中级）标准", "register_checked": "yes",
    "how_checked": "在发证机构网站查询",
}  # fmt: skip


def certify(case, application, by=None, **changes):  # noqa: F811
    given = {
        "kind": "1+X", "title": "老年照护职业技能等级证书", "level": "中级",
        "issuer": "示例评价组织有限公司", "number": "1X-2024-000017", "obtained": date(2024, 6, 30),
        "unit_ids": [Unit.objects.get(code="SAMPLE-X-ELDERCARE-M").pk], "media_type": "image/jpeg",
        "content": PHOTO,
    }  # fmt: skip
    return recognition.add_certificate(
        application=application, by=by or application.applicant, at=AT, **{**given, **changes}
    )


def test_a_certificate_becomes_one_outcome_and_a_lot_of_its_own_kind(case):  # noqa: F811
    draft = case.apply(claims=[])
    certify(case, draft, expires=date(2029, 6, 30))
    application = recognition.submit(application=draft, by=case.learner, at=AT)
    accepted = recognition.accept(application=application, by=case.helper, at=AT)
    unit = accepted.items.get().unit_id
    assessed = case.assess(accepted, amounts={unit: 350}, method="equal", details=EQUAL)
    case.decide(recognition.propose(application=assessed, by=case.assessor, at=AT))
    outcome = Outcome.objects.get()
    assert (outcome.kind, outcome.issuer, outcome.number) == (
        "certificate", "示例评价组织有限公司", "1X2024000017",
    )  # fmt: skip
    assert outcome.evidence_sha256 == list(accepted.evidence.values_list("sha256", flat=True))
    lot = CreditLot.objects.get()
    assert (lot.source_kind, lot.amount_hundredths, lot.valid_to) == (
        "certificate", 350, date(2029, 6, 30),
    )  # fmt: skip
    assert audit.balance(lot.account_id).free == 350


def test_a_certificate_shown_again_in_its_draft_is_the_same_row(case):  # noqa: F811
    draft = case.apply(claims=[])
    assert certify(case, draft).pk == certify(case, draft, number="１X 2024/000017").pk
    assert draft.items.get().ground == "certificate"
    recognition.drop_certificate(
        certificate=ClaimedCertificate.objects.get(), by=case.learner, at=AT
    )
    assert (draft.items.count(), ClaimedCertificate.objects.count()) == (0, 0)


SAME = {
    "number, written otherwise": {"number": " 1x 2024 000017 ", "content": b"other photo"},
    "content, another number": {"number": "1X-2024-999999", "content": b"other photo"},
    "file, other words": {"number": "77", "title": "别的证书", "content": PHOTO},
}


@pytest.mark.parametrize("changes", SAME.values(), ids=SAME)
def test_the_same_certificate_twice_is_refused(case, changes):  # noqa: F811
    certify(case, case.apply(claims=[]))
    second = case.apply("form:2", claims=[])
    with pytest.raises(recognition.CertificateKnown) as refused:
        certify(case, second, **changes)
    assert "counts once" in str(refused.value) or "只能" in str(refused.value)
    assert (second.items.count(), second.certificates.count()) == (0, 0)


def test_somebody_elses_certificate_is_refused_without_naming_them(case):  # noqa: F811
    certify(case, case.apply(claims=[]))
    other = factories.person("李建国", case.places.county)
    theirs = recognition.apply(
        request_key="form:9", applicant=other, by=other, title="证书", claims=[],
        obtained=date(2025, 1, 1), at=AT,
    )  # fmt: skip
    with pytest.raises(recognition.CertificateKnown) as refused:
        certify(case, theirs, content=b"other photo")
    assert "王秀英" not in str(refused.value)


def test_a_certificate_that_has_become_credit_is_refused_for_ever(case):  # noqa: F811
    draft = case.apply(claims=[])
    certify(case, draft)
    accepted = recognition.accept(
        application=recognition.submit(application=draft, by=case.learner, at=AT),
        by=case.helper, at=AT,
    )  # fmt: skip
    unit = accepted.items.get().unit_id
    assessed = case.assess(accepted, amounts={unit: 350}, method="equal", details=EQUAL)
    case.decide(recognition.propose(application=assessed, by=case.assessor, at=AT))
    ClaimedCertificate.objects.update(live=False)
    with pytest.raises(recognition.CertificateKnown):
        certify(case, case.apply("form:2", claims=[]), content=b"other photo")


def test_a_certificate_is_free_again_after_withdrawal_and_taken_back_by_appeal(case):  # noqa: F811
    first = case.apply(claims=[])
    certify(case, first)
    recognition.withdraw(application=first, by=case.learner, at=AT)
    second = case.apply("form:2", claims=[])
    certify(case, second)
    accepted = recognition.accept(
        application=recognition.submit(application=second, by=case.learner, at=AT),
        by=case.helper, at=AT,
    )  # fmt: skip
    unit = accepted.items.get().unit_id
    assessed = case.assess(accepted, amounts={unit: 0}, method="equal", details=EQUAL)
    proposed = recognition.propose(application=assessed, by=case.assessor, at=AT)
    recognition.reject(
        application=proposed, by=case.provincial, at=AFTER_NOTICE, reasons="查无此证"
    )
    third = case.apply("form:3", claims=[])
    certify(case, third)
    grounds = "发证机构已经更正登记，请再查一次。"
    with pytest.raises(recognition.CertificateKnown):
        recognition.appeal(application=second, by=case.learner, at=AFTER_NOTICE, grounds=grounds)
    recognition.withdraw(application=third, by=case.learner, at=AFTER_NOTICE)
    recognition.appeal(application=second, by=case.learner, at=AFTER_NOTICE, grounds=grounds)
    assert second.certificates.get().live


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"expires": date(2026, 9, 1)}, recognition.CertificateExpired),
        ({"obtained": date(2027, 1, 1)}, recognition.CertificateIncomplete),
        ({"number": "--"}, recognition.CertificateIncomplete),
        ({"issuer": " "}, recognition.CertificateIncomplete),
        ({"unit_ids": []}, recognition.NothingAsked),
    ],
    ids=["expired", "future", "number", "issuer", "units"],
)
def test_a_certificate_that_cannot_be_is_refused(case, changes, why):  # noqa: F811
    draft = case.apply(claims=[])
    with pytest.raises(why):
        certify(case, draft, **changes)
    assert not draft.certificates.exists()


def test_a_certificate_that_ends_before_it_is_handed_in_is_refused(case):  # noqa: F811
    draft = case.apply(claims=[])
    certify(case, draft, expires=date(2026, 9, 3))
    with pytest.raises(recognition.CertificateExpired):
        recognition.submit(application=draft, by=case.learner, at=AT + timedelta(days=3))


def test_nothing_is_added_after_the_application_is_handed_in(case):  # noqa: F811
    application = case.submitted()
    with pytest.raises(moves.WrongState):
        certify(case, application)
    with pytest.raises(moves.WrongState):
        worked(case, application)


def worked(case, application, **changes):  # noqa: F811
    given = {
        "occupation": "eldercare", "employer": "幸福养老院", "began": date(2016, 9, 1),
        "ended": None, "weekly_hours": 40,
    }  # fmt: skip
    return recognition.add_work(
        application=application, by=case.learner, at=AT, **{**given, **changes}
    )


def test_ten_years_of_work_become_units_by_the_table(case):  # noqa: F811
    draft = case.apply(claims=[])
    worked(case, draft)
    assert list(
        draft.items.order_by("unit__code").values_list("unit__code", "asked_hundredths", "ground")
    ) == [
        ("SAMPLE-ELDERCARE-U1", 200, "work"), ("SAMPLE-ELDERCARE-U2", 300, "work"),
        ("SAMPLE-ELDERCARE-U3", 100, "work"),
    ]  # fmt: skip
    found = work.worth(draft, factories.DAY)
    assert [(each.months, each.months_needed) for each in found] == [
        (120, 24),
        (120, 60),
        (120, 96),
    ]


def test_fewer_years_give_a_share_and_too_few_give_nothing(case):  # noqa: F811
    draft = case.apply(claims=[])
    period = worked(case, draft, began=date(2023, 9, 1))
    asked = dict(draft.items.values_list("unit__code", "asked_hundredths"))
    # 36 months: all of 24, 36 of 60, and less than half of 96.
    assert asked == {"SAMPLE-ELDERCARE-U1": 200, "SAMPLE-ELDERCARE-U2": 180}
    worked(case, draft, began=date(2023, 9, 1), weekly_hours=20)
    assert dict(draft.items.values_list("unit__code", "asked_hundredths")) == {
        "SAMPLE-ELDERCARE-U1": 150
    }
    recognition.drop_work(period=period, by=case.learner, at=AT)
    assert not ApplicationItem.objects.exists()


def test_an_assessor_stays_within_the_table(case):  # noqa: F811
    draft = case.apply(claims=[])
    worked(case, draft, began=date(2023, 9, 1))
    from xueqiao.creditbank import evidence  # noqa: PLC0415 - used once

    evidence.attach(
        application=draft, title="合同", media_type="text/plain", content=b"contract", at=AT
    )
    accepted = recognition.accept(
        application=recognition.submit(application=draft, by=case.learner, at=AT),
        by=case.helper, at=AT,
    )  # fmt: skip
    amounts = dict(accepted.items.values_list("unit_id", "asked_hundredths"))
    with pytest.raises(recognition.AmountTooHigh):
        case.assess(accepted, amounts={unit: amount + 20 for unit, amount in amounts.items()})
    assert case.assess(accepted, amounts=amounts).state == "assessing"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"began": date(2027, 1, 1)}, recognition.PeriodImpossible),
        ({"ended": date(2015, 1, 1)}, recognition.PeriodImpossible),
        ({"weekly_hours": 100}, recognition.PeriodImpossible),
        ({"employer": ""}, recognition.NothingAsked),
        ({"occupation": "piracy"}, recognition.NoTable),
    ],
    ids=["future", "backwards", "hours", "employer", "table"],
)
def test_work_that_cannot_be_is_refused(case, changes, why):  # noqa: F811
    with pytest.raises(why):
        worked(case, case.apply(claims=[]), **changes)


def test_every_table_names_its_source(case):  # noqa: F811
    tables = work.tables(factories.DAY)
    assert [each.code for each in tables] == ["work.eldercare", "work.farming"]
    assert all(each.source for each in RuleTable.objects.filter(code__startswith="prior."))


DAYS = st.dates(date(2010, 1, 1), date(2020, 12, 31))
PERIODS = st.lists(
    st.builds(
        lambda one, two, hours: rules.Period(min(one, two), max(one, two), hours),
        DAYS, DAYS, st.integers(1, 84),
    ),
    max_size=6,
)  # fmt: skip


@given(PERIODS, st.randoms(use_true_random=False))
def test_months_do_not_depend_on_order_and_no_day_counts_twice(periods, shuffler):
    months = rules.months_worked(periods)
    mixed = list(periods)
    shuffler.shuffle(mixed)
    assert rules.months_worked(mixed) == months
    by_hand = sum(
        min(40, sum(each.weekly_hours for each in periods if each.began <= day <= each.ended))
        for day in (date(2010, 1, 1) + timedelta(days=n) for n in range(4018))
    )
    assert months == by_hand * 12 // (40 * 365)
