"""Console: the six-layer board: how each layer of the platform stands, worst first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.shortcuts import render
from django.urls import path

from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.web import access
from xueqiao.web.console.board import (
    analysis,
    display,
    foundation,
    layers,
    reading,
    sensing,
    services,
    storage,
)
from xueqiao.web.console.board.layers import Layer

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

MAKERS = {
    Layer.SUPPORT: foundation.lines_of,
    Layer.SENSING: sensing.lines_of,
    Layer.STORAGE: storage.lines_of,
    Layer.ANALYSIS: analysis.lines_of,
    Layer.DISPLAY: display.lines_of,
    Layer.SERVICE: services.lines_of,
}


@access.page(rights.LAKE_SEE)
def board(request: HttpRequest) -> HttpResponse:
    """Six layers with their jobs, tables, connections and services, from what they last did."""
    seen = reading.read(clock.now())
    kinds = _kinds(request)
    floors = [
        layers.floor(layer, [_reachable(line, kinds) for line in make(seen)])
        for layer, make in MAKERS.items()
    ]
    context = {
        "floors": layers.worst_first(floors),
        "stack": floors,
        "alarms": seen.waits["data_alarms"].count + seen.waits["intake_alarms"].count,
        "bad": sum(each.count("bad") for each in floors),
        "warn": sum(each.count("warn") for each in floors),
        "lines": sum(len(each.lines) for each in floors),
        "now": seen.now,
    }
    return render(request, "console/lake/board.html", context)


def _kinds(request: HttpRequest) -> frozenset[str]:
    """The kinds of the reader's roles."""
    today = clock.today()
    held = rights.roles_in_force(access.signed_in(request), rights.CONSOLE, today)
    return frozenset(held.values_list("kind", flat=True))


def _reachable(line: layers.Line, kinds: frozenset[str]) -> layers.Line:
    """The line, without its link where the reader may not open the page."""
    is_open = line.need.audience is not rights.Audience.ROLES or bool(line.need.roles & kinds)
    return line if is_open else replace(line, address="")


urlpatterns = [path("console/lake/", board, name="console-lake-board")]
