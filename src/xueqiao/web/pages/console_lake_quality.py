"""Console: how good the data of each source are, what is held back, which source is late."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.governance import contracts, holds
from xueqiao.governance.models import HoldDecision
from xueqiao.governance.models.hold import BATCH
from xueqiao.kernel import clock
from xueqiao.lake.quality import rules
from xueqiao.people import rights
from xueqiao.records.models import Source
from xueqiao.web import access, lists, sheets
from xueqiao.web.console import lake_quality

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

LEVELS = (
    ("bad", gettext_lazy("below 95 %")),
    ("warn", gettext_lazy("below 99 %")),
    ("ok", gettext_lazy("99 % and more")),
)


def _score(dimension: rules.Dimension) -> lists.Column:
    """The column of one dimension."""
    return lists.Column(
        rules.DIMENSIONS[dimension],
        lambda row: row.cells[dimension].text,
        state=lambda row: row.cells[dimension].level,
        numeric=True,
    )


SCORES = lists.Listing(
    code="lake-quality",
    columns=(
        lists.Column(
            gettext_lazy("Source"),
            lambda row: row.name,
            head=True,
            sort="name",
            link=lambda row: reverse("console-lake-quality-source", args=[row.pk]),
        ),
        *(_score(dimension) for dimension in rules.DIMENSIONS),
        lists.Column(
            gettext_lazy("Lowest"),
            lambda row: lake_quality.percent(row.worst),
            numeric=True,
            sort="worst",
        ),
    ),
    sorts={"worst": ("worst", "pk"), "name": ("name", "pk")},
    filters=(sheets.of_attribute("level", gettext_lazy("Lowest score"), lambda: LEVELS),),
    search=lambda rows, text: [
        row for row in rows if text.lower() in f"{row.pk} {row.name}".lower()
    ],  # type: ignore[arg-type,return-value]
    search_hint=gettext_lazy("name or code of a source"),
)
RULES = lists.Listing(
    code="lake-quality-rules",
    columns=(
        lists.Column(gettext_lazy("Rule"), lambda row: row.title, head=True, sort="rule"),
        lists.Column(gettext_lazy("Dimension"), lambda row: rules.DIMENSIONS[row.rule.dimension]),
        lists.Column(
            gettext_lazy("Rows asked"), lambda row: row.checked, numeric=True, sort="asked"
        ),
        lists.Column(
            gettext_lazy("Rows that broke it"), lambda row: row.failed, numeric=True, sort="broke"
        ),
        lists.Column(
            gettext_lazy("Share that kept it"),
            lambda row: lake_quality.cell(row.score).text,
            numeric=True,
            state=lambda row: lake_quality.cell(row.score).level,
            sort="score",
        ),
    ),
    sorts={
        "rule": ("number",),
        "score": ("share", "number"),
        "broke": ("-failed", "number"),
        "asked": ("-checked", "number"),
    },
    filters=(
        lists.Filter(
            "dimension",
            gettext_lazy("Dimension"),
            lambda: [(each.value, title) for each, title in rules.DIMENSIONS.items()],
            lambda rows, wanted: [row for row in rows if row.rule.dimension.value == wanted],  # type: ignore[arg-type,return-value]
        ),
    ),
    search=lambda rows, text: [row for row in rows if text.lower() in row.title.lower()],  # type: ignore[arg-type,return-value]
    search_hint=gettext_lazy("part of the rule"),
)


@access.page(rights.LAKE_SEE)
def quality(request: HttpRequest) -> HttpResponse:
    """The six scores of every source in the last days, and what is held."""
    today = clock.today()
    asked = [
        (title, [each.title for each in rules.RULES if each.dimension is dimension])
        for dimension, title in rules.DIMENSIONS.items()
    ]
    more = {
        "held": lake_quality.held(),
        "days": lake_quality.DAYS,
        "dimensions": asked,
        "levels": LEVELS,
    }
    rows = lake_quality.by_source(today)
    return sheets.answer(request, SCORES, rows, "console/lake/quality.html", more)


@access.page(rights.LAKE_SEE)
def source(request: HttpRequest, code: str) -> HttpResponse:
    """One source: rules and what broke them, scores by day, batches that are held."""
    found = get_object_or_404(Source, code=code)
    more = of_source(request, found)
    return sheets.answer(request, RULES, more["rules"], "console/lake/quality_source.html", more)


def of_source(request: HttpRequest, found: Source) -> dict[str, Any]:
    today = clock.today()
    may = rights.allows(access.signed_in(request), rights.LAKE_STEWARD, today)
    return {
        **lake_quality.of_source(found.code, today),
        "source": found,
        "dimensions": rules.DIMENSIONS.values(),
        "held": lake_quality.held(found.code),
        "days_shown": lake_quality.DAYS,
        "may_decide": may,
    }


@require_POST
@access.page(rights.LAKE_STEWARD)
def decide(request: HttpRequest, code: str) -> HttpResponse:
    """Let a held batch through, or leave it out for good."""
    found = get_object_or_404(Source, code=code)
    number, verdict = request.POST.get("batch", ""), request.POST.get("verdict", "")
    if not number.isdecimal() or verdict not in HoldDecision.Verdict.values:
        raise Http404
    try:
        holds.decide(
            subject=BATCH, number=int(number), verdict=verdict, at=clock.now(),
            reason=request.POST.get("reason", ""), by=access.signed_in(request),
        )  # fmt: skip
    except contracts.ReasonMissing as why:
        context = {**of_source(request, found), "refusal": why}
        return render(request, "console/lake/quality_source.html", context, status=why.status)
    return redirect(reverse("console-lake-quality-source", args=[code]) + "#held")


urlpatterns = [
    path("console/lake/quality/", quality, name="console-lake-quality"),
    path("console/lake/quality/<slug:code>/", source, name="console-lake-quality-source"),
    path("console/lake/quality/<slug:code>/decide/", decide, name="console-lake-hold-decide"),
]
