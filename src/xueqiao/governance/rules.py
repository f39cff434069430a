"""Who may ask for what: purposes by role, days and ways out by purpose, the smallest cell.

Also which columns lead to persons, and by which column the rows of a table are narrowed to a place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

# Roles and purposes are named by their codes, because this module knows no tables.
PURPOSES_OF_ROLE: Final = {
    "analyst": frozenset({"statistics", "service", "research"}),
    "province": frozenset({"statistics", "service", "supervision", "research", "audit"}),
}
LONGEST_DAYS: Final = {
    "statistics": 366,
    "service": 183,
    "supervision": 183,
    "research": 366,
    "audit": 92,
}
# What may leave at most: rows of persons go to nobody but supervision and audit.
MOST_LEAVING: Final = {
    "statistics": "counts",
    "service": "counts",
    "supervision": "rows",
    "research": "counts",
    "audit": "rows",
}
LEAVING_ORDER: Final = ("nothing", "counts", "rows")
SMALLEST_CELL: Final = 10
"""A count of fewer persons than this does not leave the platform."""

PERSONAL: Final = frozenset(
    {"learner_id", "person_id", "actor_id", "enrolment_id", "statement_id", "event_id",
     "log_id", "registration", "voids", "text", "subject", "person_key"}
)  # fmt: skip
# The first of these that a table has says whose rows they are.
NARROWED_BY: Final = ("learner_id", "place_id", "institution_id")


def purposes(roles: Iterable[str]) -> frozenset[str]:
    """The purposes for which somebody with these roles may ask.

    >>> sorted(purposes(["analyst"]))
    ['research', 'service', 'statistics']
    """
    return frozenset().union(*(PURPOSES_OF_ROLE.get(role, frozenset()) for role in roles))


def lets_out(leaving: str, asked: str) -> bool:
    """Whether a grant for one way out covers another.

    >>> lets_out("rows", "counts"), lets_out("nothing", "counts")
    (True, False)
    """
    return LEAVING_ORDER.index(asked) <= LEAVING_ORDER.index(leaving)


def is_personal(columns: Iterable[str]) -> bool:
    """Whether the rows of a table are about single persons, by its columns.

    >>> is_personal(["place_id", "residents"]), is_personal(["learner_id", "day"])
    (False, True)
    """
    return not PERSONAL.isdisjoint(columns)


def narrowed_by(columns: Iterable[str]) -> str:
    """The column by which rows are narrowed to a place; "" where there is none.

    >>> narrowed_by(["enrolment_id", "place_id"]), narrowed_by(["statement_id"])
    ('place_id', '')
    """
    known = set(columns)
    return next((name for name in NARROWED_BY if name in known), "")


LONGEST_MONTHS: Final = 1200
"""A hundred years: a longer term is no term."""


def longest(defaults: Iterable[int]) -> int | None:
    """The term in months of a table without one of its own; None keeps it always.

    >>> longest([36, 60]), longest([])
    (60, None)
    """
    return max(defaults, default=None)


def kept_from(months: int, year: int, month: int, *, by_year: bool) -> str:
    """The first month that stays after a term of months, as of a month of a year.

    Args:
        by_year: whether only whole calendar years go.

    >>> kept_from(24, 2026, 3, by_year=False), kept_from(24, 2026, 3, by_year=True)
    ('2024-03', '2024-01')
    >>> kept_from(3, 2026, 3, by_year=False)
    '2025-12'
    """
    count = year * 12 + month - 1 - months
    first = 1 if by_year else count % 12 + 1
    return f"{count // 12:04}-{first:02}"
