"""When a connection is due, and how long one waits after a failure. Plain Python."""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo

LONGEST_BACK_OFF_MINUTES = 360


def back_off_minutes(failures: int) -> int:
    """Minutes to wait after so many failures without a break: twice as long each time, up to 6 h.

    >>> [back_off_minutes(n) for n in (1, 2, 3, 9, 10, 4000)]
    [1, 2, 4, 256, 360, 360]
    """
    return min(1 << min(failures - 1, 20), LONGEST_BACK_OFF_MINUTES)


def next_due(
    *, now: datetime, every_minutes: int | None, daily_at: time | None, zone: tzinfo
) -> datetime | None:
    """When a connection runs again after a run that ended now; None without a schedule.

    >>> from zoneinfo import ZoneInfo
    >>> at = datetime.fromisoformat("2026-03-02T03:00:00+00:00")
    >>> shanghai = ZoneInfo("Asia/Shanghai")
    >>> str(next_due(now=at, every_minutes=90, daily_at=None, zone=shanghai))
    '2026-03-02 04:30:00+00:00'
    >>> str(next_due(now=at, every_minutes=None, daily_at=time(2, 30), zone=shanghai))
    '2026-03-03 02:30:00+08:00'
    """
    if every_minutes is not None:
        return now + timedelta(minutes=every_minutes)
    if daily_at is None:
        return None
    today = datetime.combine(now.astimezone(zone).date(), daily_at, zone)
    return today if today > now else today + timedelta(days=1)


def after_failure(*, now: datetime, failures: int, scheduled: datetime | None) -> datetime | None:
    """When a connection that failed is tried again; None without a schedule.

    A daily run is tried again the same day; one that runs every few minutes backs off beyond that.
    """
    if scheduled is None:
        return None
    return now + timedelta(minutes=back_off_minutes(failures))


# A source that sends less than this on a usual day goes up and down by chance.
USUAL_AT_LEAST = 100
DAYS_LOOKED_AT = 14
FALLEN_BELOW_PERCENT = 30


def usual_volume(days: list[int]) -> int:
    """What a source sends on a usual day: the middle one of its last days.

    >>> usual_volume([0, 900, 1000, 5000]), usual_volume([])
    (950, 0)
    """
    ordered = sorted(days)
    if not ordered:
        return 0
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) // 2


def has_fallen(*, usual: int, now: int) -> bool:
    """Whether a day brought so little that somebody should look.

    >>> has_fallen(usual=1000, now=299), has_fallen(usual=1000, now=300), has_fallen(usual=9, now=0)
    (True, False, False)
    """
    return usual >= USUAL_AT_LEAST and now * 100 < usual * FALLEN_BELOW_PERCENT


def has_room(*, so_far: int, coming: int, at_most: int | None) -> bool:
    """Whether a portion fits under a quota. The first one always does: else it would never come.

    >>> has_room(so_far=0, coming=500, at_most=100), has_room(so_far=60, coming=50, at_most=100)
    (True, False)
    """
    return at_most is None or so_far == 0 or so_far + coming <= at_most
