"""My visits: appointments to come, what was done for me at counters, honours; my data to take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.service import appointments, honours, sessions, tickets
from xueqiao.service.models import Appointment, Takeout
from xueqiao.service.takeouts import asking
from xueqiao.web import access, exports

if TYPE_CHECKING:
    from django.http import HttpRequest

SHOWN = 20


@access.page(rights.OWN)
def visits(request: HttpRequest) -> HttpResponse:
    """Appointments, with the way to withdraw them, and what helpers did for me."""
    return _visits(request)


def _visits(request: HttpRequest, why: errors.Refusal | None = None) -> HttpResponse:
    me, now = access.signed_in(request), clock.now()
    past = appointments.past(me, at=now).select_related("slot__node__place", "ticket")
    context = {
        "coming": list(appointments.mine(me, at=now)), "past": list(past[:SHOWN]),
        "waiting": tickets.of_person(me, now), "sessions": list(sessions.of(me)[:SHOWN]),
        "honours": list(honours.standing(me)[:SHOWN]), "refusal": why,
    }  # fmt: skip
    return render(request, "service/visits.html", context, status=why.status if why else 200)


@require_POST
@access.page(rights.OWN)
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Give an own appointment up."""
    me = access.signed_in(request)
    found = get_object_or_404(Appointment.objects.filter(person=me), pk=pk)
    try:
        appointments.withdraw(appointment=found, by=me, at=clock.now())
    except errors.Refusal as why:
        return _visits(request, why)
    messages.success(request, _("The appointment is withdrawn; its time is free for others."))
    return redirect("my-visits")


@access.page(rights.OWN)
def takeouts(request: HttpRequest) -> HttpResponse:
    """My exports of everything, and asking for one."""
    me, why = access.signed_in(request), None
    if request.method == "POST":
        try:
            asking.ask(person=me, by=me, at=clock.now())
        except errors.Refusal as refused:
            why = refused
        else:
            return redirect("my-data")
    rows = list(asking.of(me)[:SHOWN])
    is_open = any(each.state in {Takeout.State.WAITING, Takeout.State.RUNNING} for each in rows)
    context = {"takeouts": rows, "is_open": is_open, "refusal": why}
    return render(request, "service/takeouts.html", context, status=why.status if why else 200)


@access.page(rights.OWN)
def take(request: HttpRequest, pk: int) -> HttpResponse:
    """The file of one of my exports."""
    me = access.signed_in(request)
    takeout = get_object_or_404(asking.of(me), pk=pk)
    try:
        file = asking.take(takeout=takeout, by=me, at=clock.now())
    except errors.Refusal as why:
        context = {"takeouts": list(asking.of(me)[:SHOWN]), "refusal": why}
        return render(request, "service/takeouts.html", context, status=why.status)
    answer = FileResponse(file.open("rb"), content_type="application/zip")
    answer["Content-Disposition"] = exports.attachment(
        f"xueqiao-{clock.local_date(takeout.asked_at):%Y%m%d}.zip"
    )
    return answer  # type: ignore[return-value]


urlpatterns = [
    path("account/visits/", visits, name="my-visits"),
    path("account/visits/<int:pk>/withdraw/", withdraw, name="my-visit-withdraw"),
    path("account/data/", takeouts, name="my-data"),
    path("account/data/<int:pk>/", take, name="my-data-file"),
]
