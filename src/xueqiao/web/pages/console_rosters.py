"""Console: roster packages, and what became of their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from xueqiao.intake.models import RosterPackage
from xueqiao.people import rights
from xueqiao.records.models import Source
from xueqiao.web import access, lists

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

ROSTERS = lists.Listing(
    code="rosters",
    columns=(
        lists.Column(_("Package"), lambda row: row.name, head=True, sort="name"),
        lists.Column(
            _("Source"),
            lambda row: row.source.name,
            link=lambda row: f"{reverse('console-connections')}?source={row.source.code}",
        ),
        lists.Column(
            _("State"),
            lambda row: str(_("All of it is in") if row.finished_at else _("Not yet to its end")),
            state=lambda row: "ok" if row.finished_at else "warn",
        ),
        lists.Column(_("Arrived"), lambda row: row.received_at, sort="received"),
        lists.Column(_("Rows"), lambda row: row.rows, numeric=True),
        lists.Column(_("New"), lambda row: row.added, numeric=True),
        lists.Column(_("Changed"), lambda row: row.changed, numeric=True),
        lists.Column(_("Unchanged"), lambda row: row.unchanged, numeric=True),
        lists.Column(_("Quarantined"), lambda row: row.refused, numeric=True),
        lists.Column(_("No longer in it"), lambda row: row.missing, numeric=True),
    ),
    sorts={"received": ("-received_at", "-id"), "name": ("name", "id")},
    filters=(
        lists.Filter(
            "source",
            _("Source"),
            lambda: Source.objects.order_by("name").values_list("code", "name"),
            lambda rows, code: rows.filter(source__code=code),
        ),
    ),
    search=lambda rows, text: rows.filter(name__icontains=text),
    search_hint=_("name of the file"),
)


@access.page(rights.RECORDS_OPERATE)
def listing(request: HttpRequest) -> HttpResponse:
    """Every package: rows = new + changed + unchanged + quarantined."""
    rows = RosterPackage.objects.select_related("source")
    return lists.answer(request, ROSTERS, rows, "console/rosters.html")


urlpatterns = [path("console/connections/rosters/", listing, name="console-rosters")]
