"""What runs by itself: the periodic table, the worker, and the reaper of dead workers' jobs.

Jobs are rows of django-tasks-db. What it lacks is here: a job is due once in each period however
many workers there are, and the job of a worker that was killed is given to another. Every job is
idempotent and small, so running one again is harmless.
"""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import close_old_connections, transaction
from django_tasks import TaskResultStatus, task
from django_tasks_db.models import DBTaskResult

from xueqiao.cmi5 import sessions
from xueqiao.creditbank import (
    awards,
    completions,
    conversion,
    credentials,
    expiry,
    recognition,
    recounts,
    seals,
)
from xueqiao.creditbank.credentials import statuslists
from xueqiao.creditbank.rulebook import simulation
from xueqiao.exchange.superior import reconciling, reporting
from xueqiao.governance import alarms as data_alarms
from xueqiao.governance import builds, tending
from xueqiao.governance.designs import making as editions
from xueqiao.governance.erasing import following
from xueqiao.governance.exporting import writing as lake_exports
from xueqiao.governance.extracts import ending as extracts_ending
from xueqiao.governance.extracts import making as extracts
from xueqiao.governance.opening import making as open_data
from xueqiao.governance.retaining import runs
from xueqiao.governance.sharing import making as shared_data
from xueqiao.governance.workbench import running as workbench
from xueqiao.intake import alarms, running
from xueqiao.kernel import clock, lease, periods
from xueqiao.records import attachments
from xueqiao.records.erasure import execution, retention
from xueqiao.records.exporting import writing
from xueqiao.records.personas import proposals
from xueqiao.relay import reactions, shipping
from xueqiao.relay.profiles import contracts
from xueqiao.service import appointments
from xueqiao.service.takeouts import packing

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = timedelta(minutes=15)
ATTEMPTS = 3
KEPT = timedelta(days=7)
PAUSE_SECONDS = 5.0


class Abandoned(Exception):  # noqa: N818 - says what became of the job
    """Workers died on this job ``ATTEMPTS`` times."""


@dataclass(frozen=True)
class Periodic:
    """A verb and how often it is due. It gets the time and does at most a minute's work."""

    every: timedelta
    verb: Callable[[datetime], object]


def prune(now: datetime) -> int:
    """Remove the rows of jobs that ended more than ``KEPT`` ago. Returns how many."""
    return DBTaskResult.objects.finished().filter(finished_at__lt=now - KEPT).delete()[0]


PERIODIC = {
    "recognise": Periodic(timedelta(minutes=1), lambda now: completions.follow(now=now)),
    "sign_certificates": Periodic(
        timedelta(minutes=1), lambda now: credentials.sign_queued(limit=2000, now=now)
    ),
    "seal_ledger": Periodic(
        timedelta(minutes=1), lambda now: seals.catch_up(now=now, limit=400_000)
    ),
    "check_seals": Periodic(timedelta(days=1), lambda now: seals.refuse_findings(now=now)),
    "lapse_applications": Periodic(timedelta(hours=6), lambda now: recognition.lapse_due(now=now)),
    "expire_reservations": Periodic(
        timedelta(minutes=1), lambda now: conversion.expire_due(now=now)
    ),
    "expire_awards": Periodic(timedelta(minutes=10), lambda now: awards.expire_due(now=now)),
    "expire_lots": Periodic(timedelta(minutes=10), lambda now: expiry.expire_due(now=now)),
    "recount_ledger": Periodic(timedelta(days=1), lambda now: recounts.run(now=now)),
    "simulate_rules": Periodic(timedelta(minutes=1), lambda now: simulation.work(now=now)),
    "refresh_status_lists": Periodic(timedelta(hours=1), lambda now: statuslists.refresh(now=now)),
    "fetch_records": Periodic(timedelta(minutes=1), lambda now: running.run_due(now=now)),
    "watch_sources": Periodic(timedelta(minutes=5), lambda now: alarms.watch(now=now)),
    "watch_lake": Periodic(timedelta(minutes=5), lambda now: data_alarms.run(now=now)),
    "run_erasures": Periodic(timedelta(minutes=1), lambda now: execution.work(now=now)),
    "erase_in_lake": Periodic(timedelta(minutes=1), lambda now: following.follow(now=now)),
    "settle_queries": Periodic(timedelta(minutes=1), lambda now: workbench.work(now=now)),
    "write_lake_exports": Periodic(timedelta(minutes=1), lambda now: lake_exports.work(now=now)),
    "sweep_lake_exports": Periodic(timedelta(hours=1), lambda now: lake_exports.sweep(now=now)),
    "compact_lake": Periodic(timedelta(hours=1), lambda now: tending.compact(now=now)),
    "sweep_lake": Periodic(timedelta(days=1), lambda now: tending.sweep(now=now)),
    "make_extracts": Periodic(timedelta(minutes=1), lambda now: extracts.work(now=now)),
    "sweep_extracts": Periodic(timedelta(hours=1), lambda now: extracts_ending.sweep(now=now)),
    "make_open_data": Periodic(timedelta(minutes=1), lambda now: open_data.work(now=now)),
    "sweep_editions": Periodic(timedelta(hours=1), lambda now: editions.sweep(now=now)),
    "make_shared_data": Periodic(timedelta(minutes=1), lambda now: shared_data.work(now=now)),
    "plan_lake_retention": Periodic(timedelta(days=1), lambda now: runs.raise_due(now=now)),
    "retain_lake": Periodic(timedelta(minutes=5), lambda now: runs.work(now=now)),
    "build_lake": Periodic(timedelta(minutes=1), lambda now: builds.work(now=now)),
    "raise_retention": Periodic(timedelta(hours=6), lambda now: retention.raise_due(now=now)),
    "write_exports": Periodic(timedelta(minutes=1), lambda now: writing.work(now=now)),
    "sweep_exports": Periodic(timedelta(hours=1), lambda now: writing.sweep(now=now)),
    "propose_personas": Periodic(timedelta(days=1), lambda now: proposals.find(now=now)),
    "abandon_sessions": Periodic(timedelta(minutes=5), lambda now: sessions.abandon_due(at=now)),
    "miss_appointments": Periodic(timedelta(minutes=5), lambda now: appointments.miss_due(now=now)),
    "pack_takeouts": Periodic(timedelta(minutes=1), lambda now: packing.work(now=now)),
    "sweep_takeouts": Periodic(timedelta(hours=1), lambda now: packing.sweep(now=now)),
    "relay": Periodic(timedelta(minutes=1), lambda now: shipping.run(now=now)),
    "reactions": Periodic(timedelta(minutes=1), lambda now: reactions.run(now=now)),
    "profiles": Periodic(timedelta(minutes=1), lambda now: contracts.run(now=now)),
    "prune_shipments": Periodic(timedelta(days=1), lambda now: shipping.prune(now=now)),
    "sweep_attachments": Periodic(timedelta(days=1), lambda now: attachments.sweep(now=now)),
    "report_lots": Periodic(timedelta(minutes=1), lambda now: reporting.run(now=now)),
    "reconcile": Periodic(timedelta(hours=1), lambda now: reconciling.run(now=now)),
    "prune_jobs": Periodic(timedelta(days=1), prune),
}


@task()
def run_periodic(name: str) -> None:
    """One row of the periodic table, now."""
    PERIODIC[name].verb(clock.now())


@dataclass
class Work:
    """What a worker did."""

    done: int = 0
    failed: int = 0
    given_back: int = 0


def work(*, once: bool = False, stop: threading.Event | None = None) -> Work:
    """Run what is due, again and again, until SIGTERM or SIGINT; the job at hand is finished first.

    Args:
        once: end when nothing is due any more.
        stop: ends the loop when set; made, and tied to the signals, when not given.
    """
    ending, total = stop or _stop_on_signals(), Work()
    while not ending.is_set():
        close_old_connections()
        total.given_back += reap(now=clock.now())
        enqueue_due(now=clock.now())
        while not ending.is_set() and (ended_well := run_next()) is not None:
            total.done += ended_well
            total.failed += not ended_well
        if once:
            break
        ending.wait(PAUSE_SECONDS)
    return total


def enqueue_due(*, now: datetime) -> int:
    """Enqueue each periodic job whose period has begun. Returns how many.

    The row's id is made of the name and the period, so a second worker adds nothing; while an
    earlier one still waits or runs, no other is added.
    """
    open_rows = DBTaskResult.objects.filter(
        task_path=run_periodic.module_path,
        status__in=[TaskResultStatus.READY, TaskResultStatus.RUNNING],
    )
    busy = {row["args"][0] for row in open_rows.values_list("args_kwargs", flat=True)}
    due = [_row(name, job, now) for name, job in PERIODIC.items() if name not in busy]
    known = set(
        DBTaskResult.objects.filter(pk__in=[row.pk for row in due]).values_list("pk", flat=True)
    )
    fresh = [row for row in due if row.pk not in known]
    DBTaskResult.objects.bulk_create(fresh, ignore_conflicts=True)
    return len(fresh)


def run_next() -> bool | None:
    """Run the next job that is ready. True: it ended well; False: it failed; None: none was."""
    with transaction.atomic():
        row = DBTaskResult.objects.ready().get_locked()
        if row is None:
            return None
        row.claim(lease.owner())
    found = row.task_result
    try:
        row.set_successful(row.task.call(*found.args, **found.kwargs))
    except Exception as why:  # noqa: BLE001 - whatever a job raises is written down with the job
        row.set_failed(why)
        return False
    return True


def reap(*, now: datetime) -> int:
    """Give back the jobs of workers that died, to be run again. Returns how many.

    A worker of this machine is known to be dead when its process is gone, one of another machine
    when its job has run for ``LONGEST``. A job on which ``ATTEMPTS`` workers died is failed.
    """
    given_back = 0
    for row in DBTaskResult.objects.running():
        worker = row.worker_ids[-1] if row.worker_ids else ""
        overdue = row.started_at is None or row.started_at < now - LONGEST
        if not overdue and not lease.is_dead(worker):
            continue
        still = DBTaskResult.objects.filter(
            pk=row.pk, status=TaskResultStatus.RUNNING, started_at=row.started_at
        )
        if len(row.worker_ids) < ATTEMPTS:
            given_back += still.update(status=TaskResultStatus.READY)
        elif still.exists():
            row.set_failed(Abandoned(f"{len(row.worker_ids)} workers died on it"))
    return given_back


def _row(name: str, job: Periodic, now: datetime) -> Any:
    return DBTaskResult(
        id=periods.run_id(name, job.every, now),
        args_kwargs={"args": [name], "kwargs": {}},
        priority=run_periodic.priority,
        task_path=run_periodic.module_path,
        queue_name=run_periodic.queue_name,
        backend_name=run_periodic.backend,
        run_after=now,
    )


def _stop_on_signals() -> threading.Event:
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_signal: ending.set())
    return ending
