"""Periodic jobs on the board: in which layer each works, and how its last runs ended.

The names of the runs of a job are known (``kernel/periods.py``), so the last ones are looked up by
their keys and no history is walked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from xueqiao.kernel import periods
from xueqiao.web.console.board.layers import Kind, Layer, Line, shown_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django_stubs_ext import StrPromise


class Job(NamedTuple):
    """One periodic job: its layer, how often it is due, what it does."""

    layer: Layer
    every: timedelta
    title: StrPromise


MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
L = Layer
JOBS: Mapping[str, Job] = {
    "seal_ledger": Job(L.SUPPORT, MINUTE, gettext_lazy("Seal the ledger")),
    "check_seals": Job(L.SUPPORT, DAY, gettext_lazy("Check the seals of the ledger")),
    "recount_ledger": Job(L.SUPPORT, DAY, gettext_lazy("Recount the ledger")),
    "prune_jobs": Job(L.SUPPORT, DAY, gettext_lazy("Clear away what jobs left behind")),
    "fetch_records": Job(L.SENSING, MINUTE, gettext_lazy("Fetch records by connections")),
    "watch_sources": Job(L.SENSING, 5 * MINUTE, gettext_lazy("Watch the sources")),
    "reactions": Job(L.SENSING, MINUTE, gettext_lazy("Answer statements by reactions")),
    "profiles": Job(L.SENSING, MINUTE, gettext_lazy("Hold statements against profiles")),
    "abandon_sessions": Job(L.SENSING, 5 * MINUTE, gettext_lazy("Close sessions that were left")),
    "watch_lake": Job(L.STORAGE, 5 * MINUTE, gettext_lazy("Watch the lake")),
    "build_lake": Job(L.STORAGE, MINUTE, gettext_lazy("Build the lake where it was asked for")),
    "erase_in_lake": Job(L.STORAGE, MINUTE, gettext_lazy("Carry erasures out in the lake")),
    "run_erasures": Job(L.STORAGE, MINUTE, gettext_lazy("Carry erasures out in the records")),
    "raise_retention": Job(L.STORAGE, 6 * HOUR, gettext_lazy("Raise what is past its retention")),
    "sweep_attachments": Job(L.STORAGE, DAY, gettext_lazy("Remove attachments that nothing names")),
    "compact_lake": Job(L.STORAGE, HOUR, gettext_lazy("Put small files of the lake together")),
    "sweep_lake": Job(L.STORAGE, DAY, gettext_lazy("Remove files of the lake past their time")),
    "plan_lake_retention": Job(
        L.STORAGE, DAY, gettext_lazy("Find what the lake has kept for long enough")
    ),
    "retain_lake": Job(
        L.STORAGE, 5 * MINUTE, gettext_lazy("Remove what the lake has kept for long enough")
    ),
    "settle_queries": Job(L.ANALYSIS, MINUTE, gettext_lazy("Take in the results of queries")),
    "write_lake_exports": Job(L.ANALYSIS, MINUTE, gettext_lazy("Write files of query results")),
    "sweep_lake_exports": Job(L.ANALYSIS, HOUR, gettext_lazy("Remove files past their time")),
    "make_extracts": Job(L.ANALYSIS, MINUTE, gettext_lazy("Make research extracts")),
    "sweep_extracts": Job(L.ANALYSIS, HOUR, gettext_lazy("Remove extracts past their time")),
    "simulate_rules": Job(L.ANALYSIS, MINUTE, gettext_lazy("Try draft rules on real cases")),
    "propose_personas": Job(L.ANALYSIS, DAY, gettext_lazy("Propose accounts of one person")),
    "write_exports": Job(L.DISPLAY, MINUTE, gettext_lazy("Write exports of records")),
    "sweep_exports": Job(L.DISPLAY, HOUR, gettext_lazy("Remove exports past their time")),
    "make_open_data": Job(L.DISPLAY, MINUTE, gettext_lazy("Make editions of open data")),
    "make_shared_data": Job(L.DISPLAY, MINUTE, gettext_lazy("Make editions of shared data")),
    "sweep_editions": Job(L.DISPLAY, HOUR, gettext_lazy("Remove editions past their time")),
    "relay": Job(L.DISPLAY, MINUTE, gettext_lazy("Send records on to other systems")),
    "prune_shipments": Job(L.DISPLAY, DAY, gettext_lazy("Clear away old shipments")),
    "report_lots": Job(L.DISPLAY, MINUTE, gettext_lazy("Report to the superior bank")),
    "reconcile": Job(L.DISPLAY, HOUR, gettext_lazy("Compare with the superior bank")),
    "refresh_status_lists": Job(L.DISPLAY, HOUR, gettext_lazy("Publish the state of certificates")),
    "recognise": Job(L.SERVICE, MINUTE, gettext_lazy("Turn completions into credit")),
    "sign_certificates": Job(L.SERVICE, MINUTE, gettext_lazy("Sign certificates")),
    "lapse_applications": Job(
        L.SERVICE, 6 * HOUR, gettext_lazy("Close applications past their time")
    ),
    "expire_reservations": Job(L.SERVICE, MINUTE, gettext_lazy("Give back reserved credit")),
    "expire_awards": Job(
        L.SERVICE, 10 * MINUTE, gettext_lazy("Give back credit of awards not taken")
    ),
    "expire_lots": Job(L.SERVICE, 10 * MINUTE, gettext_lazy("Let credit lapse at its day")),
    "miss_appointments": Job(L.SERVICE, 5 * MINUTE, gettext_lazy("Close appointments that passed")),
    "pack_takeouts": Job(L.SERVICE, MINUTE, gettext_lazy("Pack what learners asked for")),
    "sweep_takeouts": Job(L.SERVICE, HOUR, gettext_lazy("Remove packed files past their time")),
}
"""By name, as ``jobs.PERIODIC`` has them (a test compares the two)."""

GRACE = timedelta(minutes=20)
"""So long a worker may be busy with one round of jobs."""
RUNS_OF_A_DAY = 24


@dataclass(frozen=True)
class Ran:
    """The last run of a job that is known.

    Attributes:
        at: when it ended; when it began, of one that runs.
        failure: class of what it failed with; "" of one that ended well.
    """

    at: datetime
    is_running: bool
    failure: str


def last_runs(now: datetime) -> dict[str, Ran]:
    """The last run of each job that had one in its last periods. One query, by keys."""
    names = {
        periods.run_id(name, job.every, now - back * job.every): name
        for name, job in JOBS.items()
        for back in range(_looks(job))
    }
    rows = DBTaskResult.objects.filter(pk__in=names).exclude(status=TaskResultStatus.READY)
    found: dict[str, Ran] = {}
    for row in rows.order_by("-run_after").only(
        "pk", "status", "started_at", "finished_at", "exception_class_path"
    ):
        at = row.finished_at or row.started_at
        if at is not None and names[row.pk] not in found:
            is_running = row.status == TaskResultStatus.RUNNING
            failure = row.exception_class_path.rpartition(".")[2]
            found[names[row.pk]] = Ran(at, is_running, failure)
    return found


def _looks(job: Job) -> int:
    """How many periods back are looked at: a day of hourly jobs, a quarter of an hour of others."""
    if job.every >= HOUR:
        return max(4, min(RUNS_OF_A_DAY, 7 * DAY // job.every))
    return max(4, GRACE // job.every)


def last_sign(runs: Mapping[str, Ran]) -> datetime | None:
    """When a worker last ended or began something, as far as is known."""
    return max((ran.at for ran in runs.values()), default=None)


def is_at_work(runs: Mapping[str, Ran], now: datetime) -> bool:
    """Whether some worker did something a moment ago."""
    last = last_sign(runs)
    return last is not None and now - last <= GRACE


def lines(layer: Layer, runs: Mapping[str, Ran], now: datetime) -> list[Line]:
    """The jobs of a layer: each that failed or is late, and all that are well in one line."""
    own = {name: job for name, job in JOBS.items() if job.layer == layer}
    failed = [
        Line(Kind.JOB, str(job.title), "bad", _("Failed last time"),
             _("{at}: {failure}").format(at=shown_time(runs[name].at), failure=runs[name].failure))
        for name, job in own.items() if name in runs and runs[name].failure
    ]  # fmt: skip
    late = {name: job for name, job in own.items() if _is_late(job, runs.get(name), now)}
    well = [name for name in own if name in runs and name not in late and not runs[name].failure]
    return [*failed, *_late_lines(late, runs, now), *_well_lines(well, runs)]


def _is_late(job: Job, ran: Ran | None, now: datetime) -> bool:
    return ran is None or (not ran.failure and now - ran.at > 2 * job.every + GRACE)


def _late_lines(late: Mapping[str, Job], runs: Mapping[str, Ran], now: datetime) -> list[Line]:
    if not late:
        return []
    if not is_at_work(runs, now):
        text = _("Due and not run: {names}").format(
            names=_(", ").join(str(job.title) for job in late.values())
        )
        name = _("Jobs of this layer: {n}").format(n=len(late))
        return [Line(Kind.JOB, name, "warn", _("Waiting for a worker"), text)]
    return [
        Line(Kind.JOB, str(job.title), "warn", _("Late"), _late_text(runs.get(name)))
        for name, job in late.items()
    ]


def _late_text(ran: Ran | None) -> str:
    if ran is None:
        return _("Not run in its last periods.")
    return _("Last run: {at}").format(at=shown_time(ran.at))


def _well_lines(well: list[str], runs: Mapping[str, Ran]) -> list[Line]:
    if not well:
        return []
    running = [name for name in well if runs[name].is_running]
    text = _("{names}; last: {at}").format(
        names=_(", ").join(str(JOBS[name].title) for name in well),
        at=shown_time(max(runs[name].at for name in well)),
    )
    name = _("Jobs of this layer: {n}").format(n=len(well))
    word = _("{n} running").format(n=len(running)) if running else _("Ended well")
    return [Line(Kind.JOB, name, "now" if running else "ok", word, text)]
