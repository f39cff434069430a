"""The drill: a key is replaced in turn, is lost, is stolen; for an institution and for the bank."""

import json
from datetime import timedelta

import pytest
from django.core.management import call_command

from tests.creditbank import certified
from tests.creditbank.certified import LATER
from xueqiao.creditbank import credentials
from xueqiao.creditbank.credentials import keys, rotation
from xueqiao.creditbank.models import Certificate, IssuerKey, KeyEnd, StatusList
from xueqiao.kernel.signing import proof

pytestmark = pytest.mark.django_db
CODE = "SAMPLE-3209-open"


@pytest.fixture(autouse=True)
def own_home(settings, tmp_path):
    settings.HOME = tmp_path


def one_more():
    """A second certificate, signed with the key that is then in use."""
    lot = certified.lots(1, first=7)[-1]
    credentials.request(lot_id=lot.pk, request_key="more", requested_at=LATER)
    credentials.sign_queued(limit=5, now=LATER)
    return Certificate.objects.get(request_key="more")


def failed(certificate):
    return credentials.verify(text=certificate.document, now=LATER + timedelta(minutes=5)).codes


def methods(text):
    return {each["verificationMethod"] for each in proof.proofs(json.loads(text))}


def test_a_key_is_replaced_in_turn():
    before = certified.issued()[0]
    old = IssuerKey.objects.get()
    done = rotation.rotate(institution_code=CODE, because=KeyEnd.ROUTINE, at=LATER)
    assert (done.lists, done.doubtful) == (StatusList.objects.count(), 0)
    after = one_more()
    assert (before.issuer_key, after.issuer_key) == (old, done.key)
    assert methods(after.document) == {done.key.method}
    assert [methods(each.document) for each in StatusList.objects.all()] == [
        {done.key.method}
    ] * done.lists
    assert [failed(before), failed(after)] == [[], []]
    published = keys.did_document(old.did)
    assert published["assertionMethod"] == [old.method, done.key.method]
    old.refresh_from_db()
    assert (old.valid_to, old.ended) == (LATER, "routine")


def test_a_lost_key_stops_signing_until_it_is_replaced():
    before = certified.issued()[0]
    (keys.folder() / IssuerKey.objects.get().file_name).unlink()
    with pytest.raises(keys.KeyLost):
        one_more()
    rotation.rotate(institution_code=CODE, because=KeyEnd.LOST, at=LATER)
    # The failed run holds its lease for a minute.
    credentials.sign_queued(limit=5, now=LATER + timedelta(minutes=2))
    after = Certificate.objects.get(request_key="more")
    assert [failed(before), failed(after)] == [[], []]


def test_what_a_stolen_key_signed_verifies_no_more():
    before = certified.issued()[0]
    old = IssuerKey.objects.get()
    done = rotation.rotate(institution_code=CODE, because=KeyEnd.STOLEN, at=LATER)
    assert done.doubtful == 1
    assert failed(before) == ["verify.strangers_key"]
    assert failed(one_more()) == []
    published = keys.did_document(old.did)
    assert published["assertionMethod"] == [done.key.method]
    assert len(published["verificationMethod"]) == 2


def test_a_file_that_a_restored_database_has_forgotten_is_never_used_again():
    certified.issued()
    forgotten = keys.folder() / f"{CODE}-2.pem"
    forgotten.write_text("somebody's")
    done = rotation.rotate(institution_code=CODE, because=KeyEnd.LOST, at=LATER)
    assert done.key.file_name == f"{CODE}-3.pem"
    again = rotation.rotate(institution_code=CODE, because=KeyEnd.ROUTINE, at=LATER)
    assert again.key.method.endswith("#key-4")
    assert forgotten.read_text() == "somebody's"


def test_an_institution_without_a_key_has_none_to_replace():
    with pytest.raises(rotation.NoKeyYet):
        rotation.rotate(institution_code="nobody", because=KeyEnd.ROUTINE, at=LATER)


def test_the_command(capsys):
    certified.issued()
    call_command("rotate_signing_key", "--institution", CODE, "--because", "stolen")
    said = capsys.readouterr().out
    assert IssuerKey.objects.get(valid_to=None).method in said
    assert len(said.splitlines()) == 2
