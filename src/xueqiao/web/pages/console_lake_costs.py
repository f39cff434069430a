"""Console: what each table of the lake costs in room and work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from xueqiao.kernel import clock
from xueqiao.lake import costs, facts
from xueqiao.people import rights
from xueqiao.web import access, lists, sheets
from xueqiao.web.console import lake_names, lake_tables

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

SPAN = timedelta(days=30)


@dataclass(frozen=True)
class Row:
    """One table in the list."""

    pk: str
    title: str
    cost: costs.Cost

    @property
    def floor(self) -> str:
        return facts.floor(self.pk)

    @property
    def words(self) -> str:
        """All that a search looks through."""
        return f"{self.pk} {self.title}".lower()

    @property
    def size(self) -> int:
        return self.cost.size

    @property
    def written(self) -> int:
        return self.cost.written

    @property
    def milliseconds(self) -> int:
        return self.cost.milliseconds


COSTS = lists.Listing(
    code="lake-costs",
    columns=(
        lists.Column(
            _("Data table"), lambda row: row.title, head=True,
            link=lambda row: reverse("console-lake-table", args=[row.pk]),
        ),
        lists.Column(_("Name in SQL"), lambda row: row.pk, sort="name"),
        lists.Column(_("Layer"), lambda row: lake_names.short_floor(row.floor)),
        lists.Column(_("Size"), lambda row: lake_tables.size(row.size), numeric=True, sort="size"),
        lists.Column(
            _("Share (%)"), lambda row: f"{row.cost.share / 10:.1f}", numeric=True
        ),
        lists.Column(_("Bytes per row"), lambda row: row.cost.bytes_per_row, numeric=True),
        lists.Column(_("Bytes per event"), lambda row: row.cost.bytes_per_event, numeric=True),
        lists.Column(
            _("Rows written, 30 days"), lambda row: row.written, numeric=True, sort="written"
        ),
        lists.Column(
            _("Milliseconds of work, 30 days"), lambda row: row.milliseconds, numeric=True,
            sort="work",
        ),
    ),
    sorts={
        "size": ("-size", "pk"),
        "name": ("pk",),
        "written": ("-written", "pk"),
        "work": ("-milliseconds", "pk"),
    },
    filters=(
        sheets.of_attribute("layer", _("Layer"), lake_names.layers, "floor"),
    ),
    search=lambda rows, text: [row for row in rows if text.lower() in row.words],  # type: ignore[arg-type,return-value]
    search_hint=_("name or meaning"),
)  # fmt: skip


@access.page(rights.LAKE_SEE)
def page(request: HttpRequest) -> HttpResponse:
    """What each table of the lake costs in room and work, dearest first."""
    found = costs.of(settings.LAKE, since=clock.now() - SPAN)
    rows = [Row(cost.name, lake_names.title(cost.name), cost) for cost in found]
    whole = sum(cost.size for cost in found)
    events = found[0].events if found else 0
    more = {
        "whole": lake_tables.size(whole),
        "events": events,
        "per_event": whole // events if events else 0,
        "seconds": sum(cost.milliseconds for cost in found) // 1000,
    }
    return sheets.answer(request, COSTS, rows, "console/lake/costs.html", more)


urlpatterns = [path("console/lake/costs/", page, name="console-lake-costs")]
