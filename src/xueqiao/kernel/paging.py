"""Paging by key: page 1,000 costs what page 1 costs, and no row is shown twice."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import models
from django.db.models import Q, QuerySet

Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of a list. ``following`` is the cursor of the next page, or "" on the last."""

    rows: list[Row]
    following: str
    is_first: bool


def page(
    rows: QuerySet[Row], *, order: tuple[str, ...], after: str = "", size: int = 25
) -> Page[Row]:
    """Cut a queryset by key.

    Args:
        order: field names, "-" for descending, ending with a unique one; all non-null.
        after: the cursor of an earlier page; one that does not fit is taken as the start.
        size: rows a page.
    """
    rows = rows.order_by(*order)
    start = _decode(after, len(order))
    if start is not None:
        rows = rows.filter(_behind(order, start))
    found = list(rows[: size + 1])
    following = ""
    if len(found) > size:
        found = found[:size]
        following = _encode([_plain(_value(found[-1], name)) for name in order])
    return Page(found, following, start is None)


def _behind(order: tuple[str, ...], start: list[Any]) -> Q:
    reached, behind = Q(), Q(pk__in=[])
    for name, value in zip(order, start, strict=True):
        field, sign = name.removeprefix("-"), "lt" if name.startswith("-") else "gt"
        behind |= reached & Q(**{f"{field}__{sign}": value})
        reached &= Q(**{field: value})
    return behind


def _value(row: models.Model, name: str) -> Any:
    value: Any = row
    for part in name.removeprefix("-").split("__"):
        value = getattr(value, part)
    return value


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | str) else str(value)


def _encode(values: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _decode(text: str, count: int) -> list[Any] | None:
    if not text:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        return None
    fits = isinstance(values, list) and len(values) == count
    return values if fits and all(isinstance(v, int | str) for v in values) else None
