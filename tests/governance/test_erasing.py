"""What was erased from the records goes out of the lake, stays out, and leaves a receipt."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from django.core import management

from tests.governance import lakes
from tests.lake import scan
from tests.records import erasing, factories
from xueqiao.governance import readings
from xueqiao.governance.erasing import following, looking, receipt, returning
from xueqiao.governance.models import LakeErasure, ResearchExtract
from xueqiao.kernel import clock
from xueqiao.lake import build, catalogue, engines, extract, tables
from xueqiao.lake.erasure import carrying, holdings
from xueqiao.records.erasure import holds
from xueqiao.records.models import Actor, Erasure, Statement

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
WEI = "account|https://school.example|wei"


def months(name, count=3):
    return [
        factories.statement(
            actor=factories.agent(name),
            timestamp=f"2026-0{month}-02T09:30:00+08:00",
            object={"id": f"https://school.example/course/of-{name}"},
        )
        for month in range(1, count + 1)
    ]


@pytest.fixture
def lake(settings, tmp_path):
    """The statements of two learners in three months, extracted and built."""
    settings.LAKE, settings.LAKE_MEMORY = tmp_path / "lake", "500MB"
    factories.store(*months("wei"), *months("li"))
    bring_up(settings.LAKE)
    return settings.LAKE


def bring_up(root):
    extract.extract(root=root, of=catalogue.sources(), at=NOW)
    with engines.configured() as engine:
        return build.build(root=root, engine=engine, at=NOW)


def ids_of(name):
    held = Statement.objects.filter(actor__ifi=f"account|https://school.example|{name}")
    return [str(each) for each in held.values_list("uuid", flat=True)]


def follow():
    return following.follow_all(now=clock.now())


def test_a_person_erased_from_the_records_is_gone_from_every_file_of_the_lake(lake):
    marks = ["school.example|wei", '"wei"', *ids_of("wei")]
    assert scan.files_with(lake, *marks)
    asked = erasing.by_person(WEI)
    assert follow() == following.Followed(0, 0)
    extract = ResearchExtract.objects.create(
        asked_by=asked.requested_by, asked_at=NOW, design="credit", known=["age"], follows=False,
        recipients=["Ada", "Ben"], place=lakes.place("province"), first_month=NOW.date(),
        last_month=NOW.date(), k=5, diversity=1, sensitive=[], valid_to=NOW.date(),
        state="made", decided_at=NOW, made_at=NOW, handed_at=NOW,
    )  # fmt: skip
    readings.note(
        by=asked.requested_by, at=NOW, what="extract", purpose="research", tables=["credit"],
        rows=9, detail={"extract": extract.pk, "recipient": 2},
    )  # fmt: skip

    erasing.finish(asked)
    done = follow()

    assert (done.batches, done.finished, done.refusal) == (1, 1, None)
    extract.refresh_from_db()
    assert extract.state == "withdrawn", "whoever was erased may be in it"
    given = LakeErasure.objects.get().handed_out
    assert given == [{"extract": extract.pk, "recipients": ["Ben"]}], "who fetched a copy has it"
    assert scan.files_with(lake, *marks) == set()
    assert scan.files_with(lake, *ids_of("li"))
    ticket = LakeErasure.objects.get()
    assert (ticket.state, ticket.statements, ticket.erasure_id) == ("done", 3, asked.pk)
    assert ticket.found["bronze.statement"] == {"2026-01": 1, "2026-02": 1, "2026-03": 1}
    assert ticket.rebuilt["stage.event"] == ["2026-01", "2026-02", "2026-03"]
    assert ticket.files > 0
    assert ticket.digest == receipt.digest(ticket)
    assert json.dumps(receipt.read(ticket)).count("wei") == 0


@pytest.mark.embedded
def test_another_extraction_and_another_build_bring_nothing_back(lake):
    erasing.finish(erasing.by_person(WEI))
    gone = [each for name in ("wei",) for each in months(name)]
    follow()

    factories.store(*gone)
    bring_up(lake)

    assert returning.returned(now=NOW) == {}
    assert follow() == following.Followed(0, 0)


def test_a_lake_restored_from_a_copy_is_brought_up_to_today(lake, tmp_path):
    marks = ids_of("wei")
    shutil.copytree(lake, tmp_path / "copy")
    erasing.finish(erasing.by_person(WEI))
    follow()
    given = receipt.read(LakeErasure.objects.get())

    shutil.rmtree(lake)
    shutil.copytree(tmp_path / "copy", lake)
    assert returning.returned(now=NOW)["bronze.statement"] == {
        "2026-01": 1, "2026-02": 1, "2026-03": 1,
    }  # fmt: skip
    with pytest.raises(management.CommandError):
        management.call_command("erase_lake", "--check")
    management.call_command("erase_lake")

    assert scan.files_with(lake, *marks) == set()
    assert returning.returned(now=NOW) == {}
    assert receipt.read(LakeErasure.objects.get()) == given


@pytest.mark.embedded
def test_what_is_under_a_hold_stays_in_the_lake_until_it_is_lifted(lake):
    actor = Actor.objects.get(ifi="account|https://school.example|li")
    holds.place(actor=actor, reason="court", by=erasing.person("wu"), at=clock.now())
    marks = ids_of("li")
    erasing.finish(erasing.by_age())
    follow()
    assert returning.returned(now=NOW) == {}
    assert len(scan.files_with(lake, *marks)) > 0
    assert LakeErasure.objects.get().statements == 3


@pytest.mark.embedded
def test_the_dry_run_counts_before_anybody_has_decided(lake):
    asked = erasing.by_person(WEI)

    ticket = looking.look(erasure=asked.pk, at=NOW)

    held = ticket.preview["held"]["bronze.statement"]
    assert (ticket.state, ticket.preview["statements"]) == ("expected", 3)
    assert held == {"2026-01": 1, "2026-02": 1, "2026-03": 1}
    assert Erasure.objects.get(pk=asked.pk).state == "asked"
    assert returning.returned(now=NOW) == {}


def test_what_is_held_up_is_tried_again_ever_more_rarely(settings, tmp_path, monkeypatch):
    settings.LAKE, settings.LAKE_MEMORY = tmp_path / "lake", "500MB"
    factories.store(*months("wei", 1))
    extract.extract(root=settings.LAKE, of=[catalogue.actor()], at=NOW)
    erasing.finish(erasing.by_person(WEI))
    tried, full = [], tables.LakeFull("The disk is full.")

    def refused(batches, now):
        tried.append((now - NOW) // timedelta(minutes=1))
        raise full

    monkeypatch.setattr(following, "_carry_out", refused)
    for minute in range(200):
        following.follow(now=NOW + timedelta(minutes=minute))
    assert tried == [0, 1, 3, 7, 15, 31, 63, 123, 183]
    # Who asks is answered at once.
    assert following.follow_all(now=NOW + timedelta(minutes=200)).refusal is full
    # Behind somebody else at work it goes on as soon as they have ended.
    tried.clear()
    full = tables.LakeBusy("Another process is at work.")
    for minute in range(260, 264):
        following.follow(now=NOW + timedelta(minutes=minute))
    assert tried == [260, 261, 262, 263]


def test_what_cannot_be_counted_is_held_up_and_what_was_announced_goes_on(
    settings, tmp_path, monkeypatch
):
    settings.LAKE, settings.LAKE_MEMORY = tmp_path / "lake", "500MB"
    factories.store(*months("wei", 1), *months("li", 1))
    extract.extract(root=settings.LAKE, of=[catalogue.actor()], at=NOW)
    done = []
    monkeypatch.setattr(following, "_carry_out", lambda batches, _now: done.append(batches[0]))
    monkeypatch.setattr(following, "_note", lambda _batches, _done: None)
    first = erasing.finish(erasing.by_person(WEI))
    following.follow(now=NOW)
    assert [each.erasure for each in done] == [first.pk]

    second = erasing.finish(erasing.by_person("account|https://school.example|li"))
    counted = []

    def lost(**_how):
        counted.append(1)
        raise holdings.FileLost("A file is lost.")

    with monkeypatch.context() as broken:
        broken.setattr(carrying, "dry_run", lost)
        for minute in range(8):
            following.follow(now=NOW + timedelta(minutes=minute))
    ticket = LakeErasure.objects.get(erasure=second)
    assert (ticket.state, ticket.held_up_by, ticket.tries) == ("announced", "lake.file_lost", 4)
    assert ticket.held_up_text == "A file is lost."
    assert len(counted) == 4, "after 0, 1, 3 and 7 minutes"
    assert len(done) == 9, "the first one went on each time"

    following.follow(now=NOW + timedelta(minutes=16))
    ticket.refresh_from_db()
    assert (ticket.statements, ticket.found) == (1, {})


@pytest.mark.embedded
def test_a_build_at_work_holds_the_ticket_up_and_the_next_run_finishes_it(lake):
    erasing.finish(erasing.by_person(WEI))
    with tables.locked(lake, "build"):
        held = follow()
    ticket = LakeErasure.objects.get()
    assert held.refusal is not None
    assert (ticket.state, ticket.held_up_by) == ("announced", "lake.busy")

    follow()

    ticket.refresh_from_db()
    assert (ticket.state, ticket.held_up_by) == ("done", "")
    assert ticket.found["bronze.statement"] == {"2026-01": 1, "2026-02": 1, "2026-03": 1}


def test_a_voiding_stays_in_force_and_names_nobody(lake):
    voided = ids_of("li")[0]
    voiding = factories.statement(
        actor=factories.agent("wei"),
        verb={"id": "http://adlnet.gov/expapi/verbs/voided"},
        object={"objectType": "StatementRef", "id": voided},
    )
    factories.store(voiding)
    bring_up(lake)
    erasing.finish(erasing.by_person(WEI))

    assert follow().finished == 1

    assert scan.files_with(lake, '"wei"') == set()
    assert scan.files_with(lake, voiding["id"])
    with engines.configured() as engine:
        reading = build.ready(root=lake)
        reading.attach(engine, "stage.event")
        assert engine.sql("select event_id from stage.event").read_all().num_rows == 2
    assert LakeErasure.objects.get().blanked == 1
    assert returning.returned(now=NOW) == {}


@pytest.mark.embedded
def test_the_link_of_who_was_erased_is_in_no_version_of_the_lake(lake):
    erasing.finish(erasing.by_person(WEI))
    follow()
    files = list((lake / "bronze/actor").glob("*.parquet"))
    assert files == [
        lake / "bronze/actor" / each.rsplit("/", 1)[1]
        for each in tables.Table(lake, "bronze.actor").opened().file_uris()
    ]
