"""What each source sent in each hour, counted while it is stored, so that nobody reads history.

A counter that every writer of a source adds to would make them wait for each other until each has
committed. Each hour therefore has ``SLOTS`` rows, and a transaction adds to one of them by chance.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

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
        hours.setdefault((source_id, hour), Counter()).update(sums)
        heard[source_id] = max(at, heard.get(source_id, at))
        for code, count in why.items():
            reasons[source_id, hour, code] = reasons.get((source_id, hour, code), 0) + count
    for (source_id, hour), sums in sorted(hours.items()):
        slot = random.randrange(SLOTS)  # noqa: S311 - no secret
        keys = {"source": source_id, "hour": hour, "slot": slot}
        _upsert(SourceHour, keys, {name: sums[name] for name in _SUMS})
    for (source_id, hour, code), count in sorted(reasons.items()):
        keys = {"source": source_id, "hour": hour, "code": code}
        _upsert(SourceRefusal, keys, {"count": count})
    for source_id, at in sorted(heard.items()):
        # Where it was heard of a moment ago, no row fits and none is locked.
        due = Q(last_received_at=None) | Q(last_received_at__lte=at - HEARD_EVERY)
        Source.objects.filter(due, pk=source_id).update(last_received_at=at)


def add_refusal(*, source: Source, code: str, at: datetime) -> None:
    """Count a request of a source that was refused as a whole, by the code of the refusal."""
    keys = {"source": source.pk, "hour": hour_of(at), "code": code[:60]}
    _upsert(SourceRefusal, keys, {"count": 1})


def hour_of(at: datetime) -> datetime:
    """The first instant of the hour in which an instant lies."""
    return at.replace(minute=0, second=0, microsecond=0)


def _upsert(model: type[models.Model], keys: dict[str, object], sums: dict[str, int]) -> None:
    """Add to the row of these keys, made where there is none, in one statement."""
    fields = [model._meta.get_field(name) for name in (*keys, *sums)]
    columns = [str(field.column) for field in fields]  # type: ignore[union-attr]
    values = [
        field.get_db_prep_save(value, connection)  # type: ignore[union-attr]
        for field, value in zip(fields, (*keys.values(), *sums.values()), strict=True)
    ]
    table, wanted = model._meta.db_table, ", ".join(columns)
    given, unique = ", ".join(["%s"] * len(columns)), ", ".join(columns[: len(keys)])
    adds = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in columns[len(keys) :])
    statement = (
        f"insert into {table} ({wanted}) values ({given}) "  # noqa: S608 - names come from models
        f"on conflict ({unique}) do update set {adds}"
    )
    with connection.cursor() as run:
        run.execute(statement, values)
