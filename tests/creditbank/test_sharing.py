"""Sharing: named use and recipient, chosen rows, an end, taking back, and a row for each look."""

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from tests.creditbank import certified, factories
from xueqiao.creditbank import completions, credentials, sharing
from xueqiao.creditbank.credentials import transcripts
from xueqiao.creditbank.models import Certificate, CreditLot, Share, ShareAccess
from xueqiao.records.models import LogEntry

pytestmark = pytest.mark.django_db
NOW, LATER = certified.NOW, certified.LATER
END = NOW + timedelta(days=30)
What = ShareAccess.What


@pytest.fixture
def learner():
    certified.lots(1)
    who = factories.person("学员 多")
    entries = [factories.completed(who, number, result="pass") for number in (11, 12)]
    completions.recognise(entries=entries, now=NOW)
    return who


def lots_of(person):
    return list(CreditLot.objects.filter(person=person).order_by("pk").values_list("pk", flat=True))


def shared(person, **changes):
    given = {
        "person": person, "request_key": "s", "use": "recruitment", "recipient": "某公司 ",
        "until": END, "at": NOW, "lot_ids": lots_of(person)[:1],
    }  # fmt: skip
    made = sharing.share(**(given | changes))
    credentials.sign_queued(limit=9, now=NOW)
    credentials.sign_queued(limit=9, now=NOW)
    return made


def test_a_share_makes_a_transcript_for_this_use_and_recipient_until_its_end(learner):
    made = shared(learner)
    assert shared(learner, recipient="another") == made, "asked twice it is one"
    [transcript] = sharing.shown(made)
    document = json.loads(transcript.document)
    assert len(document["credentialSubject"]["verifiableCredential"]) == 1
    assert "用途：招聘；提供给：某公司。" in document["description"]
    assert transcript.valid_until == END
    check = credentials.verify
    assert check(text=transcript.document, now=LATER).holds
    assert "verify.expired" in check(text=transcript.document, now=END).codes
    assert LogEntry.objects.filter(kind="creditbank.shared").count() == 1


def test_every_look_is_a_row_and_tells_visitors_apart_without_saying_who(learner):
    made = shared(learner)
    for visitor, what in (("10.0.0.1 a", What.PAGE), ("10.0.0.1 a", What.PDF), ("b", What.PAGE)):
        assert sharing.look(key=made.key, what=what, visitor=visitor, at=LATER) == made
    rows = list(made.accesses.order_by("pk").values_list("what", "visitor"))
    assert [what for what, _visitor in rows] == ["page", "pdf", "page"]
    assert rows[0][1] == rows[1][1] != rows[2][1]
    assert not any("10.0.0.1" in visitor for _what, visitor in rows)
    other = shared(learner, request_key="o")
    assert sharing.hashed(other, "b") != rows[2][1], "no visitor can be followed across shares"


def test_withdrawing_ends_the_link_and_revokes_what_was_made_for_it(learner):
    own = credentials.request(lot_id=lots_of(learner)[1], request_key="own", requested_at=NOW)
    made = shared(learner, certificate_keys=[own.key])
    sharing.withdraw(key=made.key, person=learner, at=LATER)
    again = sharing.withdraw(key=made.key, person=learner, at=END)
    assert again.withdrawn_at == LATER
    with pytest.raises(sharing.ShareWithdrawn):
        sharing.look(key=made.key, what=What.PAGE, visitor="x", at=LATER)
    assert made.accesses.get().what == What.WITHDRAWN
    states = {each.kind: each.state for each in sharing.shown(made)}
    assert states == {"transcript": "revoked", "achievement": "issued"}
    [transcript] = [each for each in sharing.shown(made) if each.kind == "transcript"]
    assert "verify.revoked" in credentials.verify(text=transcript.document, now=LATER).codes
    assert not Certificate.objects.published(LATER).filter(pk=transcript.pk).exists()


def test_after_its_end_a_share_shows_nothing_and_says_so(learner):
    made = shared(learner)
    with pytest.raises(sharing.ShareEnded):
        sharing.look(key=made.key, what=What.PAGE, visitor="x", at=END)
    assert made.accesses.get().what == What.ENDED
    [transcript] = sharing.shown(made)
    assert not Certificate.objects.published(END).filter(pk=transcript.pk).exists()


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"recipient": "  "}, sharing.NoRecipient),
        ({"use": "other"}, sharing.NoRecipient),
        ({"use": "curiosity"}, sharing.NoRecipient),
        ({"until": NOW}, sharing.BadPeriod),
        ({"until": NOW + timedelta(days=367)}, sharing.BadPeriod),
        ({"lot_ids": []}, sharing.NothingShared),
        ({"lot_ids": [999_999]}, transcripts.NoRows),
    ],
    ids=["nobody", "other", "unknown-use", "at-once", "too-long", "nothing", "not-own"],
)
def test_what_is_no_consent_is_refused_and_nothing_is_left(learner, changes, refusal):
    with pytest.raises(refusal):
        shared(learner, **changes)
    assert (Share.objects.count(), Certificate.objects.count()) == (0, 0)


def test_another_persons_certificate_or_share_is_out_of_reach(learner):
    stranger = certified.issued()[0]
    with pytest.raises(sharing.NothingShared):
        shared(learner, lot_ids=[], certificate_keys=[stranger.key])
    made = shared(learner)
    with pytest.raises(sharing.NoSuchShare):
        sharing.withdraw(key=made.key, person=stranger.person, at=LATER)
    with pytest.raises(sharing.NoSuchShare):
        sharing.look(key=stranger.key, what=What.PAGE, visitor="x", at=LATER)


def test_the_database_keeps_what_was_consented_and_who_looked(learner):
    made = shared(learner)
    sharing.look(key=made.key, what=What.PAGE, visitor="x", at=LATER)
    for rows, change in (
        (Share.objects.all(), {"recipient": "x"}),
        (Share.objects.all(), {"expires_at": END + timedelta(days=1)}),
        (ShareAccess.objects.all(), {"visitor": "x"}),
        (made.items.all(), {"made_for_it": False}),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**change)
