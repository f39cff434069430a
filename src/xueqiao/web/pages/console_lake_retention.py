"""Console: how long the tables of the lake are kept, by whose decision, and until which month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from xueqiao.governance import deciding
from xueqiao.governance.models import LakeHold, LakeTerm
from xueqiao.governance.retaining import terms
from xueqiao.kernel import clock, errors
from xueqiao.lake.retention import scope
from xueqiao.people import rights
from xueqiao.web import access, lists, refused, sheets
from xueqiao.web.console import lake_names
from xueqiao.web.console import lake_retention as shown
from xueqiao.web.console.lake_retention import TermForm

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

State = LakeTerm.State
LEVELS = {State.ASKED: "warn", State.IN_FORCE: "ok", State.REJECTED: "bad", State.ENDED: ""}

TERMS = lists.Listing(
    code="lake-terms",
    columns=(
        lists.Column(
            _("What"),
            lambda row: shown.subject(row.scope, row.subject),
            head=True,
            link=lambda row: reverse("console-lake-term", args=[row.pk]),
        ),
        lists.Column(_("Kind"), lambda row: row.get_scope_display()),
        lists.Column(_("Kept for"), shown.said),
        lists.Column(_("Why"), lambda row: row.reason),
        lists.Column(
            _("State"),
            lambda row: row.get_state_display(),
            state=lambda row: LEVELS[State(row.state)],
        ),
        lists.Column(_("Asked by"), lambda row: row.asked_by.name),
        lists.Column(_("Asked on"), lambda row: clock.local_date(row.asked_at), sort="day"),
        lists.Column(_("Decided by"), lambda row: row.decided_by.name if row.decided_by else "–"),
    ),
    sorts={"day": ("-asked_at", "-id")},
    filters=(
        lists.of_field("state", _("State"), State),
        lists.of_field("kind", _("Kind"), LakeTerm.Scope, "scope"),
    ),
    search=lambda rows, text: (
        rows.filter(subject__icontains=text) | rows.filter(reason__icontains=text)
    ),
    search_hint=_("name of a table, or part of the reason"),
)

KEPT = lists.Listing(
    code="lake-kept",
    columns=(
        lists.Column(
            _("Table"),
            lambda row: row.entry.described.text,
            head=True,
            link=lambda row: reverse("console-lake-kept-table", args=[row.pk]),
        ),
        lists.Column(_("Name in SQL"), lambda row: row.pk, sort="name"),
        lists.Column(_("Layer"), lambda row: lake_names.FLOORS[row.floor], sort="layer"),
        lists.Column(_("Kept for"), lambda row: row.kept),
        lists.Column(_("By the rule for"), lambda row: row.rule),
        lists.Column(_("Due before"), lambda row: row.due or "–", sort="due"),
        lists.Column(_("Given up before"), lambda row: row.line or "–", sort="line"),
    ),
    sorts={
        "layer": ("order", "pk"),
        "name": ("pk",),
        "due": ("-due", "pk"),
        "line": ("-line", "pk"),
    },
    filters=(
        sheets.of_attribute("layer", _("Layer"), lake_names.layers, "floor"),
        lists.Filter(
            "term",
            _("Has a term"),
            lambda: [("yes", _("with a term")), ("no", _("kept always"))],
            lambda rows, wanted: [  # type: ignore[arg-type,return-value]
                row for row in rows if (row.months is not None) == (wanted == "yes")
            ],
        ),
    ),
    search=lambda rows, text: [row for row in rows if text.lower() in row.words],  # type: ignore[arg-type,return-value]
    search_hint=_("name or meaning"),
)


@access.page(rights.LAKE_RETAIN)
def index(request: HttpRequest) -> HttpResponse:
    """Every term that was asked for, newest first."""
    rows = LakeTerm.objects.select_related("asked_by", "decided_by")
    more = {"may_decide": may_decide(request)}
    return lists.answer(request, TERMS, rows, "console/lake/terms.html", more)


@access.page(rights.LAKE_RETAIN)
def kept(request: HttpRequest) -> HttpResponse:
    """Every table with how long it is kept, by which rule, and what was given up of it."""
    return sheets.answer(request, KEPT, shown.rows(clock.now()), "console/lake/kept.html")


@access.page(rights.LAKE_RETAIN)
def table(request: HttpRequest, name: str) -> HttpResponse:
    """One table: its term, what goes along, what stays, its holds."""
    row = next((row for row in shown.rows(clock.now()) if row.pk == name), None)
    if row is None:
        raise Http404
    way = scope.way(name)
    is_parted = way is scope.Way.PARTS
    day = clock.today()
    context = {
        "row": row,
        "floor": lake_names.FLOORS[row.floor],
        "way": shown.WAYS[way] if way else "",
        "why_not": scope.why_not(name),
        "may_decide": may_decide(request),
        "along": _titled(scope.along(name) if is_parted else []),
        "staying": _titled(scope.staying(name) if is_parted else []),
        "terms": LakeTerm.objects.filter(scope="table", subject=name)
        .select_related("asked_by", "decided_by")
        .order_by("-pk")[:20],
        "holds": LakeHold.objects.in_force(day).filter(lake_table=name).order_by("-pk")[:20],
    }
    return render(request, "console/lake/kept_table.html", context)


def _titled(names: list[str]) -> list[tuple[str, str]]:
    return [(name, lake_names.title(name)) for name in names]


@access.page(rights.LAKE_STEWARD)
def ask(request: HttpRequest) -> HttpResponse:
    """Lay down how long something is kept."""
    begun = {"what": f"table:{request.GET.get('table', scope.LOG)}"}
    form = TermForm(request.POST or None, initial=begun)
    if form.is_valid():
        try:
            made = terms.ask(**form.asked(), by=access.signed_in(request), at=clock.now())
            return redirect("console-lake-term", made.pk)
        except errors.Refusal as why:
            refused.into(form, why)
    status = 422 if form.errors else 200
    return render(request, "console/lake/term_ask.html", {"form": form}, status=status)


@access.page(rights.LAKE_RETAIN)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One term: what it says, for which tables it counts, who decided."""
    return _page(request, pk)


def _page(request: HttpRequest, pk: int, why: errors.Refusal | None = None) -> HttpResponse:
    rows = LakeTerm.objects.select_related("asked_by", "decided_by")
    term = get_object_or_404(rows, pk=pk)
    waits, is_own = term.state == State.ASKED, term.asked_by_id == access.signed_in(request).pk
    context: dict[str, Any] = {
        "term": term,
        "title": shown.subject(term.scope, term.subject),
        "kept_for": shown.said(term),
        "level": LEVELS[State(term.state)],
        "tables": shown.concerned(term) if waits or term.state == State.IN_FORCE else [],
        "waits": waits,
        "is_own": is_own,
        "can_decide": waits and not is_own and may_decide(request),
        "refusal": why,
    }
    return render(request, "console/lake/term.html", context, status=why.status if why else 200)


def may_decide(request: HttpRequest) -> bool:
    day = clock.today()
    return rights.allows(access.person(request), rights.LAKE_STEWARD, day)


def _decide(request: HttpRequest, pk: int, verb: Callable[..., LakeTerm]) -> HttpResponse:
    found = get_object_or_404(LakeTerm, pk=pk)
    try:
        verb(asked=found, by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        return _page(request, pk, why)
    return redirect("console-lake-term", pk)


@require_POST
@access.page(rights.LAKE_STEWARD)
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a shorter term in force that somebody else asked for."""
    return _decide(request, pk, deciding.approve)


@require_POST
@access.page(rights.LAKE_STEWARD)
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep everything as long as before."""
    return _decide(request, pk, deciding.reject)


urlpatterns = [
    path("console/lake/retention/", index, name="console-lake-retention"),
    path("console/lake/retention/ask/", ask, name="console-lake-term-ask"),
    path("console/lake/retention/tables/", kept, name="console-lake-kept"),
    path("console/lake/retention/tables/<str:name>/", table, name="console-lake-kept-table"),
    path("console/lake/retention/<int:pk>/", one, name="console-lake-term"),
    path("console/lake/retention/<int:pk>/approve/", approve, name="console-lake-term-approve"),
    path("console/lake/retention/<int:pk>/reject/", reject, name="console-lake-term-reject"),
]
