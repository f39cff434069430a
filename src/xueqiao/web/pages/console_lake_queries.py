"""Console: the workbench of analysts. A query is planned, priced, run and shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.governance import datasets, grants
from xueqiao.governance.models import Purpose, QueryRun, SavedQuery
from xueqiao.governance.workbench import costs, results, running, saved, scope
from xueqiao.kernel import cells, clock, errors
from xueqiao.people import rights
from xueqiao.web import access, lists, refused
from xueqiao.web.console import lake_names
from xueqiao.web.console.own_exports import in_one_line

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse

State = QueryRun.State
LEVELS = {State.DONE: "ok", State.FAILED: "bad", State.CANCELLED: "", State.EXPIRED: ""}
SHOWN_SAVED = 30
MOST_DIGITS = 12
EXAMPLE = """select month, sum(learners) as learners, sum(activities) as activities
from place_month where register = 'nbs'
group by month order by month"""


def purpose_title(purpose: str) -> str:
    """The purpose of a run, by whose grants it read."""
    return str(Purpose(purpose).label) if purpose else _("open tables")


RUNS = lists.Listing(
    code="lake-queries",
    columns=(
        lists.Column(
            gettext_lazy("Run"),
            lambda row: f"Q-{row.pk}",
            head=True,
            sort="number",
            link=lambda row: reverse("console-lake-query", args=[row.key]),
        ),
        lists.Column(gettext_lazy("Query"), lambda row: in_one_line(row.sql)),
        lists.Column(
            gettext_lazy("Purpose"),
            lambda row: purpose_title(row.purpose),
        ),
        lists.Column(
            gettext_lazy("State"),
            lambda row: row.get_state_display(),
            state=lambda row: LEVELS.get(row.state, "now"),
        ),
        lists.Column(gettext_lazy("Rows"), lambda row: row.rows, numeric=True),
        lists.Column(gettext_lazy("Started"), lambda row: row.started_at),
    ),
    sorts={"number": ("-id",)},
    filters=(lists.of_field("state", gettext_lazy("State"), State),),
    search=lambda rows, text: rows.filter(sql__icontains=text),
    search_hint=gettext_lazy("part of the query"),
)


class QueryForm(forms.Form):
    """The query, the purpose whose grants it uses, and what is shown of its answer."""

    sql = forms.CharField(
        label=gettext_lazy("Query"),
        help_text=gettext_lazy("One SELECT in DuckDB's SQL, over the tables of the lake."),
        widget=forms.Textarea(
            {"rows": 9, "spellcheck": "false", "class": "code", "placeholder": EXAMPLE}
        ),
        strip=False,
    )
    purpose = forms.ChoiceField(
        label=gettext_lazy("For which purpose?"),
        help_text=gettext_lazy("It uses the grants that you hold for this purpose."),
        required=False,
    )
    shape = forms.ChoiceField(
        label=gettext_lazy("What is shown?"),
        help_text=gettext_lazy(
            "For counts the query gives the column learner_id; the platform counts the persons by "
            "all other columns, adds up columns named sum_…, and leaves small cells out."
        ),
        choices=QueryRun.Shape.choices,
        widget=forms.RadioSelect,
        initial=QueryRun.Shape.ROWS,
    )

    def __init__(self, *args: Any, held: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        titles = dict(Purpose.choices)
        self.fields["purpose"].choices = [  # type: ignore[attr-defined]
            ("", _("None: open tables only")), *((each, titles[each]) for each in held)
        ]  # fmt: skip


@access.page(rights.LAKE_ANALYSE)
def workbench(request: HttpRequest) -> HttpResponse:
    """Write a query, see what it would read, run it; below, the own runs."""
    me, day = access.signed_in(request), clock.today()
    initial = {**request.GET.dict(), "sql": _given_sql(request)}
    form = QueryForm(
        request.POST or None, held=grants.purposes_of(me, day), initial=initial
    )  # fmt: skip
    context: dict[str, Any] = {"form": form, "saved": _saved(request)}
    if request.method == "POST" and form.is_valid():
        try:
            if request.POST.get("do") == "run":
                return redirect("console-lake-query", _run(request, form.cleaned_data).key)
            seen = scope.of(me, form.cleaned_data["purpose"], day)
            context["cost"] = costs.of(form.cleaned_data["sql"], seen)
        except errors.Refusal as why:
            refused.into(form, why)
    rows = QueryRun.objects.filter(asked_by=me)
    answer = lists.answer(request, RUNS, rows, "console/lake/workbench.html", context)
    if form.is_bound and form.errors:
        answer.status_code = 422
    return answer


def _given_sql(request: HttpRequest) -> str:
    """The text of a saved query or of a run, where the address names one."""
    me, text = access.signed_in(request), request.GET
    saved_one, run = text.get("saved", ""), text.get("run", "")
    found: list[str] = []
    if saved_one.isdecimal():
        rows = SavedQuery.objects.open_to(me).filter(pk=saved_one)
        found = list(rows.values_list("sql", flat=True))
    elif run.isdecimal():
        mine = QueryRun.objects.filter(asked_by=me, pk=run)
        found = list(mine.values_list("sql", flat=True))
    return found[0] if found else text.get("sql", "")


def _saved(request: HttpRequest) -> list[SavedQuery]:
    rows = SavedQuery.objects.open_to(access.signed_in(request)).select_related("owner")
    return list(rows.order_by("title", "pk")[:SHOWN_SAVED])


def _run(request: HttpRequest, given: dict[str, Any]) -> QueryRun:
    return running.ask(
        by=access.signed_in(request), sql=given["sql"], purpose=given["purpose"],
        shape=given["shape"], at=clock.now(),
    )  # fmt: skip


@access.page(rights.LAKE_ANALYSE)
def tables(request: HttpRequest) -> HttpResponse:
    """The tables of the lake that can be asked for, with their columns and who may read them."""
    try:
        found, why = [_titled(each) for each in datasets.filled().values()], None
    except datasets.OutOfReach as refusal:
        found, why = [], refusal
    return render(request, "console/lake/query_tables.html", {"tables": found, "refusal": why})


def _titled(found: datasets.Dataset) -> dict[str, Any]:
    """A table with what people call it."""
    return {
        "name": found.name, "title": lake_names.title(found.name), "columns": found.columns,
        "rows": found.rows, "size_bytes": found.size_bytes, "is_personal": found.is_personal,
    }  # fmt: skip


@access.page(rights.LAKE_ANALYSE)
def one(request: HttpRequest, key: UUID) -> HttpResponse:
    """One run: how far it is, and its rows, a page at a time."""
    return page(request, running.settle(run=find(request, key), at=clock.now()))


def find(request: HttpRequest, key: UUID) -> QueryRun:
    """A run of whoever is signed in, or 404."""
    return get_object_or_404(QueryRun, key=key, asked_by=access.signed_in(request))


def page(request: HttpRequest, run: QueryRun, why: errors.Refusal | None = None) -> HttpResponse:
    """The page of a run, with a refusal of what was tried on it."""
    first = request.GET.get("first", "0")
    shown = None
    if run.state == State.DONE:
        try:
            shown = results.page(
                run=run, by=access.signed_in(request), at=clock.now(),
                first=int(first) if first.isdecimal() and len(first) <= MOST_DIGITS else 0,
            )  # fmt: skip
        except errors.Refusal as refusal:
            why = why or refusal
    context = {
        "run": run, "shown": shown, "refusal": why, "level": LEVELS.get(State(run.state), "now"),
        "is_open": run.state == State.RUNNING, "page_size": results.PAGE,
        "rows": [[_cell(each) for each in row] for row in shown.rows] if shown else [],
        "purpose": purpose_title(run.purpose), "exports": run.exports.order_by("-pk")[:10],
    }  # fmt: skip
    if shown:
        context["before"] = max(0, shown.first - results.PAGE)
        context["after"] = shown.first + len(shown.rows)
    fragment = request.headers.get("HX-Target") == "run"
    template = "console/lake/_query.html" if fragment else "console/lake/query.html"
    return render(request, template, context, status=why.status if why else 200)


def _cell(value: Any) -> str:
    if getattr(value, "tzinfo", None) is not None:
        value = value.astimezone(clock.LOCAL).isoformat(sep=" ")
    return str(cells.plain(value)) if value is not None else "–"


@require_POST
@access.page(rights.LAKE_ANALYSE)
def cancel(request: HttpRequest, key: UUID) -> HttpResponse:
    """Stop a run."""
    run = find(request, key)
    try:
        running.cancel(run=run, by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        return page(request, run, why)
    return redirect("console-lake-query", key)


@require_POST
@access.page(rights.LAKE_ANALYSE)
def save(request: HttpRequest, key: UUID) -> HttpResponse:
    """Keep the query of a run under a name."""
    run = find(request, key)
    try:
        saved.keep(
            by=access.signed_in(request), title=request.POST.get("title", ""), sql=run.sql,
            is_shared="shared" in request.POST, at=clock.now(),
        )  # fmt: skip
    except errors.Refusal as why:
        return page(request, run, why)
    return redirect("console-lake-queries")


@require_POST
@access.page(rights.LAKE_ANALYSE)
def forget(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove an own saved query."""
    me = access.signed_in(request)
    query = get_object_or_404(SavedQuery.objects.open_to(me), pk=pk, owner=me)
    saved.remove(query=query, by=me)
    return redirect("console-lake-queries")


urlpatterns = [
    path("console/lake/queries/", workbench, name="console-lake-queries"),
    path("console/lake/queries/tables/", tables, name="console-lake-query-tables"),
    path("console/lake/queries/saved/<int:pk>/forget/", forget, name="console-lake-query-forget"),
    path("console/lake/queries/<uuid:key>/", one, name="console-lake-query"),
    path("console/lake/queries/<uuid:key>/cancel/", cancel, name="console-lake-query-cancel"),
    path("console/lake/queries/<uuid:key>/save/", save, name="console-lake-query-save"),
]
