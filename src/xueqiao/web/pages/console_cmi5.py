"""Console: course packages come in; a course, its versions and learners; one learner's units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, cast

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.cmi5 import packages, queries, registrations, sessions
from xueqiao.cmi5.models import Course, Reason, Registration, Session
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access, lists

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


class NoFile(errors.Refusal):
    """The form was sent without a package."""

    code = "console.no_package"
    status = 422


class NoReason(errors.Refusal):
    """A unit is to be waived without a reason."""

    code = "console.no_reason"
    status = 422


COURSES = lists.Listing(
    code="online-courses",
    columns=(
        lists.Column(
            gettext_lazy("Course"),
            lambda row: queries.spoken(row.current.title) if row.current else row.publisher_id,
            head=True,
            link=lambda row: reverse("console-online-course", args=[row.pk]),
        ),
        lists.Column(
            gettext_lazy("State"),
            lambda row: _("Closed") if row.closed_at else _("Open"),
            state=lambda row: "" if row.closed_at else "ok",
        ),
        lists.Column(
            gettext_lazy("Version"),
            lambda row: row.current.number if row.current else None,
            numeric=True,
        ),
        lists.Column(gettext_lazy("Learners"), lambda row: row.learners, numeric=True),
        lists.Column(gettext_lazy("Learnt"), lambda row: row.finished, numeric=True),
        lists.Column(
            gettext_lazy("Brought in by"),
            lambda row: row.opened_by.name if row.opened_by else None,
        ),
        lists.Column(gettext_lazy("Since"), lambda row: clock.local_date(row.opened_at)),
    ),
    sorts={"new": ("-pk",)},
    filters=(
        lists.Filter(
            "state",
            gettext_lazy("State"),
            lambda: [("open", gettext_lazy("Open")), ("closed", gettext_lazy("Closed"))],
            lambda rows, state: rows.filter(closed_at__isnull=state == "open"),
        ),
    ),
    search=lambda rows, text: rows.filter(current__titles__icontains=text),
    search_hint=gettext_lazy("title"),
)


@access.page(rights.CMI5_COURSES)
def courses(request: HttpRequest) -> HttpResponse:
    """The online courses that somebody looks after, and the way in for another."""
    return _courses(request)


def _courses(request: HttpRequest, why: errors.Refusal | None = None) -> HttpResponse:
    rows = queries.run_by(access.person(request), clock.today())
    answer = lists.answer(request, COURSES, rows, "console/online_courses.html", {"refusal": why})
    answer.status_code = why.status if why else answer.status_code
    return answer


@access.page(rights.CMI5_COURSES)
def bring(request: HttpRequest) -> HttpResponse:
    """Import a package; leads to its course."""
    if request.method != "POST":
        return redirect("console-online")
    given, me = request.FILES.get("package"), access.signed_in(request)
    if given is None:
        return _courses(request, NoFile(_("Choose a course package (zip) or a cmi5.xml first.")))
    try:
        version = packages.import_package(
            file=cast("BinaryIO", given),
            name=given.name or "",
            at=clock.now(),
            by_id=me.pk,
            may_all=rights.allows(me, rights.CMI5_ALL, clock.today()),
        )
    except errors.Refusal as why:
        return _courses(request, why)
    text = _("“{title}” is in, as version {n}.")
    messages.success(request, text.format(title=queries.spoken(version.title), n=version.number))
    return redirect("console-online-course", version.course_id)


def _done(row: Any) -> str:
    return f"{row.done} / {row.to_do}"


LEARNERS = lists.Listing(
    code="online-learners",
    columns=(
        lists.Column(
            gettext_lazy("Learner"),
            lambda row: row.person.name,
            head=True,
            sort="name",
            link=lambda row: reverse("console-online-learner", args=[row.key]),
        ),
        lists.Column(gettext_lazy("Version"), lambda row: row.version.number, numeric=True),
        lists.Column(gettext_lazy("Units finished"), _done, numeric=True),
        lists.Column(
            gettext_lazy("State"),
            lambda row: _("Learnt") if row.satisfied_at else _("Learning"),
            state=lambda row: "ok" if row.satisfied_at else "now",
        ),
        lists.Column(
            gettext_lazy("Began on"), lambda row: clock.local_date(row.registered_at), sort="began"
        ),
        lists.Column(
            gettext_lazy("Finished on"),
            lambda row: clock.local_date(row.satisfied_at) if row.satisfied_at else None,
        ),
    ),
    sorts={"began": ("-registered_at", "-pk"), "name": ("person__name", "pk")},
    filters=(
        lists.Filter(
            "state",
            gettext_lazy("State"),
            lambda: [("learning", gettext_lazy("Learning")), ("done", gettext_lazy("Learnt"))],
            lambda rows, state: rows.filter(satisfied_at__isnull=state == "learning"),
        ),
    ),
    search=lambda rows, text: rows.filter(person__name__icontains=text),
    search_hint=gettext_lazy("name"),
)


def _mine(request: HttpRequest) -> Any:
    return Course.objects.run_by(access.person(request), clock.today()).select_related("current")


@access.page(rights.CMI5_COURSES)
def course(request: HttpRequest, pk: int) -> HttpResponse:
    """A course: its structure, its versions, and who learns it."""
    found = get_object_or_404(_mine(request).exclude(current=None), pk=pk)
    versions = found.versions.select_related("imported_by").order_by("-number")
    context = {
        "course": found,
        "version": found.current,
        "versions": versions,
        "outline": queries.outline(found.current_id),
    }
    rows = queries.learners(found.pk)
    return lists.answer(request, LEARNERS, rows, "console/online_course.html", context)


@require_POST
@access.page(rights.CMI5_COURSES)
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Close a course to new learners, or open it again."""
    found = get_object_or_404(_mine(request), pk=pk)
    if request.POST.get("open") == "yes":
        packages.reopen(course_id=found.pk)
    else:
        packages.close(course_id=found.pk, at=clock.now())
    return redirect("console-online-course", pk)


def _registration(request: HttpRequest, key: Any) -> Registration:
    rows = Registration.objects.select_related("person", "course", "version")
    return get_object_or_404(rows.filter(course__in=_mine(request)), key=key)


@access.page(rights.CMI5_COURSES)
def learner(request: HttpRequest, key: Any) -> HttpResponse:
    """One learner's units and sessions, with what may be done about them."""
    return _learner(request, _registration(request, key))


def _learner(
    request: HttpRequest, found: Registration, why: errors.Refusal | None = None
) -> HttpResponse:
    rows = queries.outline(found.version_id, found)
    context = {
        "registration": found,
        "rows": rows,
        "done": queries.counted(rows)[0],
        "total": queries.counted(rows)[1],
        "open_units": [row for row in rows if row.is_open],
        "sessions": queries.sessions(found)[:50],
        "reasons": Reason.choices,
        "refusal": why,
    }
    status = why.status if why else 200
    return render(request, "console/online_learner.html", context, status=status)


@access.page(rights.CMI5_COURSES)
def waive(request: HttpRequest, key: Any) -> HttpResponse:
    """Let a learner skip a unit, with a reason."""
    if request.method != "POST":
        return redirect("console-online-learner", key)
    found, reason = _registration(request, key), request.POST.get("reason", "")
    part = request.POST.get("part", "")
    try:
        if reason not in Reason.values or not part.isdecimal():
            raise NoReason(_("Choose a unit and a reason."))
        registrations.waive(
            registration_id=found.pk,
            part_id=int(part),
            reason=Reason(reason),
            note=request.POST.get("note", ""),
            by_id=access.signed_in(request).pk,
            at=clock.now(),
        )
    except errors.Refusal as why:
        return _learner(request, found, why)
    messages.success(request, _("The unit is waived; the learner's records say so."))
    return redirect("console-online-learner", key)


@require_POST
@access.page(rights.CMI5_COURSES)
def abandon(request: HttpRequest, key: Any) -> HttpResponse:
    """End a session that hangs, so that its token is worth nothing any more."""
    rows = Session.objects.filter(registration__course__in=_mine(request))
    found = get_object_or_404(rows.select_related("registration"), key=key)
    if sessions.abandon(session_id=found.pk, at=clock.now()):
        messages.success(request, _("The session is ended."))
    return redirect("console-online-learner", found.registration.key)


urlpatterns = [
    path("console/online/", courses, name="console-online"),
    path("console/online/import/", bring, name="console-online-import"),
    path("console/online/<int:pk>/", course, name="console-online-course"),
    path("console/online/<int:pk>/close/", close, name="console-online-close"),
    path("console/online/learners/<uuid:key>/", learner, name="console-online-learner"),
    path("console/online/learners/<uuid:key>/waive/", waive, name="console-online-waive"),
    path("console/online/sessions/<uuid:key>/abandon/", abandon, name="console-online-abandon"),
]
