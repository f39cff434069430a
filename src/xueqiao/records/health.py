"""How sources fare: from their hourly counters, never from their history."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from xueqiao.kernel import clock
from xueqiao.records import counts
from xueqiao.records.models import Source, SourceHour, SourceRefusal

if TYPE_CHECKING:
    from datetime import date, datetime

DAY = timedelta(days=1)
SUMS = ("batches", "received", "accepted", "duplicate", "quarantined", "lag_seconds")


def annotated(rows: QuerySet[Any], *, at: datetime) -> QuerySet[Any]:
    """Sources with how they fare, in two queries however many there are.

    Each row gets, in statements: ``last_hour`` (since the beginning of the hour before this one);
    ``day_received``, ``day_accepted`` and ``day_lag_seconds`` (the last 24 full hours and the
    present one); ``ever_received``, ``ever_accepted``, ``ever_duplicate`` and ``ever_quarantined``;
    and ``day_refusals``, a list of ``SourceRefusal``: ``refusals`` adds them up.
    """
    hour = counts.hour_of(at)
    lately, before = {"hour__gte": hour - DAY}, {"hour__gte": hour - timedelta(hours=1)}
    ever = {"hour": counts.EVER}
    refusals = SourceRefusal.objects.filter(**lately).order_by("code", "hour")
    found: QuerySet[Any] = rows.annotate(
        last_hour=_sum("received", before),
        day_received=_sum("received", lately),
        day_accepted=_sum("accepted", lately),
        day_lag_seconds=_sum("lag_seconds", lately),
        ever_received=_sum("received", ever),
        ever_accepted=_sum("accepted", ever),
        ever_duplicate=_sum("duplicate", ever),
        ever_quarantined=_sum("quarantined", ever),
    ).prefetch_related(Prefetch("refusals", queryset=refusals, to_attr="day_refusals"))
    return found


def refusals(row: Any) -> dict[str, int]:
    """Of an annotated source: code of a refusal or reason of quarantine to how many, most first."""
    found: dict[str, int] = {}
    for each in row.day_refusals:
        found[each.code] = found.get(each.code, 0) + each.count
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


def lag_seconds(row: Any) -> int | None:
    """Of an annotated source: mean time from what happened to its being received, in the last day.

    None where nothing was accepted.
    """
    return row.day_lag_seconds // row.day_accepted if row.day_accepted else None


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
    """The last hours of a source, newest first; an hour in which nothing came is there with zeros.

    Columns: hour, batches, received, accepted, duplicate, quarantined, lag_seconds (sum).
    """
    now = counts.hour_of(at)
    rows = SourceHour.objects.filter(source=source, hour__gt=now - timedelta(hours=hours))
    summed: Any = rows.values("hour").annotate(**{name: Sum(name) for name in SUMS})
    held = {row["hour"]: row for row in summed}
    none = dict.fromkeys(SUMS, 0)
    each = (now - timedelta(hours=n) for n in range(hours))
    return [{**none, "hour": hour, **held.get(hour, {})} for hour in each]


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


def _sum(column: str, when: dict[str, Any]) -> Coalesce:
    rows = SourceHour.objects.filter(source=OuterRef("pk"), **when).order_by().values("source")
    return Coalesce(Subquery(rows.annotate(n=Sum(column)).values("n")), 0)
