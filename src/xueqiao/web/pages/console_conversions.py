"""Console: conversions whose credit is reserved until the receiving side answers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from xueqiao.creditbank import conversion, queries
from xueqiao.creditbank.models import Conversion
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

SHOWN = 50


@access.page(rights.CONVERSION_DECIDE)
def waiting(request: HttpRequest) -> HttpResponse:
    """What waits for an answer, first to lapse first, and what was answered lately."""
    return _page(request)


def _page(request: HttpRequest, why: errors.Refusal | None = None, tried: int = 0) -> HttpResponse:
    me = access.signed_in(request)
    rows = queries.conversions_waiting(me, clock.today()).prefetch_related(
        "uses__lot", "results__target"
    )
    answered = Conversion.objects.reviewable_by(me, clock.today()).exclude(
        state__in=[Conversion.State.RESERVED, Conversion.State.REVIEWING]
    )
    answered = answered.select_related("person", "version__rule__programme").order_by(
        "-state_since", "-pk"
    )
    context = {"rows": rows[:SHOWN], "answered": answered[:10], "refusal": why, "tried": tried}
    return render(request, "console/conversions.html", context, status=why.status if why else 200)


def _answer(request: HttpRequest, pk: int, verb: Callable[..., Any], said: str) -> HttpResponse:
    rows = Conversion.objects.reviewable_by(access.signed_in(request), clock.today())
    asked = get_object_or_404(rows, pk=pk)
    try:
        verb(conversion=asked, by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        return _page(request, why, pk)
    messages.success(request, said.format(name=asked.person.name))
    return redirect("console-conversions")


@require_POST
@access.page(rights.CONVERSION_DECIDE)
def take_up(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin the review; the learner sees that somebody has it."""
    return _answer(request, pk, conversion.take_up, _("You review the conversion of {name}."))


@require_POST
@access.page(rights.CONVERSION_DECIDE)
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept: the reserved credit is posted into the programme."""
    verb = partial(conversion.approve, reason=request.POST.get("reason", ""))
    return _answer(request, pk, verb, _("The conversion of {name} is posted."))


@require_POST
@access.page(rights.CONVERSION_DECIDE)
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    """Refuse, with a reason: the reserved credit is free again."""
    verb = partial(conversion.reject, reason=request.POST.get("reason", ""))
    return _answer(
        request, pk, verb, _("The conversion of {name} is refused; the credit is free again.")
    )


urlpatterns = [
    path("console/conversions/", waiting, name="console-conversions"),
    path("console/conversions/<int:pk>/take-up/", take_up, name="console-conversion-take-up"),
    path("console/conversions/<int:pk>/approve/", approve, name="console-conversion-approve"),
    path("console/conversions/<int:pk>/reject/", reject, name="console-conversion-reject"),
]
