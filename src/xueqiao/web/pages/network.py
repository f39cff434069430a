"""Choosing a place: by part of its name, or down the five levels. Works without scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import path
from django.utils.http import url_has_allowed_host_and_scheme

from xueqiao.kernel import clock
from xueqiao.network import tree
from xueqiao.network.models import Level, Place
from xueqiao.people import rights
from xueqiao.web import access

if TYPE_CHECKING:
    from xueqiao.people.models import Person

DEFAULT_BACK = "/search/?kind=class"


@access.page(rights.PUBLIC)
def picker(request: HttpRequest) -> HttpResponse:
    """The places that fit what was typed, or those below one; a choice leads back."""
    today, text = clock.today(), request.GET.get("q", "").strip()[:40]
    at, me = place_of(request.GET.get("at", "")), access.person(request)
    back = request.GET.get("back", DEFAULT_BACK)
    context: dict[str, Any] = {
        "q": text,
        "at": at,
        "back": back,
        "choose": choose_prefix(request, back),
        "found": tree.search(text, day=today, limit=20) if text else [],
        "home": county_of(me),
    }
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "network/_found.html", context)
    context |= {
        "way": tree.ancestors(at, tree.DEEPEST, today) if at else [],
        "below": tree.children(at, tree.DEEPEST, today),
    }
    return render(request, "network/picker.html", context)


def choose_prefix(request: HttpRequest, back: str) -> str:
    """The address that a choice leads to, up to the number of the place."""
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
        back = DEFAULT_BACK
    parts = urlsplit(back)
    query = QueryDict(parts.query, mutable=True)
    for name in ("place", "after", "page"):
        query.pop(name, None)
    return f"{parts.path}?{query.urlencode()}{'&' if query else ''}place="


def place_of(number: str) -> Place | None:
    """The place that the address names; none for anything else."""
    known = number.isascii() and number.isdigit() and len(number) < 10  # noqa: PLR2004 - fits a key
    return Place.objects.filter(pk=number).first() if known else None


def county_of(person: Person | None) -> Place | None:
    """The county in which somebody lives."""
    if person is None or person.home_id is None:
        return None
    return Place.objects.filter(level=Level.COUNTY, below__descendant_id=person.home_id).first()


urlpatterns = [path("places/", picker, name="places")]
