"""Console: alarms of sources and connections, and who looks after each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from xueqiao.intake import alarms
from xueqiao.intake.models import Alarm, AlarmKind
from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.web import access, lists

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def _state(row: Alarm) -> str:
    if row.closed_at:
        return str(_("Over"))
    return str(_("Somebody looks after it") if row.acknowledged_at else _("Open"))


def _level(row: Alarm) -> str:
    return "ok" if row.closed_at else "warn" if row.acknowledged_at else "bad"


ALARMS = lists.Listing(
    code="alarms",
    columns=(
        lists.Column(
            _("Source"),
            lambda row: row.source.name,
            head=True,
            link=lambda row: (
                reverse("console-connection", args=[row.connection_id])
                if row.connection_id
                else f"{reverse('console-connections')}?source={row.source.code}"
            ),
        ),
        lists.Column(_("Alarm"), lambda row: row.get_kind_display()),
        lists.Column(_("What"), alarms.text),
        lists.Column(_("State"), _state, state=_level),
        lists.Column(_("Raised at"), lambda row: row.opened_at, sort="opened"),
        lists.Column(
            _("Looked after by"),
            lambda row: row.acknowledged_by.name if row.acknowledged_by else "–",
        ),
        lists.Column(_("Closed"), lambda row: row.closed_at),
    ),
    sorts={"opened": ("-opened_at", "-id")},
    filters=(
        lists.Filter(
            "show",
            _("State"),
            lambda: [("open", _("Open")), ("all", _("All"))],
            lambda rows, wanted: rows.filter(closed_at=None) if wanted == "open" else rows,
            default="open",
            required=True,
        ),
        lists.Filter(
            "kind", _("Alarm"), lambda: AlarmKind.choices, lambda rows, kind: rows.filter(kind=kind)
        ),
    ),
    selectable=lambda row: not row.closed_at and not row.acknowledged_at,
)


@access.page(rights.RECORDS_OPERATE)
def listing(request: HttpRequest) -> HttpResponse:
    """What an operator should look at."""
    rows = Alarm.objects.select_related("source", "connection", "acknowledged_by")
    return lists.answer(request, ALARMS, rows, "console/alarms.html")


@require_POST
@access.page(rights.RECORDS_OPERATE)
def acknowledge(request: HttpRequest) -> HttpResponse:
    """Write down that the reader looks after the chosen alarms."""
    for number in request.POST.getlist("chosen"):
        row = get_object_or_404(Alarm, pk=number if number.isdigit() else 0)
        alarms.acknowledge(alarm=row, by=access.signed_in(request), at=clock.now())
    return redirect("console-alarms")


urlpatterns = [
    path("console/alarms/", listing, name="console-alarms"),
    path("console/alarms/acknowledge/", acknowledge, name="console-alarms-acknowledge"),
]
