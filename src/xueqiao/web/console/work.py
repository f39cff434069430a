"""What the work list is made of: things to do, in groups of one kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date

    from django.db.models import QuerySet

SHOWN = 8


@dataclass(frozen=True)
class Item:
    """One thing to do."""

    title: str
    detail: str
    address: str
    due: date | None
    is_late: bool


@dataclass(frozen=True)
class Group:
    """Things of one kind; ``count`` is how many there are in all, ``items`` the most urgent."""

    code: str
    title: str
    count: int
    items: list[Item]
    address: str


def first(rows: QuerySet[Any]) -> tuple[list[Any], int]:
    """The most urgent rows and how many there are in all; counted only where not all are shown."""
    found = list(rows[: SHOWN + 1])
    return found[:SHOWN], rows.count() if len(found) > SHOWN else len(found)
