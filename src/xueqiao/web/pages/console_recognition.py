"""Console: the recognition queue, a case, its moves. Each move is one verb of the credit bank."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from xueqiao.creditbank import evidence, recognition, rules
from xueqiao.creditbank.models import Application
from xueqiao.kernel import clock, credit, errors
from xueqiao.people import rights
from xueqiao.web import access, lists
from xueqiao.web.console import case, worklist

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

Rows = QuerySet[Any]
STATE_LEVELS = {"posted": "ok", "rejected": "bad", "returned": "warn", "withdrawn": ""}


def today() -> date:
    return clock.local_date(clock.now())


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
        lists.Column(_("Due"), worklist.due, state=worklist.due_level),
    ),
    sorts={"since": ("state_since", "id"), "number": ("id",)},
    filters=(lists.Filter("state", _("State"), _states, _in_state, "waiting", required=True),),
    search=_found,
    search_hint=_("name, number or title"),
)


@access.page(rights.RECOGNITION_QUEUE)
def queue(request: HttpRequest) -> HttpResponse:
    """The cases of the person's places."""
    rows = case.reviewable(access.person(request), today())
    return lists.answer(request, QUEUE, rows, "console/recognition.html")


@access.page(rights.RECOGNITION_QUEUE)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One case: facts, evidence, history, and what can be done now."""
    return _page(request, find(request, pk))


def find(request: HttpRequest, pk: int) -> Application:
    return get_object_or_404(case.reviewable(access.person(request), today()), pk=pk)


def _page(
    request: HttpRequest,
    application: Application,
    why: errors.Refusal | None = None,
    tried: str = "",
) -> HttpResponse:
    context = case.read(
        application,
        me=access.signed_in(request),
        day=today(),
        typed=request.POST,
        why=why,
        tried=tried,
    )
    template = (
        "console/_case.html" if request.headers.get("HX-Target") == "case" else "console/case.html"
    )
    return render(request, template, context, status=why.status if why else 200)


def _move(
    request: HttpRequest, pk: int, name: str, verb: Callable[..., Application]
) -> HttpResponse:
    """Make one move; a refusal comes back beside its button with what was typed."""
    application = find(request, pk)
    try:
        application = verb(application=application, by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        return _page(request, application, why, name)
    if request.headers.get("HX-Target") == "case":
        return _page(request, find(request, pk))
    return redirect("console-case", pk)


@require_POST
@access.page(rights.RECOGNITION_ACCEPT)
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Pass a complete application to assessment."""
    return _move(
        request, pk, "accept", partial(recognition.accept, note=request.POST.get("note", ""))
    )


@require_POST
@access.page(rights.RECOGNITION_ACCEPT)
def give_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Return an application and say what is missing."""
    verb = partial(recognition.return_for_more, note=request.POST.get("note", ""))
    return _move(request, pk, "return", verb)


@require_POST
@access.page(rights.RECOGNITION_ASSESS)
def assess(request: HttpRequest, pk: int) -> HttpResponse:
    """Record what the assessor found."""
    return _move(request, pk, "assess", partial(_assess, request))


def _assess(request: HttpRequest, *, application: Application, **who: Any) -> Application:
    typed = {
        item.unit_id: request.POST.get(f"unit-{item.unit_id}", "0")
        for item in application.items.all()
    }
    return recognition.assess(
        application=application,
        method=request.POST.get("method", ""),
        amounts={unit: parse(text) for unit, text in typed.items()},
        findings=request.POST.get("findings", ""),
        no_conflict_declared=request.POST.get("no_conflict") == "yes",
        **who,
    )


def parse(text: str) -> int:
    """Credits that a person typed, in hundredths.

    Raises:
        NotCredits: not a number with at most two decimals.
    """
    try:
        return credit.parse(text)
    except ValueError:
        raise NotCredits(str(NotCredits.text_for).format(text=text)) from None


class NotCredits(errors.Refusal):
    """What was typed as credits is no number with at most two decimals."""

    code = "console.not_credits"
    status = 422
    text_for = _(
        "“{text}” is no number of credits. Write one with at most two decimals, such as 1.5."
    )


@require_POST
@access.page(rights.RECOGNITION_ASSESS)
def propose(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the assessment on for decision."""
    return _move(
        request, pk, "propose", partial(recognition.propose, note=request.POST.get("note", ""))
    )


@require_POST
@access.page(rights.RECOGNITION_DECIDE)
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve what was proposed; the credit is posted."""
    return _move(
        request, pk, "decide", partial(recognition.decide, reasons=request.POST.get("reasons", ""))
    )


@require_POST
@access.page(rights.RECOGNITION_DECIDE)
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    """Refuse recognition, with reasons."""
    return _move(
        request, pk, "reject", partial(recognition.reject, reasons=request.POST.get("reasons", ""))
    )


@access.page(rights.RECOGNITION_QUEUE)
def file(request: HttpRequest, pk: int, evidence_id: int) -> HttpResponse:
    """One file of a case, checked against its hash, to download."""
    found = get_object_or_404(find(request, pk).evidence, pk=evidence_id)
    try:
        content = evidence.read(found)
    except errors.Refusal as why:
        return _page(request, find(request, pk), why, "evidence")
    answer = HttpResponse(content, content_type=found.media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="evidence-{found.sha256[:12]}"'
    return answer


urlpatterns = [
    path("console/recognition/", queue, name="console-recognition"),
    path("console/recognition/<int:pk>/", one, name="console-case"),
    path("console/recognition/<int:pk>/accept/", accept, name="console-case-accept"),
    path("console/recognition/<int:pk>/return/", give_back, name="console-case-return"),
    path("console/recognition/<int:pk>/assess/", assess, name="console-case-assess"),
    path("console/recognition/<int:pk>/propose/", propose, name="console-case-propose"),
    path("console/recognition/<int:pk>/decide/", decide, name="console-case-decide"),
    path("console/recognition/<int:pk>/reject/", reject, name="console-case-reject"),
    path("console/recognition/<int:pk>/evidence/<int:evidence_id>/", file, name="console-evidence"),
]
