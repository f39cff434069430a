"""What each source sent in each hour, counted while it is stored, so that nobody reads history.

A counter that every writer of a source adds to would make them wait for each other until each has
committed. Each hour therefore has ``SLOTS`` rows, and a transaction adds to one of them by chance.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection
from django.db.models import Q

from xueqiao.records.models import Source, SourceHour, SourceRefusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from django.db import models

    from xueqiao.records.checking import Refused
    from xueqiao.records.models import Batch
    from xueqiao.records.xapi.facts import Facts

SLOTS = 8
# The hour of the row that counts all hours together, so that a sum of years is read at once.
EVER = datetime(1970, 1, 1, tzinfo=UTC)
HEARD_EVERY = timedelta(minutes=1)
_SUMS = ("batches", "received", "accepted", "duplicate", "quarantined", "lag_seconds")


class Tally(NamedTuple):
    """What became of a batch.

    Attributes:
        sums: by the names of ``SourceHour``'s columns.
        reasons: how many of its items lie in quarantine for each ``Reason``.
    """

    source_id: int
    received_at: datetime
    sums: Counter[str]
    reasons: Counter[str]


def of(
    row: Batch,
    good: Mapping[UUID, tuple[int, Facts]],
    held: Mapping[int, Refused],
    duplicate: int = 0,
) -> Tally:
    """The tally of a batch: ``good`` was accepted, ``held`` lies in quarantine."""
    at = row.received_at
    lags = ((at - found.event_at) for _place, found in good.values() if found.event_at)
    sums = Counter(
        batches=1,
        received=len(good) + len(held) + duplicate,
        accepted=len(good),
        duplicate=duplicate,
        quarantined=len(held),
        # A sender whose clock is ahead does not make up for one that is behind.
        lag_seconds=sum(max(lag, timedelta(0)) // timedelta(seconds=1) for lag in lags),
    )
    return Tally(row.source_id, at, sums, Counter(str(each.reason) for each in held.values()))


def add(tallies: Iterable[Tally]) -> None:
    """Count batches; the caller holds the transaction that stores them, and has written the rest.

    Rows are taken in one order, so that no writer waits for one who waits for it.
    """
    hours: dict[tuple[int, datetime], Counter[str]] = {}
    reasons: dict[tuple[int, datetime, str], int] = {}
    heard: dict[int, datetime] = {}
    for source_id, at, sums, why in tallies:
        hour = hour_of(at)
        for each in (EVER, hour):
            hours.setdefault((source_id, each), Counter()).update(sums)
        heard[source_id] = max(at, heard.get(source_id, at))
        for code, count in why.items():
            reasons[source_id, hour, code] = reasons.get((source_id, hour, code), 0) + count
    slot = random.randrange(SLOTS)  # noqa: S311 - no secret
    _upsert(
        SourceHour,
        ("source", "hour", "slot", *_SUMS),
        [(*key, slot, *(hours[key][name] for name in _SUMS)) for key in sorted(hours)],
        keys=3,
    )
    _upsert(
        SourceRefusal,
        ("source", "hour", "code", "count"),
        [(*key, reasons[key]) for key in sorted(reasons)],
        keys=3,
    )
    for source_id, at in sorted(heard.items()):
        # Where it was heard of a moment ago, no row fits and none is locked.
        due = Q(last_received_at=None) | Q(last_received_at__lte=at - HEARD_EVERY)
        Source.objects.filter(due, pk=source_id).update(last_received_at=at)


def add_refusal(*, source: Source, code: str, at: datetime) -> None:
    """Count a request of a source that was refused as a whole, by the code of the refusal."""
    row = (source.pk, hour_of(at), code[:60], 1)
    _upsert(SourceRefusal, ("source", "hour", "code", "count"), [row], keys=3)


def hour_of(at: datetime) -> datetime:
    """The first instant of the hour in which an instant lies."""
    return at.replace(minute=0, second=0, microsecond=0)


def _upsert(
    model: type[models.Model], names: tuple[str, ...], rows: list[tuple[object, ...]], *, keys: int
) -> None:
    """Add to the rows whose first ``keys`` columns are these, made where there are none.

    One statement takes them in the order given.
    """
    if not rows:
        return
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    columns = [str(field.column) for field in fields]
    values = [
        field.get_db_prep_save(value, connection)
        for row in rows
        for field, value in zip(fields, row, strict=True)
    ]
    table, one = model._meta.db_table, f"({', '.join(['%s'] * len(columns))})"
    adds = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in columns[keys:])
    statement = (
        f"insert into {table} ({', '.join(columns)}) values {', '.join([one] * len(rows))} "  # noqa: S608 - names come from models
        f"on conflict ({', '.join(columns[:keys])}) do update set {adds}"
    )
    with connection.cursor() as run:
        run.execute(statement, values)
