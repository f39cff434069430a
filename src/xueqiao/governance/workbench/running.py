"""Runs of queries: started in a process of their own, ended by it, taken in by whoever looks next.

What was read about persons is written into the log of readings before its rows can be seen.
"""

from __future__ import annotations

import shutil
import uuid
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.governance import grants, leftovers, readings
from xueqiao.governance.models import LakeReading, QueryRun
from xueqiao.governance.workbench import costs, scope, telling
from xueqiao.kernel import clock, errors, lease
from xueqiao.lake.sandbox import persons, starting

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from xueqiao.people.models import Person

State = QueryRun.State
KEPT = timedelta(days=7)
MOST_EACH, MOST_IN_ALL = 2, 4
MOST_CODE = 1000
LEFT = timedelta(minutes=5)
"""A folder that no result needs is left alone so long: its process may be about to end."""


class TooManyRuns(errors.Refusal):
    """So many queries run already, of this person or in all."""

    code = "lake.too_many_runs"
    status = 429


class RunOfAnother(errors.Refusal):
    """Somebody else runs this query."""

    code = "lake.run_of_another"
    status = 403


class RunOver(errors.Refusal):
    """The run has ended, or its result is gone."""

    code = "lake.run_over"


def folder(run: QueryRun) -> Path:
    """Where the rows of a run lie."""
    return costs.folder() / run.key.hex


def ask(*, by: Person, sql: str, purpose: str, shape: str, at: datetime) -> QueryRun:
    """Run a query with the grants that somebody holds for a purpose; "" reads open tables only.

    Raises:
        TooManyRuns: ``MOST_EACH`` of the same person run, or ``MOST_IN_ALL`` in all.
        costs.NothingAsked, costs.TableNotGranted; telling.…: the query cannot be planned.
    """
    seen = scope.of(by, purpose, clock.local_date(at))
    cost = costs.of(sql, seen)
    if shape == QueryRun.Shape.COUNTS and cost.is_personal:
        _refuse_mixed(sql, seen)
    inputs, keep = seen.inputs(cost.tables)
    question = starting.Question(
        sql=sql.strip(), tables=inputs, keep=keep, helpers=seen.helpers() if keep else (),
        shape=QueryRun.Shape(shape).value, least=scope.least(),
    )  # fmt: skip
    run = QueryRun(
        key=uuid.uuid4(), asked_by=by, sql=sql.strip(), shape=shape, started_at=at,
        purpose=purpose if cost.is_personal else "",
        grants=[grant.pk for grant in seen.grants_for(cost.tables)],
        tables=cost.tables, is_personal=cost.is_personal, estimated_rows=cost.rows,
        estimated_bytes=cost.size_bytes, expires_at=at + KEPT,
    )  # fmt: skip
    with transaction.atomic():
        _refuse_crowd(by)
        run.worker = starting.start(
            folder=folder(run), what="run", question=question, limits=costs.limits()
        )
        run.save(force_insert=True)
    return run


def settle(*, run: QueryRun, at: datetime) -> QueryRun:
    """Take the outcome of a run in, if there is one. Any process may do so, and any number."""
    if run.state != State.RUNNING:
        return run
    outcome = starting.outcome(folder(run))
    if outcome is None:
        if not _is_lost(run, at):
            return run
        # It may have said so between the two looks, and ended.
        died = {"state": "failed", "code": "died", "milliseconds": 0}
        outcome = starting.outcome(folder(run)) or died
    with transaction.atomic():
        locked = QueryRun.objects.select_for_update().get(pk=run.pk)
        if locked.state == State.RUNNING:
            _end(locked, outcome, at)
    if locked.state != State.DONE:
        shutil.rmtree(folder(run), ignore_errors=True)
    return locked


def cancel(*, run: QueryRun, by: Person, at: datetime) -> QueryRun:
    """Stop a run. Its process hears within a second.

    Raises:
        RunOfAnother, RunOver.
    """
    if run.asked_by_id != by.pk:
        raise RunOfAnother(_("Only who asked may cancel a run."))
    with transaction.atomic():
        locked = QueryRun.objects.select_for_update().get(pk=run.pk)
        if locked.state != State.RUNNING:
            raise RunOver(_("The run has ended: {state}.").format(state=locked.get_state_display()))
        starting.cancel(folder(run))
        locked.state, locked.finished_at = State.CANCELLED, at
        locked.save(update_fields=["state", "finished_at"])
    return locked


def work(*, now: datetime) -> int:
    """Take in the outcomes that nobody looked at, and remove results whose time is over."""
    done = 0
    for run in QueryRun.objects.running():
        done += settle(run=run, at=now).state != State.RUNNING
    ended = [State.DONE, State.FAILED, State.CANCELLED]
    for run in QueryRun.objects.filter(state__in=ended, expires_at__lte=now):
        shutil.rmtree(folder(run), ignore_errors=True)
        QueryRun.objects.filter(pk=run.pk).update(state=State.EXPIRED)
        done += 1
    sweep(now=now)
    return done


def sweep(*, now: datetime) -> int:
    """Remove folders whose rows nobody may see: of runs that came to nothing, and of servers that
    were killed before a run was written down. How many.
    """
    before, there = now - LEFT, leftovers.by_key(costs.folder())
    known = {run.key: run for run in QueryRun.objects.filter(key__in=there)}
    over = [path for key, path in there.items() if _is_over(known.get(key), path, before)]
    over += [path for path in costs.folder().glob("plan-*") if _is_older(path, before)]
    for path in over:
        shutil.rmtree(path, ignore_errors=True)
    return len(over)


def _is_over(run: QueryRun | None, path: Path, before: datetime) -> bool:
    if run is None:
        return _is_older(path, before)
    if run.state in {State.RUNNING, State.DONE}:
        return False
    return run.finished_at is None or run.finished_at <= before


def _is_older(path: Path, before: datetime) -> bool:
    with suppress(FileNotFoundError):
        return path.stat().st_mtime <= before.timestamp()
    return False


def withdraw_all(*, at: datetime) -> int:
    """Remove every result with rows of persons: an erasure took rows out of the lake. How many.

    What runs at this moment reads files from before, so it is cancelled.
    """
    for run in QueryRun.objects.running().filter(is_personal=True):
        starting.cancel(folder(run))
    open_ = QueryRun.objects.running().filter(is_personal=True)
    open_.update(state=State.CANCELLED, finished_at=at, expires_at=at)
    found = QueryRun.objects.filter(state=State.DONE, is_personal=True)
    for run in found:
        shutil.rmtree(folder(run), ignore_errors=True)
    return found.update(state=State.EXPIRED, expires_at=at)


def grants_end(run: QueryRun, at: datetime) -> bool:
    """Whether a grant that a run rests on does not hold any more, or the role it rests on."""
    if not run.grants:
        return False
    held = grants.in_force(run.asked_by, run.purpose, clock.local_date(at))
    return not set(run.grants) <= {grant.pk for grant in held}


def _refuse_mixed(sql: str, seen: scope.Scope) -> None:
    known = [name for name, table in seen.tables.items() if table.is_personal]
    try:
        persons.check(sql, personal=known)
    except persons.MixedError as why:
        raise telling.refusal("mixed", "") from why


def _refuse_crowd(by: Person) -> None:
    running = QueryRun.objects.running()
    if running.filter(asked_by=by).count() >= MOST_EACH:
        text = _("{n} of your queries run. Wait for one, or cancel it.")
        raise TooManyRuns(text.format(n=MOST_EACH))
    if running.count() >= MOST_IN_ALL:
        raise TooManyRuns(_("Others ask the lake at this moment. Try again in a minute."))


def _is_lost(run: QueryRun, at: datetime) -> bool:
    late = costs.limits().seconds + 4 * starting.GRACE_SECONDS
    return lease.is_dead(run.worker) or run.started_at < at - timedelta(seconds=late)


def _end(run: QueryRun, outcome: dict[str, Any], at: datetime) -> None:
    run.finished_at, run.milliseconds = at, outcome["milliseconds"]
    if outcome["state"] == "done":
        run.state = State.DONE
        run.columns, run.rows = outcome["columns"], outcome["rows"]
        run.is_cut, run.hidden_cells = outcome["is_cut"], outcome["hidden_cells"]
        if run.is_personal:
            _note(run, at)
    else:
        why = telling.refusal(outcome["code"], outcome.get("text", ""))
        run.state = State.FAILED
        run.failure_code, run.failure = why.code, why.text[:MOST_CODE]
    run.save()


def _note(run: QueryRun, at: datetime) -> None:
    readings.note(
        by=run.asked_by, at=at, what=LakeReading.What.QUERY, purpose=run.purpose,
        tables=run.tables, rows=run.rows, grants=run.grants,
        detail={"run": run.pk, "sql": run.sql, "shape": run.shape},
    )  # fmt: skip
