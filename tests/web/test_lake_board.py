"""The six-layer board: what it says of jobs, sources, the lake and queues is what they did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from tests.web.test_lake_catalogue import filled, signed_in, world
from xueqiao import jobs as running
from xueqiao.governance import alarms
from xueqiao.governance.models import QueryRun
from xueqiao.kernel import clock
from xueqiao.lake import facts
from xueqiao.people.models import Person
from xueqiao.records.models import Batch, Quarantine, Source
from xueqiao.records.reasons import Reason
from xueqiao.web.console.board import jobs, waiting
from xueqiao.web.console.board.layers import Layer

pytestmark = pytest.mark.django_db
__all__ = ["filled", "signed_in", "world"]
BOARD = "/console/lake/"
NOW = datetime(2026, 9, 2, 2, 0, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def lines(page, layer):
    floor = next(each for each in page.context["floors"] if each.layer == layer)
    return {line.name: line for line in floor.lines}


def quarantined(source):
    """One item of a source that was received and not believed."""
    batch = Batch.objects.create(
        source=source, batch_key="k", digest="0" * 64, received_at=NOW, received=1, quarantined=1
    )
    Quarantine.objects.create(batch=batch, position=0, reason=Reason.INVALID, text="{")


def ended(now, **changes):
    """Every periodic job has ended at this time, or as the changes say."""
    running.enqueue_due(now=now)
    given = {"status": TaskResultStatus.SUCCESSFUL, "started_at": now, "finished_at": now}
    DBTaskResult.objects.update(**{**given, **changes})


def test_every_periodic_job_has_a_layer_and_its_period():
    known = {name: job.every for name, job in running.PERIODIC.items()}
    assert {name: job.every for name, job in jobs.JOBS.items()} == known


def test_jobs_that_failed_or_are_late_stand_alone_and_the_others_together():
    ended(NOW)
    named = {row.args_kwargs["args"][0]: row for row in DBTaskResult.objects.all()}
    DBTaskResult.objects.filter(pk=named["watch_lake"].pk).update(
        status=TaskResultStatus.FAILED, exception_class_path="builtins.OSError"
    )
    DBTaskResult.objects.filter(pk=named["erase_in_lake"].pk).delete()
    found = jobs.lines(Layer.STORAGE, jobs.last_runs(NOW), NOW)
    well = sum(job.layer == Layer.STORAGE for job in jobs.JOBS.values()) - 2
    assert [(line.level, line.name) for line in found] == [
        ("bad", "Watch the lake"),
        ("warn", "Carry erasures out in the lake"),
        ("ok", f"Jobs of this layer: {well}"),
    ]
    assert "OSError" in found[0].text


def test_without_a_worker_the_jobs_of_a_layer_wait_in_one_line():
    ended(NOW)
    later = NOW + timedelta(hours=5)
    runs = jobs.last_runs(later)
    # Of hourly jobs the last runs of a day are found; those of a minute ago are not looked for.
    assert jobs.last_sign(runs) == NOW
    assert not jobs.is_at_work(runs, later)
    levels = [line.level for line in jobs.lines(Layer.SENSING, runs, later)]
    assert levels == ["warn"]


def test_layers_in_need_stand_first_and_say_where_to_go(signed_in):
    page = signed_in("operator")
    source = Source.objects.order_by("pk")[0]
    now = clock.now()
    Source.objects.filter(pk=source.pk).update(
        silent_after_seconds=60, last_received_at=now - timedelta(hours=3)
    )
    shown = page.get(BOARD)
    order = [floor.level for floor in shown.context["floors"]]
    assert order == sorted(order, key=["bad", "warn", "now", "ok", ""].index)
    assert [floor.layer for floor in shown.context["stack"]] == list(Layer)
    assert lines(shown, Layer.SUPPORT)["Worker"].level == "bad"
    silent = lines(shown, Layer.SENSING)[source.name]
    assert (silent.level, silent.word) == ("bad", "Silent")
    assert page.get(silent.address).context["list"].count == 1
    assert shown.context["bad"] == sum(each.count("bad") for each in shown.context["floors"])

    ended(now)
    assert lines(page.get(BOARD), Layer.SUPPORT)["Worker"].level == "ok"


def test_the_lake_is_told_as_its_logs_say(signed_in, filled):
    shown = signed_in("province").get(BOARD)
    known = [each for name, each in facts.of(filled).items() if facts.floor(name) == "marts"]
    gold = lines(shown, Layer.ANALYSIS)["Ready to be counted (gold)"]
    assert gold.level == "ok"
    assert f"{len(known)} tables, {sum(each.rows for each in known)} rows" in gold.text
    assert lines(shown, Layer.STORAGE)["Last build of the lake"].word == "Everything made"
    assert all(line.address for line in lines(shown, Layer.STORAGE).values() if line.level == "bad")


def test_who_may_not_open_a_page_gets_no_link(signed_in, world):
    quarantined(Source.objects.order_by("pk")[0])
    county = lines(signed_in("county").get(BOARD), Layer.SENSING)
    operator = lines(signed_in("operator").get(BOARD), Layer.SENSING)
    assert operator["Quarantine"].address
    assert county["Quarantine"].address == ""


def test_a_damaged_lake_is_a_line_and_no_broken_page(signed_in, settings, tmp_path):
    log = tmp_path / "bronze" / "statement" / "_delta_log"
    log.mkdir(parents=True)
    (log / "00000000000000000000.json").write_text("{")
    settings.LAKE = tmp_path
    shown = signed_in("operator").get(BOARD)
    assert shown.status_code == 200
    assert lines(shown, Layer.STORAGE)["The lake"].level == "bad"


def test_the_board_costs_the_same_whatever_waits(signed_in):
    page = signed_in("province")

    def count():
        with CaptureQueriesContext(connection) as asked:
            assert page.get(BOARD).status_code == 200
        return len(asked)

    before = count()
    assert before <= 12
    now = clock.now()
    alarms.watch(
        causes={("late", f"s{n}"): {"since": "2026-03-01", "hours": 24} for n in range(3)}, now=now
    )
    somebody = Person.objects.order_by("pk")[0]
    for n in range(3):
        Source.objects.create(code=f"more-{n}", name=f"更多 {n}", authority={}, opened_at=now)
        QueryRun.objects.create(
            key=f"00000000-0000-4000-8000-00000000000{n}", asked_by=somebody, sql="select 1",
            is_personal=False, state="failed", started_at=now, worker="w",
            expires_at=now + timedelta(days=7),
        )  # fmt: skip
    assert count() == before
    found = waiting.read(now)
    assert found["queries_failed"].count == 3
    assert found["data_alarms"] == waiting.Waits(3, now)
    assert page.get(BOARD).context["alarms"] >= 3
