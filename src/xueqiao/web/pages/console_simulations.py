"""Console: what a simulation found: who would gain, who would lose, and how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.creditbank import matching
from xueqiao.creditbank.models import Simulation
from xueqiao.creditbank.rulebook import simulation, steps
from xueqiao.kernel import clock, credit
from xueqiao.people import rights
from xueqiao.web import access, lists

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from xueqiao.creditbank.models import SimulationRow

# Reasons that no misfit of a lot names.
REASONS = {
    "": gettext_lazy("nothing changes"),
    "ratio": gettext_lazy("another value"),
    "cap": gettext_lazy("a limit"),
    "unfilled": gettext_lazy("the rule asks for more than was used"),
    simulation.OPENED: gettext_lazy("could convert, and could not before"),
    simulation.CLOSED: gettext_lazy("could convert before, and no longer"),
}
GROUPS = (
    ("gain", gettext_lazy("gain")),
    ("lose", gettext_lazy("lose")),
    ("same", gettext_lazy("unchanged")),
    ("doors", gettext_lazy("did not convert")),
)


def reason(row: SimulationRow) -> str:
    """Why a learner gets another amount, in words."""
    words = {**matching.REASONS, **REASONS}
    return str(words[row.reason])


def _narrowed(rows: lists.Rows, value: str) -> lists.Rows:
    doors = [simulation.OPENED, simulation.CLOSED]
    if value == "doors":
        return rows.filter(reason__in=doors)
    sign = {"gain": "gt", "lose": "lt", "same": "exact"}[value]
    return rows.exclude(reason__in=doors).filter(**{f"difference_hundredths__{sign}": 0})


LISTING = lists.Listing(
    code="simulation",
    columns=(
        lists.Column(
            gettext_lazy("Learning account"), lambda row: str(row.person.key)[:8], head=True
        ),
        lists.Column(gettext_lazy("Conversions"), lambda row: row.conversions, numeric=True),
        lists.Column(
            gettext_lazy("Before"), lambda row: credit.show(row.before_hundredths), numeric=True
        ),
        lists.Column(
            gettext_lazy("After"), lambda row: credit.show(row.after_hundredths), numeric=True
        ),
        lists.Column(
            gettext_lazy("Difference"),
            lambda row: credit.show(row.difference_hundredths),
            numeric=True,
            sort="difference",
        ),
        lists.Column(gettext_lazy("Why"), reason),
    ),
    sorts={"difference": ("difference_hundredths", "id")},
    filters=(lists.Filter("show", gettext_lazy("Show"), lambda: GROUPS, _narrowed),),
)


@access.page(rights.RULES_EDIT)
def result(request: HttpRequest, pk: int) -> HttpResponse:
    """The totals, and every learner whom the version would touch; without names."""
    day = clock.today()
    kept = steps.versions_kept_by(access.signed_in(request), day)
    row = get_object_or_404(Simulation.objects.filter(version__in=kept.values("pk")), pk=pk)
    version = kept.get(pk=row.version_id)
    found = simulation.summary(row)
    more = {
        "simulation": row,
        "version": version,
        "summary": found,
        "working": row.state in {Simulation.State.ASKED, Simulation.State.RUNNING},
        "progress_text": _("{done} of {total} learners").format(done=row.done, total=row.total),
    }
    rows = row.rows.select_related("person")
    return lists.answer(request, LISTING, rows, "console/simulation.html", more)


urlpatterns = [
    path("console/rules/simulations/<int:pk>/", result, name="console-simulation"),
]
