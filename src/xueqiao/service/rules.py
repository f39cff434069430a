"""The arithmetic of service points: hours, slots, levels of the network. Plain Python."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable

LOCAL: Final = ZoneInfo("Asia/Shanghai")
# Which kind of node stands directly below which.
ABOVE: Final = {"centre": "", "branch": "centre", "point": "branch"}
BOOK_AHEAD_DAYS: Final = 28
BOOK_BEFORE: Final = timedelta(minutes=30)
# An appointment that nobody took up within this time is missed.
GRACE: Final = timedelta(minutes=30)
MOST_OPEN: Final = 3
CALLS: Final = 3
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*[-–—~至]\s*(\d{1,2}):(\d{2})")


@dataclass(frozen=True, order=True)
class Span:
    """Hours of one day, from one local time to before another."""

    opens: time
    closes: time


def spans(text: str) -> list[Span]:
    """Hours of a day as people type them, in order; an empty text is a closed day.

    >>> [f"{each.opens:%H:%M}" for each in spans("13:30-17:00, 9:00-12:00")]
    ['09:00', '13:30']

    Raises:
        ValueError: no hours, a time that does not exist, or hours that overlap.
    """
    parts = [part.strip() for part in re.split(r"[,，;；、]", text) if part.strip()]
    found = sorted(_span(part) for part in parts)
    for earlier, later in pairwise(found):
        if later.opens < earlier.closes:
            raise ValueError(text)
    return found


def _span(text: str) -> Span:
    match = _SPAN.fullmatch(text.replace("：", ":"))
    if match is None:
        raise ValueError(text)
    hours = [int(each) for each in match.groups()]
    try:
        found = Span(time(hours[0], hours[1]), time(hours[2], hours[3]))
    except ValueError:
        raise ValueError(text) from None
    if found.opens >= found.closes:
        raise ValueError(text)
    return found


def shown(hours: Iterable[Span]) -> str:
    """Hours of a day as they are printed.

    >>> shown(spans("9:00-12:00,13:30-17:00"))
    '09:00–12:00, 13:30–17:00'
    """
    return ", ".join(f"{each.opens:%H:%M}–{each.closes:%H:%M}" for each in hours)


def slots(day: date, hours: Iterable[Span], minutes: int) -> list[tuple[datetime, datetime]]:
    """The whole slots of a day, as instants in UTC; what is left of an hour is no slot.

    >>> [f"{start:%H:%M}" for start, _ in slots(date(2026, 3, 2), spans("9:00-10:10"), 30)]
    ['01:00', '01:30']
    """
    found, length = [], timedelta(minutes=minutes)
    for each in hours:
        start = datetime.combine(day, each.opens, LOCAL)
        end = datetime.combine(day, each.closes, LOCAL)
        while start + length <= end:
            found.append((start.astimezone(UTC), (start + length).astimezone(UTC)))
            start += length
    return found


def is_open(at: datetime, hours: Iterable[Span]) -> bool:
    """Whether an instant lies within the hours of its own local day.

    >>> is_open(datetime(2026, 3, 2, 1, 30, tzinfo=UTC), spans("9:00-12:00"))
    True
    """
    now = at.astimezone(LOCAL).time()
    return any(each.opens <= now < each.closes for each in hours)


def may_book(starts_at: datetime, now: datetime) -> bool:
    """Whether a slot can still, and can already, be booked."""
    return BOOK_BEFORE <= starts_at - now <= timedelta(days=BOOK_AHEAD_DAYS)


def ticket(number: int) -> str:
    """A number as it stands on the ticket and on the display.

    >>> ticket(7)
    '007'
    """
    return f"{number:03d}"
