import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections
from django_tasks import TaskResultStatus, task
from django_tasks_db.models import DBTaskResult

from tests.creditbank import certified
from xueqiao import jobs
from xueqiao.creditbank.models import Certificate
from xueqiao.kernel import lease

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 9, 2, 2, 0, 30, tzinfo=UTC)


@task()
def note(text):
    NOTED.append(text)
    return text


@task()
def fail():
    raise ValueError("on purpose")


NOTED = []


@pytest.fixture(autouse=True)
def _nothing_noted():
    NOTED.clear()


def rows():
    return list(DBTaskResult.objects.order_by("enqueued_at"))


def test_each_period_enqueues_each_job_once_however_many_workers_ask():
    assert jobs.enqueue_due(now=NOW) == len(jobs.PERIODIC)
    assert jobs.enqueue_due(now=NOW) == 0
    DBTaskResult.objects.update(status=TaskResultStatus.SUCCESSFUL)
    assert jobs.enqueue_due(now=NOW + timedelta(seconds=20)) == 0
    every_minute = sum(each.every <= timedelta(minutes=1) for each in jobs.PERIODIC.values())
    assert jobs.enqueue_due(now=NOW + timedelta(minutes=1)) == every_minute


def test_a_job_that_still_waits_is_not_enqueued_again():
    jobs.enqueue_due(now=NOW)
    assert jobs.enqueue_due(now=NOW + timedelta(days=2)) == 0


def test_jobs_run_once_and_a_failure_is_written_down():
    note.enqueue("a")
    fail.enqueue()
    ran = [jobs.run_next() for _turn in range(3)]
    assert ran == [True, False, None]
    assert NOTED == ["a"]
    assert [row.status for row in rows()] == ["SUCCESSFUL", "FAILED"]
    assert "on purpose" in rows()[1].traceback


def test_the_job_of_a_dead_worker_is_run_by_another():
    note.enqueue("b")
    machine = lease.owner().partition("/")[0]
    DBTaskResult.objects.get().claim(f"{machine}/999999999/1")
    assert jobs.run_next() is None
    assert jobs.reap(now=datetime.now(UTC)) == 1
    assert jobs.run_next() is True
    assert (NOTED, len(rows()[0].worker_ids)) == (["b"], 2)


def test_the_job_of_a_living_worker_is_left_until_it_has_run_too_long():
    note.enqueue("c")
    DBTaskResult.objects.get().claim(lease.owner())
    now = datetime.now(UTC)
    assert jobs.reap(now=now) == 0
    assert jobs.reap(now=now + jobs.LONGEST + timedelta(seconds=1)) == 1


def test_a_job_that_kills_every_worker_is_given_up():
    note.enqueue("d")
    for _attempt in range(jobs.ATTEMPTS):
        DBTaskResult.objects.get().claim("elsewhere/1/1")
    assert jobs.reap(now=datetime.now(UTC) + timedelta(hours=1)) == 0
    assert rows()[0].status == "FAILED"
    assert "3 workers died on it" in rows()[0].traceback


def test_a_worker_signs_what_waits_and_ends_when_nothing_is_due():
    certified.queued(2)
    done = jobs.work(once=True, stop=threading.Event())
    assert (done.done, done.failed, done.given_back) == (len(jobs.PERIODIC), 0, 0)
    assert Certificate.objects.filter(state=Certificate.State.ISSUED).count() == 2


def test_old_results_are_pruned():
    note.enqueue("e")
    row = DBTaskResult.objects.get()
    row.set_successful(None)
    assert jobs.prune(row.finished_at + timedelta(days=6)) == 0
    assert jobs.prune(row.finished_at + timedelta(days=8)) == 1


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="two writers at once: PostgreSQL")
def test_four_workers_share_the_jobs_and_none_runs_twice():
    for number in range(40):
        note.enqueue(number)

    def run():
        while jobs.run_next() is not None:
            pass
        connections.close_all()

    workers = [threading.Thread(target=run) for _each in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(NOTED) == list(range(40))
