"""A build that somebody asks for: one at a time, carried on by jobs, with an end that is told."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from tests.records import factories
from xueqiao.governance import builds
from xueqiao.governance.models import BuildRequest
from xueqiao.lake import build, recipes, reconcile, tables
from xueqiao.lake.build import going, history
from xueqiao.people.models import Person

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
State = BuildRequest.State


@pytest.fixture
def operator(settings, tmp_path):
    settings.LAKE, settings.LAKE_MEMORY = tmp_path / "lake", "500MB"
    return Person.objects.create(key=uuid.uuid4(), name="吴操作", opened_at=NOW)


def test_a_request_is_carried_on_by_jobs_to_its_end(operator, settings):
    factories.store(factories.statement(actor=factories.agent("wei")))
    assert builds.work(now=NOW) is None
    asked = builds.ask(by=operator, at=NOW)
    with pytest.raises(builds.AlreadyAsked):
        builds.ask(by=operator, at=NOW)

    # While a build of the command line is at work, it waits and says so.
    with tables.locked(settings.LAKE, "build"):
        held_up = builds.work(now=NOW)
    assert (held_up.state, bool(held_up.text), held_up.owner) == (State.RUNNING, True, "")

    # There is no time to begin a table: the next job goes on.
    portion = builds.work(now=NOW, seconds=0)
    assert (portion.state, portion.made, portion.text) == (State.RUNNING, 0, "")
    later = NOW + timedelta(minutes=1)
    done = builds.work(now=later)
    assert (done.pk, done.state, done.ended_at) == (asked.pk, State.DONE, later)
    assert done.made >= len(recipes.recipes())
    assert {row["run"] for row in history.rows_of(settings.LAKE)} == {str(asked.key)}
    build.ready(root=settings.LAKE)
    assert going.now(settings.LAKE) is None

    # A table of the lake is damaged: the request ends with what failed.
    for file in build.Reading(settings.LAKE).pin("bronze.person").file_uris():
        (settings.LAKE / file).write_bytes(b"damaged")
    tables.Table(settings.LAKE, "marts.learner").mark({"sql": 1})
    builds.ask(by=operator, at=later)
    failed = builds.work(now=later)
    assert (failed.state, failed.failed) == (State.FAILED, 1)
    assert len(reconcile.numbers_in(settings.LAKE, reconcile.RUNS)) == 1, "the batch is judged"
    assert "learner" in failed.text


def test_what_nobody_has_begun_can_be_withdrawn(operator):
    asked = builds.ask(by=operator, at=NOW)
    for _each in range(2):
        assert builds.withdraw(number=asked.pk, at=NOW).state == State.WITHDRAWN
    assert builds.work(now=NOW) is None
    begun = builds.ask(by=operator, at=NOW)
    BuildRequest.objects.filter(pk=begun.pk).update(
        state=State.RUNNING, owner="elsewhere/1/1", owned_at=NOW
    )
    with pytest.raises(builds.Begun):
        builds.withdraw(number=begun.pk, at=NOW)
    assert builds.work(now=NOW + timedelta(minutes=14)) is None


def test_a_sign_of_a_process_that_died_is_not_shown(tmp_path):
    sign = going.Sign(tmp_path, "first", NOW)
    assert going.now(tmp_path) is None
    sign.show(done=3, total=9, tables=["learner_day", "learner"])
    assert going.now(tmp_path) == going.Going("first", NOW, 3, 9, ["learner", "learner_day"])
    text = (tmp_path / going.FILE).read_text()
    owner = text.split('"owner": "')[1].split('"')[0]
    (tmp_path / going.FILE).write_text(text.replace(owner, owner + "0"))
    assert going.now(tmp_path) is None
