"""Lists: search, filters in the address, sort, paging by cursor, a count, a file of the same rows.

A page declares a ``Listing`` once and answers with ``lists.answer``; the address alone says what is
shown, so it can be kept, sent and exported.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Model, QuerySet
from django.shortcuts import render

from xueqiao.kernel import paging
from xueqiao.web import exports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.db.models import Choices
    from django.http import HttpRequest, HttpResponse
    from django_stubs_ext import StrPromise

Rows = QuerySet[Any]
PAGE = 25
SHORT = 4
"""Letters that stand in one line together."""
EXPORT_AT_MOST = 200_000


@dataclass(frozen=True)
class Column:
    """One column: what a row shows, where it leads, how it looks.

    Attributes:
        value: the text or number of a row, also written to files.
        link: the address a row leads to, or None.
        state: ``ok``, ``warn``, ``bad``, ``now`` to show the value as a badge, or None.
        sort: key of the ``Sort`` that this heading chooses, or "".
    """

    title: str | StrPromise
    value: Callable[[Any], Any]
    link: Callable[[Any], str] | None = None
    state: Callable[[Any], str] | None = None
    numeric: bool = False
    head: bool = False
    sort: str = ""


@dataclass(frozen=True)
class Filter:
    """A choice that narrows the rows; "" means all."""

    key: str
    title: str | StrPromise
    choices: Callable[[], Iterable[tuple[str, Any]]]
    apply: Callable[[Rows, str], Rows]
    default: str = ""
    required: bool = False


def of_field(key: str, title: str | StrPromise, kinds: type[Choices], field: str = "") -> Filter:
    """A filter by a field that has choices.

    Args:
        key: of the address.
        title: of the choice, for people.
        kinds: the choices of the field.
        field: its name, or the way to it; "": the key.
    """
    return Filter(
        key, title, lambda: kinds.choices, lambda rows, value: rows.filter(**{field or key: value})
    )


@dataclass(frozen=True)
class Listing:
    """What a list offers.

    Attributes:
        sorts: for each key the order of the database, ending with a unique field; the first is the
            default, and "-" before a key turns it round.
        search: narrows rows by typed text; None where a list has no search.
        search_hint: what may be typed.
        selectable: which rows can be chosen for what is done to many at once; None: none. The page
            then has a form with the id ``bulk``.
    """

    code: str
    columns: tuple[Column, ...]
    sorts: dict[str, tuple[str, ...]]
    filters: tuple[Filter, ...] = ()
    search: Callable[[Rows, str], Rows] | None = None
    search_hint: str | StrPromise = ""
    selectable: Callable[[Any], bool] | None = None


@dataclass(frozen=True)
class Shown:
    """A list as the address asks for it, ready for ``console/_list.html``."""

    listing: Listing
    request: HttpRequest
    rows: Rows
    page: paging.Page[Model]
    count: int
    sort: str

    # Templates call what can be called, so they ask whether it is there.
    @property
    def has_search(self) -> bool:
        return self.listing.search is not None

    @property
    def is_selectable(self) -> bool:
        return self.listing.selectable is not None

    @property
    def text(self) -> str:
        return self.request.GET.get("q", "")

    @property
    def filters(self) -> list[dict[str, Any]]:
        return [
            {
                "key": each.key,
                "title": each.title,
                "required": each.required,
                "choices": list(each.choices()),
                "now": self.request.GET.get(each.key, each.default),
            }
            for each in self.listing.filters
        ]

    @property
    def is_narrowed(self) -> bool:
        keys = ["q", *(each.key for each in self.listing.filters if not each.required)]
        return any(self.request.GET.get(key) for key in keys)

    @property
    def headings(self) -> list[dict[str, Any]]:
        return [self._heading(column) for column in self.listing.columns]

    def _heading(self, column: Column) -> dict[str, Any]:
        if not column.sort:
            return {"column": column, "address": "", "now": "none"}
        now = {column.sort: "ascending", f"-{column.sort}": "descending"}.get(self.sort, "none")
        turned = f"-{column.sort}" if now == "ascending" else column.sort
        return {"column": column, "now": now, "address": self.address(sort=turned, after="")}

    @property
    def body(self) -> list[dict[str, Any]]:
        can = self.listing.selectable
        return [
            {
                "pk": row.pk,
                "selectable": bool(can and can(row)),
                "cells": [_cell(column, row) for column in self.listing.columns],
            }
            for row in self.page.rows
        ]

    @property
    def next_address(self) -> str:
        return self.address(after=self.page.following) if self.page.following else ""

    @property
    def first_address(self) -> str:
        return "" if self.page.is_first else self.address(after="")

    @property
    def csv_address(self) -> str:
        return self.address(download="csv", after="")

    @property
    def xlsx_address(self) -> str:
        return self.address(download="xlsx", after="")

    def address(self, **changes: str) -> str:
        """This list's address with some parts of the query changed; "" leaves one out."""
        query = {key: str(text) for key, text in self.request.GET.items() if key != "download"}
        return exports.address(self.request.path, {**query, **changes}.items())


def read(request: HttpRequest, listing: Listing, rows: Rows) -> Shown:
    """Narrow, sort and cut the rows as the address asks. What makes no sense in it is left out."""
    text = request.GET.get("q", "").strip()
    if text and listing.search:
        rows = listing.search(rows, text)
    for each in listing.filters:
        chosen = request.GET.get(each.key, each.default)
        if chosen and chosen in {str(value) for value, _ in each.choices()}:
            rows = each.apply(rows, chosen)
    sort = request.GET.get("sort", "")
    if sort.removeprefix("-") not in listing.sorts:
        sort = next(iter(listing.sorts))
    order = _order(listing, sort)
    cut = paging.page(rows, order=order, after=request.GET.get("after", ""), size=PAGE)
    return Shown(listing, request, rows.order_by(*order), cut, rows.count(), sort)


def answer(
    request: HttpRequest,
    listing: Listing,
    rows: Rows,
    template: str,
    more: dict[str, Any] | None = None,
) -> HttpResponse:
    """The page of a list, or the file of exactly the rows that its filters leave."""
    shown = read(request, listing, rows)
    kind = request.GET.get("download")
    if kind in exports.KINDS:
        head = [str(column.title) for column in listing.columns]
        found = shown.rows[:EXPORT_AT_MOST].iterator(chunk_size=2000)
        body = ([column.value(row) for column in listing.columns] for row in found)
        return exports.answer(kind, listing.code, head, body)
    return render(request, template, {"list": shown, **(more or {})})


def _order(listing: Listing, sort: str) -> tuple[str, ...]:
    order = listing.sorts[sort.removeprefix("-")]
    if not sort.startswith("-"):
        return order
    return tuple(name.removeprefix("-") if name.startswith("-") else f"-{name}" for name in order)


def _cell(column: Column, row: Any) -> dict[str, Any]:
    value = column.value(row)
    return {
        "column": column,
        "text": value,
        "shown": _shown(column, value),
        "is_whole": isinstance(value, datetime) or len(str(value)) <= SHORT,
        "link": column.link(row) if column.link else "",
        "state": column.state(row) if column.state else "",
    }


def _shown(column: Column, value: Any) -> Any:
    """A cell for people: whole numbers with thousands separators. Files keep the number itself."""
    return f"{value:,}" if column.numeric and type(value) is int else value
