"""Erasure: two persons, nothing comes back, nobody else's record goes, and the receipt says so."""

import json
import uuid

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client

from tests.records import erasing
from tests.records import factories as f
from xueqiao.intake import repair
from xueqiao.kernel import clock
from xueqiao.people import identity
from xueqiao.people.models import OutsideAccount
from xueqiao.records import quarantine, query, statements
from xueqiao.records.erasure import execution, gate, holds, receipt, requests, tombstones
from xueqiao.records.models import (
    Actor,
    Document,
    Erasure,
    LogEntry,
    PersonaMember,
    Quarantine,
    Reason,
    Statement,
    StatementAttachment,
    Tombstone,
)
from xueqiao.records.personas import membership

pytestmark = pytest.mark.django_db
WEI = "account|https://school.example|wei"
VOIDED = "http://adlnet.gov/expapi/verbs/voided"


def left():
    return sorted(str(each) for each in Statement.objects.values_list("uuid", flat=True))


def ids(*made):
    return sorted(each["id"] for each in made)


def test_single_statements_go_and_others_stay():
    first, second, third = f.statement(), f.statement(), f.statement(actor=f.agent("li"))
    f.store(first, second, third)
    unknown = uuid.uuid4()
    asked = erasing.by_ids(first, third, unknown=unknown)
    assert (asked.preview["statements"], asked.preview["source"]) == (2, {"school": 2})
    assert asked.preview["month"] == {"2026-03": 2}
    assert sorted(asked.preview["sample"]) == ids(first, third)

    done = erasing.finish(asked)

    assert left() == ids(second)
    assert done.state == "done"
    assert done.done["statements"] == 2
    assert Tombstone.objects.count() == 3
    assert tombstones.is_tombstoned([unknown]) == {unknown}


def test_nobody_approves_an_own_request_and_the_database_agrees():
    held = f.statement()
    f.store(held)
    one, other = erasing.people()
    asked = erasing.by_ids(held)
    with pytest.raises(requests.SamePerson):
        requests.approve(erasure=asked, by=one, at=clock.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Erasure.objects.update(state="approved", decided_by=one, decided_at=clock.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Erasure.objects.update(state="running")
    with pytest.raises(DatabaseError), transaction.atomic():
        Erasure.objects.update(requested_by=other)
    assert execution.work(now=clock.now()) == 0
    assert left() == ids(held)


def test_what_was_erased_comes_back_by_no_road():
    held, other = f.statement(), f.statement()
    f.store(held, other)
    erasing.finish(erasing.by_ids(held))

    with pytest.raises(gate.Erased) as refused:
        statements.store_all(
            source=f.source(), items=f.incoming(f.statement(), held), received_at=clock.now(),
            batch_key="again",
        )  # fmt: skip
    result = f.store(held, held, other, f.statement())

    assert held["id"] in str(refused.value)
    assert refused.value.status == 409
    assert result == (4, 1, 1, 2)
    assert set(Quarantine.objects.values_list("reason", "text")) == {
        (Reason.ERASED, json.dumps({"id": held["id"]}, separators=(",", ":")))
    }
    assert held["id"] not in left()


def test_the_endpoint_names_what_was_erased():
    held = f.statement()
    headers = f.key()
    client = Client()
    assert f.post(client, [held], headers).status_code == 200
    erasing.finish(erasing.by_ids(held))
    answer = f.post(client, [f.statement(), held], headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "records.erased")
    assert held["id"] in answer.json()["title"]
    assert Statement.objects.count() == 0


def test_a_person_goes_under_every_identifier_and_the_others_stay():
    mail = {"mbox": "mailto:wei@school.example"}
    first, second = f.statement(), f.statement(actor=mail)
    naming = f.statement(actor=f.agent("li"), object={"objectType": "Agent", **f.agent("wei")})
    f.store(first, second, naming, f.statement(actor=f.agent("bo")), f.statement(actor={"x": 1}))
    bad = {"actor": f.agent("wei"), "verb": "?"}
    f.store(bad)
    one, _other = erasing.people()
    identity.link(
        person_id=one.pk, home_page="https://school.example", name="wei", at=clock.now(), why="t"
    )
    membership.join(
        identifiers=[WEI, "mbox|mailto:wei@school.example"], why="asked at the counter", by=one,
        at=clock.now(),
    )  # fmt: skip
    asked = erasing.by_person(WEI)
    assert (asked.preview["statements"], asked.preview["naming"]) == (2, 1)

    done = erasing.finish(asked)

    assert ids(first)[0] not in left()
    assert ids(second)[0] not in left()
    assert naming["id"] in left()
    assert Statement.objects.count() == 2
    assert (done.done["statements"], done.done["quarantine"], done.kept["naming"]) == (2, 1, 1)
    assert not Actor.objects.filter(ifi__contains="wei").exists()
    assert not Quarantine.objects.filter(text__contains="wei").exists()
    assert not PersonaMember.objects.exists()
    assert not OutsideAccount.objects.exists()
    assert set(done.identifiers.values_list("ifi", flat=True)) == {""}
    assert "wei" not in json.dumps(receipt.read(done))


def test_later_learning_of_an_erased_person_is_a_new_unknown_actors():
    before = f.statement()
    f.store(before)
    old = Statement.objects.get().actor_id
    erasing.finish(erasing.by_person(WEI))
    again = before | {"id": str(uuid.uuid4())}
    later = f.statement(timestamp=clock.now().isoformat())

    result = f.store(again, later, f.statement(timestamp=None))

    assert result == (3, 2, 0, 1)
    assert set(Statement.objects.values_list("actor__ifi", flat=True)) == {WEI}
    assert old not in Statement.objects.values_list("actor", flat=True)
    assert Quarantine.objects.get().text == json.dumps({"id": again["id"]}, separators=(",", ":"))
    # An item that nobody can read keeps no text of who was erased.
    f.store({"actor": f.agent("wei"), "verb": 1})
    assert Quarantine.objects.latest("pk").text == ""


def test_a_writer_who_looked_numbers_up_before_gives_them_to_nobody():
    """The number of an actor was read, then the actor was erased, then the statement is written."""
    f.store(f.statement())
    numbers = {WEI: Statement.objects.get().actor_id}
    erasing.finish(erasing.by_person(WEI))
    moved = gate.anew(gate.moments({WEI}), numbers)
    assert moved == {numbers[WEI]: Actor.objects.get(ifi=WEI).pk}
    assert moved[numbers[WEI]] != numbers[WEI]


def test_what_was_void_stays_void_when_its_voiding_is_erased():
    mark = f.statement(actor=f.agent("li"))
    voiding = f.statement(
        verb={"id": VOIDED}, object={"objectType": "StatementRef", "id": mark["id"]}
    )
    f.store(mark, voiding)
    done = erasing.finish(erasing.by_person(WEI))
    key = uuid.UUID(mark["id"])
    assert query.one(key, voided=False) is None
    assert query.one(key, voided=True) is not None
    blank = query.one(uuid.UUID(voiding["id"]), voided=False)
    assert "wei" not in blank.text
    assert blank.voids == key
    assert (done.done["statements"], done.done["blanked"]) == (0, 1)
    # It is not erased again, nor does the original come back.
    assert f.store(voiding) == (1, 0, 0, 1)
    assert erasing.finish(erasing.by_age()).done["blanked"] == 0


def test_a_voiding_and_what_it_voids_go_together(monkeypatch):
    monkeypatch.setattr(execution, "BATCH", 1)
    held = [f.statement() for _ in range(3)]
    voiding = f.statement(
        verb={"id": VOIDED}, object={"objectType": "StatementRef", "id": held[2]["id"]}
    )
    f.store(voiding, *held)
    asked = erasing.approved(erasing.by_person(WEI))
    now = clock.now()
    assert execution.step(number=asked.pk, at=now) == 0
    assert execution.step(number=asked.pk, at=now) == 2
    assert left() == ids(held[0], held[1])


def test_a_hold_keeps_what_was_approved():
    one, other = erasing.people()
    mine, theirs = f.statement(), f.statement()
    f.store(mine)
    f.store(theirs, of=f.source("court"))
    hold = holds.place(source=f.source("court"), reason="case 12", by=one, at=clock.now())
    done = erasing.finish(erasing.by_person(WEI))
    assert left() == ids(theirs)
    assert done.kept["held"] == 1
    with pytest.raises(holds.HeldAlready):
        holds.place(source=f.source("court"), reason="case 13", by=one, at=clock.now())
    holds.lift(hold=hold, by=other, at=clock.now())
    assert erasing.finish(erasing.by_age()).done["statements"] == 1


def test_erasing_by_age_of_one_source():
    f.store(f.statement(), f.statement(actor={}))
    f.store(f.statement(), of=f.source("other"))
    done = erasing.finish(erasing.by_age(source=f.source()))
    assert list(Statement.objects.values_list("source__code", flat=True)) == ["other"]
    assert (done.done["statements"], done.done["quarantine"]) == (1, 1)


def test_readers_of_the_log_are_told_and_go_on():
    held = [f.statement() for _ in range(3)]
    f.store(*held)
    done = erasing.finish(erasing.by_ids(*held[:2]))
    entry = LogEntry.objects.get(kind="records.erased")
    assert sorted(entry.payload["statements"]) == ids(*held[:2])
    assert (entry.payload["months"], entry.payload["erasure"]) == (["2026-03"], done.pk)


def test_the_receipt_can_be_checked_by_whoever_has_an_id():
    held = f.statement()
    f.store(held)
    done = erasing.finish(erasing.by_ids(held))
    found = receipt.read(done)
    [digest] = receipt.digests(done)
    assert digest == tombstones.digest_of(uuid.UUID(held["id"])).hex
    assert found["erased"]["statements"] == 1
    assert found["requested"]["by"] != found["decided"]["by"]
    assert found["digests"]["sha256_of_list"] == execution.digest(done)
    assert done.targets.count() == 0


def test_tombstones_stay():
    f.store(held := f.statement())
    erasing.finish(erasing.by_ids(held))
    with pytest.raises(DatabaseError), transaction.atomic():
        Tombstone.objects.all()._raw_delete("default")


def test_what_is_rejected_or_withdrawn_erases_nothing_and_forgets_whom_it_meant():
    f.store(f.statement())
    one, other = erasing.people()
    for end in (
        lambda each: requests.reject(erasure=each, by=other, at=clock.now(), note="no ground"),
        lambda each: requests.withdraw(erasure=each, by=one, at=clock.now()),
    ):
        asked = erasing.by_person(WEI)
        end(asked)
        asked.refresh_from_db()
        assert execution.work(now=clock.now()) == 0
        assert list(asked.identifiers.values_list("ifi", "actor")) == [("", None)]
        with pytest.raises(requests.Decided):
            requests.approve(erasure=asked, by=other, at=clock.now())
    assert Statement.objects.count() == 1


def test_files_and_documents_of_a_person_go_and_shared_files_stay(settings, tmp_path):
    settings.HOME = tmp_path
    erasing.with_file(f.agent("wei"), b"only wei's")
    erasing.with_file(f.agent("wei"), b"shared")
    erasing.with_file(f.agent("li"), b"shared")
    erasing.document(WEI, "bookmark")
    erasing.document(f"{WEI}2", "bookmark")
    done = erasing.finish(erasing.by_person(WEI))
    assert [path.read_bytes() for path in tmp_path.rglob("attachments/*/*")] == [b"shared"]
    assert StatementAttachment.objects.count() == 1
    assert (done.done["attachments"], done.done["documents"]) == (1, 1)
    assert Document.objects.count() == 1


def repeats(*made):
    """Quarantine with rows of a log that equal an earlier one, of a batch of their own each."""
    for each in made:
        f.store(each | {"verb": 1})
        row = Quarantine.objects.latest("pk")
        Quarantine.objects.filter(pk=row.pk).update(
            reason=Reason.ROW_REPEATED, text=json.dumps(each)
        )
    return Quarantine.objects.order_by("pk")


def test_a_repeat_that_was_erased_does_not_come_back_by_a_try():
    first = f.statement()
    f.store(first)
    repeat = f.statement()
    held = repeats(repeat).get()
    erasing.finish(erasing.by_age())
    assert Quarantine.objects.get().text == ""
    with pytest.raises(quarantine.NotWaiting):
        repair.mend(held=held, text=held.text, by=None, at=clock.now())

    again = repeats(repeat).last()
    repair.mend(held=again, text=again.text, by=None, at=clock.now())
    again.refresh_from_db()
    assert (again.state, again.reason) == ("open", Reason.ERASED)
    assert left() == []


def test_a_repeat_of_who_is_under_a_hold_stays_whole():
    one, other = erasing.people()
    mine = f.statement()
    f.store(mine)
    repeats(f.statement(), f.statement(actor=f.agent("li")))
    hold = holds.place(actor=Actor.objects.get(ifi=WEI), reason="case 12", by=one, at=clock.now())
    erasing.finish(erasing.by_age())
    assert [bool(each.text) for each in Quarantine.objects.order_by("pk")] == [True, False]
    erasing.finish(erasing.by_person(WEI))
    assert [bool(each.text) for each in Quarantine.objects.order_by("pk")] == [True, False]
    assert left() == ids(mine)
    holds.lift(hold=hold, by=other, at=clock.now())
    erasing.finish(erasing.by_age())
    assert not Quarantine.objects.exclude(text="").exists()


def test_what_somebody_learns_after_an_erasure_is_held_with_its_text():
    f.store(f.statement())
    erasing.finish(erasing.by_person(WEI))
    later = f.statement(timestamp=clock.now().isoformat(), verb=None)
    f.store(later, f.statement(verb=None, timestamp="2018-01-01T00:00:00Z"))
    assert [bool(each.text) for each in Quarantine.objects.order_by("pk")] == [True, False]


def test_what_was_mended_in_quarantine_goes_too():
    f.store({"actor": "wei, by hand"})
    item = Quarantine.objects.get()
    mended = json.dumps({"actor": f.agent("wei"), "verb": 1})
    Quarantine.objects.update(mended=mended)
    item.repairs.create(at=clock.now(), text=mended, state="open", detail="wei")
    f.store(f.statement())
    erasing.finish(erasing.by_person(WEI))
    item.refresh_from_db()
    tried = item.repairs.get()
    assert (item.text, item.mended, item.reason, item.state) == ("", "", "erased", "dismissed")
    assert (tried.text, tried.detail) == ("", "")
