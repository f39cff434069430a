"""Cockpit: the board of a place, the definitions behind its numbers, the outlines of its maps."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from xueqiao.kernel import clock
from xueqiao.monitor import queries
from xueqiao.network import outline
from xueqiao.people import rights
from xueqiao.web import access, api, figure
from xueqiao.web.cockpit import figures, outlines, panel, words
from xueqiao.web.cockpit.board import HOME, Board

LEVELS = {"2": 2, "3": 3}
DAY = 86_400


@access.page(rights.COCKPIT)
def board(request: HttpRequest, code: str = HOME) -> HttpResponse:
    """The board of a place; ``?figure=…&download=csv`` gives the rows of one of its figures."""
    shown = Board(code, request.GET, clock.today())
    drawn = [figure.read(request, each) for each in (figures.places(shown), figures.years(shown))]
    file = figure.download(request, *drawn)
    if file is not None:
        return file
    context = {"board": shown, "places": drawn[0], "years": drawn[1], "legend": words.legend()}
    return render(request, "cockpit/board.html", context)


@access.page(rights.COCKPIT)
def indicators(request: HttpRequest) -> HttpResponse:
    """Every definition in force."""
    rows = [(each, words.unit(each), words.target(each)) for each in queries.definitions()]
    return render(request, "cockpit/indicators.html", {"rows": rows})


@access.page(rights.COCKPIT)
def indicator(request: HttpRequest, code: str) -> HttpResponse:
    """One definition and the number it was opened from; the panel alone where the board asks."""
    try:
        context = panel.read(code, request.GET, clock.today())
    except queries.UnknownIndicator as why:
        raise Http404(str(why)) from why
    is_panel = request.headers.get("HX-Target") == "panel"
    return render(
        request, "cockpit/_definition.html" if is_panel else "cockpit/indicator.html", context
    )


@access.page(rights.COCKPIT)
def boundaries(request: HttpRequest, code: str) -> HttpResponse:
    """The outlines of the counties (``?level=2``: cities) below a place, kept for a day."""
    try:
        shapes = outlines.read(code, LEVELS.get(request.GET.get("level", ""), 3))
    except outline.NoOutline as why:
        return api.problem(request, why)
    answer = HttpResponse(shapes, content_type="application/geo+json")
    answer.headers["Cache-Control"] = f"public, max-age={DAY}"
    return answer


urlpatterns = [
    path("cockpit/", board, name="cockpit"),
    path("cockpit/indicators/", indicators, name="cockpit-indicators"),
    path("cockpit/indicators/<str:code>/", indicator, name="cockpit-indicator"),
    path("cockpit/boundaries/<str:code>.json", boundaries, name="cockpit-boundaries"),
    path("cockpit/<str:code>/", board, name="cockpit-place"),
]
