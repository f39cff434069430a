"""Everything about a learner in one file: whole, of nobody else, gone when its time is over."""

import csv
import io
import json
import zipfile
from datetime import timedelta

import pytest

from tests.creditbank import factories as bank
from tests.creditbank.test_conversion import Bank
from xueqiao.kernel import lease
from xueqiao.service.models import Takeout
from xueqiao.service.takeouts import asking, packing

AT = bank.AT
State = Takeout.State


@pytest.fixture
def learner(db, settings, tmp_path):
    settings.HOME = tmp_path
    made = Bank()
    made.lot()
    made.lot(who=bank.person("别人", made.places.county))
    made.learner.refresh_from_db()
    return made.learner


def packed(learner):
    asked = asking.ask(person=learner, by=learner, at=AT)
    assert packing.work(now=AT) == 1
    asked.refresh_from_db()
    return asked


def table(archive, name):
    text = archive.read(f"tables/{name}.csv").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_file_holds_the_learners_rows_and_no_others(learner):
    asked = packed(learner)
    assert asking.ask(person=bank.person("x"), by=learner, at=AT).state == State.WAITING
    file = asking.take(takeout=asked, by=learner, at=AT)
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        lots = table(archive, "lots")
        assert [(row["amount_hundredths"], row["state"]) for row in lots] == [("6000", "active")]
        assert len(table(archive, "outcomes")) == len(table(archive, "decisions")) == 1
        assert len(table(archive, "transfers")) == 1
        assert json.loads(archive.read("tables/lots.json"))[0]["title_zh"] == lots[0]["title_zh"]
        assert "别人" not in archive.read("tables/person.json").decode()
        assert "statements.ndjson" in archive.namelist()
    assert asked.parts == len(zipfile.ZipFile(file).namelist())


def test_one_at_a_time_and_not_again_at_once(learner):
    first = asking.ask(person=learner, by=learner, at=AT)
    assert asking.ask(person=learner, by=learner, at=AT) == first
    packing.work(now=AT)
    with pytest.raises(asking.TakeoutTooSoon):
        asking.ask(person=learner, by=learner, at=AT + timedelta(minutes=5))
    assert asking.ask(person=learner, by=learner, at=AT + timedelta(minutes=11)) != first


def test_nobody_else_fetches_it_and_it_goes_after_a_week(learner):
    asked = packed(learner)
    with pytest.raises(asking.TakeoutOfAnother):
        asking.take(takeout=asked, by=bank.person("别人"), at=AT)
    later = AT + timedelta(days=8)
    with pytest.raises(asking.TakeoutGone):
        asking.take(takeout=asked, by=learner, at=later)
    assert packing.sweep(now=later) == 1
    asked.refresh_from_db()
    assert (asked.state, packing.path(asked).exists()) == (State.EXPIRED, False)


def test_a_packer_that_died_is_followed_by_another_and_a_living_one_is_not(learner):
    asked = asking.ask(person=learner, by=learner, at=AT)
    machine = lease.owner().split("/")[0]
    held = Takeout.objects.filter(pk=asked.pk)
    held.update(state=State.RUNNING, owner="elsewhere/1/2", owned_at=AT)
    assert packing.work(now=AT + timedelta(minutes=1)) == 0
    held.update(owner=f"{machine}/999999/1")
    assert packing.work(now=AT + timedelta(minutes=1)) == 1
    assert held.get().state == State.DONE


def test_a_full_disk_is_said_and_leaves_no_half_file(learner, settings, tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    settings.HOME = blocked
    asked = asking.ask(person=learner, by=learner, at=AT)
    assert packing.work(now=AT) == 0
    asked.refresh_from_db()
    assert (asked.state, bool(asked.why)) == (State.FAILED, True)
