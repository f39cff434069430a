"""Console: credit lots, and what can be done with one: freeze, renew, ask for its reversal."""

from __future__ import annotations

import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db.models import Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.creditbank import expiry, holds, reversal
from xueqiao.creditbank.models import CreditLot, SourceKind
from xueqiao.kernel import clock, credit, errors
from xueqiao.people import rights
from xueqiao.web import access, lists
from xueqiao.web.templatetags.ui import state_level, titled

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

LOTS = lists.Listing(
    code="lots",
    columns=(
        lists.Column(
            gettext_lazy("Number"), lambda row: f"L-{row.pk}", head=True, sort="number",
            link=lambda row: reverse("console-lot", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("Learner"), lambda row: row.person.name),
        lists.Column(gettext_lazy("What"), titled),
        lists.Column(
            gettext_lazy("Credits"), lambda row: credit.show(row.amount_hundredths), numeric=True
        ),
        lists.Column(gettext_lazy("Source"), lambda row: row.get_source_kind_display()),
        lists.Column(gettext_lazy("Obtained"), lambda row: row.obtained, sort="obtained"),
        lists.Column(gettext_lazy("Valid until"), lambda row: row.valid_to or "–"),
        lists.Column(
            gettext_lazy("State"), lambda row: row.get_state_display(),
            state=lambda row: state_level(row.state),
        ),
    ),
    sorts={"number": ("-id",), "obtained": ("-obtained", "-id")},
    filters=(
        lists.of_field("state", gettext_lazy("State"), CreditLot.State),
        lists.of_field("source", gettext_lazy("Source"), SourceKind, "source_kind"),
    ),
    search=lambda rows, text: rows.filter(
        Q(title_zh__icontains=text) | Q(title_en__icontains=text) | Q(person__name__icontains=text)
        | Q(pk=int(digits) if (digits := text.upper().removeprefix("L-")).isdecimal() else 0)
    ),
    search_hint=gettext_lazy("name, title or number"),
)  # fmt: skip


@access.page(rights.LOT_FREEZE)
def lots(request: HttpRequest) -> HttpResponse:
    """The credit lots of the places and institutions that the reader answers for."""
    return lists.answer(request, LOTS, _reach(request), "console/lots.html")


def _reach(request: HttpRequest) -> Any:
    today = clock.today()
    rows = CreditLot.objects.within(access.signed_in(request), rights.LOT_FREEZE, today)
    return rows.select_related("person", "institution", "level", "account")


@access.page(rights.LOT_FREEZE)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One lot: what it is, what was made from it, what happened to it, what can be done."""
    return _page(request, get_object_or_404(_reach(request), pk=pk))


def _page(
    request: HttpRequest, lot: CreditLot, why: errors.Refusal | None = None, tried: str = ""
) -> HttpResponse:
    today = clock.today()
    context = {
        "lot": lot,
        "plan": reversal.look(lot),
        "steps_made": lot.steps.select_related("actor").order_by("-at", "-pk"),
        "holds": lot.holds.select_related("opened_by", "released_by").order_by("-pk"),
        "reversals": lot.reversals.order_by("-pk"),
        "may_refresh": rights.allows(access.person(request), rights.LOT_REFRESH, today),
        "form_key": uuid.uuid4(),
        "refusal": why,
        "tried": tried,
    }
    return render(request, "console/lot.html", context, status=why.status if why else 200)


def _act(request: HttpRequest, pk: int, name: str, verb: Callable[..., Any]) -> HttpResponse:
    lot = get_object_or_404(_reach(request), pk=pk)
    try:
        done = verb(lot=lot, by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        return _page(request, lot, why, name)
    if name == "reverse":
        return redirect("console-reversal", done.pk)
    messages.success(request, _("Done. The learner can read the reason on the account page."))
    return redirect("console-lot", pk)


def _key(request: HttpRequest) -> str:
    return f"form:{request.POST.get('form_key', '')}"[:80]


@require_POST
@access.page(rights.LOT_FREEZE)
def freeze(request: HttpRequest, pk: int) -> HttpResponse:
    """Freeze the lot and what was made from it, for a dispute."""
    reason = request.POST.get("reason", "")
    return _act(
        request, pk, "freeze", partial(holds.freeze, request_key=_key(request), reason=reason)
    )


@require_POST
@access.page(rights.LOT_FREEZE)
def ask_reversal(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for the reversal; a second person answers."""
    reason = request.POST.get("reason", "")
    return _act(
        request, pk, "reverse", partial(reversal.ask, request_key=_key(request), reason=reason)
    )


@require_POST
@access.page(rights.LOT_REFRESH)
def refresh(request: HttpRequest, pk: int) -> HttpResponse:
    """Renew the validity of the lot."""
    day = _day(request.POST.get("valid_to", "")) or clock.today()
    reason = request.POST.get("reason", "")
    return _act(request, pk, "refresh", partial(expiry.refresh, valid_to=day, reason=reason))


def _day(text: str) -> Any:
    try:
        return parse_date(text)
    except ValueError:
        return None


urlpatterns = [
    path("console/lots/", lots, name="console-lots"),
    path("console/lots/<int:pk>/", one, name="console-lot"),
    path("console/lots/<int:pk>/freeze/", freeze, name="console-lot-freeze"),
    path("console/lots/<int:pk>/reverse/", ask_reversal, name="console-lot-reverse"),
    path("console/lots/<int:pk>/refresh/", refresh, name="console-lot-refresh"),
]
