"""Pathways for everybody: which qualification leads to which, by which rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count
from django.shortcuts import get_object_or_404, render
from django.urls import path

from xueqiao.creditbank import queries
from xueqiao.creditbank.models import Pathway
from xueqiao.creditbank.rulebook import pathways
from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.web import access

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from xueqiao.people.models import Person


@access.page(rights.PUBLIC)
def index(request: HttpRequest) -> HttpResponse:
    """All pathways that are open, by kind."""
    rows = Pathway.objects.open_on(clock.today()).annotate(rule_count=Count("steps"))
    groups: dict[str, list[Any]] = {}
    for row in rows.order_by("kind", "code"):
        groups.setdefault(row.get_kind_display(), []).append(row)
    return render(request, "creditbank/pathways.html", {"groups": list(groups.items())})


@access.page(rights.PUBLIC)
def pathway(request: HttpRequest, code: str) -> HttpResponse:
    """One pathway, step by step; a learner sees which own credit counts at each step."""
    row = get_object_or_404(Pathway.objects.open_on(clock.today()), code=code)
    mine = _counting(person) if (person := access.person(request)) else {}
    context = {
        "pathway": row,
        "legs": [
            (each, mine.get(each.version.pk if each.version else 0, []))
            for each in pathways.legs(row, clock.today())
        ],
        "signed_in": access.person(request) is not None,
    }
    return render(request, "creditbank/pathway.html", context)


def _counting(person: Person) -> dict[int, list[Any]]:
    """The person's lots that count, by the id of the version under which they do."""
    found: dict[int, list[Any]] = {}
    for row in queries.lots(person, clock.today()):
        for each in row.usable:
            found.setdefault(each.version.pk, []).append((row.lot, each))
    return found


urlpatterns = [
    path("bank/pathways/", index, name="pathways"),
    path("bank/pathways/<str:code>/", pathway, name="pathway"),
]
