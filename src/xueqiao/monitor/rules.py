"""The arithmetic of indicators. Plain Python."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

PERCENT = 100
FEN_PER_YUAN = 100
NEAR_SHARE = Fraction(9, 10)
STALE_AFTER_DAYS = 400


class Standing(Enum):
    """How a value stands to its target; never to other places."""

    OK = "ok"
    NEAR = "near"
    SHORT = "short"
    NONE = "none"


def rounded(value: Fraction, digits: int) -> Decimal:
    """A share (zero or more) as people read it: half up, never through a float.

    >>> str(rounded(Fraction(1234, 1244) * PERCENT, 2)), str(rounded(Fraction(1, 8), 2))
    ('99.20', '0.13')
    """
    scaled = (value.numerator * 10**digits * 2 + value.denominator) // (2 * value.denominator)
    return Decimal(scaled).scaleb(-digits)


def standing(value: Fraction, target: Fraction | None, *, is_met: bool | None) -> Standing:
    """Met, less than a tenth short, or below.

    >>> standing(Fraction(91), Fraction(100), is_met=False)
    <Standing.NEAR: 'near'>
    """
    if target is None:
        return Standing.NONE
    if is_met:
        return Standing.OK
    return Standing.NEAR if value >= target * NEAR_SHARE else Standing.SHORT


def is_stale(as_of: date, today: date) -> bool:
    """Whether a value covers nothing of the last 400 days: a year and the time to count it.

    >>> is_stale(date(2024, 12, 31), date(2026, 1, 31))
    False
    >>> is_stale(date(2024, 12, 31), date(2026, 3, 1))
    True
    """
    return (today - as_of).days > STALE_AFTER_DAYS
