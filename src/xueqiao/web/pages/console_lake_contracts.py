"""Console: contracts of the lake: what is promised, proposed by one, answered by another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.governance import contracts, holds
from xueqiao.governance.models import DataContract, HoldDecision
from xueqiao.kernel import clock, errors
from xueqiao.lake.contracts import odcs
from xueqiao.people import rights
from xueqiao.web import access, lists, refused, sheets
from xueqiao.web.console import lake_contracts
from xueqiao.web.console.lake_contracts import ProposalForm

if TYPE_CHECKING:
    from django.http import HttpRequest

KINDS = {
    lake_contracts.TABLE: gettext_lazy("Data table"),
    lake_contracts.SOURCE: gettext_lazy("Source"),
}
ONE = "console/lake/contract.html"
STATES = lake_contracts.STATES
CONTRACTS = lists.Listing(
    code="lake-contracts",
    columns=(
        lists.Column(
            gettext_lazy("About"),
            lambda row: row.title,
            head=True,
            sort="name",
            link=lambda row: reverse("console-lake-contract", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("Name in SQL"), lambda row: row.name),
        lists.Column(gettext_lazy("Kind"), lambda row: KINDS[row.kind]),
        lists.Column(gettext_lazy("Version"), lambda row: row.version or "–", numeric=True),
        lists.Column(
            gettext_lazy("Last check"),
            lambda row: STATES[row.state][0] if row.state else "–",
            state=lambda row: STATES[row.state][1] if row.state else "",
            sort="state",
        ),
        lists.Column(
            gettext_lazy("Proposal"),
            lambda row: _("waits for an answer") if row.waits else "–",
            state=lambda row: "now" if row.waits else "",
        ),
        lists.Column(gettext_lazy("Rows"), lambda row: row.rows, numeric=True, sort="rows"),
        lists.Column(gettext_lazy("Checked"), lambda row: row.checked_at, sort="checked"),
    ),
    sorts={
        "state": ("rank", "pk"),
        "name": ("pk",),
        "rows": ("-rows", "pk"),
        "checked": ("-checked_at", "pk"),
    },
    filters=(
        sheets.of_attribute(
            "state",
            gettext_lazy("Last check"),
            lambda: [(key, title) for key, (title, _level) in STATES.items()],
        ),
        sheets.of_attribute("kind", gettext_lazy("Kind"), lambda: list(KINDS.items())),
        lists.Filter(
            "proposal",
            gettext_lazy("Proposal"),
            lambda: [("waits", _("waits for an answer"))],
            lambda rows, _wanted: [row for row in rows if row.waits],  # type: ignore[arg-type,return-value]
        ),
    ),
    search=lambda rows, text: [row for row in rows if text.lower() in row.words],  # type: ignore[arg-type,return-value]
    search_hint=gettext_lazy("name or meaning"),
)


@access.page(rights.LAKE_SEE)
def listing(request: HttpRequest) -> HttpResponse:
    """Every table and source with its contract, and whether it is kept."""
    return sheets.answer(request, CONTRACTS, lake_contracts.listed(), "console/lake/contracts.html")


@access.page(rights.LAKE_SEE)
def one(request: HttpRequest, name: str) -> HttpResponse:
    """What is promised, what waits for an answer, what the last check found."""
    return render(request, ONE, context_of(request, name))


def context_of(
    request: HttpRequest, name: str, why: errors.Refusal | None = None
) -> dict[str, Any]:
    found = lake_contracts.shown(name)
    if found is None:
        raise Http404
    somebody, today = access.signed_in(request), clock.today()
    return {
        **found,
        "refusal": why,
        "may_propose": rights.allows(somebody, rights.LAKE_OPERATE, today),
        "may_decide": rights.allows(somebody, rights.LAKE_STEWARD, today),
    }


@access.page(rights.LAKE_OPERATE)
def propose(request: HttpRequest, name: str) -> HttpResponse:
    """A next version, written as a document."""
    found = context_of(request, name)
    begun = {"document": lake_contracts.document(name, found["now"])}
    form = ProposalForm(request.POST or None, initial=begun)
    if form.is_valid():
        try:
            made = contracts.propose(
                **form.cleaned_data, by=access.signed_in(request), at=clock.now()
            )
            return redirect("console-lake-contract", made.name)
        except errors.Refusal as why:
            refused.into(form, why)
    context = {**found, "form": form}
    status = 422 if form.errors else 200
    return render(request, "console/lake/contract_propose.html", context, status=status)


@require_POST
@access.page(rights.LAKE_STEWARD)
def decide(request: HttpRequest, name: str) -> HttpResponse:
    """Approve or reject what waits."""
    number = request.POST.get("version", "")
    row = get_object_or_404(DataContract, name=name, version=number if number.isdecimal() else 0)
    try:
        contracts.decide(
            contract=row, approve="approve" in request.POST, note=request.POST.get("note", ""),
            by=access.signed_in(request), at=clock.now(),
        )  # fmt: skip
    except errors.Refusal as why:
        return render(request, ONE, context_of(request, name, why), status=why.status)
    return redirect("console-lake-contract", name)


@require_POST
@access.page(rights.LAKE_STEWARD)
def let(request: HttpRequest, name: str) -> HttpResponse:
    """Let the version of a table through that was stopped."""
    number = request.POST.get("version", "")
    if not number.isdecimal():
        raise Http404
    try:
        holds.decide(
            subject=name, number=int(number), verdict=HoldDecision.Verdict.RELEASE,
            reason=request.POST.get("reason", ""), by=access.signed_in(request), at=clock.now(),
        )  # fmt: skip
    except errors.Refusal as why:
        return render(request, ONE, context_of(request, name, why), status=why.status)
    return redirect("console-lake-contract", name)


@access.page(rights.LAKE_SEE)
def file(request: HttpRequest, name: str) -> HttpResponse:
    """What is in force, as a document of the Open Data Contract Standard."""
    del request
    now = contracts.in_force(name)
    if now is None:
        raise Http404
    answer = HttpResponse(odcs.text(odcs.document(now)), content_type="application/yaml")
    answer["Content-Disposition"] = f'attachment; filename="{name}.odcs.yaml"'
    return answer


urlpatterns = [
    path("console/lake/contracts/", listing, name="console-lake-contracts"),
    path("console/lake/contracts/<str:name>/", one, name="console-lake-contract"),
    path("console/lake/contracts/<str:name>/propose/", propose, name="console-lake-propose"),
    path("console/lake/contracts/<str:name>/decide/", decide, name="console-lake-contract-decide"),
    path("console/lake/contracts/<str:name>/let/", let, name="console-lake-contract-let"),
    path("console/lake/contracts/<str:name>/odcs.yaml", file, name="console-lake-contract-file"),
]
