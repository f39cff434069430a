"""Runs connections: fetches portion by portion, stores each together with how far it has come.

A portion and the watermark behind it are one transaction, so a run that is killed at any moment is
gone on with where the records end. The open run is the lease of its worker: the database refuses a
second one.
"""

from __future__ import annotations

import hashlib
import logging
import time
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import F, Sum
from django.utils.translation import gettext as _

from xueqiao.intake import connections, connectors, rules
from xueqiao.intake.models import Connection, Run, RunState
from xueqiao.kernel import clock, errors, lease
from xueqiao.records import deliveries, statements
from xueqiao.records.checking import Refused
from xueqiao.records.statements import BatchResult

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from xueqiao.intake.kinds import Portion
    from xueqiao.people.models import Person

# One portion takes far less; of a worker on another machine only the end of its lease is known.
LEASE = timedelta(minutes=10)
SECONDS = 50.0
# Whom PostgreSQL picks when two writers name the same persons in two orders tries again.
_TRIES = 5
_TRY_AGAIN = {"40P01", "40001"}
_log = logging.getLogger(__name__)


class Busy(errors.Refusal):
    """A worker is running the connection."""

    code = "intake.busy"


class Paused(errors.Refusal):
    """The connection is paused."""

    code = "intake.paused"


class NotPulled(errors.Refusal):
    """Nothing is fetched over this connection: its platform sends by itself."""

    code = "intake.not_pulled"


class TakenOver(errors.Refusal):
    """The lease ended and another worker has taken the connection over."""

    code = "intake.taken_over"


class Ran(NamedTuple):
    """What all due connections brought."""

    runs: int
    received: int
    failed: int


def run_due(*, now: datetime, seconds: float = SECONDS) -> Ran:
    """Run every connection that is due, the longest overdue first, until the time is used up.

    What is not done then is still due.
    """
    ends, done = time.monotonic() + seconds, []
    due = Connection.objects.due(now).order_by("next_due_at", "pk").select_related("source")
    for connection in list(due):
        left = ends - time.monotonic()
        if left <= 0:
            break
        try:
            done.append(run(connection=connection, at=now, seconds=left))
        except (Busy, Paused):
            continue
    failed = sum(each.state == RunState.FAILED for each in done)
    return Ran(len(done), sum(each.received for each in done), failed)


class RunFailed(errors.Refusal):
    """A run that somebody waits for ended as failed; the text is its reason."""

    code = "intake.run_failed"
    status = 502


def run_to_the_end(*, connection: Connection) -> Iterator[Run]:
    """Run a connection until nothing is left, its quota is used up, or it is paused.

    Raises:
        RunFailed: a run failed; what came before it is in.
        NotPulled, Paused, Busy: as ``run``.
    """
    while True:
        connection.refresh_from_db()
        done = run(connection=connection, at=clock.now())
        if done.state == RunState.FAILED:
            raise RunFailed(done.reason)
        yield done
        if done.state != RunState.CONTINUED:
            return


def run(
    *,
    connection: Connection,
    at: datetime,
    by: Person | None = None,
    replay_from: dict[str, Any] | None = None,
    seconds: float = SECONDS,
) -> Run:
    """Fetch what is new over a connection, and write down what became of it.

    A fetch that fails ends the run as failed with its sentence; it is not raised, because the next
    run is planned all the same: later after each failure in a row.

    Args:
        by: who asked for it; None: the schedule.
        replay_from: a watermark to go back to; what is in already adds nothing.
        seconds: the time after which it stops behind a portion, to be continued by the worker.

    Raises:
        NotPulled: nothing is fetched over this kind of connection.
        Paused: the connection is paused.
        Busy: a worker is running it.
    """
    if connectors.kind(connection.kind).pull is None:
        raise NotPulled(_("Nothing is fetched here: the platform sends its records by itself."))
    begun = begin(connection=connection, at=at, by=by, replay_from=replay_from)
    try:
        state, reason = _fetch(begun, time.monotonic() + seconds), ""
    except TakenOver:
        begun.refresh_from_db()
        return begun
    except errors.Refusal as why:
        state, reason = RunState.FAILED, str(why)
    except Exception as why:  # noqa: BLE001 - whatever a kind raises must not stop the worker
        _log.exception("connection %s failed", connection.pk)
        text = _("The program failed here ({name}). The log of the worker says where.")
        state, reason = RunState.FAILED, text.format(name=type(why).__name__)
    return end(run=begun, state=state, reason=reason, at=clock.now())


class Tried(NamedTuple):
    """What a connection would bring first."""

    items: int
    refused: int


def try_out(*, connection: Connection) -> Tried:
    """Fetch the first portion and store nothing; files stay where they lie.

    Raises:
        NotPulled: nothing is fetched over this kind of connection.
        errors.Refusal: whatever the fetch is refused for.
    """
    pull = connectors.kind(connection.kind).pull
    if pull is None:
        raise NotPulled(_("Nothing is fetched here: the platform sends its records by itself."))
    found: Any = pull(connections.opened(connection), dict(connection.watermark))
    with closing(found) as portions:
        first: Portion | None = next(portions, None)
    items = first.items if first else []
    return Tried(len(items), sum(isinstance(each, Refused) for each in items))


def begin(
    *,
    connection: Connection,
    at: datetime,
    by: Person | None = None,
    replay_from: dict[str, Any] | None = None,
) -> Run:
    """Open a run, which keeps every other worker out until it ends or its worker dies.

    Raises:
        Paused: the connection is paused.
        Busy: a worker is running it.
    """
    _release_dead(connection, at)
    try:
        with transaction.atomic():
            found = Connection.objects.select_for_update().get(pk=connection.pk)
            if found.paused_at is not None:
                text = _("“{name}” is paused. Resume it first.")
                raise Paused(text.format(name=found.name))
            if replay_from is not None:
                found.watermark = replay_from
                found.save(update_fields=["watermark"])
            return Run.objects.create(
                connection=found,
                started_at=at,
                begun_by=by,
                watermark_before=found.watermark,
                is_replay=replay_from is not None,
                lease_owner=lease.owner(),
                lease_until=at + LEASE,
            )
    except IntegrityError as why:
        text = _("“{name}” is running. Wait until this run has ended.")
        raise Busy(text.format(name=connection.name)) from why


def take(*, run: Run, portion: Portion, at: datetime) -> BatchResult:
    """Store a portion and move the watermark, in one transaction.

    Raises:
        TakenOver: the run is no longer open; nothing was stored.
    """
    for left in reversed(range(_TRIES)):
        try:
            with transaction.atomic():
                return _take(run, portion, at)
        except OperationalError as why:
            if getattr(why.__cause__, "sqlstate", None) not in _TRY_AGAIN or not left:
                raise
    raise AssertionError("the last try returns or raises")


@transaction.atomic
def end(*, run: Run, state: RunState, at: datetime, reason: str = "") -> Run:
    """Close a run and say when the connection is due next. Nothing where it was taken over."""
    connection = Connection.objects.select_for_update().get(pk=run.connection_id)
    open_run = Run.objects.filter(pk=run.pk, ended_at=None)
    if open_run.update(state=state, reason=reason, ended_at=at):
        scheduled = connections.scheduled(connection, at)
        if state == RunState.FAILED:
            connection.failures += 1
            connection.next_due_at = rules.after_failure(
                now=at, failures=connection.failures, scheduled=scheduled
            )
        else:
            connection.failures = 0
            connection.next_due_at = at if state == RunState.CONTINUED else scheduled
        connection.save(update_fields=["failures", "next_due_at"])
    run.refresh_from_db()
    return run


def received_on(connection: Connection, at: datetime) -> int:
    """Items that a connection has brought on the calendar day of an instant."""
    since = clock.start_of(clock.local_date(at))
    rows = Run.objects.filter(connection=connection, started_at__gte=since)
    return int(rows.aggregate(n=Sum("received", default=0))["n"])


def _release_dead(connection: Connection, at: datetime) -> None:
    """Close the open run of a worker that died, so that another can take over."""
    for row in Run.objects.filter(connection=connection, ended_at=None):
        if row.lease_until < at or lease.is_dead(row.lease_owner):
            still = Run.objects.filter(pk=row.pk, ended_at=None, lease_until=row.lease_until)
            still.update(state=RunState.TAKEN_OVER, ended_at=at)


def _fetch(run: Run, ends: float) -> RunState:
    """Take portion by portion; how it ended."""
    connection = run.connection
    pull = connectors.kind(connection.kind).pull
    assert pull is not None
    of_day, so_far = received_on(connection, run.started_at), 0
    found: Any = pull(connections.opened(connection), dict(connection.watermark))
    with closing(found) as portions:
        for portion in portions:
            coming = len(portion.items)
            if Connection.objects.filter(pk=connection.pk).exclude(paused_at=None).exists():
                return RunState.PAUSED
            if not (
                rules.has_room(so_far=so_far, coming=coming, at_most=connection.quota_run)
                and rules.has_room(so_far=of_day, coming=coming, at_most=connection.quota_day)
            ):
                return RunState.QUOTA
            take(run=run, portion=portion, at=clock.now())
            so_far, of_day = so_far + coming, of_day + coming
            if time.monotonic() > ends:
                # What stands behind the yield of this portion, such as moving its file, runs too.
                return _continued(portions)
    return RunState.DONE


def _continued(portions: Any) -> RunState:
    return RunState.DONE if next(portions, None) is None else RunState.CONTINUED


def _take(run: Run, portion: Portion, at: datetime) -> BatchResult:
    # First, so that a worker whose lease was taken waits here and then finds it gone.
    open_run = Run.objects.filter(pk=run.pk, ended_at=None)
    if not open_run.update(lease_until=at + LEASE):
        raise TakenOver(_("Another worker has taken this run over."))
    done = _stored(run, portion, at) if portion.items else BatchResult(0, 0, 0, 0)
    if portion.also is not None:
        portion.also()
    counts = {name: F(name) + n for name, n in done._asdict().items()}
    open_run.update(portions=F("portions") + 1, **counts)
    Connection.objects.filter(pk=run.connection_id).update(watermark=portion.watermark)
    return done


def _stored(run: Run, portion: Portion, at: datetime) -> BatchResult:
    """Store the items; what was in already counts as duplicate.

    A source that answers differently under the same key, after a replay, gets a batch of its own;
    what of it is held is found statement by statement.
    """
    source, delivery = run.connection.source, None
    if portion.file:
        name, digest, _is_last = portion.file
        delivery = deliveries.open_(source=source, name=name[:200], digest=digest, at=at)
    for key in (portion.key, f"{portion.key}#{_digest(portion)}"):
        was_in = deliveries.is_in(source, key)
        try:
            with transaction.atomic():
                done = statements.store_batch(
                    source=source,
                    items=portion.items,
                    received_at=at,
                    batch_key=key,
                    delivery=delivery,
                    parts=portion.parts,
                )
        except statements.KeyReused:
            continue
        if delivery and portion.file and portion.file.is_last and delivery.finished_at is None:
            deliveries.finish(delivery)
        return BatchResult(done.received, 0, done.received, 0) if was_in else done
    raise AssertionError("the second key is made of the content")


def _digest(portion: Portion) -> str:
    found = hashlib.sha256()
    for item in portion.items:
        found.update(item.text.encode(errors="surrogatepass") + b"\n")
    return found.hexdigest()[:16]
