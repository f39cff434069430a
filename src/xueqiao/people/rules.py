"""The arithmetic of people. Plain Python."""

from __future__ import annotations

import re

OLDEST_AGE = 130
SHORTEST_PASSWORD = 10
IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
IDENTITY_CHECKS = "10X98765432"

# Who may give which role, for a place within the own one. First roles are given from the shell.
MAY_GRANT: dict[str, frozenset[str]] = {
    "operator": frozenset({"province"}),
    "province": frozenset({"county", "assessor", "institution", "teacher", "helper", "analyst"}),
    "county": frozenset({"institution", "teacher", "helper"}),
    "institution": frozenset({"teacher", "helper"}),
}


def age_in(year: int, birth_year: int) -> int:
    """Age in whole years at the end of a calendar year; only the year of birth is kept.

    >>> age_in(2024, 1960)
    64
    """
    return year - birth_year


def birth_year_fits(birth_year: int, opened_in: int) -> bool:
    """Whether somebody born in that year can have opened an account in the other.

    >>> birth_year_fits(1950, 2024), birth_year_fits(2025, 2024), birth_year_fits(1850, 2024)
    (True, False, False)
    """
    return 0 <= age_in(opened_in, birth_year) <= OLDEST_AGE


def identity_number_fits(number: str) -> bool:
    """Whether 18 characters are an identity number of GB 11643: the last one checks the rest.

    >>> identity_number_fits("11010519491231002X"), identity_number_fits("110105194912310021")
    (True, False)
    """
    if not re.fullmatch(r"\d{17}[\dX]", number):
        return False
    total = sum(int(n) * w for n, w in zip(number, IDENTITY_WEIGHTS, strict=False))
    return IDENTITY_CHECKS[total % 11] == number[-1]


def birth_year_of(identity_number: str) -> int:
    """The year of birth in an identity number that fits.

    >>> birth_year_of("11010519491231002X")
    1949
    """
    return int(identity_number[6:10])


def sex_of(identity_number: str) -> str:
    """The sex (GB/T 2261.1) in an identity number that fits: the last but one digit, odd is male.

    >>> sex_of("11010519491231002X")
    '2'
    """
    return "1" if int(identity_number[16]) % 2 else "2"


def grantable(holder_kinds: frozenset[str]) -> frozenset[str]:
    """The roles that the holder of some roles may give to others.

    >>> sorted(grantable(frozenset({"county", "teacher"})))
    ['helper', 'institution', 'teacher']
    """
    return frozenset().union(*(MAY_GRANT.get(kind, frozenset()) for kind in holder_kinds))
