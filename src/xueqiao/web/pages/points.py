"""Service points for everybody: finding one, its hours, an appointment, the queue's display."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from xueqiao.kernel import clock, errors, paging
from xueqiao.people import rights
from xueqiao.service import appointments, finder, tickets
from xueqiao.service.models import ServiceKind, ServiceNode
from xueqiao.web import access
from xueqiao.web.pages.network import county_of, place_of

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.http import HttpRequest, HttpResponse

PAGE = 20


@access.page(rights.PUBLIC)
def search(request: HttpRequest) -> HttpResponse:
    """The service points that fit what the address asks."""
    now = clock.now()
    today, place = clock.local_date(now), place_of(request.GET.get("place", ""))
    kind, text = request.GET.get("kind", ""), request.GET.get("q", "").strip()[:40]
    kind = kind if kind in ServiceKind.values else ""
    rows = finder.find(day=today, place_id=place.pk if place else None, kind=kind, text=text)
    cut = paging.page(
        finder.with_days(rows, today), order=("place__code", "id"),
        after=request.GET.get("after", ""), size=PAGE,
    )  # fmt: skip
    context = {
        "page": cut, "points": [_shown(node, now) for node in cut.rows], "count": rows.count(),
        "kinds": ServiceKind.choices, "kind": kind, "text": text, "place": place,
        "home": county_of(access.person(request)),
    }  # fmt: skip
    return render(request, "service/points.html", context)


def _shown(node: ServiceNode, now: datetime) -> dict[str, Any]:
    days = finder.days(node, clock.local_date(now), 7)
    return {
        "node": node, "days": days, "today": days[0], "is_open": finder.is_open(node, now),
        "services": list(node.services.all()),
    }  # fmt: skip


def find(code: str) -> ServiceNode:
    """The node of an address, read for its pages; a 404 where none serves."""
    today = clock.today()
    rows = ServiceNode.objects.in_force(today).select_related("place", "parent", "institution")
    return get_object_or_404(finder.with_days(rows, today), code=code)


@access.page(rights.PUBLIC)
def one(request: HttpRequest, code: str) -> HttpResponse:
    """One service point: where, when, what for, and the times that can be booked."""
    return _page(request, find(code))


def _page(
    request: HttpRequest, node: ServiceNode, why: errors.Refusal | None = None
) -> HttpResponse:
    now, me, given = clock.now(), access.person(request), request.POST or request.GET
    bookable = [each for each in node.services.all() if each.places]
    kinds = [each.kind for each in bookable]
    kind = given.get("kind", "") if given.get("kind") in kinds else (kinds or [""])[0]
    by_day = _by_day(finder.free_slots(node, kind=kind, at=now) if kind else [])
    day = _day(given.get("day", ""), by_day)
    context = {
        **_shown(node, now), "bookable": bookable, "kind": kind, "by_day": by_day, "day": day,
        "slots": by_day.get(day, []) if day else [], "refusal": why,
        "request_key": given.get("request_key") or f"page:{uuid.uuid4()}",
        "mine": list(appointments.mine(me, at=now).filter(slot__node=node)) if me else [],
    }  # fmt: skip
    return render(request, "service/point.html", context, status=why.status if why else 200)


def _by_day(slots: list[finder.FreeSlot]) -> dict[date, list[finder.FreeSlot]]:
    found: dict[date, list[finder.FreeSlot]] = {}
    for slot in slots:
        found.setdefault(clock.local_date(slot.starts_at), []).append(slot)
    return found


def _day(text: str, by_day: dict[date, list[finder.FreeSlot]]) -> date | None:
    try:
        asked = parse_date(text)
    except ValueError:
        asked = None
    return asked if asked in by_day else next(iter(by_day), None)


@require_POST
@access.page(rights.OWN)
def book(request: HttpRequest, code: str) -> HttpResponse:
    """Make an appointment for myself."""
    node, me = find(code), access.signed_in(request)
    try:
        appointments.book(
            node=node, kind=request.POST.get("kind", ""), starts_at=slot_of(request), person=me,
            by=me, at=clock.now(), request_key=request.POST.get("request_key", "")[:120],
            note=request.POST.get("note", ""),
        )  # fmt: skip
    except errors.Refusal as why:
        return _page(request, node, why)
    messages.success(request, _("Your appointment is made. It stands on this page."))
    return redirect("my-visits")


def slot_of(request: HttpRequest) -> datetime:
    """The time that was chosen in a form.

    Raises:
        SlotUnknown: none, or no time.
    """
    try:
        found = parse_datetime(request.POST.get("slot", "").replace(" ", "+"))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise appointments.SlotUnknown(_("Choose one of the times shown."), pointer="slot")
    return found


@access.page(rights.PUBLIC)
def display(request: HttpRequest, code: str) -> HttpResponse:
    """The queue of the day for a screen in the waiting room: numbers only."""
    node = find(code)
    context = {"node": node, "board": tickets.board(node, clock.now()), "now": clock.now()}
    part = request.headers.get("HX-Target") == "board"
    return render(request, "service/_board.html" if part else "service/display.html", context)


urlpatterns = [
    path("points/", search, name="points"),
    path("points/<slug:code>/", one, name="point"),
    path("points/<slug:code>/book/", book, name="point-book"),
    path("points/<slug:code>/queue/", display, name="point-queue"),
]
