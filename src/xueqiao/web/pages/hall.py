"""Pages of the hall: a class with its enrolment, my learning."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path

from xueqiao.cmi5 import queries as online
from xueqiao.hall import enrolment, queries
from xueqiao.hall.models import Enrolment, Offering
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@access.page(rights.PUBLIC)
def class_page(request: HttpRequest, offering_id: int) -> HttpResponse:
    """What, when, where, for how much, and the way in."""
    return render(request, "hall/class.html", class_context(request, offering_id))


@access.page(rights.OWN)
def enrol(request: HttpRequest, offering_id: int) -> HttpResponse:
    """Enrol, or join the waiting list; a second press of the same button is the same enrolment."""
    me = access.signed_in(request).pk
    if request.method != "POST":
        return redirect("class", offering_id)
    try:
        enrolment.enrol(
            offering_id=offering_id,
            person_id=me,
            by_person_id=me,
            at=clock.now(),
            request_key=request.POST.get("request_key", "")[:80] or str(uuid.uuid4()),
        )
    except errors.Refusal as why:
        return seat(request, offering_id, why)
    return seat(request, offering_id)


@access.page(rights.OWN)
def withdraw(request: HttpRequest, offering_id: int) -> HttpResponse:
    """Give a seat or a place on the waiting list back."""
    me = access.signed_in(request)
    if request.method != "POST":
        return redirect("class", offering_id)
    mine = get_object_or_404(Enrolment.objects.own(me).live(), offering_id=offering_id)
    try:
        enrolment.withdraw(enrolment_id=mine.pk, by_person_id=me.pk, at=clock.now())
    except errors.Refusal as why:
        return seat(request, offering_id, why)
    return seat(request, offering_id)


@access.page(rights.OWN)
def my_learning(request: HttpRequest) -> HttpResponse:
    """What I am in the middle of, what I wait for, what I have finished."""
    now = clock.now()
    today = clock.local_date(now)
    rows = list(queries.my_classes(access.signed_in(request)))
    context = {"today": today, "finished": [row for row in rows if has_ended(row, today)]}
    current = [row for row in rows if not has_ended(row, today) and row.state != "withdrawn"]
    context |= {
        "waiting": [row for row in current if row.state == "waiting"],
        "online": online.mine(access.signed_in(request))[:6],
        "current": sorted((row for row in current if row.state == "active"), key=starts),
    }
    return render(request, "hall/my_learning.html", context)


def has_ended(row: Enrolment, today: Any) -> bool:
    return hasattr(row, "completion") or (row.state == "active" and row.offering.ends_on < today)


def starts(row: Enrolment) -> Any:
    return (row.offering.starts_on, row.pk)


def seat(request: HttpRequest, offering_id: int, why: errors.Refusal | None = None) -> HttpResponse:
    """The answer to a press: the changed part for htmx, else the page (or back to it)."""
    if not request.htmx and why is None:  # type: ignore[attr-defined]
        return redirect("class", offering_id)
    context = class_context(request, offering_id) | {"refusal": why}
    template = "hall/_enrolment.html" if request.htmx else "hall/class.html"  # type: ignore[attr-defined]
    return render(request, template, context, status=why.status if why else 200)


def class_context(request: HttpRequest, offering_id: int) -> dict[str, Any]:
    now, me = clock.now(), access.person(request)
    offerings = queries.with_seats(Offering.objects.published()).select_related("teacher")
    offering: Any = get_object_or_404(offerings, pk=offering_id)
    mine = (
        queries.with_position(Enrolment.objects.own(me).filter(offering=offering)) if me else None
    )
    is_open = offering.enrol_from <= now < offering.enrol_to
    return {
        "offering": offering,
        "mine": mine.select_related("completion").order_by("-pk").first()
        if mine is not None
        else None,
        "is_open": is_open,
        "is_early": now < offering.enrol_from,
        "today": clock.local_date(now),
        "last_day": clock.local_date(offering.enrol_to),
        "request_key": f"page:{uuid.uuid4()}",
    }


urlpatterns = [
    path("classes/<int:offering_id>/", class_page, name="class"),
    path("classes/<int:offering_id>/enrol/", enrol, name="enrol"),
    path("classes/<int:offering_id>/withdraw/", withdraw, name="withdraw"),
    path("learning/", my_learning, name="my-learning"),
]
