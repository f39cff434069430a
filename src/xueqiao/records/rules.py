"""The arithmetic of records: plain Python, no Django."""

from __future__ import annotations

import re
from datetime import date

# OULAD names a presentation by its year and the month it starts in: B is February, J is October.
_START_MONTHS = {"B": 2, "J": 10}


def presentation_start(code: str) -> date:
    """The first day of an OULAD presentation; day ``n`` of its tables is this day plus ``n`` days.

    >>> presentation_start("2013J"), presentation_start("2014B")
    (datetime.date(2013, 10, 1), datetime.date(2014, 2, 1))

    Raises:
        ValueError: the code is not a year followed by B or J.
    Source: Kuzilek et al., Scientific Data 4, 170171 (2017), which gives the month; the day is ours.
    """
    found = re.fullmatch(r"(\d{4})([BJ])", code)
    if not found:
        raise ValueError(f"{code!r} is not a presentation such as 2013J")
    return date(int(found[1]), _START_MONTHS[found[2]], 1)
