"""Console: a consultation's comments, the answers to them, and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db.models import F
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from xueqiao.creditbank.models import Consultation, ConsultationComment, ConsultationReply
from xueqiao.creditbank.rulebook import consultation, steps, texts
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse


def kept(request: HttpRequest) -> QuerySet[Consultation]:
    day = clock.today()
    versions = steps.versions_kept_by(access.signed_in(request), day)
    return Consultation.objects.filter(version__in=versions.values("pk"))


@access.page(rights.RULES_EDIT)
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """One consultation with all comments, those without an answer first."""
    return _page(request, pk)


def _page(
    request: HttpRequest, pk: int, why: errors.Refusal | None = None, tried: int = 0
) -> HttpResponse:
    row, today = get_object_or_404(kept(request), pk=pk), clock.today()
    day = clock.today()
    versions = steps.versions_kept_by(access.signed_in(request), day)
    version = versions.get(pk=row.version_id)
    waiting_first = F("reply").asc(nulls_first=True)
    comments = row.comments.select_related("author", "reply__author")
    context: dict[str, Any] = {
        "consultation": row,
        "version": version,
        "sentence": texts.sentence(version, texts.reading()),
        "comments": comments.order_by(waiting_first, "pk"),
        "verdicts": ConsultationReply.Verdict.choices,
        "is_over": today > row.closes_on,
        "refusal": why,
        "tried": tried,
    }
    status = why.status if why else 200
    return render(request, "console/consultation.html", context, status=status)


@require_POST
@access.page(rights.RULES_EDIT)
def reply(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer a comment."""
    rows = ConsultationComment.objects.select_related("consultation__version")
    said = get_object_or_404(rows.filter(consultation__in=kept(request)), pk=pk)
    verdict = request.POST.get("verdict", "")
    if verdict not in ConsultationReply.Verdict.values:
        verdict = ConsultationReply.Verdict.NOT_ADOPTED
    me, text = access.signed_in(request), request.POST.get("text", "")
    try:
        consultation.reply(comment=said, by=me, verdict=verdict, text=text, at=clock.now())
    except errors.Refusal as why:
        return _page(request, said.consultation_id, why, pk)
    return redirect("console-consultation", said.consultation_id)


@require_POST
@access.page(rights.RULES_EDIT)
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Close a consultation whose days are over."""
    row = get_object_or_404(kept(request).select_related("version"), pk=pk)
    me, summary = access.signed_in(request), request.POST.get("summary", "")
    try:
        consultation.close(consultation=row, summary=summary, by=me, at=clock.now())
    except errors.Refusal as why:
        return _page(request, pk, why)
    messages.success(request, _("The consultation is closed."))
    return redirect("console-rule", row.version_id)


urlpatterns = [
    path("console/rules/consultations/<int:pk>/", page, name="console-consultation"),
    path("console/rules/consultations/<int:pk>/close/", close, name="console-consultation-close"),
    path("console/rules/comments/<int:pk>/reply/", reply, name="console-comment-reply"),
]
