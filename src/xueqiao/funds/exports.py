"""Flat rows of funds for the lake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xueqiao.funds.models import ApprovedBudget

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 5000
COLUMNS = (
    "pk",
    "xid",
    "place_id",
    "year",
    "line",
    "fen",
    "approved_on",
    "source",
    "is_sample",
    "corrects_id",
)
NAMES = ("budget_id", *COLUMNS[1:])


def budgets() -> Iterator[dict[str, Any]]:
    """One row an approved budget in force; corrected ones are left out. ``fen``: 1/100 yuan."""
    rows = ApprovedBudget.objects.in_force().order_by("pk")
    for values in rows.values_list(*COLUMNS).iterator(chunk_size=CHUNK):
        yield dict(zip(NAMES, values, strict=True))
