"""Console: erasure in the lake, from the dry run to the receipt of what was taken out where."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.governance.erasing import looking, receipt
from xueqiao.governance.models import LakeErasure
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.records.erasure import told
from xueqiao.records.models import Erasure
from xueqiao.web import access, lists
from xueqiao.web.templatetags.ui import Step

if TYPE_CHECKING:
    from django.http import HttpRequest

State = LakeErasure.State
LEVELS = {State.EXPECTED: "", State.ANNOUNCED: "now", State.DONE: "ok"}
SHOWN_WAITING = 20


def level(ticket: LakeErasure) -> str:
    return "bad" if ticket.held_up_by else LEVELS[State(ticket.state)]


def rows_of(counts: dict[str, dict[str, int]]) -> int:
    """Rows of all tables and months together."""
    return sum(sum(parts.values()) for parts in counts.values())


ERASURES = lists.Listing(
    code="lake-erasures",
    columns=(
        lists.Column(
            gettext_lazy("Number"),
            lambda row: f"E-{row.erasure_id}",
            head=True,
            sort="number",
            link=lambda row: reverse("console-lake-erasure", args=[row.erasure_id]),
        ),
        lists.Column(gettext_lazy("What"), lambda row: row.erasure.get_kind_display()),
        lists.Column(gettext_lazy("Why"), lambda row: row.erasure.reason),
        lists.Column(
            gettext_lazy("In the lake"),
            lambda row: _("Held up") if row.held_up_by else row.get_state_display(),
            state=level,
        ),
        lists.Column(gettext_lazy("Statements"), lambda row: row.statements, numeric=True),
        lists.Column(
            gettext_lazy("Rows in the lake"),
            lambda row: rows_of(row.found or row.preview.get("held", {})),
            numeric=True,
        ),
        lists.Column(
            gettext_lazy("Announced on"),
            lambda row: clock.local_date(row.announced_at) if row.announced_at else "–",
        ),
        lists.Column(
            gettext_lazy("Gone on"),
            lambda row: clock.local_date(row.finished_at) if row.finished_at else "–",
        ),
    ),
    sorts={"number": ("-erasure_id",), "-number": ("erasure_id",)},
    filters=(
        lists.of_field("state", gettext_lazy("In the lake"), State),
        lists.of_field("kind", gettext_lazy("What"), Erasure.Kind, "erasure__kind"),
    ),
    search=lambda rows, text: rows.filter(erasure__reason__icontains=text),
    search_hint=gettext_lazy("part of the reason"),
)


@access.page(rights.LAKE_PRIVACY)
def erasures(request: HttpRequest) -> HttpResponse:
    """Every erasure that the lake follows, newest first, and those it will have to follow."""
    rows = LakeErasure.objects.select_related("erasure")
    waiting = told.waiting()
    more = {"waiting": waiting[:SHOWN_WAITING], "more_waiting": len(waiting) - SHOWN_WAITING}
    return lists.answer(request, ERASURES, rows, "console/lake/erasures.html", more)


@access.page(rights.LAKE_PRIVACY)
def one(request: HttpRequest, number: int) -> HttpResponse:
    """One erasure in the lake: what it holds, what went where, what stays and why."""
    return _page(request, get_object_or_404(Erasure, pk=number))


def _page(
    request: HttpRequest, erasure: Erasure, why: errors.Refusal | None = None
) -> HttpResponse:
    ticket = LakeErasure.objects.filter(erasure=erasure).first() or LakeErasure(erasure=erasure)
    is_looked_at = ticket.looked_at is not None
    context = {
        "erasure": erasure,
        "ticket": ticket,
        "waits": erasure.state in {Erasure.State.ASKED, Erasure.State.APPROVED},
        "is_looked_at": is_looked_at,
        "is_done": ticket.state == State.DONE,
        "held": table_of(ticket.found or ticket.preview.get("held", {})),
        "rebuilt": sorted(ticket.rebuilt.items()),
        "kept": [(what, why, None) for what, why in receipt.stays(ticket)],
        "way": way(erasure, ticket),
        "refusal": why,
    }
    return render(request, "console/lake/erasure.html", context, status=why.status if why else 200)


def table_of(counts: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    """Rows by table: how many, and in which months."""
    return [
        {
            "table": table,
            "rows": sum(parts.values()),
            "months": ", ".join(sorted(part for part in parts if part)) or "–",
        }
        for table, parts in sorted(counts.items())
    ]


def way(erasure: Erasure, ticket: LakeErasure) -> list[Step]:
    """Where it stands, from the request to the receipt."""
    begun = ticket.state != State.EXPECTED
    gone = ticket.state == State.DONE
    taking = "stopped" if ticket.held_up_by else ("done" if gone else "now" if begun else "todo")
    return [
        Step(_("Asked"), "done", "", erasure.requested_at),
        Step(
            _("Erased from the records"),
            "done" if erasure.finished_at else "now",
            erasure.get_state_display(),
            erasure.finished_at,
        ),
        Step(_("Announced to the lake"), "done" if begun else "todo", "", ticket.announced_at),
        Step(_("Taken out, built anew, earlier versions deleted"), taking, ticket.held_up_text),  # type: ignore[arg-type]
        Step(_("Receipt"), "done" if gone else "todo", "", ticket.finished_at),
    ]


@require_POST
@access.page(rights.LAKE_PRIVACY)
def look(request: HttpRequest, number: int) -> HttpResponse:
    """Count what the lake holds of a request that waits."""
    erasure = get_object_or_404(Erasure, pk=number)
    try:
        looking.look(erasure=erasure.pk, at=clock.now())
    except errors.Refusal as why:
        return _page(request, erasure, why)
    return redirect("console-lake-erasure", number)


@access.page(rights.LAKE_PRIVACY)
def receipt_page(request: HttpRequest, number: int) -> HttpResponse:
    """The receipt, to print."""
    rows = LakeErasure.objects.select_related("erasure")
    ticket = get_object_or_404(rows, erasure=number, state=State.DONE)
    context = {
        "ticket": ticket,
        "erasure": ticket.erasure,
        "held": table_of(ticket.found),
        "rebuilt": sorted(ticket.rebuilt.items()),
        "kept": [(what, why, None) for what, why in receipt.stays(ticket)],
    }
    return render(request, "console/lake/erasure_receipt.html", context)


@access.page(rights.LAKE_PRIVACY)
def receipt_file(request: HttpRequest, number: int) -> HttpResponse:
    """The receipt as JSON, with its digest."""
    del request
    ticket = get_object_or_404(LakeErasure, erasure=number, state=State.DONE)
    whole = receipt.read(ticket) | {"digest": ticket.digest}
    text = json.dumps(whole, indent=1, ensure_ascii=False)
    answer = HttpResponse(text, content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="lake-erasure-{number}.json"'
    return answer


urlpatterns = [
    path("console/lake/erasures/", erasures, name="console-lake-erasures"),
    path("console/lake/erasures/<int:number>/", one, name="console-lake-erasure"),
    path("console/lake/erasures/<int:number>/look/", look, name="console-lake-erasure-look"),
    path(
        "console/lake/erasures/<int:number>/receipt/",
        receipt_page,
        name="console-lake-erasure-receipt",
    ),
    path(
        "console/lake/erasures/<int:number>/receipt.json",
        receipt_file,
        name="console-lake-erasure-file",
    ),
]
