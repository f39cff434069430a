import hashlib
from datetime import date, timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from tests.creditbank import factories
from xueqiao.creditbank import audit, evidence, moves, recognition, standards
from xueqiao.creditbank.models import (
    Application,
    CreditLot,
    Decision,
    LearningAccount,
    Outcome,
    Unit,
)
from xueqiao.people import rights
from xueqiao.records.models import LogEntry

pytestmark = pytest.mark.django_db
AT = factories.AT
AFTER_NOTICE = AT + timedelta(days=20)
PRACTICE = {
    "held_on": "2026-08-28", "where": "县实训中心", "tasks": "翻身、喂饭、测体温", "score": "86.5",
    "pass_score": "60",
}  # fmt: skip


class Case:
    """An applicant of 射阳县 with a helper, two assessors and a provincial officer."""

    def __init__(self):
        standards.load()
        self.places = factories.places()
        self.learner = factories.person("王秀英", self.places.county)
        self.helper = factories.helper(self.places.county)
        self.assessor = factories.assessor(self.places.province)
        self.provincial = factories.provincial(self.places.province)
        self.care, self.nursing = (
            Unit.objects.get(code=f"SAMPLE-ELDERCARE-{code}") for code in ("U1", "U2")
        )

    def apply(self, key="form:1", by=None, claims=None, title="照料老人十年"):
        if claims is None:
            claims = [
                recognition.Claim(self.care.pk, 200), recognition.Claim(self.nursing.pk, 300),
            ]  # fmt: skip
        return recognition.apply(
            request_key=key, applicant=self.learner, by=by or self.learner, title=title,
            claims=claims, obtained=date(2025, 12, 31), at=AT, employer="示例养老院",
        )  # fmt: skip

    def submitted(self, key="form:1"):
        application = self.apply(key)
        evidence.attach(
            application=application, title="工作证明", media_type="text/plain",
            content="十年工作证明".encode(), at=AT,
        )  # fmt: skip
        return recognition.submit(application=application, by=self.learner, at=AT)

    def accepted(self, key="form:1"):
        return recognition.accept(application=self.submitted(key), by=self.helper, at=AT)

    def proposed_from(self, submitted):
        accepted = recognition.accept(application=submitted, by=self.helper, at=AT)
        return recognition.propose(application=self.assess(accepted), by=self.assessor, at=AT)

    def assess(self, application, by=None, amounts=None, **more):
        given = {
            "method": "practice", "no_conflict_declared": True, "findings": "实操合格",
            "details": PRACTICE, **more,
        }  # fmt: skip
        return recognition.assess(
            application=application, by=by or self.assessor, at=AT,
            amounts=amounts or {self.care.pk: 200, self.nursing.pk: 0}, **given,
        )  # fmt: skip

    def proposed(self):
        return recognition.propose(
            application=self.assess(self.accepted()), by=self.assessor, at=AT
        )

    def decide(self, application, by=None, at=AFTER_NOTICE):
        return recognition.decide(
            application=application, by=by or self.provincial, at=at, reasons="符合标准"
        )


@pytest.fixture
def storage(settings, tmp_path):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path},
        },
    }


@pytest.fixture
def case(storage):
    return Case()


def test_an_application_walks_to_its_lot_through_four_people(case):
    application = case.decide(case.proposed())

    assert application.state == "posted"
    steps = application.steps.order_by("number").values_list(
        "verb", "from_state", "to_state", "actor__name"
    )
    assert list(steps) == [
        ("apply", "", "draft", "王秀英"),
        ("submit", "draft", "submitted", "王秀英"),
        ("accept", "submitted", "accepted", "受理员"),
        ("assess", "accepted", "assessing", "评估员"),
        ("publish", "assessing", "public_notice", "评估员"),
        ("approve", "public_notice", "approved", "管理中心"),
        ("post", "approved", "posted", "管理中心"),
    ]
    decisions = Decision.objects.order_by("pk").values_list(
        "unit__code", "approved", "amount_hundredths"
    )
    assert list(decisions) == [
        ("SAMPLE-ELDERCARE-U1", True, 200), ("SAMPLE-ELDERCARE-U2", False, 0),
    ]  # fmt: skip
    lot = CreditLot.objects.get()
    assert (lot.amount_hundredths, lot.source_kind, lot.valid_to) == (
        200,
        "prior",
        date(2034, 9, 21),
    )
    assert audit.balance(lot.account_id).free == 200
    digest = hashlib.sha256("十年工作证明".encode()).hexdigest()
    assert Outcome.objects.get().evidence_sha256 == [digest]
    assert LearningAccount.objects.get().person == case.learner
    told = LogEntry.objects.get(kind="creditbank.decided").payload
    assert (told["amount_hundredths"], told["submitted_at"]) == (200, AT.isoformat())


def test_a_repeated_verb_changes_nothing(case):
    assert case.apply().pk == case.apply().pk
    application = case.decide(case.proposed())
    assert case.decide(application).state == "posted"
    assert (CreditLot.objects.count(), application.steps.count()) == (1, 7)


def test_a_request_key_with_other_contents_is_refused(case):
    case.apply()
    with pytest.raises(recognition.RequestReused):
        case.apply(title="另一件事")


def test_nobody_reviews_their_own_case(case):
    case.learner.roles.create(
        kind="assessor", place=case.places.province, valid_from=factories.SINCE, granted_at=AT
    )
    application = case.accepted()
    with pytest.raises(moves.OwnCase):
        case.assess(application, by=case.learner)


def test_nobody_passes_two_steps(case):
    everything = factories.provincial(case.places.province)
    everything.roles.create(
        kind="assessor", place=case.places.province, valid_from=factories.SINCE, granted_at=AT
    )
    submitted = case.submitted()
    accepted = recognition.accept(application=submitted, by=everything, at=AT)
    with pytest.raises(moves.TwoSteps):
        case.assess(accepted, by=everything)
    proposed = recognition.propose(application=case.assess(accepted), by=case.assessor, at=AT)
    with pytest.raises(moves.TwoSteps):
        case.decide(proposed, by=everything)
    assert case.decide(proposed).state == "posted"


def test_a_helper_who_entered_an_application_does_not_screen_it(case):
    application = case.apply(by=case.helper)
    evidence.attach(
        application=application, title="照片", media_type="image/png", content=b"png", at=AT
    )
    submitted = recognition.submit(application=application, by=case.helper, at=AT)
    with pytest.raises(moves.TwoSteps):
        recognition.accept(application=submitted, by=case.helper, at=AT)


def test_a_role_elsewhere_or_of_another_kind_is_refused(case):
    application = case.submitted()
    stranger = factories.helper(case.places.elsewhere)
    for who in (stranger, case.assessor, factories.person("路人")):
        with pytest.raises(rights.NotAllowed):
            recognition.accept(application=application, by=who, at=AT)
    assert list(Application.objects.reviewable_by(case.helper, factories.DAY)) == [application]
    assert list(Application.objects.reviewable_by(stranger, factories.DAY)) == []
    assert list(Application.objects.reviewable_by(None, factories.DAY)) == []
    assert list(Application.objects.reviewable_by(case.learner, factories.DAY)) == []
    assert list(Application.objects.own(case.learner)) == [application]


def test_a_draft_is_seen_by_its_applicant_only(case):
    draft = case.apply()
    assert list(Application.objects.reviewable_by(case.helper, factories.DAY)) == []
    assert list(Application.objects.own(case.learner)) == [draft]


def test_amounts_above_the_unit_are_refused(case):
    with pytest.raises(recognition.AmountTooHigh) as refused:
        case.apply(claims=[recognition.Claim(case.care.pk, 201)])
    assert "2.01" in str(refused.value)
    accepted = case.accepted()
    with pytest.raises(recognition.AmountTooHigh):
        case.assess(accepted, amounts={case.care.pk: 201})
    with pytest.raises(recognition.AmountTooHigh):
        case.assess(accepted, amounts={case.care.pk: -1})
    assert Application.objects.get().state == "accepted"


def test_evidence_is_fixed_at_submission_and_checked_at_each_step(case):
    application = case.submitted()
    with pytest.raises(evidence.Fixed):
        evidence.attach(
            application=application, title="后来", media_type="text/plain", content=b"x", at=AT
        )
    accepted = recognition.accept(application=application, by=case.helper, at=AT)
    stored = application.evidence.get().stored_as
    default_storage.delete(stored)
    default_storage.save(stored, ContentFile("二十年工作证明".encode()))
    with pytest.raises(evidence.Altered):
        case.assess(accepted)


def test_an_application_without_evidence_or_with_a_strange_file_is_refused(case):
    application = case.apply()
    with pytest.raises(evidence.Missing):
        recognition.submit(application=application, by=case.learner, at=AT)
    for media_type, content in (("text/html", b"x"), ("text/plain", b"")):
        with pytest.raises(evidence.NotAccepted):
            evidence.attach(
                application=application, title="x", media_type=media_type, content=content, at=AT
            )


def test_a_returned_application_takes_more_evidence(case):
    returned = recognition.return_for_more(
        application=case.submitted(), by=case.helper, at=AT, note="请补充单位公章"
    )
    evidence.attach(
        application=returned, title="公章", media_type="text/plain", content=b"seal", at=AT
    )
    again = recognition.submit(application=returned, by=case.learner, at=AT)
    assert (again.state, again.evidence.count()) == ("submitted", 2)
    assert again.evidence.filter(frozen_at=None).count() == 0


def test_a_silent_no_is_refused(case):
    with pytest.raises(recognition.ReasonMissing):
        recognition.return_for_more(application=case.submitted(), by=case.helper, at=AT, note=" ")
    accepted = recognition.accept(application=Application.objects.get(), by=case.helper, at=AT)
    with pytest.raises(recognition.ReasonMissing):
        case.assess(accepted, findings="")


def test_a_conflict_of_interest_is_refused(case):
    with pytest.raises(recognition.ConflictOfInterest):
        case.assess(case.accepted(), no_conflict_declared=False)


def test_nothing_is_decided_while_the_notice_runs(case):
    application = case.proposed()
    assert application.notice_until == date(2026, 9, 8)
    with pytest.raises(recognition.NoticeRunning):
        case.decide(application, at=AT + timedelta(days=7))
    assert case.decide(application, at=AT + timedelta(days=8)).state == "posted"


def test_a_case_without_credit_is_rejected_not_approved(case):
    none = case.assess(case.accepted(), amounts={case.care.pk: 0})
    application = recognition.propose(application=none, by=case.assessor, at=AT)
    with pytest.raises(recognition.NothingProposed):
        case.decide(application)
    rejected = recognition.reject(
        application=application, by=case.provincial, at=AFTER_NOTICE, reasons="材料不足"
    )
    assert rejected.state == "rejected"
    assert not CreditLot.objects.exists()
    assert set(Decision.objects.values_list("approved", "reasons")) == {(False, "材料不足")}


def test_a_decided_case_takes_no_other_verb(case):
    application = case.decide(case.proposed())
    with pytest.raises(moves.WrongState):
        recognition.withdraw(application=application, by=case.learner, at=AFTER_NOTICE)
    with pytest.raises(moves.WrongState):
        recognition.reject(
            application=application, by=case.provincial, at=AFTER_NOTICE, reasons="x"
        )


def test_a_withdrawn_application_stays_so(case):
    gone = recognition.withdraw(application=case.accepted(), by=case.learner, at=AT)
    assert gone.state == "withdrawn"
    with pytest.raises(moves.WrongState):
        case.assess(gone)


def test_a_unit_gives_no_more_than_it_is_worth_however_often_it_is_asked_for(case):
    first = case.proposed()
    whole = [recognition.Claim(case.care.pk, 200)]
    second = case.apply("form:2", claims=whole)
    evidence.attach(application=second, title="照片", media_type="image/png", content=b"png", at=AT)
    second = recognition.submit(application=second, by=case.learner, at=AT)
    accepted = recognition.accept(application=second, by=case.helper, at=AT)
    assessed = case.assess(accepted, amounts={case.care.pk: 200})
    proposed = recognition.propose(application=assessed, by=case.assessor, at=AT)
    case.decide(first)
    with pytest.raises(recognition.UnitHeld):
        case.decide(proposed)
    third = case.apply("form:3", claims=whole)
    evidence.attach(application=third, title="照片", media_type="image/png", content=b"x", at=AT)
    with pytest.raises(recognition.UnitHeld, match=case.care.title_zh):
        recognition.submit(application=third, by=case.learner, at=AT)
    assert CreditLot.objects.count() == 1
