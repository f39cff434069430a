"""What stands behind one number: definition, both parts, register, dates, completeness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xueqiao.monitor import queries, rules
from xueqiao.network.models import Listing
from xueqiao.web.cockpit import words

if TYPE_CHECKING:
    from datetime import date

    from django.http import QueryDict

    from xueqiao.monitor.queries import Figure


def read(code: str, asked: QueryDict, today: date) -> dict[str, Any]:
    """The context of the definition panel; a value only where place and register are named.

    Raises:
        UnknownIndicator: no definition has this code.
    """
    indicator = queries.definition(code)
    listing = _listing(asked)
    value = _value(listing, code, asked.get("period", "")) if listing else None
    return {
        "indicator": indicator,
        "listing": listing,
        "value": value,
        "unit": words.unit(indicator),
        "target": words.target(indicator),
        "direction": words.direction(indicator),
        "formula": words.formula(indicator),
        **(_said(value, today) if value else {}),
    }


def _listing(asked: QueryDict) -> Listing | None:
    rows = Listing.objects.filter(
        place__code=asked.get("place", ""), register=asked.get("register", ""), valid_to=None
    )
    return rows.select_related("place", "register").first()


def _value(listing: Listing, code: str, period: str) -> Figure | None:
    return queries.tile(
        place=listing.place,
        code=code,
        register=listing.register_id,
        period=int(period) if period.isdecimal() else None,
    )


def _said(value: Figure, today: date) -> dict[str, Any]:
    indicator, below = value.indicator, value.indicator.denominator
    return {
        "shown": words.value(value),
        "standing": words.standing(value),
        "completeness": words.completeness(value),
        "numerator": words.counted(indicator.numerator.counts, value.numerator),
        "denominator": words.counted(below.counts, value.denominator or 0) if below else "",
        "source_class": words.source_class(value),
        "is_stale": rules.is_stale(value.as_of, today),
        "unplaced": words.counted(indicator.numerator.counts, value.unplaced)
        if value.unplaced
        else "",
    }
