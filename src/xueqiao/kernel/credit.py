"""Credit as whole hundredths: 150 is 1.5 credits. Never a float."""

from __future__ import annotations

import re

HUNDREDTHS = 100


def show(hundredths: int) -> str:
    """Credits as people write them.

    >>> show(150), show(200), show(-5)
    ('1.5', '2', '-0.05')
    """
    sign = "-" if hundredths < 0 else ""
    whole, part = divmod(abs(hundredths), HUNDREDTHS)
    return f"{sign}{whole}.{part:02d}".rstrip("0").rstrip(".")


def parse(text: str) -> int:
    """Credits that a person typed, in hundredths.

    >>> parse("1.5"), parse("30")
    (150, 3000)

    Raises:
        ValueError: not a number with at most two decimals.
    """
    found = re.fullmatch(r"\s*(\d{1,9})(?:\.(\d{1,2}))?\s*", text)
    if not found:
        raise ValueError(text)
    return int(found[1]) * HUNDREDTHS + int((found[2] or "").ljust(2, "0"))
