"""The record of everything learnt, and the messages about one's credit."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from xueqiao.creditbank import notices
from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.web import access, exports, timeline

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

EXPORTED = 5000


@access.page(rights.OWN)
def record(request: HttpRequest) -> HttpResponse:
    """Everything I have learnt, latest first, by year; or the file of it."""
    me = access.signed_in(request)
    chosen = request.GET.get("kind", "")
    kind = chosen if chosen in timeline.KINDS else ""
    download = request.GET.get("download", "")
    if download in exports.KINDS:
        return _file(request, download, kind)
    page = timeline.read(me, after=request.GET.get("after", ""), kind=kind)
    years = groupby(page.entries, key=lambda each: clock.local_date(each.at).year)
    context = {
        "page": page,
        "years": [(year, list(entries)) for year, entries in years],
        "kinds": timeline.KINDS.items(),
        "kind": kind,
    }
    return render(request, "creditbank/timeline.html", context)


def _file(request: HttpRequest, download: str, kind: str) -> HttpResponse:
    head = [_("Day"), _("Kind"), _("What"), _("More"), _("Issuer"), _("Credits in hundredths")]
    found = timeline.read(access.signed_in(request), kind=kind, size=EXPORTED)
    body = (
        [
            clock.local_date(each.at),
            each.kind_title,
            each.title,
            each.detail,
            each.issuer,
            each.amount_hundredths,
        ]
        for each in found.entries
    )
    return exports.answer(download, "record", head, body)


@require_POST
@access.page(rights.OWN)
def read_notices(request: HttpRequest) -> HttpResponse:
    """Mark the messages that were shown as read."""
    sent = request.POST.getlist("notice")
    shown = [int(text) for text in sent if text.isascii() and text.isdigit()]
    notices.read(person=access.signed_in(request), notice_ids=shown[:100], at=clock.now())
    return redirect("account")


urlpatterns = [
    path("account/record/", record, name="record"),
    path("account/notices/read/", read_notices, name="notices-read"),
]
