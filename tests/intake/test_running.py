"""Runs: each portion once, together with how far it has come, whatever happens in between."""

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest

from tests.records import factories as f
from xueqiao.intake import connections, connectors, running
from xueqiao.intake.kinds import Kind, Portion, Setting
from xueqiao.intake.models import Connection, Run
from xueqiao.kernel import clock, errors
from xueqiao.records.models import Batch, Quarantine, Source, Statement

pytestmark = pytest.mark.django_db


class Broken(errors.Refusal):
    """The platform of this test does not answer."""


@pytest.fixture
def platform(monkeypatch):
    """A platform that holds pages of statements; ``fails_at`` breaks before a page."""
    held = SimpleNamespace(pages=[], fails_at=None, behind=[], got=None)

    def pull(config, watermark):
        held.got = dict(config)
        for number in range(watermark.get("next", 0), len(held.pages)):
            if number == held.fails_at:
                raise Broken("The platform does not answer.")
            page = held.pages[number]
            yield Portion(f"page:{number}", f.incoming(*page), {"next": number + 1})
            held.behind.append(number)

    kind = Kind(
        "test", "Test", (Setting("address", "Address", "url"), Setting("token", "T", "secret")),
        pull,
    )  # fmt: skip
    monkeypatch.setitem(connectors.KINDS, "test", kind)
    return held


def connect(name="Pull", **values):
    values = {"address": "https://platform.example", "token": "s3cret"} | values
    return connections.create(
        source=f.source(), kind="test", name=name, values=values, at=clock.now()
    )


def run(connection, **options):
    return running.run(connection=connection, at=clock.now(), **options)


def told(each):
    return each.state, each.received, each.accepted, each.duplicate, each.quarantined


def plan(connection, every_minutes=5, daily_at=None, quota_run=None, quota_day=None):
    return connections.schedule(
        connection=connection, every_minutes=every_minutes, daily_at=daily_at,
        quota_run=quota_run, quota_day=quota_day, at=clock.now(),
    )  # fmt: skip


def test_a_run_stores_every_portion_and_the_next_one_goes_on_behind_it(platform):
    platform.pages = [[f.statement(), f.statement(actor={})], [f.statement()]]
    made = connect()
    assert told(run(made)) == ("done", 3, 2, 0, 1)
    platform.pages.append([f.statement()])
    made.refresh_from_db()
    assert made.watermark == {"next": 2}
    assert told(run(made)) == ("done", 1, 1, 0, 0)
    assert told(run(made)) == ("done", 0, 0, 0, 0)
    assert platform.behind == [0, 1, 2]
    assert Statement.objects.count() == 3


def test_a_replay_adds_nothing_twice_and_finds_what_has_changed(platform):
    first, second = f.statement(), f.statement()
    platform.pages = [[first, f.statement(actor={})]]
    made = connect()
    run(made)
    assert told(run(made, replay_from={})) == ("done", 2, 0, 2, 0)
    assert (Batch.objects.count(), Quarantine.objects.count()) == (1, 1)

    platform.pages = [[first, second]]
    assert told(run(made, replay_from={})) == ("done", 2, 1, 1, 0)
    assert Run.objects.filter(is_replay=True).count() == 2


def test_a_failure_keeps_what_came_before_and_backs_off_until_it_ends(platform):
    platform.pages, platform.fails_at = [[f.statement()], [f.statement()]], 1
    made = plan(connect())
    first = run(made)
    assert told(first) == ("failed", 1, 1, 0, 0)
    assert first.reason == "The platform does not answer."
    waits = []
    for _again in range(3):
        made.refresh_from_db()
        ended = made.runs.latest("pk").ended_at
        waits.append(round((made.next_due_at - ended) / timedelta(minutes=1)))
        run(made)
    assert waits == [1, 2, 4]

    platform.fails_at = None
    assert told(run(made)) == ("done", 1, 1, 0, 0)
    made.refresh_from_db()
    assert made.failures == 0
    assert made.next_due_at - made.runs.latest("pk").ended_at == timedelta(minutes=5)


def test_what_a_kind_breaks_on_ends_the_run_and_not_the_worker(platform):
    platform.pages = [None]
    made = plan(connect())
    assert running.run_due(now=clock.now()) == (1, 0, 1)
    assert "TypeError" in made.runs.get().reason


def test_an_open_run_keeps_others_out_until_its_worker_is_dead(platform):
    platform.pages = [[f.statement()]]
    made = plan(connect())
    held = running.begin(connection=made, at=clock.now())
    with pytest.raises(running.Busy, match="Pull"):
        run(made)
    assert running.run_due(now=clock.now()) == (0, 0, 0)

    Run.objects.filter(pk=held.pk).update(lease_owner=held.lease_owner.replace("/", "/9", 1))
    assert told(run(made)) == ("done", 1, 1, 0, 0)
    held.refresh_from_db()
    assert held.state == "taken_over"
    with pytest.raises(running.TakenOver):
        running.take(
            run=held, portion=Portion("late", f.incoming(f.statement()), {}), at=clock.now()
        )
    assert Statement.objects.count() == 1
    assert running.end(run=held, state="done", at=clock.now()).state == "taken_over"


def test_of_another_machine_only_the_end_of_the_lease_is_known(platform):
    made = connect()
    held = running.begin(connection=made, at=clock.now())
    Run.objects.filter(pk=held.pk).update(lease_owner="elsewhere/1/2")
    with pytest.raises(running.Busy):
        run(made)
    later = held.lease_until + timedelta(seconds=1)
    assert running.run(connection=made, at=later).state == "done"


def test_a_paused_connection_does_not_run_and_a_running_one_stops(platform):
    platform.pages = [[f.statement()], [f.statement()]]
    made = plan(connect())
    connections.pause(connection=made, at=clock.now())
    with pytest.raises(running.Paused):
        run(made)
    assert running.run_due(now=clock.now()).runs == 0
    connections.resume(connection=made, at=clock.now())
    kind = connectors.KINDS["test"]

    def pull_and_pause(config, watermark):
        for portion in kind.pull(config, watermark):
            yield portion
            connections.pause(connection=made, at=clock.now())

    connectors.KINDS["test"] = Kind("test", "Test", kind.settings, pull_and_pause)
    assert told(run(made)) == ("paused", 1, 1, 0, 0)
    connections.resume(connection=made, at=clock.now())
    connectors.KINDS["test"] = kind
    assert told(run(made)) == ("done", 1, 1, 0, 0)


def test_quotas_hold_a_run_and_a_day(platform):
    platform.pages = [[f.statement() for _ in range(3)] for _ in range(5)]
    made = plan(connect(), quota_run=7, quota_day=10)
    assert told(run(made)) == ("quota", 6, 6, 0, 0)
    assert told(run(made)) == ("quota", 3, 3, 0, 0)
    assert told(run(made)) == ("quota", 0, 0, 0, 0)
    tomorrow = clock.now() + timedelta(days=1)
    assert told(running.run(connection=made, at=tomorrow)) == ("done", 6, 6, 0, 0)


def test_a_run_out_of_time_is_continued_at_once(platform):
    platform.pages = [[f.statement()], [f.statement()]]
    made = connect()
    assert told(run(made, seconds=0)) == ("continued", 1, 1, 0, 0)
    assert platform.behind == [0]
    assert running.run_due(now=clock.now()) == (1, 1, 0)
    made.refresh_from_db()
    assert (made.watermark, made.next_due_at) == ({"next": 2}, None)


def test_a_secret_is_kept_sealed_and_an_empty_field_keeps_it(platform, settings):
    made = connect()
    row = Connection.objects.filter(pk=made.pk).values().get()
    assert "s3cret" not in json.dumps(row, default=str)
    run(made)
    assert platform.got == {
        "address": "https://platform.example", "token": "s3cret", "source": "school",
        "connection": made.pk,
    }  # fmt: skip
    values = {"address": "https://new.example", "token": ""}
    connections.change(connection=made, name="New", values=values, contract=None)
    made.refresh_from_db()
    run(made)
    assert (platform.got["address"], platform.got["token"]) == ("https://new.example", "s3cret")

    settings.SECRET_KEY = "another"
    failed = run(made)
    assert failed.state == "failed"
    assert "secret key" in failed.reason


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"address": ""}, "address"), ({"address": "ftp://x"}, "address"),
        ({"address": "http://[x"}, "address"), ({"token": " "}, "token"),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_used_is_named(platform, values, pointer):
    with pytest.raises(connections.SettingUnfit) as why:
        connect(**values)
    assert why.value.pointer == pointer
    assert Connection.objects.count() == 0


def test_names_are_one_each_within_a_source(platform):
    connect()
    with pytest.raises(connections.NameTaken):
        connect()
    assert Source.objects.count() == 1
