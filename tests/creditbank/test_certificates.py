import json
import stat
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from jsonschema import Draft201909Validator

from tests.creditbank import certified, factories
from xueqiao.creditbank import completions, credentials
from xueqiao.creditbank.credentials import asking, keys, reading, revocation, signing, statuslists
from xueqiao.creditbank.credentials.document import identity_hash
from xueqiao.creditbank.models import Certificate, CreditLot, IssuerKey, StatusList
from xueqiao.kernel import lease
from xueqiao.kernel.signing import bitstring, proof
from xueqiao.records.models import LogEntry

pytestmark = pytest.mark.django_db
NOW, LATER = certified.NOW, certified.LATER
State = Certificate.State


def bits(certificate):
    room = StatusList.objects.get(pk=certificate.status_list_id)
    document = json.loads(room.document)
    return bitstring.decode(document["credentialSubject"]["encodedList"])


def test_a_request_is_a_row_that_waits_and_a_repeated_one_is_the_same():
    [lot] = certified.lots(1)
    first = credentials.request(lot_id=lot.pk, request_key="k", requested_at=NOW)
    again = credentials.request(lot_id=lot.pk, request_key="k", requested_at=LATER)
    assert (first, first.state, first.person) == (again, State.QUEUED, lot.person)
    assert again.requested_at == NOW
    entry = LogEntry.objects.get(kind="creditbank.certificate_requested")
    assert entry.payload == {
        "certificate_id": first.pk, "person_id": lot.person_id, "lot_id": lot.pk,
    }  # fmt: skip


def test_a_key_of_another_lot_a_dead_lot_and_a_lot_of_nobody_are_refused():
    one, two, three = certified.lots(3)
    credentials.request(lot_id=one.pk, request_key="k", requested_at=NOW)
    with pytest.raises(asking.OtherRequest):
        credentials.request(lot_id=two.pk, request_key="k", requested_at=NOW)
    CreditLot.objects.filter(pk=two.pk).update(state=CreditLot.State.REVERSED)
    CreditLot.objects.filter(pk=three.pk).update(institution=None)
    for lot in (two, three):
        with pytest.raises(asking.NotCertifiable):
            credentials.request(lot_id=lot.pk, request_key=f"k{lot.pk}", requested_at=NOW)
    assert Certificate.objects.count() == 1


def test_the_first_lot_of_each_learner_is_asked_for_once():
    who = factories.person("学员 多")
    certified.lots(3)
    entries = [factories.completed(who, number) for number in (11, 12)]
    completions.recognise(entries=entries, now=NOW)
    assert credentials.request_first_of_each_learner(limit=3, requested_at=NOW) == 3
    assert credentials.request_first_of_each_learner(limit=3, requested_at=NOW) == 0
    assert credentials.request_first_of_each_learner(limit=9, requested_at=NOW) == 1
    assert Certificate.objects.filter(person=who).count() == 1


def test_a_signed_certificate_says_what_the_lot_says_and_fits_the_schema(settings):
    [certificate] = certified.issued()
    document = json.loads(certificate.document)
    schema = json.loads(
        (reading.SCHEMAS / "ob_v3p0_achievementcredential_schema.json").read_text("utf-8")
    )
    checker = Draft201909Validator.FORMAT_CHECKER
    Draft201909Validator.check_schema(schema)
    Draft201909Validator(schema, format_checker=checker).validate(document)

    assert document["id"] == f"{settings.PUBLIC_URL}/certificates/{certificate.key}"
    assert document["issuer"]["id"] == "did:web:127.0.0.1%3A8000:did:SAMPLE-3209-open"
    assert document["validFrom"] == "2025-09-02T02:00:00Z"
    subject = document["credentialSubject"]
    assert (subject["creditsEarned"], subject["achievement"]["creditsAvailable"]) == (60, 60)
    assert subject["activityEndDate"] == "2014-06-30T00:00:00+08:00"
    assert subject["result"][0]["value"] == "优秀 Distinction"
    assert subject["achievement"]["alignment"][0]["targetCode"] == "5"
    assert [each["cryptosuite"] for each in document["proof"]] == [
        "eddsa-rdfc-2022",
        "eddsa-jcs-2022",
    ]
    entry = document["credentialStatus"]
    assert (
        entry["statusListCredential"]
        == f"{settings.PUBLIC_URL}/status/{certificate.status_list_id}.json"
    )
    assert entry["statusListIndex"] == str(certificate.status_index)
    beside = StatusList.objects.get(beside=certificate.status_list_id)
    assert entry["statusReference"] == f"{settings.PUBLIC_URL}/status/{beside.pk}.json"


def test_the_holder_stands_in_it_only_as_salted_hashes():
    [certificate] = certified.issued()
    person = certificate.person
    assert person.name not in certificate.document
    assert str(person.key) not in certificate.document
    identities = json.loads(certificate.document)["credentialSubject"]["identifier"]
    values = [str(person.key), person.name]
    assert [i["identityHash"] for i in identities] == [
        identity_hash(v, i["salt"]) for v, i in zip(values, identities, strict=True)
    ]


def test_an_expiring_lot_gives_an_expiring_certificate():
    [lot] = certified.lots(1)
    CreditLot.objects.filter(pk=lot.pk).update(valid_to="2026-01-01")
    credentials.request(lot_id=lot.pk, request_key="k", requested_at=NOW)
    credentials.sign_queued(limit=1, now=NOW)
    assert json.loads(Certificate.objects.get().document)["validUntil"] == "2025-12-31T16:00:00Z"


def test_every_certificate_has_its_own_random_bit_and_none_is_raised():
    found = certified.issued(60)
    indices = {certificate.status_index for certificate in found}
    assert len(indices) == 60
    assert max(indices) > 1000, "random over 131,072; all 60 below 1,000 has chance 10 ** -127"
    assert StatusList.objects.get(purpose="revocation").taken == 60
    assert not any(bits(found[0]))


def test_a_list_more_than_half_taken_is_followed_by_a_new_one():
    certified.queued(2)
    credentials.sign_queued(limit=1, now=NOW)
    StatusList.objects.update(taken=bitstring.SHORTEST // 2)
    credentials.sign_queued(limit=1, now=NOW)
    assert StatusList.objects.filter(purpose="revocation").count() == 2


def test_a_limit_is_kept_and_a_second_run_signs_the_rest_and_nothing_twice():
    certified.queued(30)
    assert vars(credentials.sign_queued(limit=27, now=NOW)) == {"signed": 27, "left": 3}
    before = dict(Certificate.objects.signed().values_list("pk", "document"))
    assert vars(credentials.sign_queued(limit=100, now=LATER)) == {"signed": 3, "left": 0}
    assert vars(credentials.sign_queued(limit=100, now=LATER)) == {"signed": 0, "left": 0}
    after = dict(Certificate.objects.signed().values_list("pk", "document"))
    assert {pk: after[pk] for pk in before} == before


def test_a_lease_is_respected_until_it_ends():
    certified.queued(2)
    held = Certificate.objects.first()
    Certificate.objects.filter(pk=held.pk).update(
        lease_owner="elsewhere/1/1", lease_until=NOW + timedelta(seconds=30)
    )
    assert vars(credentials.sign_queued(limit=9, now=NOW)) == {"signed": 1, "left": 1}
    assert credentials.sign_queued(limit=9, now=NOW + timedelta(seconds=31)).signed == 1


def test_the_lease_of_a_dead_process_of_this_machine_is_taken_over_at_once():
    certified.queued(1)
    machine = lease.owner().partition("/")[0]
    Certificate.objects.update(
        lease_owner=f"{machine}/999999999/1", lease_until=NOW + timedelta(hours=1)
    )
    assert credentials.sign_queued(limit=9, now=NOW).signed == 1


def test_a_signer_whose_lease_was_taken_stores_nothing():
    [certificate] = certified.queued(1)
    [claimed] = signing._claim(5, "slow/1/1", NOW)
    signed = signing._sign(claimed, NOW)
    assert credentials.sign_queued(limit=5, now=NOW + timedelta(minutes=2)).signed == 1
    stored = Certificate.objects.get(pk=certificate.pk).document
    assert signing._store("slow/1/1", NOW, [signed]) == 0
    assert Certificate.objects.get(pk=certificate.pk).document == stored


def test_a_certificate_of_a_lot_reversed_meanwhile_is_not_signed():
    certified.queued(2)
    CreditLot.objects.filter(pk=CreditLot.objects.first().pk).update(state=CreditLot.State.REVERSED)
    assert vars(credentials.sign_queued(limit=9, now=NOW)) == {"signed": 1, "left": 1}


def test_the_private_key_lies_in_a_file_of_its_owner_alone_and_not_in_the_database():
    certified.issued()
    key = IssuerKey.objects.get()
    path = keys.folder() / key.file_name
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert keys.private(key).public_key() is not None


def test_a_lost_key_is_refused_in_words_and_nothing_is_signed():
    certified.issued()
    certified.lots(1, first=2)
    credentials.request_first_of_each_learner(limit=9, requested_at=NOW)
    path = keys.folder() / IssuerKey.objects.get().file_name
    kept = path.read_bytes()
    path.unlink()
    try:
        with pytest.raises(keys.KeyLost, match=path.name):
            credentials.sign_queued(limit=9, now=NOW)
        assert Certificate.objects.filter(state=State.QUEUED).count() == 1
    finally:
        path.write_bytes(kept)
        path.chmod(0o600)
    assert credentials.sign_queued(limit=9, now=NOW + timedelta(minutes=2)).signed == 1


def test_a_new_address_of_the_site_means_a_new_key_and_the_old_one_stays_published(settings):
    [old] = certified.issued()
    settings.PUBLIC_URL = "https://xuefen.example"
    certified.lots(1, first=2)
    credentials.request_first_of_each_learner(limit=9, requested_at=NOW)
    credentials.sign_queued(limit=9, now=LATER)
    new = Certificate.objects.exclude(pk=old.pk).get()
    assert new.issuer_key.did == "did:web:xuefen.example:did:SAMPLE-3209-open"
    assert IssuerKey.objects.get(pk=old.issuer_key_id).valid_to == LATER
    assert keys.did_document(old.issuer_key.did) is not None


def test_revoking_raises_the_bit_in_the_published_list_at_once():
    one, two = certified.issued(2)
    done = credentials.revoke(key=one.key, reason="证据不实", at=LATER)
    assert (done.state, done.revoke_reason, done.revoked_at) == (State.REVOKED, "证据不实", LATER)
    assert bitstring.is_raised(bits(one), one.status_index)
    assert not bitstring.is_raised(bits(two), two.status_index)
    room = json.loads(StatusList.objects.get(purpose="revocation").document)
    key = IssuerKey.objects.get()
    assert proof.holds(document=room, proof=room["proof"][0], public_multikey=key.public_multikey)


def test_revoking_twice_is_revoking_once():
    [one] = certified.issued()
    credentials.revoke(key=one.key, reason="first", at=NOW)
    again = credentials.revoke(key=one.key, reason="second", at=LATER)
    assert (again.revoke_reason, again.revoked_at) == ("first", NOW)


def test_a_waiting_certificate_is_withdrawn_and_never_signed():
    [one] = certified.queued(1)
    assert credentials.revoke(key=one.key, reason="x", at=NOW).state == State.WITHDRAWN
    assert vars(credentials.sign_queued(limit=9, now=NOW)) == {"signed": 0, "left": 0}


def test_revoking_needs_a_reason_and_a_certificate():
    [one] = certified.issued()
    with pytest.raises(revocation.NoReason):
        credentials.revoke(key=one.key, reason="  ", at=NOW)
    with pytest.raises(revocation.NoSuchCertificate):
        credentials.revoke(key=one.person.key, reason="x", at=NOW)


def test_the_certificates_of_reversed_lots_are_revoked_together():
    one, two, three = certified.issued(3)
    assert credentials.revoke_for_lots(lot_ids=[one.lot_id, two.lot_id], reason="x", at=NOW) == 2
    assert credentials.revoke_for_lots(lot_ids=[one.lot_id, two.lot_id], reason="x", at=NOW) == 0
    assert [bitstring.is_raised(bits(c), c.status_index) for c in (one, two, three)] == [
        True,
        True,
        False,
    ]


def test_the_database_refuses_to_change_what_was_signed_or_revoked():
    one, two = certified.issued(2)
    credentials.revoke(key=two.key, reason="x", at=NOW)
    for row, change in (
        (one, {"document": one.document.replace("60", "90")}),
        (one, {"document": ""}),
        (one, {"key": two.person.key}),
        (two, {"state": State.ISSUED, "revoked_at": None, "revoke_reason": ""}),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            Certificate.objects.filter(pk=row.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        Certificate.objects.filter(pk=one.pk)._raw_delete("default")


def test_old_lists_are_signed_anew_and_young_ones_left():
    [one] = certified.issued()
    credentials.revoke(key=one.key, reason="x", at=NOW)
    assert statuslists.refresh(now=NOW + timedelta(hours=11)) == 0
    assert statuslists.refresh(now=LATER) == 2, "the list of revocations and that of suspensions"
    assert set(StatusList.objects.values_list("signed_at", flat=True)) == {LATER}
    assert bitstring.is_raised(bits(one), one.status_index)
