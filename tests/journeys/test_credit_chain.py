"""From four ways of learning to one qualification, to a certificate, and back when it was forged.

A “1+X” certificate, an evening class, ten years of work and an Open University module become lots;
a plan converts them under three agreements with caps; a certificate is issued and verified by us
and by strangers; the source turns out to be forged, and all that rests on it is undone.
"""

from __future__ import annotations

import pytest
from django.core.management import call_command

from tests.creditbank import factories
from tests.hall import factories as hall
from tests.verifier import test_strangers_verifier as strangers
from xueqiao.creditbank import audit, credentials, demo, demo_chain, planner, standards
from xueqiao.creditbank.credentials import exports, verification
from xueqiao.creditbank.models import (
    Award,
    AwardReview,
    Certificate,
    Conversion,
    CreditLot,
    LotStep,
    Reversal,
)
from xueqiao.creditbank.reversal import cases, downstream
from xueqiao.kernel import clock, ids
from xueqiao.network.models import Seat
from xueqiao.people import demo as people
from xueqiao.people.models import Person, RoleKind

pytestmark = pytest.mark.django_db(transaction=True)
NODE_MISSING = (
    strangers.NODE is None or not (strangers.ROOT / "node_modules/@digitalbazaar/vc").is_dir()
)


@pytest.fixture
def cast(settings, tmp_path):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "files"},
        },
    }
    where = factories.places()
    college = factories.institution(people.COLLEGE)
    Seat.objects.create(
        institution=college, register=hall.register(), place=where.county,
        valid_from=factories.SINCE,
    )  # fmt: skip
    standards.load()
    who = {
        "learner": factories.person("王秀英", where.county),
        "helper": factories.helper(where.county),
        "assessor": factories.assessor(where.province),
        "province": factories.provincial(where.province),
        "county": factories.officer("县教育局", RoleKind.COUNTY, where.county),
        "institution": factories.officer("学院", RoleKind.INSTITUTION, where.county),
    }
    for name, person in who.items():
        Person.objects.filter(pk=person.pk).update(key=ids.stable_uuid("demo", name))
    return {name: demo.person(name) for name in who}


def walked():
    demo.recognise_prior_learning()
    call_command("demo_chain")


def held(person):
    rows = CreditLot.objects.filter(person=person).order_by("pk")
    return list(rows.values_list("source_kind", "amount_hundredths"))


def test_four_ways_of_learning_become_one_qualification(cast):
    walked()
    assert held(cast["learner"]) == [
        ("prior", 200), ("prior", 250), ("prior", 100), ("nonformal", 200), ("formal", 6000),
        ("certificate", 600), ("converted", 500), ("converted", 200), ("converted", 250),
    ]  # fmt: skip
    rules = Conversion.objects.order_by("version__rule__code")
    assert list(rules.values_list("version__rule__code", "granted_hundredths", "state")) == [
        ("R-1X-CARE", 500, "approved"),
        ("R-OULAD-CARE", 200, "approved"),
        ("R-WORK-CARE", 250, "approved"),
    ]
    agreements = set(rules.values_list("version__rule__agreement__code", flat=True))
    assert len(agreements) == 3
    award = Award.objects.get()
    assert (award.state, award.total_hundredths) == ("awarded", 1150)
    assert list(audit.recompute()) == []


def test_the_chain_is_walked_once_however_often_it_is_run(cast):
    walked()
    before = (held(cast["learner"]), Conversion.objects.count(), Certificate.objects.count())
    walked()
    assert before == (
        held(cast["learner"]), Conversion.objects.count(), Certificate.objects.count(),
    )  # fmt: skip


def test_the_caps_hold_and_the_plan_says_why_the_rest_does_not_count(cast):
    demo.recognise_prior_learning()
    demo_chain.learn(learner=cast["learner"], by=cast["institution"])
    demo_chain.recognise_certificate(
        **{name: cast[name] for name in ("learner", "helper", "assessor", "province")}
    )
    today = clock.local_date(clock.now())
    goal = planner.in_force(today).get(code=demo_chain.QUALIFICATION)
    plan = planner.plan(person=cast["learner"], qualification=goal, day=today)
    module = CreditLot.objects.get(person=cast["learner"], source_kind="formal")
    (rest,) = [each for each in plan.uncounted if each.lot.pk == module.pk]
    assert rest.left_hundredths == 4000
    assert str(rest.text)


def test_a_forged_source_undoes_everything_that_rests_on_it(cast, tmp_path):
    walked()
    credentials.sign_queued(limit=20, now=clock.now())
    source = CreditLot.objects.get(person=cast["learner"], unit__code="SAMPLE-1X-ELDERCARE-M")
    conversion = Conversion.objects.get(version__rule__code="R-1X-CARE")
    certificate = Certificate.objects.get(conversion=conversion)
    assert verified(certificate) == []
    if not NODE_MISSING:
        (tmp_path / "before").mkdir()
        exports.export(folder=tmp_path / "before", limit=20)
        assert strangers.verdicts(tmp_path / "before")[f"{certificate.key}.json"][0]

    asked = cases.ask(
        request_key="forged", lot=source, reason="发证机构证实该证书系伪造。", by=cast["county"],
        at=clock.now(),
    )  # fmt: skip
    assert asked.state == Reversal.State.REVIEW
    assert verified(certificate) == ["suspended"]
    reviewed = cases.review(
        review=AwardReview.objects.get(), outcome=AwardReview.Outcome.REVOKED,
        note="失去伪造证书的学分后不再达到要求。", by=cast["province"], at=clock.now(),
    )  # fmt: skip
    cases.approve(
        reversal=reviewed, seen=downstream.look(source).digest, by=cast["province"],
        at=clock.now(),
    )  # fmt: skip

    source.refresh_from_db()
    conversion.refresh_from_db()
    assert (source.state, conversion.state) == ("reversed", "reversed")
    assert Award.objects.get().state == "revoked"
    others = Conversion.objects.exclude(pk=conversion.pk)
    assert set(others.values_list("state", flat=True)) == {"approved"}
    assert "revoked" in verified(certificate)
    if not NODE_MISSING:
        (tmp_path / "after").mkdir()
        exports.export(folder=tmp_path / "after", limit=20)
        verdict = strangers.verdicts(tmp_path / "after").get(f"{certificate.key}.json")
        assert verdict is None or not verdict[0]
    # The account page lists these moves with their reasons.
    told = LotStep.objects.filter(lot__person=cast["learner"], verb="reverse")
    assert told.count() == 2
    assert set(told.values_list("reason", flat=True)) == {"发证机构证实该证书系伪造。"}
    assert list(audit.recompute()) == []


def verified(certificate):
    """Why our own verifier refuses the signed document; empty: it does not."""
    certificate.refresh_from_db()
    report = verification.verify(text=certificate.document, now=clock.now())
    return [code.removeprefix("verify.") for code in report.codes]
