"""Console: the source board: each platform that sends, its last arrival, what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.kernel import clock
from xueqiao.lake.contracts.contract import OF_SOURCE
from xueqiao.people import rights
from xueqiao.web import access, lists, sheets
from xueqiao.web.console import lake_quality

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    from xueqiao.web.console.lake_quality import Sending

TWO_DAYS = 48
# What a source can be looked for by.
CARES: dict[str, tuple[Any, Callable[[Sending], bool]]] = {
    "late": (gettext_lazy("Silent for too long"), lambda row: row.is_late),
    "held": (gettext_lazy("Batches held back"), lambda row: row.held > 0),
    "paused": (gettext_lazy("Paused"), lambda row: row.source.paused_at is not None),
    "none": (gettext_lazy("Without a contract"), lambda row: not row.contract),
}


def _silent(row: Sending) -> str:
    """Hours without a row, in words once they are days."""
    hours = row.silent_hours
    if hours is None:
        return "–"
    if hours < TWO_DAYS:
        return _("{n} hours").format(n=hours)
    return _("{n} days").format(n=hours // 24)


def _contract(row: Sending) -> str:
    return _("version {n}").format(n=row.contract) if row.contract else _("none yet")


SOURCES = lists.Listing(
    code="lake-sources",
    columns=(
        lists.Column(
            gettext_lazy("Source"),
            lambda row: row.name,
            head=True,
            sort="name",
            link=lambda row: reverse("console-lake-quality-source", args=[row.pk]),
        ),
        lists.Column(
            gettext_lazy("Data"), lambda row: _("Sample") if row.source.is_sample else _("Real")
        ),
        lists.Column(
            gettext_lazy("Last arrival"), lambda row: row.last_received_at, sort="arrival"
        ),
        lists.Column(
            gettext_lazy("Silent for"),
            _silent,
            state=lambda row: "bad" if row.is_late else "",
        ),
        lists.Column(
            gettext_lazy("Received"), lambda row: row.received, numeric=True, sort="received"
        ),
        lists.Column(gettext_lazy("Accepted"), lambda row: row.sums.get("accepted"), numeric=True),
        lists.Column(
            gettext_lazy("Quarantined"), lambda row: row.sums.get("quarantined"), numeric=True
        ),
        lists.Column(
            gettext_lazy("Learners known, 30 days"), lambda row: row.matched, numeric=True
        ),
        lists.Column(
            gettext_lazy("Held"),
            lambda row: row.held,
            numeric=True,
            state=lambda row: "bad" if row.held else "",
        ),
        lists.Column(
            gettext_lazy("Data contract"),
            _contract,
            link=lambda row: reverse("console-lake-contract", args=[OF_SOURCE + row.pk]),
        ),
    ),
    sorts={
        "care": ("rank", "name", "pk"),
        "name": ("name", "pk"),
        "arrival": ("-last_received_at", "pk"),
        "received": ("-received", "pk"),
    },
    filters=(
        lists.Filter(
            "care",
            gettext_lazy("To look after"),
            lambda: [(key, each[0]) for key, each in CARES.items()],
            lambda rows, wanted: [row for row in rows if CARES[wanted][1](row)],  # type: ignore[arg-type,return-value]
        ),
        lists.Filter(
            "data",
            gettext_lazy("Data"),
            lambda: [("real", _("Real")), ("sample", _("Sample"))],
            lambda rows, wanted: [
                row
                for row in rows
                if row.source.is_sample == (wanted == "sample")  # type: ignore[arg-type,return-value]
            ],
        ),
    ),
    search=lambda rows, text: [row for row in rows if text.lower() in row.words],  # type: ignore[arg-type,return-value]
    search_hint=gettext_lazy("name or code of a source"),
)


@access.page(rights.LAKE_SEE)
def sources(request: HttpRequest) -> HttpResponse:
    """Every source on one page: last arrival, rows, learners known, contract, lag."""
    rows = lake_quality.board(clock.now())
    return sheets.answer(request, SOURCES, rows, "console/lake/sources.html")


urlpatterns = [path("console/lake/sources/", sources, name="console-lake-sources")]
