"""Console: what nobody gives up of the lake, and why: placing holds, lifting them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.governance.models import LakeHold
from xueqiao.governance.retaining import holding
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access, lists, refused
from xueqiao.web.console import lake_retention as shown
from xueqiao.web.console.lake_retention import HoldForm

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def state(hold: LakeHold) -> tuple[str, str]:
    """Whether a hold is in force, in words and as a state."""
    if hold.lifted_at:
        return _("lifted"), ""
    if hold.until and hold.until <= clock.today():
        return _("its end has come"), ""
    return _("in force"), "warn"


def narrowed(rows: lists.Rows, wanted: str) -> lists.Rows:
    """Holds in force, or those that have ended."""
    now = LakeHold.objects.in_force(clock.today())
    return rows.filter(pk__in=now) if wanted == "now" else rows.exclude(pk__in=now)


HOLDS = lists.Listing(
    code="lake-holds",
    columns=(
        lists.Column(
            gettext_lazy("Number"),
            lambda row: f"L-{row.pk}",
            head=True,
            sort="number",
            link=lambda row: reverse("console-lake-hold", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("What is held"), shown.on),
        lists.Column(gettext_lazy("Kind"), lambda row: row.get_scope_display()),
        lists.Column(gettext_lazy("Why"), lambda row: row.reason),
        lists.Column(
            gettext_lazy("State"), lambda row: state(row)[0], state=lambda row: state(row)[1]
        ),
        lists.Column(gettext_lazy("Placed by"), lambda row: row.placed_by.name),
        lists.Column(gettext_lazy("Placed on"), lambda row: clock.local_date(row.placed_at)),
        lists.Column(gettext_lazy("Ends on"), lambda row: row.until or "–"),
    ),
    sorts={"number": ("-id",)},
    filters=(
        lists.Filter(
            "state",
            gettext_lazy("State"),
            lambda: [("now", gettext_lazy("in force")), ("ended", gettext_lazy("ended"))],
            narrowed,
        ),
        lists.of_field("kind", gettext_lazy("Kind"), LakeHold.Scope, "scope"),
    ),
    search=lambda rows, text: rows.filter(
        Q(lake_table__icontains=text)
        | Q(place__name__icontains=text)
        | Q(person__name__icontains=text)
        | Q(reason__icontains=text)
    ),
    search_hint=gettext_lazy("what is held, or part of the reason"),
)


@access.page(rights.LAKE_RETAIN)
def index(request: HttpRequest) -> HttpResponse:
    """Every hold that was ever placed, newest first."""
    rows = LakeHold.objects.select_related("place", "person", "placed_by")
    return lists.answer(request, HOLDS, rows, "console/lake/holds.html")


@access.page(rights.LAKE_RETAIN)
def place(request: HttpRequest) -> HttpResponse:
    """Keep data from being given up, at once."""
    form = HoldForm(request.POST or None, initial={"table": request.GET.get("table", "")})
    if form.is_valid():
        try:
            made = holding.place(
                what=form.held(), reason=form.cleaned_data["reason"],
                until=form.cleaned_data["until"], by=access.signed_in(request), at=clock.now(),
            )  # fmt: skip
            return redirect("console-lake-hold", made.pk)
        except errors.Refusal as why:
            refused.into(form, why)
    status = 422 if form.errors else 200
    return render(request, "console/lake/hold_place.html", {"form": form}, status=status)


@access.page(rights.LAKE_RETAIN)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One hold: on what, since when, why; a form to lift it."""
    return _page(request, pk)


def _page(request: HttpRequest, pk: int, why: errors.Refusal | None = None) -> HttpResponse:
    rows = LakeHold.objects.select_related("place", "person", "placed_by", "lifted_by")
    hold = get_object_or_404(rows, pk=pk)
    word, level = state(hold)
    may = rights.allows(access.person(request), rights.LAKE_STEWARD, clock.today())
    context = {
        "hold": hold, "on": shown.on(hold), "state": word, "level": level,
        "can_lift": bool(level) and may, "refusal": why,
    }  # fmt: skip
    return render(request, "console/lake/hold.html", context, status=why.status if why else 200)


@require_POST
@access.page(rights.LAKE_STEWARD)
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    """End a hold, with the reason."""
    hold, reason = get_object_or_404(LakeHold, pk=pk), request.POST.get("reason", "")
    try:
        holding.lift(hold=hold, reason=reason, by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        return _page(request, pk, why)
    return redirect("console-lake-hold", pk)


urlpatterns = [
    path("console/lake/retention/holds/", index, name="console-lake-holds"),
    path("console/lake/retention/holds/place/", place, name="console-lake-hold-place"),
    path("console/lake/retention/holds/<int:pk>/", one, name="console-lake-hold"),
    path("console/lake/retention/holds/<int:pk>/lift/", lift, name="console-lake-hold-lift"),
]
