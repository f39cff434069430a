"""Days of a calendar: validity and terms."""

from __future__ import annotations

from datetime import date, timedelta


def years_later(day: date, years: int) -> date:
    """The same day so many years on; 29 February becomes 1 March.

    >>> years_later(date(2024, 2, 29), 1)
    datetime.date(2025, 3, 1)
    """
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def working_days_later(day: date, days: int) -> date:
    """The last of so many days from Monday to Friday after a day. Holidays are not known here.

    >>> working_days_later(date(2026, 11, 20), 5)
    datetime.date(2026, 11, 27)
    """
    while days > 0:
        day += timedelta(days=1)
        days -= day.isoweekday() <= 5  # noqa: PLR2004 - Friday
    return day
