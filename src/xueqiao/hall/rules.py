"""The arithmetic of the hall. Plain Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True)
class Hours:
    """When a class meets: each week on one weekday, from one day to another, both included."""

    starts_on: date
    ends_on: date
    weekday: int | None
    from_minute: int | None
    to_minute: int | None


def clash(one: Hours, other: Hours) -> bool:
    """Whether nobody can sit in both classes. A class without fixed hours clashes with nothing.

    >>> spring = date(2026, 3, 2), date(2026, 6, 29)
    >>> clash(Hours(*spring, 1, 1140, 1230), Hours(*spring, 1, 1200, 1290))
    True
    >>> clash(Hours(*spring, 1, 1140, 1230), Hours(*spring, 1, 1230, 1290))
    False
    """
    if one.weekday is None or one.weekday != other.weekday:
        return False
    assert one.from_minute is not None and one.to_minute is not None  # noqa: PT018 - one fact
    assert other.from_minute is not None and other.to_minute is not None  # noqa: PT018 - one fact
    same_weeks = one.starts_on <= other.ends_on and other.starts_on <= one.ends_on
    same_hours = one.from_minute < other.to_minute and other.from_minute < one.to_minute
    return same_weeks and same_hours


def seats_left(capacity: int, taken: int) -> int:
    """Seats that can still be had.

    >>> seats_left(30, 28)
    2
    """
    return max(capacity - taken, 0)
