"""Searching classes and resources; the page of a resource. Filters live in the address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import get_object_or_404, render
from django.urls import path

from xueqiao.catalog import queries, search
from xueqiao.catalog.models import Course
from xueqiao.hall import queries as hall
from xueqiao.hall import search as classes
from xueqiao.kernel import clock, paging
from xueqiao.people import rights
from xueqiao.web import access
from xueqiao.web.pages.network import place_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

SOME, MANY = 6, 18
MOST_LETTERS = 80


@access.page(rights.PUBLIC)
def search_page(request: HttpRequest) -> HttpResponse:
    """What fits the words: classes, resources, or some of both where no kind is asked for."""
    kind = request.GET.get("kind", "")
    if kind not in {"class", "resource"}:
        kind = ""
    context: dict[str, Any] = {
        "kind": kind,
        "q": words(request),
        "today": clock.today(),
    }
    if kind != "resource":
        context |= found_classes(request, SOME if not kind else MANY)
    if kind != "class":
        context |= found_resources(request, SOME if not kind else MANY)
    return render(request, "catalog/search.html", context)


@access.page(rights.PUBLIC)
def resource(request: HttpRequest, course_id: int) -> HttpResponse:
    """A resource: what it teaches, who, what to know first, what is like it, where it is taught."""
    rows = Course.objects.select_related("school", "discipline").prefetch_related("teachers")
    course = get_object_or_404(rows, pk=course_id)
    today = clock.today()
    context = {
        "course": course,
        "today": today,
        "concepts": queries.concepts(course.pk),
        "prerequisites": queries.prerequisites(course.pk)[:12],
        "similar": queries.similar(course.pk),
        "classes": list(hall.of_course(course.pk, today)[:4]),
    }
    return render(request, "catalog/resource.html", context)


def words(request: HttpRequest) -> str:
    return request.GET.get("q", "").strip()[:MOST_LETTERS]


def found_classes(request: HttpRequest, size: int) -> dict[str, Any]:
    asked, now = request.GET, clock.now()
    place = place_of(asked.get("place", ""))
    rows = classes.find(
        words(request),
        at=now,
        place_id=place.pk if place else None,
        is_open=asked.get("open") == "1",
        is_free=asked.get("free") == "1",
        for_elders=asked.get("elders") == "1",
    )
    page = paging.page(rows, order=("starts_on", "id"), after=asked.get("after", ""), size=size)
    narrowed = any(asked.get(name) for name in ("place", "open", "free", "elders"))
    return {"classes": page, "class_count": rows.count(), "place": place, "narrowed": narrowed}


def found_resources(request: HttpRequest, size: int) -> dict[str, Any]:
    asked = request.GET
    number = (
        int(asked.get("page", ""))
        if asked.get("page", "").isascii() and asked.get("page", "").isdigit()
        else 1
    )
    field = asked.get("field", "")
    found = search.find(words(request), discipline=field, page=number, size=size)
    fields = search.disciplines(words(request)) if asked.get("kind") == "resource" else []
    return {"resources": found, "field": field, "fields": fields[:12]}


urlpatterns = [
    path("search/", search_page, name="search"),
    path("resources/<int:course_id>/", resource, name="resource"),
]
