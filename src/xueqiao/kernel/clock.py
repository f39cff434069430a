"""Time: instants are UTC, calendars are Asia/Shanghai."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from django.utils.formats import date_format

LOCAL = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """The present instant, aware, in UTC. Edges call this; verbs take the time as an argument."""
    return datetime.now(UTC)


def local_date(instant: datetime) -> date:
    """The calendar day in Asia/Shanghai on which an aware instant falls."""
    return instant.astimezone(LOCAL).date()


def today() -> date:
    """The present calendar day in Asia/Shanghai. For edges, as ``now`` is."""
    return local_date(now())


def start_of(day: date) -> datetime:
    """The first instant of a calendar day in Asia/Shanghai, as UTC."""
    return datetime.combine(day, time.min, LOCAL).astimezone(UTC)


def written(day: date) -> str:
    """A day as the reader's language writes it, for sentences that people read."""
    return date_format(day, "DATE_FORMAT")
