"""Console: the work list, what waits for me and by when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.urls import path

from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.web import access
from xueqiao.web.console import worklist

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@access.page(rights.CONSOLE)
def work(request: HttpRequest) -> HttpResponse:
    """What waits for the person who is signed in, most urgent first."""
    me, now = access.signed_in(request), clock.now()
    today = clock.local_date(now)
    roles = rights.roles_in_force(me, rights.CONSOLE, today).select_related("place", "institution")
    context = {"groups": worklist.read(me, today), "roles": roles, "today": today}
    return render(request, "console/work.html", context)


urlpatterns = [path("console/", work, name="console")]
