"""Console: reversals, from the request and its dry run to what was posted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.creditbank import reversal as reversal_verbs
from xueqiao.creditbank.models import AwardReview, Reversal
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access, lists
from xueqiao.web.templatetags.ui import Step, titled

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

State, Outcome = Reversal.State, AwardReview.Outcome
LEVELS = {State.ASKED: "warn", State.REVIEW: "warn", State.DONE: "ok", State.REFUSED: "bad"}

REVERSALS = lists.Listing(
    code="reversals",
    columns=(
        lists.Column(
            gettext_lazy("Number"), lambda row: row.number, head=True, sort="number",
            link=lambda row: reverse("console-reversal", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("Learner"), lambda row: row.lot.person.name),
        lists.Column(gettext_lazy("Credit"), lambda row: titled(row.lot)),
        lists.Column(gettext_lazy("Why"), lambda row: row.reason),
        lists.Column(
            gettext_lazy("State"), lambda row: row.get_state_display(),
            state=lambda row: LEVELS.get(State(row.state), "now"),
        ),
        lists.Column(gettext_lazy("Asked by"), lambda row: row.asked_by.name),
        lists.Column(gettext_lazy("Asked on"), lambda row: clock.local_date(row.asked_at)),
        lists.Column(
            gettext_lazy("Decided by"), lambda row: row.decided_by.name if row.decided_by else "–"
        ),
    ),
    sorts={"number": ("-id",)},
    filters=(
        lists.of_field("state", gettext_lazy("State"), State),
    ),
    search=lambda rows, text: rows.filter(reason__icontains=text)
    | rows.filter(lot__person__name__icontains=text),
    search_hint=gettext_lazy("name or part of the reason"),
)  # fmt: skip


@access.page(rights.LOT_FREEZE)
def reversals(request: HttpRequest) -> HttpResponse:
    """Every reversal that was asked for, newest first."""
    return lists.answer(request, REVERSALS, _reach(request), "console/reversals.html")


def _reach(request: HttpRequest) -> Any:
    today = clock.today()
    rows = Reversal.objects.within(access.signed_in(request), rights.LOT_FREEZE, today)
    return rows.select_related("lot__person", "lot__account", "asked_by", "decided_by", "hold")


@access.page(rights.LOT_FREEZE)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One reversal: the dry run while it waits, the vouchers when it is done."""
    return _page(request, get_object_or_404(_reach(request), pk=pk))


def _page(
    request: HttpRequest, case: Reversal, why: errors.Refusal | None = None, tried: str = ""
) -> HttpResponse:
    waits = case.state in {State.ASKED, State.REVIEW}
    today = clock.today()
    context = {
        "case": case,
        "plan": reversal_verbs.look(case.lot) if waits else None,
        "posted": case.steps.select_related("group", "undone").order_by("number"),
        "held": case.hold.lots.select_related("lot__person").order_by("lot_id"),
        "reviews": case.reviews.select_related("award__qualification", "decided_by"),
        "way": _way(case),
        "waits": waits,
        "is_own": case.asked_by_id == access.signed_in(request).pk,
        "may_answer": rights.allows(access.person(request), rights.LOT_REVERSE, today),
        "refusal": why,
        "tried": tried,
    }
    return render(request, "console/reversal.html", context, status=why.status if why else 200)


def _way(case: Reversal) -> list[Step]:
    asked = Step(_("Asked"), "done", case.asked_by.name, case.asked_at, case.reason)
    frozen = Step(_("Frozen with what was made from it"), "done", "", case.asked_at)
    if case.state in {State.ASKED, State.REVIEW}:
        return [asked, frozen, Step(case.get_state_display(), "now"), Step(_("Reversed"), "todo")]
    who = case.decided_by.name if case.decided_by else ""
    how = "done" if case.state == State.DONE else "stopped"
    return [asked, frozen, Step(case.get_state_display(), how, who, case.decided_at, case.note)]  # type: ignore[arg-type]


def _move(request: HttpRequest, pk: int, name: str, verb: Callable[..., Any]) -> HttpResponse:
    case = get_object_or_404(_reach(request), pk=pk)
    note = request.POST.get("note", "")
    try:
        verb(reversal=case, by=access.signed_in(request), at=clock.now(), note=note)
    except errors.Refusal as why:
        return _page(request, case, why, name)
    return redirect("console-reversal", pk)


@require_POST
@access.page(rights.LOT_REVERSE)
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Carry out the dry run that the form shows."""
    seen = request.POST.get("seen", "")
    return _move(request, pk, "approve", partial(reversal_verbs.approve, seen=seen))


@require_POST
@access.page(rights.LOT_REVERSE)
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    """Leave everything as it was."""
    return _move(request, pk, "refuse", reversal_verbs.refuse)


@require_POST
@access.page(rights.LOT_REVERSE)
def review(request: HttpRequest, pk: int, review_pk: int) -> HttpResponse:
    """Decide whether a qualification that rests on the credit stands."""
    case = get_object_or_404(_reach(request), pk=pk)
    found = get_object_or_404(case.reviews, pk=review_pk)
    chosen = request.POST.get("outcome", "")
    outcome = Outcome.REVOKED if chosen == Outcome.REVOKED else Outcome.STANDS

    def verb(*, reversal: Reversal, **given: Any) -> Any:
        del reversal
        return reversal_verbs.review(review=found, outcome=outcome, **given)

    return _move(request, pk, f"review-{review_pk}", verb)


@require_POST
@access.page(rights.LOT_FREEZE)
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an own request back."""
    return _move(request, pk, "withdraw", reversal_verbs.withdraw)


urlpatterns = [
    path("console/lots/reversals/", reversals, name="console-reversals"),
    path("console/lots/reversals/<int:pk>/", one, name="console-reversal"),
    path("console/lots/reversals/<int:pk>/approve/", approve, name="console-reversal-approve"),
    path("console/lots/reversals/<int:pk>/refuse/", refuse, name="console-reversal-refuse"),
    path(
        "console/lots/reversals/<int:pk>/reviews/<int:review_pk>/",
        review,
        name="console-reversal-review",
    ),
    path("console/lots/reversals/<int:pk>/withdraw/", withdraw, name="console-reversal-withdraw"),
]
