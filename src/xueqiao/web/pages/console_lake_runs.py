"""Console: builds of the lake, the one that runs, those that ran, and what the next would make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.governance import builds
from xueqiao.governance.models import BuildRequest
from xueqiao.kernel import clock, errors
from xueqiao.lake import build
from xueqiao.lake.build import going, history
from xueqiao.people import rights
from xueqiao.web import access, lists, sheets
from xueqiao.web.console import lake_names, lake_runs

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse

WELL, PARTLY = "well", "partly"
OUTCOMES = {
    history.MADE: gettext_lazy("Made"),
    history.FAILED: gettext_lazy("Failed"),
    history.SKIPPED: gettext_lazy("Left as it was"),
}
LEVELS = {history.MADE: "ok", history.FAILED: "bad", history.SKIPPED: "warn"}


def shown_time(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"


RUNS = lists.Listing(
    code="lake-runs",
    columns=(
        lists.Column(
            gettext_lazy("Begun"),
            lambda row: shown_time(row.started_at),
            head=True,
            sort="begun",
            link=lambda row: reverse("console-lake-run", args=[row.pk]),
        ),
        lists.Column(
            gettext_lazy("Outcome"),
            lambda row: _("Everything made") if row.is_well else _("Failed in part"),
            state=lambda row: "ok" if row.is_well else "bad",
        ),
        lists.Column(gettext_lazy("Asked by"), lambda row: row.asked_by or _("Command line")),
        lists.Column(gettext_lazy("Tables made"), lambda row: row.made, numeric=True),
        lists.Column(gettext_lazy("Failed"), lambda row: row.failed, numeric=True),
        lists.Column(gettext_lazy("Left as they were"), lambda row: row.skipped, numeric=True),
        lists.Column(gettext_lazy("Rows"), lambda row: row.rows, numeric=True, sort="rows"),
        lists.Column(
            gettext_lazy("Milliseconds of all tables"),
            lambda row: row.milliseconds,
            numeric=True,
            sort="time",
        ),
        lists.Column(gettext_lazy("Engine"), lambda row: row.engine or "–"),
        lists.Column(gettext_lazy("Version"), lambda row: row.program or "–"),
    ),
    sorts={"begun": ("-started_at",), "rows": ("-rows",), "time": ("-milliseconds",)},
    filters=(
        lists.Filter(
            "outcome",
            gettext_lazy("Outcome"),
            lambda: [(WELL, _("Everything made")), (PARTLY, _("Failed in part"))],
            lambda rows, chosen: [row for row in rows if row.is_well == (chosen == WELL)],  # type: ignore[arg-type,return-value]
        ),
    ),
)

TABLES = lists.Listing(
    code="lake-run",
    columns=(
        lists.Column(
            gettext_lazy("Data table"), lambda row: lake_names.known_title(row.table), head=True
        ),
        lists.Column(gettext_lazy("Name in SQL"), lambda row: row.table),
        lists.Column(
            gettext_lazy("Outcome"),
            lambda row: OUTCOMES[row.outcome],
            state=lambda row: LEVELS[row.outcome],
            sort="outcome",
        ),
        lists.Column(gettext_lazy("Rows"), lambda row: row.rows, numeric=True),
        lists.Column(gettext_lazy("Parts"), lambda row: shown_parts(row.parts)),
        lists.Column(
            gettext_lazy("Milliseconds"), lambda row: row.milliseconds, numeric=True, sort="time"
        ),
        lists.Column(gettext_lazy("Why"), lambda row: why(row) or "–"),
        lists.Column(gettext_lazy("Digest of its SQL"), lambda row: row.digest or "–"),
    ),
    sorts={"outcome": ("rank", "table"), "time": ("-milliseconds",)},
    filters=(
        sheets.of_attribute("outcome", gettext_lazy("Outcome"), lambda: list(OUTCOMES.items())),
    ),
    search=lambda rows, text: [row for row in rows if text in row.table],  # type: ignore[arg-type,return-value]
    search_hint=gettext_lazy("part of the name"),
)


@dataclass(frozen=True)
class Line:
    """One table of the plan, with when the one that is served now was made."""

    planned: build.Planned
    made_at: datetime | None

    @property
    def pk(self) -> str:
        return self.planned.table


PLAN = lists.Listing(
    code="lake-plan",
    columns=(
        lists.Column(
            gettext_lazy("Data table"), lambda row: lake_names.known_title(row.pk), head=True
        ),
        lists.Column(gettext_lazy("Name in SQL"), lambda row: row.pk),
        lists.Column(gettext_lazy("Why"), lambda row: "; ".join(map(str, row.planned.reasons))),
        lists.Column(gettext_lazy("Parts"), lambda row: row.planned.shown_parts),
        lists.Column(gettext_lazy("Rows read"), lambda row: row.planned.reads_rows, numeric=True),
        lists.Column(
            gettext_lazy("Rows written, about"),
            lambda row: "–" if row.planned.rows is None else row.planned.rows,
            numeric=True,
        ),
        lists.Column(
            gettext_lazy("Served now: made"),
            lambda row: shown_time(row.made_at) if row.made_at else _("never"),
        ),
    ),
    sorts={"order": ()},
    search=lambda rows, text: [row for row in rows if text in row.pk],  # type: ignore[arg-type,return-value]
    search_hint=gettext_lazy("part of the name"),
)


def shown_parts(parts: str) -> str:
    return _("all") if parts == "all" else parts or "–"


def why(row: lake_runs.TableRun) -> str:
    if row.outcome == history.SKIPPED:
        return _("{table} could not be made").format(table=row.why)
    return row.why


@access.page(rights.LAKE_SEE)
def runs(request: HttpRequest) -> HttpResponse:
    """The build that runs, what was asked for, and the newest runs."""
    latest = BuildRequest.objects.select_related("asked_by").order_by("-pk").first()
    is_open = latest is not None and latest.ended_at is None
    now = going.now(settings.LAKE)
    more = {
        "going": now,
        "at_hand": ", ".join(now.tables) if now else "",
        "latest": latest,
        "is_open": is_open,
        "is_waiting": latest is not None and latest.state == BuildRequest.State.WAITING,
        "may_operate": rights.allows(access.person(request), rights.LAKE_OPERATE, clock.today()),
    }
    return sheets.answer(request, RUNS, lake_runs.runs(), "console/lake/runs.html", more)


@access.page(rights.LAKE_SEE)
def one(request: HttpRequest, run: str) -> HttpResponse:
    """One run, table by table; what failed first."""
    found = lake_runs.run(run)
    if found is None:
        raise Http404
    whole, tables = found
    return sheets.answer(request, TABLES, tables, "console/lake/run.html", {"run": whole})


@access.page(rights.LAKE_SEE)
def plan(request: HttpRequest) -> HttpResponse:
    """What a build would make now, and why; makes nothing."""
    made = history.last_made(settings.LAKE)
    try:
        lines = [Line(each, made.get(each.table)) for each in build.plan(root=settings.LAKE)]
    except errors.Refusal as refusal:
        context = {"refusal": refusal}
        return render(request, "console/lake/plan.html", context, status=refusal.status)
    return sheets.answer(request, PLAN, lines, "console/lake/plan.html")


@require_POST
@access.page(rights.LAKE_OPERATE)
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a build; a job carries it out."""
    try:
        builds.ask(by=access.signed_in(request), at=clock.now())
    except errors.Refusal as refusal:
        return render(request, "console/lake/run_refused.html", {"refusal": refusal}, status=409)
    return redirect("console-lake-runs")


@require_POST
@access.page(rights.LAKE_OPERATE)
def withdraw(request: HttpRequest, number: int) -> HttpResponse:
    """Take a request back that has not begun."""
    get_object_or_404(BuildRequest, pk=number)
    try:
        builds.withdraw(number=number, at=clock.now())
    except errors.Refusal as refusal:
        return render(request, "console/lake/run_refused.html", {"refusal": refusal}, status=409)
    return redirect("console-lake-runs")


urlpatterns = [
    path("console/lake/runs/", runs, name="console-lake-runs"),
    path("console/lake/runs/ask/", ask, name="console-lake-run-ask"),
    path("console/lake/runs/plan/", plan, name="console-lake-plan"),
    path("console/lake/runs/<int:number>/withdraw/", withdraw, name="console-lake-run-withdraw"),
    path("console/lake/runs/<str:run>/", one, name="console-lake-run"),
]
