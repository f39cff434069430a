"""Endorsements and certificates of conversion: other kinds, the same proofs and the same lists."""

import json

import pytest

from tests.creditbank import certified, factories
from tests.creditbank.test_awards import Graduation
from tests.creditbank.test_conversion import Bank
from xueqiao.creditbank import awards, credentials
from xueqiao.creditbank.credentials import (
    addresses,
    conversions,
    endorsements,
    keys,
)
from xueqiao.creditbank.models import (
    Certificate,
    CreditLot,
    Programme,
    Transfer,
)
from xueqiao.kernel.signing import proof
from xueqiao.network.models import Institution
from xueqiao.people import rights
from xueqiao.people.models import Role

pytestmark = pytest.mark.django_db
NOW, LATER = certified.NOW, certified.LATER
State, Kind = Certificate.State, Certificate.Kind


@pytest.fixture
def college():
    """A second institution, and somebody who speaks for it."""
    made = Institution.objects.create(
        code="SECOND", name="示例社区学院", kind="community_college", valid_from="2000-01-01"
    )
    places = factories.places()
    who = factories.person("院长")
    Role.objects.create(
        person=who, kind="institution", institution=made, place=places.county,
        valid_from="2000-01-01", granted_at=NOW,
    )  # fmt: skip
    return made, who


def endorsed(certificate, college, **changes):
    made, who = college
    given = {
        "key": certificate.key, "institution_id": made.pk, "comment": "我院认可这些学分。",
        "by": who, "request_key": "e", "requested_at": NOW,
    }  # fmt: skip
    asked = endorsements.request(**(given | changes))
    credentials.sign_queued(limit=9, now=NOW)
    return Certificate.objects.get(pk=asked.pk)


def check(certificate):
    return credentials.verify(text=certificate.document, now=LATER)


def test_a_second_institution_signs_that_it_stands_by_a_certificate(college):
    [about] = certified.issued()
    made = endorsed(about, college)
    assert endorsed(about, college, comment="x") == made, "asked twice it is one"
    document = json.loads(made.document)
    assert document["type"] == ["VerifiableCredential", "EndorsementCredential"]
    assert document["credentialSubject"] == {
        "id": addresses.certificate(about.key),
        "type": ["EndorsementSubject"],
        "endorsementComment": "我院认可这些学分。",
    }
    assert document["issuer"]["name"] == "示例社区学院"
    assert made.issuer_key.did != about.issuer_key.did
    report = check(made)
    assert (report.holds, report.claim.comment) == (True, "我院认可这些学分。")
    changed = made.document.replace("认可", "不认可")
    assert "verify.changed" in credentials.verify(text=changed, now=LATER).codes


def test_an_endorsement_ends_with_the_certificate_that_it_speaks_for(college):
    [about] = certified.issued()
    made = endorsed(about, college)
    credentials.revoke(key=about.key, reason="伪造", at=NOW)
    assert check(made).codes == ["verify.revoked"]


def test_who_may_not_endorse_and_what_may_not_be_endorsed(college):
    [about] = certified.issued()
    made, who = college
    with pytest.raises(rights.NotAllowed):
        endorsed(about, college, by=about.person)
    with pytest.raises(rights.NotAllowed):
        endorsed(about, college, institution_id=about.institution_id)
    with pytest.raises(endorsements.NoComment):
        endorsed(about, college, comment="  ")
    first = endorsed(about, college)
    for wrong in ({"request_key": "twice"}, {"key": first.key, "request_key": "chain"}):
        with pytest.raises(endorsements.NotEndorsable):
            endorsed(about, college, **wrong)
    Role.objects.filter(person=who).update(institution=about.institution)
    with pytest.raises(endorsements.NotEndorsable):
        endorsed(about, college, institution_id=about.institution_id, request_key="own")
    assert made.pk != about.institution_id


def test_without_its_schema_an_endorsement_is_no_certificate(college):
    [about] = certified.issued()
    made = endorsed(about, college)
    document = json.loads(made.document)
    del document["name"]
    body = {name: value for name, value in document.items() if name != "proof"}
    key = made.issuer_key
    signed = proof.sign_twice(document=body, key=keys.private(key), method=key.method, created=NOW)
    report = credentials.verify(text=json.dumps(signed), now=LATER)
    assert report.codes == ["verify.shape"]


@pytest.fixture
def converted():
    bank = Bank()
    lot = bank.lot()
    asked = bank.request((lot, 1200))
    bank.approve(asked)
    asked.refresh_from_db()
    return asked


def certificate_of(conversion):
    asked = conversions.request(conversion_id=conversion.pk, request_key="c", requested_at=NOW)
    credentials.sign_queued(limit=9, now=NOW)
    return Certificate.objects.get(pk=asked.pk)


def test_a_conversion_is_certified_with_its_sources_its_rule_and_its_posting(converted):
    source = credentials.request(
        lot_id=converted.uses.get().lot_id, request_key="s", requested_at=NOW
    )
    credentials.sign_queued(limit=9, now=NOW)
    made = certificate_of(converted)
    assert (made.kind, made.state) == (Kind.CONVERSION, State.ISSUED)
    assert check(made).holds
    document = json.loads(made.document)
    given = CreditLot.objects.get(conversion=converted)
    assert document["credentialSubject"]["creditsEarned"] == given.amount_hundredths / 100
    achievement = document["credentialSubject"]["achievement"]
    version = converted.version
    assert achievement["humanCode"] == f"{version.rule.code} v{version.number}"
    evidence = {each["genre"]: each for each in document["evidence"]}
    assert evidence["source"]["id"] == addresses.certificate(source.key)
    assert "11.99" in evidence["source"]["description"], "what the rule needs of 12"
    posting = Transfer.objects.get(credit=given.account)
    assert evidence["ledger"]["description"] == f"leaf sha256:{posting.leaf_hash}"


def test_a_frozen_or_reversed_source_suspends_and_revokes_the_conversion_too(converted):
    made = certificate_of(converted)
    source = converted.uses.get().lot_id
    credentials.suspend_for_lots(lot_ids=[source], reason="x", at=NOW)
    assert check(made).codes == ["verify.suspended"]
    credentials.reinstate_for_lots(lot_ids=[source], reason="x", at=NOW)
    assert check(made).holds
    credentials.revoke_for_lots(lot_ids=[source], reason="x", at=NOW)
    assert check(made).codes == ["verify.revoked"]


def test_only_an_approved_conversion_is_certified():
    bank = Bank()
    asked = bank.request((bank.lot(), 1200))
    with pytest.raises(conversions.NotConverted):
        conversions.request(conversion_id=asked.pk, request_key="c", requested_at=NOW)


def test_an_award_is_certified_with_the_credit_that_stands_behind_it():
    graduation = Graduation()
    graduation.convert()
    asked = graduation.ask()
    signer = Institution.objects.create(
        code="AWARDING", name="示例大学", kind="open_university", valid_from="2000-01-01"
    )
    Programme.objects.filter(qualifications=graduation.goal).update(institution=signer)
    for _twice in range(2):
        awards.award(award=asked, by=graduation.officer, at=factories.AT)
    made = Certificate.objects.get(kind=Kind.AWARD)
    credentials.sign_queued(limit=9, now=NOW)
    made = Certificate.objects.get(pk=made.pk)
    document = json.loads(made.document)
    achievement = document["credentialSubject"]["achievement"]
    assert (achievement["humanCode"], achievement["achievementType"]) == (
        asked.number,
        "Certificate",
    )
    assert document["credentialSubject"]["creditsEarned"] == 20
    assert len(document["evidence"]) == asked.uses.count() == 3
    assert check(made).holds
    credentials.revoke_for_lots(lot_ids=[graduation.core.pk], reason="x", at=NOW)
    assert check(made).codes == ["verify.revoked"]
