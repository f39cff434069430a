"""Revoking a decided case: one person asks, another answers, and everything downstream reverses."""

from datetime import timedelta

import pytest

from tests.creditbank import factories
from tests.creditbank.test_recognition import (  # noqa: F401 - fixtures
    AFTER_NOTICE,
    AT,
    case,
    storage,
)
from tests.creditbank.test_recognition_claims import EQUAL, certify
from xueqiao.creditbank import audit, moves, recognition
from xueqiao.creditbank.models import CreditLot, Notice, Outcome
from xueqiao.creditbank.recognition import waiting

pytestmark = pytest.mark.django_db
LATER = AFTER_NOTICE + timedelta(days=30)


@pytest.fixture
def posted(case):  # noqa: F811 - the fixture
    case.first, case.second = (factories.provincial(case.places.province) for _n in range(2))
    case.done = case.decide(case.proposed())
    return case


def ask(posted, **changes):
    given = {"ground": "fraud", "reasons": "工作证明系伪造", "by": posted.first, **changes}
    return recognition.ask_revocation(application=posted.done, at=LATER, **given)


def test_a_revoked_case_gives_back_its_credit_and_says_why(posted):
    asked = ask(posted)
    assert ask(posted).pk == asked.pk, "asked again, it is the same"
    assert CreditLot.objects.get().state == "frozen"
    day = LATER.date()
    assert waiting.work_queue(posted.second, day).get().waits_for == "revoking"
    assert not waiting.work_queue(posted.first, day).exists()
    with pytest.raises(recognition.SecondPerson):
        recognition.revoke(application=posted.done, by=posted.first, at=LATER, reasons="属实")
    revoked = recognition.revoke(
        application=posted.done, by=posted.second, at=LATER, reasons="单位书面证实从未任职。"
    )
    lot = CreditLot.objects.get()
    assert (revoked.state, lot.state, audit.balance(lot.account_id).free) == (
        "revoked", "reversed", 0,
    )  # fmt: skip
    notice = Notice.objects.filter(person=posted.learner).latest("pk")
    assert (notice.code, notice.facts["note"]) == ("application.revoked", "单位书面证实从未任职。")
    again = recognition.revoke(
        application=posted.done, by=posted.second, at=LATER, reasons="单位书面证实从未任职。"
    )
    assert again.steps.count() == revoked.steps.count()


def test_a_refused_revocation_releases_the_credit(posted):
    ask(posted)
    recognition.keep(application=posted.done, by=posted.second, at=LATER, reasons="证明经核实为真")
    lot = CreditLot.objects.get()
    assert (lot.state, audit.balance(lot.account_id).free) == ("active", 200)
    with pytest.raises(recognition.NoRevocation):
        recognition.revoke(application=posted.done, by=posted.second, at=LATER, reasons="x")
    assert ask(posted, reasons="新的证据").number == 2


def test_who_acted_in_the_case_does_not_revoke_it(posted):
    with pytest.raises(moves.TwoSteps):
        ask(posted, by=posted.provincial)
    with pytest.raises(recognition.NoSuchGround):
        ask(posted, ground="dislike")
    with pytest.raises(recognition.ReasonMissing):
        ask(posted, reasons=" ")
    with pytest.raises(recognition.NoRevocation):
        recognition.revoke(application=posted.done, by=posted.second, at=LATER, reasons="x")
    assert CreditLot.objects.get().state == "active"


def test_a_certificate_of_a_revoked_case_does_not_become_credit_again(case):  # noqa: F811
    draft = case.apply(claims=[])
    certify(case, draft)
    accepted = recognition.accept(
        application=recognition.submit(application=draft, by=case.learner, at=AT),
        by=case.helper, at=AT,
    )  # fmt: skip
    unit = accepted.items.get().unit_id
    assessed = case.assess(accepted, amounts={unit: 350}, method="equal", details=EQUAL)
    done = case.decide(recognition.propose(application=assessed, by=case.assessor, at=AT))
    first, second = (factories.provincial(case.places.province) for _n in range(2))
    recognition.ask_revocation(
        application=done, by=first, at=LATER, ground="fraud", reasons="证书系伪造"
    )
    recognition.revoke(application=done, by=second, at=LATER, reasons="发证机构证实从未颁发。")
    assert Outcome.objects.count() == 1, "the outcome stays in the archive"
    with pytest.raises(recognition.CertificateKnown):
        certify(case, case.apply("form:2", claims=[]), content=b"other photo")
