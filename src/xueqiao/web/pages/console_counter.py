"""Console: the counter of a service point: its queue, its appointments, who is at the counter."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.service import appointments, finder, rules, tickets
from xueqiao.service.models import Appointment, CounterSession, ServiceNode, Ticket
from xueqiao.web import access

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

SHOWN = 30
WHERE = "counter"  # the counter's number, kept in the signed session


@access.page(rights.SERVICE_COUNTER)
def counter(request: HttpRequest) -> HttpResponse:
    """The queue of today, the appointments, and the person at the counter."""
    return _page(request, None)


def node_of(request: HttpRequest) -> ServiceNode | None:
    """The node at which the helper works now: the one named, else the first of theirs."""
    nodes = finder.counters_of(access.person(request), clock.today())
    wanted = request.POST.get("node") or request.GET.get("node") or ""
    return next((each for each in nodes if each.code == wanted), nodes[0] if nodes else None)


def must_work(request: HttpRequest) -> ServiceNode:
    """The node at which the helper works; a 404 for who works at none."""
    node = node_of(request)
    if node is None:
        raise Http404
    return node


def _page(request: HttpRequest, why: errors.Refusal | None, tried: str = "") -> HttpResponse:
    me, now = access.signed_in(request), clock.now()
    node, today = node_of(request), clock.today()
    context: dict[str, Any] = {
        "node": node, "nodes": finder.counters_of(me, today), "refusal": why, "tried": tried,
        "counter": request.session.get(WHERE, ""), "request_key": f"counter:{uuid.uuid4()}",
        "session": CounterSession.objects.open_of(me).select_related("person").first(),
    }  # fmt: skip
    if node:
        rows = tickets.of_day(node, now).select_related("person", "appointment")
        context |= {
            "services": list(node.services.order_by("kind")),
            "waiting": [each for each in rows if each.state == Ticket.State.WAITING][:SHOWN],
            "called": [each for each in rows if each.state in {"called", "serving"}],
            "passed": [each for each in rows if each.state == Ticket.State.NO_SHOW][:SHOWN],
            "board": tickets.board(node, now),
            "visits": appointments.of_day(node, today)[:100],
            "me": me,
        }
    return render(request, "console/counter.html", context, status=why.status if why else 200)


def _done(node: ServiceNode) -> HttpResponse:
    return redirect(f"{reverse('console-counter')}?node={node.code}")


@require_POST
@access.page(rights.SERVICE_COUNTER)
def draw(request: HttpRequest) -> HttpResponse:
    """Draw a number for somebody who walked in."""
    node = must_work(request)
    try:
        ticket = tickets.draw(
            node=node, kind=request.POST.get("kind", ""), at=clock.now(),
            request_key=request.POST.get("request_key", "")[:120] or str(uuid.uuid4()),
        )  # fmt: skip
    except errors.Refusal as why:
        return _page(request, why, "draw")
    text = _("Number {number} is drawn.").format(number=rules.ticket(ticket.number))
    messages.success(request, text)
    return _done(node)


@require_POST
@access.page(rights.SERVICE_COUNTER)
def arrive(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody with an appointment has come: they get a number."""
    node = must_work(request)
    held = get_object_or_404(
        Appointment.objects.filter(slot__node=node).select_related("slot"), pk=pk
    )
    try:
        ticket = tickets.draw(
            node=node, kind=held.slot.kind, at=clock.now(), request_key=f"appointment:{pk}",
            appointment=held,
        )  # fmt: skip
    except errors.Refusal as why:
        return _page(request, why, f"visit-{pk}")
    text = _("Number {number} is drawn.").format(number=rules.ticket(ticket.number))
    messages.success(request, text)
    return _done(node)


@require_POST
@access.page(rights.SERVICE_COUNTER)
def call(request: HttpRequest) -> HttpResponse:
    """Call the next number to this counter."""
    node, where = must_work(request), request.POST.get("counter", "")
    request.session[WHERE] = where.strip()[:20]
    me = access.signed_in(request)
    try:
        tickets.call_next(node=node, counter=where, by=me, at=clock.now())
    except errors.Refusal as why:
        return _page(request, why, "call")
    return _done(node)


MOVES: dict[str, Callable[..., Ticket]] = {
    "again": tickets.call_again, "serve": tickets.serve, "finish": tickets.finish,
    "pass": tickets.pass_over, "back": tickets.take_back,
}  # fmt: skip


@require_POST
@access.page(rights.SERVICE_COUNTER)
def move(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """What becomes of a number that was called."""
    node, verb = must_work(request), MOVES.get(name)
    ticket = get_object_or_404(Ticket.objects.filter(queue__node=node), pk=pk)
    if verb is None:
        raise Http404
    try:
        verb(ticket=ticket, by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        return _page(request, why, f"ticket-{pk}")
    return _done(node)


urlpatterns = [
    path("console/counter/", counter, name="console-counter"),
    path("console/counter/draw/", draw, name="console-counter-draw"),
    path("console/counter/call/", call, name="console-counter-call"),
    path("console/counter/visits/<int:pk>/", arrive, name="console-counter-arrive"),
    path("console/counter/tickets/<int:pk>/<slug:name>/", move, name="console-counter-move"),
]
