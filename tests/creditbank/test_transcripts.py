"""Transcripts: rows signed one by one and together; what happens to a row shows in the whole."""

import json

import pytest

from tests.creditbank import certified, factories
from xueqiao.creditbank import completions, credentials
from xueqiao.creditbank.credentials import keys, transcripts
from xueqiao.creditbank.models import Certificate, CreditLot
from xueqiao.kernel.signing import proof

pytestmark = pytest.mark.django_db
NOW, LATER = certified.NOW, certified.LATER
Kind, State = Certificate.Kind, Certificate.State


@pytest.fixture
def learner():
    """A learner with three lots."""
    certified.lots(1)
    who = factories.person("学员 多")
    entries = [factories.completed(who, number, result="pass") for number in (11, 12, 13)]
    completions.recognise(entries=entries, now=NOW)
    return who


def lots_of(person):
    return list(CreditLot.objects.filter(person=person).order_by("pk").values_list("pk", flat=True))


def transcript(person, lot_ids, **more):
    asked = transcripts.request(
        person=person, lot_ids=lot_ids, request_key="t", requested_at=NOW, **more
    )
    credentials.sign_queued(limit=99, now=NOW)
    credentials.sign_queued(limit=99, now=NOW)
    return Certificate.objects.get(pk=asked.pk)


def check(certificate, **more):
    return credentials.verify(text=certificate.document, now=more.pop("now", LATER), **more)


def test_a_transcript_carries_the_chosen_rows_as_they_were_signed(learner):
    one, two, three = lots_of(learner)
    made = transcript(learner, [three, one], use="招聘", recipient="某公司")
    assert (made.state, made.kind) == (State.ISSUED, Kind.TRANSCRIPT)
    document = json.loads(made.document)
    rows = document["credentialSubject"]["verifiableCredential"]
    certificates = {each.lot_id: each for each in Certificate.objects.filter(kind="achievement")}
    assert two not in certificates, "a row that was not chosen is not certified for it"
    for row, lot in zip(rows, (three, one), strict=True):
        signed = json.loads(certificates[lot].document)
        assert [each["cryptosuite"] for each in row["proof"]] == [proof.SUITE]
        assert {**row, "proof": signed["proof"]} == signed
    assert "用途：招聘；提供给：某公司。" in document["description"]
    assert document["type"] == ["VerifiableCredential", "ClrCredential"]
    assert learner.name not in made.document
    report = check(made, holder=learner.name)
    assert (report.holds, report.codes) == (True, [])
    assert [each.code for each in report.checks][-2:] == ["verify.rows", "verify.holder"]


def test_asking_twice_is_asking_once(learner):
    made = transcript(learner, lots_of(learner))
    again = transcripts.request(
        person=learner, lot_ids=lots_of(learner)[:1], request_key="t", requested_at=LATER
    )
    assert (again.pk, again.rows.count()) == (made.pk, 3)


def test_rows_of_others_no_rows_and_dead_rows_are_refused(learner):
    mine = lots_of(learner)
    strangers = CreditLot.objects.exclude(person=learner).values_list("pk", flat=True)
    for wanted in ([], [mine[0], strangers[0]], [999_999], [*range(100)]):
        with pytest.raises(transcripts.NoRows):
            transcripts.request(person=learner, lot_ids=wanted, request_key="x", requested_at=NOW)
    CreditLot.objects.filter(pk=mine[0]).update(state=CreditLot.State.REVERSED)
    with pytest.raises(credentials.asking.NotCertifiable):
        transcripts.request(person=learner, lot_ids=mine, request_key="x", requested_at=NOW)
    assert Certificate.objects.filter(kind=Kind.TRANSCRIPT).count() == 0


def test_it_waits_until_all_its_rows_are_signed(learner):
    mine = lots_of(learner)
    transcripts.request(person=learner, lot_ids=mine, request_key="t", requested_at=NOW)
    assert vars(credentials.sign_queued(limit=2, now=NOW)) == {"signed": 2, "left": 2}
    assert not Certificate.objects.filter(kind=Kind.TRANSCRIPT, state=State.ISSUED).exists()
    assert vars(credentials.sign_queued(limit=9, now=NOW)) == {"signed": 2, "left": 0}


def test_a_revoked_row_revokes_the_transcript_and_a_frozen_one_suspends_it(learner):
    mine = lots_of(learner)
    made = transcript(learner, mine)
    credentials.suspend_for_lots(lot_ids=[mine[1]], reason="x", at=NOW)
    assert set(check(made).codes) == {"verify.suspended", "verify.row_fails"}
    credentials.reinstate_for_lots(lot_ids=[mine[1]], reason="x", at=NOW)
    assert check(made).holds
    credentials.revoke_for_lots(lot_ids=[mine[1]], reason="x", at=NOW)
    assert set(check(made).codes) == {"verify.revoked", "verify.row_fails"}


def test_a_row_revoked_by_itself_fails_the_whole(learner):
    mine = lots_of(learner)
    made = transcript(learner, mine)
    row = Certificate.objects.get(lot_id=mine[2], kind=Kind.ACHIEVEMENT)
    credentials.revoke(key=row.key, reason="x", at=NOW)
    report = check(made)
    assert report.codes == ["verify.row_fails"]
    assert "3" in report.checks[-1].sentence


def test_no_row_can_be_left_out_or_put_in(learner):
    made = transcript(learner, lots_of(learner))
    document = json.loads(made.document)
    rows = document["credentialSubject"]["verifiableCredential"]
    for changed in (rows[:2], [*rows, rows[0]], [rows[0], rows[0], rows[2]]):
        document["credentialSubject"]["verifiableCredential"] = changed
        altered = credentials.verify(text=json.dumps(document), now=LATER)
        assert "verify.changed" in altered.codes, len(changed)


def test_a_row_with_own_words_is_refused_even_if_signed_over(learner):
    made = transcript(learner, lots_of(learner)[:1])
    document = json.loads(made.document)
    row = document["credentialSubject"]["verifiableCredential"][0]
    key = made.issuer_key
    for change in ({"honours": "x"}, {"@context": [*row["@context"], "https://example.org/c"]}):
        altered = {**row, **change}
        document["credentialSubject"]["verifiableCredential"] = [altered]
        codes = credentials.verify(text=json.dumps(document), now=LATER).codes
        assert codes[0] in {"verify.unknown_term", "verify.unknown_context"}
    altered = {**row, "name": "别的"}
    document["credentialSubject"]["verifiableCredential"] = [altered]
    body = {name: value for name, value in document.items() if name != "proof"}
    signed = proof.sign_twice(document=body, key=keys.private(key), method=key.method, created=NOW)
    assert credentials.verify(text=json.dumps(signed), now=LATER).codes == ["verify.row_fails"]


def test_a_replaced_certificate_is_superseded_when_the_new_one_is_signed():
    [old] = certified.issued()
    new = credentials.asking.replace(key=old.key, request_key="r", requested_at=NOW)
    assert credentials.asking.replace(key=old.key, request_key="r", requested_at=NOW) == new
    old.refresh_from_db()
    assert old.state == State.ISSUED, "it stands until the new one is signed"
    credentials.sign_queued(limit=9, now=LATER)
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.state, new.state) == (State.SUPERSEDED, State.ISSUED)
    assert str(new.key) in old.revoke_reason
    assert check(old).codes == ["verify.revoked"]
    assert check(new).holds
    with pytest.raises(credentials.asking.NotReplaceable):
        credentials.asking.replace(key=old.key, request_key="s", requested_at=LATER)
