"""Console pages of the seals: what each check of the sealed ledger found, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from xueqiao.creditbank.models import SealCheck, Transfer
from xueqiao.creditbank.seals import sealing
from xueqiao.creditbank.seals.findings import Finding
from xueqiao.people import rights
from xueqiao.web import access, lists

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

CHECKS = lists.Listing(
    code="seal-checks",
    columns=(
        lists.Column(
            gettext_lazy("Began"),
            lambda row: row.began_at,
            link=lambda row: reverse("console-seal-check", args=[row.pk]),
            head=True,
        ),
        lists.Column(gettext_lazy("Up to seal"), lambda row: row.seal.number, numeric=True),
        lists.Column(gettext_lazy("Movements"), lambda row: f"{row.transfers:,}", numeric=True),
        lists.Column(
            gettext_lazy("Seconds"),
            lambda row: f"{(row.ended_at - row.began_at).total_seconds():,.1f}",
            numeric=True,
        ),
        lists.Column(
            gettext_lazy("Differences"),
            lambda row: f"{row.found:,}",
            state=lambda row: "bad" if row.found else "ok",
        ),
    ),
    sorts={"newest": ("-pk",)},
    filters=(
        lists.Filter(
            "found",
            gettext_lazy("Differences"),
            lambda: [("1", gettext_lazy("Some")), ("0", gettext_lazy("None"))],
            lambda rows, chosen: (
                rows.filter(found__gt=0) if chosen == "1" else rows.filter(found=0)
            ),
        ),
    ),
)


@require_safe
@access.page(rights.LEDGER_SEE)
def checks(request: HttpRequest) -> HttpResponse:
    """Every check of the sealed ledger, newest first, and how much waits to be sealed."""
    context = {"newest": sealing.latest(), "waiting": sealing.waiting()}
    rows = SealCheck.objects.select_related("seal")
    return lists.answer(request, CHECKS, rows, "console/seal_checks.html", context)


@require_safe
@access.page(rights.LEDGER_SEE)
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """One check: each finding in words, with its transfer's voucher where it still stands."""
    found = get_object_or_404(SealCheck.objects.select_related("seal"), pk=pk)
    findings = [Finding(**each) for each in found.findings]
    ids = [each.transfer_id for each in findings if each.transfer_id]
    vouchers = dict(Transfer.objects.filter(pk__in=ids).values_list("pk", "group_id"))
    rows = [(each, vouchers.get(each.transfer_id or 0)) for each in findings]
    return render(request, "console/seal_check.html", {"check": found, "rows": rows})


urlpatterns = [
    path("console/ledger/seals/", checks, name="console-seal-checks"),
    path("console/ledger/seals/<int:pk>/", check, name="console-seal-check"),
]
