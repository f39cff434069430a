"""Console: a helper enrols somebody who came to the counter."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from xueqiao.hall import enrolment, queries
from xueqiao.hall.models import EnrolmentState, Offering
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.people.models import Person
from xueqiao.web import access

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

SHOWN = 20


def reachable(request: HttpRequest) -> QuerySet[Person]:
    """The people who live where the helper may act for others; never the helper."""
    me = access.signed_in(request)
    reach = rights.within(me, rights.ENROL_FOR_OTHERS, clock.today(), place="home_id")
    return Person.objects.filter(reach).exclude(pk=me.pk).select_related("home")


def open_classes(text: str) -> QuerySet[Offering]:
    """Classes in which one can enrol now, soonest first."""
    rows = queries.open_now(None, clock.now())
    return rows.filter(title__icontains=text) if text else rows


@access.page(rights.ENROL_FOR_OTHERS)
def start(request: HttpRequest) -> HttpResponse:
    """Look the person up by name."""
    text = request.GET.get("q", "").strip()
    found = (
        list(reachable(request).filter(name__contains=text).order_by("name", "pk")[: SHOWN + 1])
        if text
        else []
    )
    context = {"text": text, "found": found[:SHOWN], "is_cut": len(found) > SHOWN}
    return render(request, "console/enrol.html", context)


@access.page(rights.ENROL_FOR_OTHERS)
def for_person(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose a class for the person."""
    return _page(request, get_object_or_404(reachable(request), pk=pk))


def _page(
    request: HttpRequest, who: Person, why: errors.Refusal | None = None, tried: int = 0
) -> HttpResponse:
    text = request.GET.get("q", "").strip()
    context: dict[str, Any] = {
        "who": who,
        "text": text,
        "classes": open_classes(text)[:SHOWN],
        "refusal": why,
        "tried": tried,
        "mine": queries.my_classes(who)[:10],
        "request_key": f"counter:{uuid.uuid4()}",
    }
    return render(request, "console/enrol_person.html", context, status=why.status if why else 200)


@require_POST
@access.page(rights.ENROL_FOR_OTHERS)
def enrol(request: HttpRequest, pk: int, offering_id: int) -> HttpResponse:
    """Enrol the person in the class, or put them on its waiting list."""
    who = get_object_or_404(reachable(request), pk=pk)
    try:
        made = enrolment.enrol(
            offering_id=offering_id,
            person_id=who.pk,
            by_person_id=access.signed_in(request).pk,
            at=clock.now(),
            request_key=request.POST.get("request_key", "")[:80] or str(uuid.uuid4()),
        )
    except errors.Refusal as why:
        return _page(request, who, why, offering_id)
    messages.success(request, said(made.state, who, made.offering))
    return redirect("console-enrol-person", who.pk)


def said(state: str, who: Person, offering: Offering) -> str:
    """What happened, in a sentence the helper can read out."""
    text = _("{name} is enrolled in “{title}”.")
    if state == EnrolmentState.WAITING:
        text = _("{name} is on the waiting list of “{title}”.")
    return text.format(name=who.name, title=offering.title)


urlpatterns = [
    path("console/enrol/", start, name="console-enrol"),
    path("console/enrol/<int:pk>/", for_person, name="console-enrol-person"),
    path("console/enrol/<int:pk>/<int:offering_id>/", enrol, name="console-enrol-class"),
]
