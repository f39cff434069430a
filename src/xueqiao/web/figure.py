"""A chart is never alone: title, one sentence, chart, sortable table, downloads, definition.

A page makes a ``Figure`` and shows it with ``{% figure %}``. The chart is drawn from the rows of
the table and hidden from screen readers; the table is the figure. Nothing else draws charts.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from xueqiao.web import exports

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

Row = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """One column of the table.

    Attributes:
        key: the row's entry that is shown, and sorted by unless ``sort_key`` names another.
        numeric: aligned right, with figures of equal width.
        link: the row's entry that holds an address, or "".
        head: the column names the row (``<th scope="row">``); one a table.
        raw: the row's entry written to CSV and XLSX; "" for ``key``.
    """

    key: str
    title: str
    numeric: bool = False
    link: str = ""
    head: bool = False
    sort_key: str = ""
    raw: str = ""


@dataclass(frozen=True)
class Chart:
    """What ``static/web/charts.js`` draws from the rows.

    Attributes:
        kind: ``bars``, ``lines`` or ``map``.
        label: the row's entry on the axis, or the name of the place on a map.
        series: entries of the row that hold numbers (or None), with their titles.
        options: ``outline`` (address of the outlines), ``code`` (entry with the place's code),
            ``state`` (entry with ok, near, short, none), ``target`` (a line), ``unit``, ``link``.
    """

    kind: str
    label: str
    series: tuple[tuple[str, str], ...]
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """One figure. ``summary`` is a sentence computed from the rows, never written by hand."""

    code: str
    title: str
    summary: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    chart: Chart
    definition: str = ""
    approval: str | None = None
    sort: str = ""
    address: str = ""
    query: tuple[tuple[str, str], ...] = ()
    note: str = ""

    @property
    def headings(self) -> list[dict[str, Any]]:
        """Each column with the address that sorts by it and how it is sorted now."""
        return [self._heading(column) for column in self.columns]

    def _heading(self, column: Column) -> dict[str, Any]:
        now = {column.key: "ascending", f"-{column.key}": "descending"}.get(self.sort, "none")
        turned = f"-{column.key}" if now == "ascending" else column.key
        return {"column": column, "now": now, "address": self._address(sort=turned)}

    @property
    def cells(self) -> list[list[dict[str, Any]]]:
        """The table's body: for each row its cells, ready to print."""
        return [
            [
                {"column": each, "text": row.get(each.key), "link": row.get(each.link, "")}
                for each in self.columns
            ]
            for row in self.rows
        ]

    @property
    def drawing(self) -> dict[str, Any]:
        """What the script gets; numbers only, texts as shown."""
        wanted = [
            self.chart.label,
            *(key for key, _ in self.chart.series),
            *_named(self.chart.options),
        ]
        return {
            "kind": self.chart.kind,
            "title": self.title,
            "label": self.chart.label,
            "series": [{"key": key, "title": str(title)} for key, title in self.chart.series],
            "rows": [{key: row.get(key) for key in wanted} for row in self.rows],
            **self.chart.options,
        }

    @property
    def csv_address(self) -> str:
        return self._address(download="csv", sort=self.sort)

    @property
    def xlsx_address(self) -> str:
        return self._address(download="xlsx", sort=self.sort)

    def _address(self, *, sort: str = "", download: str = "") -> str:
        kept = [
            (key, value) for key, value in self.query if key not in {"sort", "download", "figure"}
        ]
        kept.append(("figure", self.code))
        kept += [("sort", sort)] if sort else []
        kept += [("download", download)] if download else []
        return exports.address(self.address, kept)


def _named(options: dict[str, Any]) -> list[str]:
    return [options[key] for key in ("code", "state", "link", "shown") if key in options]


def read(request: HttpRequest, figure: Figure) -> Figure:
    """The figure as the address asks for it: sorted, with its own addresses.

    ``?figure=<code>&sort=[-]<column>``; a column that does not exist leaves the rows as they are.
    """
    query = tuple((key, str(value)) for key, value in request.GET.items())
    figure = replace(figure, address=request.path, query=query)
    wanted = request.GET.get("sort", "") if request.GET.get("figure") == figure.code else ""
    column = next((each for each in figure.columns if each.key == wanted.removeprefix("-")), None)
    if column is None:
        return figure
    key = column.sort_key or column.key
    known = [row for row in figure.rows if row.get(key) is not None]
    known.sort(key=lambda row: row[key], reverse=wanted.startswith("-"))
    unknown = [row for row in figure.rows if row.get(key) is None]
    return replace(figure, rows=(*known, *unknown), sort=wanted)


def download(request: HttpRequest, *figures: Figure) -> HttpResponse | None:
    """The file that ``?figure=<code>&download=csv|xlsx`` asks for; None when none is asked for."""
    wanted = next((each for each in figures if each.code == request.GET.get("figure")), None)
    if wanted is None or request.GET.get("download") not in exports.KINDS:
        return None
    head = [str(column.title) for column in wanted.columns]
    body = ([row.get(column.raw or column.key) for column in wanted.columns] for row in wanted.rows)
    return exports.answer(request.GET["download"], wanted.code, head, body)
