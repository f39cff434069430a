"""The arithmetic of indicators. Plain Python."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

PERCENT = 100
FEN_PER_YUAN = 100


def rounded(value: Fraction, digits: int) -> Decimal:
    """A share (zero or more) as people read it: half up, never through a float.

    >>> str(rounded(Fraction(1234, 1244) * PERCENT, 2)), str(rounded(Fraction(1, 8), 2))
    ('99.20', '0.13')
    """
    scaled = (value.numerator * 10**digits * 2 + value.denominator) // (2 * value.denominator)
    return Decimal(scaled).scaleb(-digits)
