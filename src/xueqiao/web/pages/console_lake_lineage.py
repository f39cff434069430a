"""Console: the way of every column, from the database to the chart, drawn and as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from xueqiao.lake.lineage.columns import ROWS, Column
from xueqiao.people import rights
from xueqiao.web import access, exports
from xueqiao.web.cockpit import lineage
from xueqiao.web.console import lake_names, lake_picture

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from xueqiao.lake.lineage.columns import Edge

WAYS = {"up": _("where it comes from"), "down": _("where it goes"), "both": _("both")}
FIRST = "indicator.P03"
HEAD = (_("From"), _("Column name"), _("To"), _("Column name"), _("How"))


@access.page(rights.LAKE_SEE)
def picture(request: HttpRequest) -> HttpResponse:
    """Up- and downstream of a column or a table; ``?download=csv`` gives the steps."""
    asked = _Asked(request)
    edges = asked.edges()
    kind = request.GET.get("download")
    if kind in exports.KINDS:
        body = [
            [e.source.table, e.source.name, e.target.table, e.target.name, e.kind] for e in edges
        ]
        return exports.answer(kind, "lineage", [str(each) for each in HEAD], body)
    context = {
        "asked": asked,
        "ways": WAYS,
        "picture": lake_picture.draw(edges, asked.chosen),
        "floors": _floors(edges),
        "tables": _choices(),
        "columns": lineage.whole().tables[asked.table],
        "title": lake_names.title(asked.table),
        "meaning": lake_names.meaning(asked.chosen[0]) if asked.column else "",
        "steps": [_step(edge) for edge in edges],
        "opens": lake_names.address(asked.table),
    }
    return render(request, "console/lake/lineage.html", context)


class _Asked:
    """What the address asks for. What makes no sense in it is left out; an unknown table is 404."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.table = request.GET.get("table", FIRST)
        known = lineage.whole().tables
        if self.table not in known:
            raise Http404(self.table)
        column = request.GET.get("column", "")
        self.column = column if column in known[self.table] else ""
        way = request.GET.get("way", "")
        self.way = way if way in WAYS else "both"
        self.conditions = request.GET.get("conditions") == "1"

    @property
    def chosen(self) -> list[Column]:
        whole = lineage.whole()
        if self.column:
            return [Column(self.table, self.column)]
        return [Column(self.table, name) for name in whole.tables[self.table]]

    def edges(self) -> list[Edge]:
        whole, start = lineage.whole(), self.chosen
        if not self.column:
            start = [*start, Column(self.table, ROWS)]
        found: list[Edge] = []
        if self.way != "down":
            found += whole.upstream(start, conditions=self.conditions)
        if self.way != "up":
            found += whole.downstream(start, conditions=self.conditions)
        return list(dict.fromkeys(found))

    def address(self, kind: str) -> str:
        query = {**self.request.GET.dict(), "download": kind}
        return exports.address(self.request.path, query.items())

    @property
    def csv_address(self) -> str:
        return self.address("csv")

    @property
    def xlsx_address(self) -> str:
        return self.address("xlsx")


def _choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Tables by floor, for a choice."""
    found: dict[str, list[tuple[str, str]]] = {key: [] for key in lake_names.FLOORS}
    for table in lineage.whole().tables:
        found[lake_names.floor(table)].append((table, f"{table} · {lake_names.title(table)}"))
    return [(str(lake_names.FLOORS[key]), sorted(each)) for key, each in found.items() if each]


def _floors(edges: list[Edge]) -> list[tuple[str, str]]:
    """The floors that a picture shows, from the database up."""
    seen = {lake_names.floor(end.table) for edge in edges for end in (edge.source, edge.target)}
    return [(key, str(title)) for key, title in lake_names.FLOORS.items() if key in seen]


def _step(edge: Edge) -> dict[str, Any]:
    return {
        "source": edge.source,
        "source_meaning": lake_names.meaning(edge.source),
        "source_opens": way_to(edge.source),
        "target": edge.target,
        "target_meaning": lake_names.meaning(edge.target),
        "target_opens": way_to(edge.target),
        "how": lake_names.step(edge.kind),
    }


def way_to(column: Column) -> str:
    """The address of the picture of a column."""
    query = [("table", column.table), ("column", "" if column.name == ROWS else column.name)]
    return exports.address(reverse("console-lake-lineage"), query)


urlpatterns = [path("console/lake/lineage/", picture, name="console-lake-lineage")]
