"""Console: lots that are frozen, why, and the outcome that releases them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.creditbank import holds
from xueqiao.creditbank.models import Hold
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access, lists
from xueqiao.web.templatetags.ui import titled

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

DISPUTES = lists.Listing(
    code="disputes",
    columns=(
        lists.Column(
            gettext_lazy("Credit"), lambda row: titled(row.lot), head=True,
            link=lambda row: reverse("console-dispute", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("Learner"), lambda row: row.lot.person.name),
        lists.Column(gettext_lazy("Cause"), lambda row: row.get_cause_display()),
        lists.Column(gettext_lazy("Why"), lambda row: row.reason),
        lists.Column(gettext_lazy("Frozen by"), lambda row: row.opened_by.name),
        lists.Column(
            gettext_lazy("Since"), lambda row: clock.local_date(row.opened_at), sort="since"
        ),
        lists.Column(
            gettext_lazy("State"),
            lambda row: _("Released") if row.released_at else _("Frozen"),
            state=lambda row: "ok" if row.released_at else "warn",
        ),
    ),
    sorts={"since": ("-opened_at", "-id")},
    filters=(
        lists.Filter(
            "state", gettext_lazy("State"),
            lambda: [("open", gettext_lazy("Frozen")), ("released", gettext_lazy("Released"))],
            lambda rows, state: rows.filter(released_at__isnull=state == "open"),
            default="open",
        ),
        lists.of_field("cause", gettext_lazy("Cause"), Hold.Cause),
    ),
    search=lambda rows, text: rows.filter(reason__icontains=text)
    | rows.filter(lot__person__name__icontains=text),
    search_hint=gettext_lazy("name or part of the reason"),
)  # fmt: skip


@access.page(rights.LOT_FREEZE)
def disputes(request: HttpRequest) -> HttpResponse:
    """What is frozen, latest first."""
    return lists.answer(request, DISPUTES, _reach(request), "console/disputes.html")


def _reach(request: HttpRequest) -> Any:
    today = clock.today()
    rows = Hold.objects.within(access.signed_in(request), rights.LOT_FREEZE, today)
    return rows.select_related("lot__person", "opened_by", "released_by")


@access.page(rights.LOT_FREEZE)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One freeze: the lots that it holds, and the outcome."""
    return _page(request, get_object_or_404(_reach(request), pk=pk))


def _page(request: HttpRequest, hold: Hold, why: errors.Refusal | None = None) -> HttpResponse:
    held = hold.lots.select_related("lot__person", "lot__level").order_by("lot_id")
    context = {"hold": hold, "held": held, "refusal": why}
    return render(request, "console/dispute.html", context, status=why.status if why else 200)


@require_POST
@access.page(rights.LOT_FREEZE)
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Write down what was found and release the lots."""
    hold = get_object_or_404(_reach(request), pk=pk)
    outcome = request.POST.get("outcome", "")
    try:
        holds.release(hold=hold, outcome=outcome, by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        return _page(request, hold, why)
    messages.success(request, _("Done. The learner can read the reason on the account page."))
    return redirect("console-dispute", pk)


urlpatterns = [
    path("console/lots/disputes/", disputes, name="console-disputes"),
    path("console/lots/disputes/<int:pk>/", one, name="console-dispute"),
    path("console/lots/disputes/<int:pk>/release/", release, name="console-dispute-release"),
]
