"""Console: alarms of sources, connections and the data, and who looks after each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from xueqiao.governance.models import DataAlarmKind
from xueqiao.intake.models import AlarmKind
from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.web import access, lists, sheets
from xueqiao.web.console import alarms

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

ALARMS = lists.Listing(
    code="alarms",
    columns=(
        lists.Column(_("What of"), lambda row: row.title, head=True, link=lambda row: row.way),
        lists.Column(_("Where from"), lambda row: alarms.ORIGINS[row.origin]),
        lists.Column(_("Alarm"), lambda row: row.kind_text),
        lists.Column(_("What"), lambda row: row.text),
        lists.Column(_("State"), lambda row: row.state, state=lambda row: row.level),
        lists.Column(_("Raised at"), lambda row: row.opened_at, sort="opened"),
        lists.Column(_("Looked after by"), lambda row: row.taken_by or "–"),
        lists.Column(_("Closed"), lambda row: row.closed_at),
    ),
    sorts={"opened": ("-opened_at", "pk")},
    filters=(
        sheets.of_attribute("of", _("Where from"), alarms.ORIGINS.items, "origin"),
        lists.Filter(
            "show",
            _("State"),
            lambda: [
                (alarms.OPEN, _("Not closed")),
                ("month", _("Not closed, or ended in the last 31 days")),
                ("year", _("Not closed, or ended in the last year")),
            ],
            # What is over is not read at all unless it is asked for.
            lambda rows, _wanted: rows,
            default=alarms.OPEN,
            required=True,
        ),
        sheets.of_attribute(
            "kind", _("Alarm"), lambda: [*AlarmKind.choices, *DataAlarmKind.choices]
        ),
    ),
    search=lambda rows, text: [row for row in rows if text.lower() in row.title.lower()],  # type: ignore[arg-type,return-value]
    search_hint=_("a source or a table"),
    selectable=lambda row: row.can_take,
)


@access.page(rights.LAKE_SEE)
def listing(request: HttpRequest) -> HttpResponse:
    """What is not as it should be, and who looks after it."""
    show = request.GET.get("show", alarms.OPEN)
    rows = alarms.rows(access.signed_in(request), show=show, at=clock.now())
    more = {"can_take": any(row.can_take for row in rows)}
    return sheets.answer(request, ALARMS, rows, "console/alarms.html", more)


@require_POST
@access.page(rights.LAKE_OPERATE)
def acknowledge(request: HttpRequest) -> HttpResponse:
    """Write down that the reader looks after the chosen alarms."""
    chosen = request.POST.getlist("chosen")
    alarms.take(chosen, by=access.signed_in(request), at=clock.now())
    return redirect("console-alarms")


urlpatterns = [
    path("console/alarms/", listing, name="console-alarms"),
    path("console/alarms/acknowledge/", acknowledge, name="console-alarms-acknowledge"),
]
