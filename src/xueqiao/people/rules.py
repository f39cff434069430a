"""The arithmetic of people. Plain Python."""

from __future__ import annotations


def age_in(year: int, birth_year: int) -> int:
    """Age in whole years at the end of a calendar year; only the year of birth is kept.

    >>> age_in(2024, 1960)
    64
    """
    return year - birth_year
