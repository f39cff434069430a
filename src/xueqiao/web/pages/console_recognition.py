"""Console: the recognition queue, a case, its moves. Each move is one verb of the credit bank."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from xueqiao.creditbank import evidence
from xueqiao.creditbank.models import Application
from xueqiao.creditbank.rules import recognition as rules
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access, lists
from xueqiao.web.console import case, worklist

Rows = QuerySet[Any]
INLINE_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"
)
STATE_LEVELS = {
    "posted": "ok", "upheld": "ok", "changed": "ok", "rejected": "bad", "revoked": "bad",
    "returned": "warn", "withdrawn": "", "lapsed": "",
}  # fmt: skip


def _states() -> list[tuple[str, Any]]:
    return [
        ("waiting", _("Not finished")),
        *((v, t) for v, t in Application.State.choices if v != "draft"),
    ]


def _in_state(rows: Rows, state: str) -> Rows:
    if state == "waiting":
        return rows.exclude(state__in=rules.CLOSED_STATES)
    return rows.filter(state=state)


def _found(rows: Rows, text: str) -> Rows:
    """By title, by the applicant's name, or by the number that people quote."""
    wanted = Q(title__icontains=text) | Q(applicant__name__icontains=text)
    quoted = re.fullmatch(r"(?:\d{4}-)?(\d{1,12})", text.strip())
    return rows.filter(wanted | Q(pk=int(quoted[1])) if quoted else wanted)


QUEUE = lists.Listing(
    code="recognition",
    columns=(
        lists.Column(
            _("Application"),
            lambda row: row.title,
            head=True,
            link=lambda row: reverse("console-case", args=[row.pk]),
        ),
        lists.Column(_("Number"), lambda row: row.number, sort="number"),
        lists.Column(_("Applicant"), lambda row: row.applicant.name),
        lists.Column(_("Place"), lambda row: row.place.name),
        lists.Column(
            _("State"),
            lambda row: row.get_state_display(),
            state=lambda row: STATE_LEVELS.get(row.state, "now"),
        ),
        lists.Column(_("Since"), lambda row: clock.local_date(row.state_since), sort="since"),
        lists.Column(_("With"), lambda row: row.holder.name if row.holder else ""),
        lists.Column(_("Due"), lambda row: row.due_on, state=worklist.due_level, sort="due"),
    ),
    sorts={"since": ("state_since", "id"), "number": ("id",), "due": ("due_on", "id")},
    filters=(lists.Filter("state", _("State"), _states, _in_state, "waiting", required=True),),
    search=_found,
    search_hint=_("name, number or title"),
)


@access.page(rights.RECOGNITION_QUEUE)
def queue(request: HttpRequest) -> HttpResponse:
    """The cases of the person's places."""
    rows = case.reviewable(access.person(request), clock.today())
    may_seat = rights.allows(access.person(request), rights.RECOGNITION_EXPERTS, clock.today())
    more = {"may_seat": may_seat}
    return lists.answer(request, QUEUE, rows, "console/recognition.html", more)


@access.page(rights.RECOGNITION_QUEUE)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One case: facts, evidence, history, and what can be done now."""
    return page(request, find(request, pk))


def find(request: HttpRequest, pk: int) -> Application:
    return get_object_or_404(case.reviewable(access.person(request), clock.today()), pk=pk)


def page(
    request: HttpRequest,
    application: Application,
    why: errors.Refusal | None = None,
    tried: str = "",
) -> HttpResponse:
    context = case.read(
        application,
        me=access.signed_in(request),
        day=clock.today(),
        typed=request.POST,
        why=why,
        tried=tried,
    )
    template = (
        "console/_case.html" if request.headers.get("HX-Target") == "case" else "console/case.html"
    )
    return render(request, template, context, status=why.status if why else 200)


@access.page(rights.RECOGNITION_QUEUE)
def file(request: HttpRequest, pk: int, evidence_id: int) -> HttpResponse:
    """One file of a case, checked against its hash, to download."""
    found = get_object_or_404(find(request, pk).evidence, pk=evidence_id)
    try:
        content = evidence.read(found)
    except errors.Refusal as why:
        return page(request, find(request, pk), why, "evidence")
    answer = HttpResponse(content, content_type=found.media_type)
    inline = request.GET.get("inline") == "1"
    name = f"evidence-{found.sha256[:12]}"
    answer.headers["Content-Disposition"] = (
        f'{"inline" if inline else "attachment"}; filename="{name}"'
    )
    if inline:
        # Shown in a frame of the viewer; whatever is in it runs nothing and reaches nothing.
        answer.headers["Content-Security-Policy"] = INLINE_POLICY
        answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


@access.page(rights.RECOGNITION_QUEUE)
def view_file(request: HttpRequest, pk: int, evidence_id: int) -> HttpResponse:
    """One file of a case in the page, with its hash compared just now, and the next one."""
    application = find(request, pk)
    files = list(application.evidence.order_by("pk"))
    number = next((n for n, each in enumerate(files) if each.pk == evidence_id), None)
    if number is None:
        raise Http404
    shown, refusal, text = files[number], None, ""
    try:
        content = evidence.read(shown)
        text = content.decode("utf-8", "replace") if shown.media_type == "text/plain" else ""
    except errors.Refusal as why:
        refusal = why
    context = {
        "case": application, "case_address": reverse("console-case", args=[pk]), "file": shown,
        "refusal": refusal, "text": text,
        "number": number + 1, "count": len(files),
        "before": files[number - 1] if number else None,
        "after": files[number + 1] if number + 1 < len(files) else None,
    }  # fmt: skip
    status = refusal.status if refusal else 200
    return render(request, "console/evidence.html", context, status=status)


urlpatterns = [
    path("console/recognition/", queue, name="console-recognition"),
    path("console/recognition/<int:pk>/", one, name="console-case"),
    path("console/recognition/<int:pk>/evidence/<int:evidence_id>/", file, name="console-evidence"),
    path(
        "console/recognition/<int:pk>/evidence/<int:evidence_id>/view/",
        view_file,
        name="console-evidence-view",
    ),
]
