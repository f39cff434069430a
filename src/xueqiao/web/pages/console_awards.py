"""Console: applications for qualifications, whose credit is reserved until somebody decides."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from xueqiao.creditbank import awards
from xueqiao.creditbank.models import Award
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

SHOWN = 50


@access.page(rights.CONVERSION_DECIDE)
def waiting(request: HttpRequest) -> HttpResponse:
    """What waits for a decision, first to lapse first, and what was decided lately."""
    return _page(request)


def _page(request: HttpRequest, why: errors.Refusal | None = None, tried: int = 0) -> HttpResponse:
    me = access.signed_in(request)
    decided = Award.objects.decidable_by(me, clock.today()).exclude(state=Award.State.REQUESTED)
    decided = decided.select_related("person", "qualification").order_by("-state_since", "-pk")
    rows = awards.waiting(me, clock.today())[:SHOWN]
    context = {"rows": rows, "decided": decided[:10], "refusal": why, "tried": tried}
    return render(request, "console/awards.html", context, status=why.status if why else 200)


def _decide(request: HttpRequest, pk: int, verb: Callable[..., Any], said: str) -> HttpResponse:
    me = access.signed_in(request)
    asked = get_object_or_404(Award.objects.decidable_by(me, clock.today()), pk=pk)
    try:
        verb(award=asked, by=me, at=clock.now())
    except errors.Refusal as why:
        return _page(request, why, pk)
    messages.success(request, said.format(name=asked.person.name))
    return redirect("console-awards")


@require_POST
@access.page(rights.CONVERSION_DECIDE)
def award(request: HttpRequest, pk: int) -> HttpResponse:
    """Award: the right of the credit behind it is used up."""
    verb = partial(awards.award, reason=request.POST.get("reason", ""))
    return _decide(request, pk, verb, _("The qualification is awarded to {name}."))


@require_POST
@access.page(rights.CONVERSION_DECIDE)
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    """Refuse, with a reason: the reserved credit is free again."""
    verb = partial(awards.refuse, reason=request.POST.get("reason", ""))
    return _decide(request, pk, verb, _("The award to {name} is refused; the credit is free."))


urlpatterns = [
    path("console/awards/", waiting, name="console-awards"),
    path("console/awards/<int:pk>/award/", award, name="console-award"),
    path("console/awards/<int:pk>/refuse/", refuse, name="console-award-refuse"),
]
