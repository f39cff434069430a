"""How sources fare: from their hourly counters, never from their history."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Sum

from xueqiao.kernel import clock
from xueqiao.records import counts
from xueqiao.records.models import Source, SourceHour, SourceRefusal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

DAY = timedelta(days=1)
_SUMS = ("batches", "received", "accepted", "duplicate", "quarantined", "lag_seconds")


@dataclass(frozen=True)
class Health:
    """A source and how it fared lately.

    Attributes:
        last_hour: statements received since the beginning of the hour before this one.
        last_day: statements received in the last 24 full hours and the present one.
        lag_seconds: mean time from what happened to its being received, over what was accepted in
            ``last_day``; None where nothing was.
        refusals: code of a refusal or reason of quarantine to how many in ``last_day``, most first.
        silent_since: since when it is silent for longer than it may be, or None.
    """

    source: Source
    last_hour: int
    last_day: int
    lag_seconds: int | None
    quarantined: int
    refusals: dict[str, int] = field(default_factory=dict)
    silent_since: datetime | None = None


def of(sources: Iterable[Source], *, at: datetime) -> list[Health]:
    """The health of each source, in three queries however many there are."""
    found, hour = list(sources), counts.hour_of(at)
    days = _sums(found, hour - DAY)
    hours = _sums(found, hour - timedelta(hours=1))
    refusals = _refusals(found, hour - DAY)
    none = dict.fromkeys(_SUMS, 0)
    made = []
    for source in found:
        day = days.get(source.pk, none)
        made.append(
            Health(
                source=source,
                last_hour=hours.get(source.pk, none)["received"],
                last_day=day["received"],
                lag_seconds=day["lag_seconds"] // day["accepted"] if day["accepted"] else None,
                quarantined=day["quarantined"],
                refusals=refusals.get(source.pk, {}),
                silent_since=silent_since(source, at),
            )
        )
    return made


def silent_since(source: Source, at: datetime) -> datetime | None:
    """Since when a source is silent for longer than it may be; None where all is well.

    A paused source may be silent, and one that never sent is counted from its opening.
    """
    if source.silent_after_seconds is None or source.paused_at is not None:
        return None
    last = source.last_received_at or source.opened_at
    # Kept to the minute, so a minute's silence proves nothing.
    allowed = timedelta(seconds=source.silent_after_seconds) + counts.HEARD_EVERY
    return last if at - last > allowed else None


def by_hour(source: Source, *, at: datetime, hours: int) -> list[dict[str, Any]]:
    """The last hours of a source, oldest first; an hour in which nothing came is there with zeros.

    Columns: hour, batches, received, accepted, duplicate, quarantined, lag_seconds (sum).
    """
    now = counts.hour_of(at)
    first = now - timedelta(hours=hours - 1)
    rows = SourceHour.objects.filter(source=source, hour__gte=first).values("hour")
    found: Any = rows.annotate(**_annotations())
    held = {row["hour"]: row for row in found}
    none = dict.fromkeys(_SUMS, 0)
    each = (first + timedelta(hours=n) for n in range(hours))
    return [{"hour": hour, **held.get(hour, none)} for hour in each]


def _annotations() -> dict[str, Sum]:
    return {name: Sum(name) for name in _SUMS}


def _sums(sources: list[Source], since: datetime) -> dict[int, dict[str, Any]]:
    rows = SourceHour.objects.filter(source__in=sources, hour__gte=since).values("source_id")
    found: Any = rows.annotate(**_annotations())
    return {row["source_id"]: row for row in found}


def _refusals(sources: list[Source], since: datetime) -> dict[int, dict[str, int]]:
    rows = SourceRefusal.objects.filter(source__in=sources, hour__gte=since)
    found: dict[int, dict[str, int]] = {}
    summed = rows.values_list("source_id", "code").annotate(n=Sum("count"))
    for source_id, code, count in summed.order_by("source_id", "-n", "code"):
        found.setdefault(source_id, {})[code] = count
    return found


def received_by_day(*, since: datetime, until: datetime) -> dict[int, dict[date, int]]:
    """Source id → calendar day in Asia/Shanghai → what it sent, for days with something.

    Args:
        since: the first instant; the first of an hour.
        until: the first instant that no longer counts.
    """
    rows = SourceHour.objects.filter(hour__gte=since, hour__lt=until)
    summed = rows.values_list("source_id", "hour").annotate(n=Sum("received"))
    found: dict[int, dict[date, int]] = {}
    for source_id, hour, count in summed.order_by("source_id", "hour"):
        days, day = found.setdefault(source_id, {}), clock.local_date(hour)
        days[day] = days.get(day, 0) + count
    return found


def silent_sources(*, at: datetime) -> dict[int, datetime]:
    """Source id → since when it is silent for longer than it may be."""
    rows = Source.objects.exclude(silent_after_seconds=None).filter(paused_at=None)
    found = {source.pk: silent_since(source, at) for source in rows}
    return {source_id: since for source_id, since in found.items() if since}
