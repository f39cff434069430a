"""What can I do with this? Qualifications, the best plan towards one, converting it, the award."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.contrib import messages
from django.db.models import Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.creditbank import awards, planner
from xueqiao.creditbank.models import Award, Qualification
from xueqiao.kernel import clock, credit, errors
from xueqiao.people import rights
from xueqiao.web import access, lists
from xueqiao.web.templatetags.ui import titled

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

LISTING = lists.Listing(
    code="qualifications",
    columns=(
        lists.Column(
            gettext_lazy("Qualification"),
            titled,
            head=True,
            link=lambda row: reverse("plan", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("Level"), lambda row: row.level.number, numeric=True),
        lists.Column(
            gettext_lazy("Credits"),
            lambda row: credit.show(row.requirements["total_hundredths"]),
            numeric=True,
        ),
        lists.Column(gettext_lazy("Programme"), lambda row: titled(row.programme)),
        lists.Column(
            gettext_lazy("Awarded by"),
            lambda row: row.institution.name if row.institution else _("The credit bank"),
        ),
        lists.Column(gettext_lazy("Data"), lambda row: _("sample") if row.is_sample else "–"),
    ),
    sorts={"code": ("code", "id"), "from": ("-valid_from", "id")},
    search=lambda rows, text: rows.filter(
        Q(title_zh__icontains=text) | Q(title_en__icontains=text) | Q(code__icontains=text)
    ),
    search_hint=gettext_lazy("title or code"),
)


@access.page(rights.OWN)
def index(request: HttpRequest) -> HttpResponse:
    """Every qualification that is awarded today, and what I have asked for."""
    me = access.signed_in(request)
    mine = Award.objects.own(me).select_related("qualification").order_by("-asked_at", "-pk")
    rows = planner.in_force(clock.today())
    return lists.answer(request, LISTING, rows, "creditbank/plans.html", {"awards": mine[:20]})


@access.page(rights.OWN)
def plan(request: HttpRequest, pk: int) -> HttpResponse:
    """The best plan towards one qualification, and why each other lot does not count."""
    return page(request, pk)


@require_POST
@access.page(rights.OWN)
def convert(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for every conversion of the plan that I looked at; all are reserved, or none."""
    me, sent = access.signed_in(request), request.POST
    try:
        planner.convert(
            request_key=sent.get("request_key", "")[:80],
            person=me,
            by=me,
            qualification=wanted(pk),
            digest=sent.get("digest", ""),
            at=clock.now(),
        )
    except errors.Refusal as why:
        return page(request, pk, why)
    messages.success(request, _("The programme has been asked. The credit is reserved until then."))
    return redirect("plan", pk)


@require_POST
@access.page(rights.OWN)
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for the award with the credit that counts as it stands."""
    me, key = access.signed_in(request), request.POST.get("request_key", "")[:80]
    try:
        awards.ask(request_key=key, person=me, by=me, qualification_id=pk, at=clock.now())
    except errors.Refusal as why:
        return page(request, pk, why)
    messages.success(request, _("The award has been asked for. You read the answer here."))
    return redirect("plan", pk)


@require_POST
@access.page(rights.OWN)
def withdraw(request: HttpRequest, award_id: int) -> HttpResponse:
    """Take my application for an award back; its credit is free again."""
    me = access.signed_in(request)
    mine = get_object_or_404(Award.objects.own(me), pk=award_id)
    try:
        awards.withdraw(award=mine, by=me, at=clock.now())
    except errors.Refusal as why:
        messages.error(request, str(why))
    return redirect("plan", mine.qualification_id)


def wanted(pk: int) -> Qualification:
    return get_object_or_404(planner.in_force(clock.today()), pk=pk)


def page(request: HttpRequest, pk: int, why: errors.Refusal | None = None) -> HttpResponse:
    me, today = access.signed_in(request), clock.today()
    mine = Award.objects.own(me).filter(qualification_id=pk).prefetch_related("steps")
    asked = list(mine.order_by("-asked_at", "-pk"))
    context = {
        "plan": planner.plan(person=me, qualification=wanted(pk), day=today),
        "awards": asked,
        "awarded": next((each for each in asked if each.state == Award.State.AWARDED), None),
        "is_asked": any(each.is_live for each in asked),
        "refusal": why,
        "request_key": f"page:{uuid.uuid4()}",
    }
    return render(request, "creditbank/plan.html", context, status=why.status if why else 200)


urlpatterns = [
    path("plans/", index, name="plans"),
    path("plans/<int:pk>/", plan, name="plan"),
    path("plans/<int:pk>/convert/", convert, name="plan-convert"),
    path("plans/<int:pk>/award/", ask, name="plan-award"),
    path("plans/awards/<int:award_id>/withdraw/", withdraw, name="award-withdraw"),
]
