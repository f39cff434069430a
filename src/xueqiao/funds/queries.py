"""What pages ask of funds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Sum

from xueqiao.funds.models import ApprovedBudget

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.db.models import QuerySet


def of_place(place_id: int) -> QuerySet[ApprovedBudget]:
    """The budgets in force of one place, latest year first."""
    return ApprovedBudget.objects.in_force().filter(place_id=place_id).order_by("-year", "line")


def approved(place_ids: Collection[int], year: int) -> dict[int, int]:
    """Fen approved in a year by place; places without a budget are left out, not 0."""
    rows = ApprovedBudget.objects.in_force().filter(place_id__in=place_ids, year=year)
    return dict(rows.order_by().values_list("place_id").annotate(fen=Sum("fen")))
