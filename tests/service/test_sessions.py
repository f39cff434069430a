"""At the counter: nothing without consent, a document is hashed at once, every act is kept."""

import hashlib

import pytest
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection, transaction

from tests.creditbank import factories as bank
from tests.service import factories
from tests.service.factories import AT
from xueqiao.creditbank import queries
from xueqiao.people import accounts, rights
from xueqiao.service import scans, sessions
from xueqiao.service.models import IdentityCheck, SessionAct

PNG = b"\x89PNG\r\n\x1a\n a signed paper"


@pytest.fixture
def point(db, settings, tmp_path):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path},
        },
    }
    return factories.point()


def start(point, who=None, *, key="s", by=None):
    return sessions.start(
        node=point.node, person=who or point.learner, by=by or point.helper, purpose="申请认定",
        at=AT, request_key=key,
    )  # fmt: skip


def consented(point, **more):
    session = start(point, **more)
    return sessions.scan_consent(session=session, content=PNG, by=point.helper, at=AT)


def check(point, session, number, document="id_card"):
    return sessions.check_identity(
        session=session, document=document, number=number, by=point.helper, at=AT
    )


def test_nothing_is_done_before_the_consent_is_scanned(point):
    session = start(point)
    with pytest.raises(sessions.ConsentMissing):
        check(point, session, factories.identity_number())
    with pytest.raises(sessions.ConsentMissing):
        sessions.acting(session=session, kind="apply", about="x", by=point.helper, at=AT)
    assert not SessionAct.objects.exists()


def test_the_scan_is_kept_by_its_hash_and_an_altered_one_is_noticed(point):
    session = consented(point)
    digest = hashlib.sha256(PNG).hexdigest()
    assert (session.consent_sha256, session.consent_type, session.consent_bytes) == (
        digest, "image/png", len(PNG),
    )  # fmt: skip
    assert scans.read(digest) == PNG
    with default_storage.open(f"scans/{digest[:2]}/{digest}", "wb") as stored:
        stored.write(PNG + b"!")
    with pytest.raises(scans.ScanAltered):
        scans.read(digest)


@pytest.mark.parametrize("content", [b"", b"<html>not a scan", b"x" * (scans.MOST_BYTES + 1)])
def test_what_is_no_scan_is_refused(point, content):
    with pytest.raises(scans.ScanUnfit):
        sessions.scan_consent(session=start(point), content=content, by=point.helper, at=AT)


def test_a_document_is_hashed_and_verifies_the_account(point):
    session, number = consented(point), factories.identity_number()
    made = check(point, session, f" {number.lower()} ")
    assert check(point, session, number) == made
    point.learner.refresh_from_db()
    account = queries.learning_account(point.learner)
    assert (made.is_first, made.identity_hash, account.verified, account.verified_at) == (
        True, point.learner.identity_hash, 2, AT,
    )  # fmt: skip
    with connection.cursor() as ask:
        ask.execute("select * from service_identitycheck")
        assert number not in str(ask.fetchall())
    assert [each.kind for each in session.acts.order_by("pk")] == ["consent", "identity"]


def test_the_document_of_another_account_is_refused(point):
    number, neighbour = factories.identity_number(), bank.person("张建国", point.town)
    session = consented(point, who=neighbour)
    check(point, session, number)
    sessions.finish(session=session, by=point.helper, at=AT)
    with pytest.raises(sessions.WrongPerson):
        check(point, consented(point, key="2"), number)
    assert IdentityCheck.objects.count() == 1
    assert queries.learning_account(point.learner) is None


def test_another_document_than_the_one_known_is_refused(point):
    session = consented(point)
    check(point, session, factories.identity_number(1))
    with pytest.raises(sessions.WrongPerson):
        check(point, session, factories.identity_number(2))
    with pytest.raises(accounts.ParticularsImpossible):
        check(point, session, "110105194912310021")


def test_a_helper_acts_for_one_person_at_a_time(point):
    session = start(point)
    assert start(point) == session
    with pytest.raises(sessions.SessionOpen):
        start(point, bank.person("张建国", point.town), key="2")
    ended = sessions.finish(session=session, by=point.helper, at=AT)
    assert sessions.finish(session=session, by=point.helper, at=AT) == ended
    with pytest.raises(sessions.SessionOver):
        sessions.scan_consent(session=session, content=PNG, by=point.helper, at=AT)
    assert start(point, key="3").ended_at is None


def test_nobody_acts_for_strangers_for_themselves_or_without_the_counter(point):
    stranger = bank.person("外地人", point.elsewhere)
    with pytest.raises(rights.NotAllowed):
        start(point, stranger)
    with pytest.raises(rights.NotAllowed):
        start(point, point.helper)
    with pytest.raises(rights.NotAllowed):
        start(point, by=bank.helper(point.town))
    with pytest.raises(sessions.NotYourSession):
        sessions.finish(session=start(point), by=point.officer, at=AT)


def test_acts_and_checks_are_never_changed(point):
    check(point, consented(point), factories.identity_number())
    for rows in (SessionAct.objects.all(), IdentityCheck.objects.all()):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(session_id=rows.first().session_id)
