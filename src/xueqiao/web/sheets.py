"""Lists of what is no row of the database: the same page parts as ``lists``, over plain objects.

A row is any object with ``pk``; filters and search get and give lists; sorts name attributes.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from django.shortcuts import render

from xueqiao.kernel import paging
from xueqiao.web import exports, lists

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from django.http import HttpRequest, HttpResponse
    from django_stubs_ext import StrPromise


def answer(
    request: HttpRequest,
    listing: lists.Listing,
    rows: Sequence[Any],
    template: str,
    more: dict[str, Any] | None = None,
) -> HttpResponse:
    """The page of a list, or the file of exactly the rows that its filters leave."""
    shown = read(request, listing, rows)
    kind = request.GET.get("download")
    if kind in exports.KINDS:
        head = [str(column.title) for column in listing.columns]
        body = ([column.value(row) for column in listing.columns] for row in shown.rows)
        return exports.answer(kind, listing.code, head, body)
    return render(request, template, {"list": shown, **(more or {})})


def read(request: HttpRequest, listing: lists.Listing, rows: Sequence[Any]) -> lists.Shown:
    """Narrow, sort and cut the rows as the address asks. What makes no sense in it is left out."""
    found: Any = list(rows)
    text = request.GET.get("q", "").strip()
    if text and listing.search:
        found = listing.search(found, text)
    for each in listing.filters:
        chosen = request.GET.get(each.key, each.default)
        if chosen and chosen in {str(value) for value, _ in each.choices()}:
            found = each.apply(found, chosen)
    sort = request.GET.get("sort", "")
    if sort.removeprefix("-") not in listing.sorts:
        sort = next(iter(listing.sorts))
    for name in reversed(lists._order(listing, sort)):  # noqa: SLF001 - the other half of this module
        found.sort(key=lambda row, name=name: _value(row, name), reverse=name.startswith("-"))
    start = _start(request.GET.get("after", ""))
    following = start + lists.PAGE
    cut = paging.Page(
        found[start:following], _cursor(following) if following < len(found) else "", start == 0
    )
    return lists.Shown(listing, request, found, cut, len(found), sort)


def of_attribute(
    key: str,
    title: str | StrPromise,
    choices: Callable[[], Iterable[tuple[str, Any]]],
    attribute: str = "",
) -> lists.Filter:
    """A filter by an attribute of the rows; "": that of the key's name."""
    name = attribute or key

    def apply(rows: Any, value: str) -> Any:
        return [row for row in rows if getattr(row, name) == value]

    return lists.Filter(key, title, choices, apply)


def _value(row: Any, name: str) -> tuple[bool, Any]:
    value = getattr(row, name.removeprefix("-"))
    return (value is not None, value)


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(str(position).encode()).decode()


def _start(text: str) -> int:
    try:
        return max(0, int(base64.urlsafe_b64decode(text or "")))
    except (binascii.Error, ValueError):
        return 0
