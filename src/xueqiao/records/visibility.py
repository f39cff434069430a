"""When a statement counts as stored, and up to when everything stored can be seen.

The standard asks every answer to say through which time it is consistent. On PostgreSQL a statement
is never stamped earlier than its transaction began, so everything stamped before the oldest running
transaction is visible. On SQLite writers are serial and stamps strictly rise: while nobody writes
all is visible, and else everything up to the newest visible stamp.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import OperationalError, connection
from django.db.models import Max

from xueqiao.kernel import clock
from xueqiao.records.journal import marks
from xueqiao.records.models import Statement

# A writer on SQLite holds the lock for less than this; a batch of 1,000 takes 0.2 s.
LONGEST_WRITE = timedelta(seconds=60)
_TICK = timedelta(microseconds=1)


def stamp() -> datetime:
    """The stored time of a batch. Call it inside the transaction that writes the batch.

    By the store's own clock, whatever the sender says: only so can an answer be dated.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as ask:
            ask.execute("select clock_timestamp()")
            return _utc(ask.fetchone()[0])
    now, newest = clock.now(), _newest()
    return now if newest is None or now > newest else newest + _TICK


def consistent_through(now: datetime) -> datetime:
    """Everything that was answered or stored up to this time can be seen.

    Call it before the query whose answer it dates. What waits in a journal on this machine is
    answered and not stored: the oldest of it is the limit.
    """
    # In this order: what leaves the journal in between is in the store, and seen.
    waiting = marks.pending().oldest
    through = _stored_through(now)
    return min(through, waiting - _TICK) if waiting else through


def lately_consistent_through(now: datetime) -> datetime:
    """The same, asked for at most half a second ago: what was true then is true."""
    global _asked  # noqa: PLW0603 - one value for the process
    at, through = _asked
    if not timedelta(0) <= now - at < _LATELY:
        through = consistent_through(now)
        _asked = now, through
    return through


_LATELY = timedelta(seconds=0.5)
_asked = (datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC))


def _stored_through(now: datetime) -> datetime:
    if connection.vendor == "postgresql":
        with connection.cursor() as ask:
            ask.execute(
                "select least(transaction_timestamp(), min(xact_start)) from pg_stat_activity "
                "where datname = current_database() and backend_type = 'client backend'"
            )
            return _utc(ask.fetchone()[0]) - _TICK
    free = _free_moment()
    if free is not None:
        return free
    newest, idle = _newest(), now - LONGEST_WRITE
    return max(newest, idle) if newest else idle


def _free_moment() -> datetime | None:
    """A moment at which nobody was writing to SQLite; None where somebody is.

    Who gets the writer's place sees all that was written, and all that follows is stamped later.
    """
    if connection.in_atomic_block:
        return None
    with connection.cursor() as ask:
        patience = ask.execute("pragma busy_timeout").fetchone()[0]
        ask.execute("pragma busy_timeout = 0")
        try:
            ask.execute("begin immediate")
        except OperationalError:
            return None
        else:
            moment = clock.now() - _TICK
            ask.execute("rollback")
            return moment
        finally:
            ask.execute(f"pragma busy_timeout = {patience:d}")


def _newest() -> datetime | None:
    found: datetime | None = Statement.objects.aggregate(at=Max("stored_at"))["at"]
    return found


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)
