"""Pages of online courses: what there is, a course with its units, launching one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.encoding import iri_to_uri
from django.utils.translation import get_language

from xueqiao.cmi5 import queries, registrations, rules, sessions
from xueqiao.cmi5.models import Course, Registration
from xueqiao.kernel import clock, errors, paging
from xueqiao.people import rights
from xueqiao.web import access
from xueqiao.web.middleware import CONTENT_POLICY

if TYPE_CHECKING:
    from django.http import HttpRequest

    from xueqiao.people.models import Person

PAGE = 24
_WEB = re.compile(r"https?://[A-Za-z0-9.-]+(:\d+)?(?=[/?#]|$)")


@access.page(rights.PUBLIC)
def courses(request: HttpRequest) -> HttpResponse:
    """The courses that anybody may begin, and those one is in the middle of."""
    me = access.person(request)
    found = paging.page(
        queries.offered(), order=("-pk",), after=request.GET.get("after", ""), size=PAGE
    )
    context = {"courses": found, "mine": list(queries.mine(me)[:PAGE]) if me else []}
    return render(request, "online/courses.html", context)


@access.page(rights.PUBLIC)
def course(request: HttpRequest, pk: int) -> HttpResponse:
    """A course: its units, how far one is, and the next thing to open."""
    return _page(request, pk)


def _page(request: HttpRequest, pk: int, why: errors.Refusal | None = None) -> HttpResponse:
    found = get_object_or_404(Course.objects.exclude(current=None).select_related("current"), pk=pk)
    me = access.person(request)
    mine = _mine(me, pk)
    version = mine.version if mine else found.current
    assert version is not None, "a course without a version is not found"
    rows = queries.outline(version.pk, mine)
    done, total = queries.counted(rows)
    context = {
        "course": found,
        "version": version,
        "mine": mine,
        "rows": rows,
        "done": done,
        "total": total,
        "next": _next(rows),
        "refusal": why,
    }
    response = render(request, "online/course.html", context, status=why.status if why else 200)
    # A form whose answer leads elsewhere needs leave for there too; units may lie anywhere.
    hosts = " ".join(sorted({_origin(row.part.url) for row in rows} - {""}))
    policy = CONTENT_POLICY.replace("form-action 'self'", f"form-action 'self' {hosts}".strip())
    response.headers["Content-Security-Policy"] = policy
    return response


def _mine(me: Person | None, pk: int) -> Registration | None:
    return queries.mine(me).filter(course_id=pk).first() if me else None


def _next(rows: list[queries.Row]) -> int | None:
    """The unit to go on with: the first that counts and is open."""
    return next((row.part.pk for row in rows if row.is_open), None)


def _origin(address: str) -> str:
    """Scheme and host of a web address, as a policy names it; "" for any other."""
    found = _WEB.match(address)
    return found[0] if found else ""


@access.page(rights.OWN)
def begin(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin a course, or begin it anew after it was finished; twice is once."""
    if request.method != "POST":
        return redirect("online-course", pk)
    get_object_or_404(Course, pk=pk)
    me, anew = access.signed_in(request), request.POST.get("anew") == "yes"
    try:
        registrations.register(course_id=pk, person_id=me.pk, at=clock.now(), anew=anew)
    except errors.Refusal as why:
        return _page(request, pk, why)
    return redirect("online-course", pk)


@access.page(rights.OWN)
def launch(request: HttpRequest, pk: int, part: int) -> HttpResponse:
    """Open a unit of a course that one has begun; leads to the unit's own address."""
    mine = _mine(access.signed_in(request), pk)
    if mine is None or request.method != "POST":
        return redirect("online-course", pk)
    site = _site(request)
    try:
        ready = sessions.launch(
            registration_id=mine.pk,
            part_id=part,
            mode=_mode(request),
            site=site,
            return_url=f"{site}{reverse('online-course', args=[pk])}",
            languages="en,zh-CN" if get_language() == "en" else "zh-CN,en",
            at=clock.now(),
        )
    except errors.Refusal as why:
        return _page(request, pk, why)
    return _see_other(ready.address)


def _mode(request: HttpRequest) -> rules.Mode:
    asked: Any = request.POST.get("mode", "")
    return rules.Mode(asked) if asked in set(rules.Mode) else rules.Mode.NORMAL


def _site(request: HttpRequest) -> str:
    """Scheme and host of this site as the learner reaches it, without a slash at the end."""
    if urlsplit(settings.PUBLIC_URL).netloc == request.get_host():
        return settings.PUBLIC_URL
    return request.build_absolute_uri("/").rstrip("/")


def _see_other(address: str) -> HttpResponse:
    # Not HttpResponseRedirect: an application may have a scheme of its own. Import let through
    # only schemes that run nothing in the browser.
    return HttpResponse(status=303, headers={"Location": iri_to_uri(address)})


urlpatterns = [
    path("online/", courses, name="online"),
    path("online/<int:pk>/", course, name="online-course"),
    path("online/<int:pk>/begin/", begin, name="online-begin"),
    path("online/<int:pk>/launch/<int:part>/", launch, name="online-launch"),
]
