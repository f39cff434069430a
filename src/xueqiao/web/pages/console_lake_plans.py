"""Console: what is to be given up of the lake: counted, decided, carried out, with a receipt."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.governance.models import LakeRetention
from xueqiao.governance.retaining import receipt, runs
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access, lists
from xueqiao.web.console import lake_retention as shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

State = LakeRetention.State
LEVELS = {State.ASKED: "warn", State.DONE: "ok", State.REJECTED: "bad"}


def level(run: LakeRetention) -> str:
    return "bad" if run.held_up_by else LEVELS.get(State(run.state), "now")


def tables_of(run: LakeRetention) -> dict[str, Any]:
    """What was given up so far; before it was begun, what would be."""
    counted: dict[str, Any] = run.found or run.plan["tables"]
    return counted


PLANS = lists.Listing(
    code="lake-plans",
    columns=(
        lists.Column(
            gettext_lazy("Number"),
            lambda row: f"R-{row.pk}",
            head=True,
            sort="number",
            link=lambda row: reverse("console-lake-plan-one", args=[row.pk]),
        ),
        lists.Column(
            gettext_lazy("State"),
            lambda row: _("Held up") if row.held_up_by else row.get_state_display(),
            state=level,
        ),
        lists.Column(gettext_lazy("Rows"), lambda row: receipt.rows(tables_of(row)), numeric=True),
        lists.Column(gettext_lazy("Tables"), lambda row: len(tables_of(row)), numeric=True),
        lists.Column(
            gettext_lazy("Asked by"),
            lambda row: row.asked_by.name if row.asked_by else _("by the platform"),
        ),
        lists.Column(gettext_lazy("Asked on"), lambda row: clock.local_date(row.planned_at)),
        lists.Column(
            gettext_lazy("Decided by"),
            lambda row: row.decided_by.name if row.decided_by else "–",
        ),
        lists.Column(
            gettext_lazy("Gone on"),
            lambda row: clock.local_date(row.finished_at) if row.finished_at else "–",
        ),
    ),
    sorts={"number": ("-id",)},
    filters=(lists.of_field("state", gettext_lazy("State"), State),),
    search=lambda rows, text: (
        rows.filter(note__icontains=text) | rows.filter(asked_by__name__icontains=text)
    ),
    search_hint=gettext_lazy("name of who asked, or part of the note"),
)


@access.page(rights.LAKE_RETAIN)
def index(request: HttpRequest) -> HttpResponse:
    """Every plan and every receipt, newest first."""
    return _index(request)


def _index(request: HttpRequest, why: errors.Refusal | None = None) -> HttpResponse:
    rows = LakeRetention.objects.select_related("asked_by", "decided_by")
    answer = lists.answer(request, PLANS, rows, "console/lake/plans.html", {"refusal": why})
    answer.status_code = why.status if why else answer.status_code
    return answer


@require_POST
@access.page(rights.LAKE_RETAIN)
def ask(request: HttpRequest) -> HttpResponse:
    """Count what is due and put it before a second person."""
    try:
        made = runs.ask(by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        return _index(request, why)
    return redirect("console-lake-plan-one", made.pk)


@access.page(rights.LAKE_RETAIN)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One plan: what would go or went, where it stands, what can be done now."""
    return _page(request, pk)


def _page(
    request: HttpRequest, pk: int, why: errors.Refusal | None = None, tried: str = ""
) -> HttpResponse:
    rows = LakeRetention.objects.select_related("asked_by", "decided_by")
    run, me = get_object_or_404(rows, pk=pk), access.signed_in(request)
    waits, is_own = run.state == State.ASKED, run.asked_by_id == me.pk
    may = rights.allows(me, rights.LAKE_STEWARD, clock.today())
    context = {
        "run": run, "tables": shown.counted(tables_of(run)), "way": shown.way(run),
        "rows": receipt.rows(tables_of(run)), "level": level(run),
        "is_done": run.state == State.DONE, "waits": waits, "is_own": is_own,
        "can_decide": waits and may and not is_own, "refusal": why, "tried": tried,
        "kept": [(what, because, None) for what, because in receipt.stays(run)],
    }  # fmt: skip
    status = why.status if why else 200
    return render(request, "console/lake/retention_plan.html", context, status=status)


def _decide(
    request: HttpRequest, pk: int, name: str, verb: Callable[..., LakeRetention]
) -> HttpResponse:
    run, note = get_object_or_404(LakeRetention, pk=pk), request.POST.get("note", "")
    try:
        verb(run=run, note=note, by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        return _page(request, pk, why, name)
    return redirect("console-lake-plan-one", pk)


@require_POST
@access.page(rights.LAKE_STEWARD)
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Allow what somebody else, or the platform, has counted."""
    return _decide(request, pk, "approve", runs.approve)


@require_POST
@access.page(rights.LAKE_STEWARD)
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep everything, with the reason."""
    return _decide(request, pk, "reject", runs.reject)


def _done(pk: int) -> LakeRetention:
    rows = LakeRetention.objects.select_related("asked_by", "decided_by")
    return get_object_or_404(rows, pk=pk, state=State.DONE)


@access.page(rights.LAKE_RETAIN)
def receipt_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The receipt, to print."""
    run = _done(pk)
    context = {
        "run": run, "tables": shown.counted(run.found), "rows": receipt.rows(run.found),
        "kept": [(what, because, None) for what, because in receipt.stays(run)],
    }  # fmt: skip
    return render(request, "console/lake/retention_receipt.html", context)


@access.page(rights.LAKE_RETAIN)
def receipt_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The receipt as JSON, with its digest."""
    del request
    run = _done(pk)
    text = json.dumps(receipt.read(run) | {"digest": run.digest}, indent=1, ensure_ascii=False)
    answer = HttpResponse(text, content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="lake-retention-{pk}.json"'
    return answer


urlpatterns = [
    path("console/lake/retention/plans/", index, name="console-lake-plans"),
    path("console/lake/retention/plans/ask/", ask, name="console-lake-plan-ask"),
    path("console/lake/retention/plans/<int:pk>/", one, name="console-lake-plan-one"),
    path(
        "console/lake/retention/plans/<int:pk>/approve/", approve, name="console-lake-plan-approve"
    ),
    path("console/lake/retention/plans/<int:pk>/reject/", reject, name="console-lake-plan-reject"),
    path(
        "console/lake/retention/plans/<int:pk>/receipt/",
        receipt_page,
        name="console-lake-plan-receipt",
    ),
    path(
        "console/lake/retention/plans/<int:pk>/receipt.json",
        receipt_file,
        name="console-lake-plan-file",
    ),
]
