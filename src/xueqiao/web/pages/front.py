"""The front page: a question, seven ways in, classes near by, a few real numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.shortcuts import render
from django.urls import path

from xueqiao.hall import queries as hall
from xueqiao.kernel import clock
from xueqiao.monitor import queries as monitor
from xueqiao.network.models import Level, Place
from xueqiao.people import rights
from xueqiao.web import access
from xueqiao.web.pages.network import county_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

SOON = 6
# The register in which each number is shown: villages are listed by the statistical one only.
SHOWN = {"N02": "mca", "N03": "nbs", "Q02": "nbs", "P03": "nbs"}


@dataclass(frozen=True)
class Number:
    """A number as the front page shows it; the address opens its definition."""

    name: str
    value: str
    unit: str
    note: str
    address: str


@access.page(rights.PUBLIC)
def front(request: HttpRequest) -> HttpResponse:
    """The front page."""
    today, near = clock.today(), county_of(access.person(request))
    soon = list(hall.starting_soon(near.pk if near else None, today)[:SOON])
    if near and not soon:
        near, soon = None, list(hall.starting_soon(None, today)[:SOON])
    province = Place.objects.filter(level=Level.PROVINCE, valid_to=None).order_by("code").first()
    context = {
        "today": today,
        "near": near,
        "starting_soon": soon,
        "figures_place": province,
        "figures": numbers(province) if province else [],
    }
    return render(request, "web/front.html", context)


def numbers(province: Place) -> list[Number]:
    """The numbers of a province that have been computed. One query for each register."""
    found: dict[str, monitor.Figure] = {}
    for register in sorted(set(SHOWN.values())):
        codes = [code for code, shown_in in SHOWN.items() if shown_in == register]
        found |= monitor.tiles(place=province, codes=codes, register=register)
    return [shown(found[code]) for code in SHOWN if code in found]


def shown(figure: Any) -> Number:
    parts = f"{figure.numerator:,} / {figure.denominator:,}"
    return Number(
        name=str(figure.indicator.title),
        value=f"{figure.shown:,}",
        unit=str(figure.indicator.unit.value),
        note=f"{parts} · {figure.period}",
        address=f"/cockpit/indicators/{figure.indicator.code}/?register={figure.register}",
    )


urlpatterns = [path("", front, name="front")]
