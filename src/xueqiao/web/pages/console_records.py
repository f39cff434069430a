"""Console: what arrived, what became of it, and what was not believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from xueqiao.people import rights
from xueqiao.records.models import Batch, Quarantine, Reason, Source
from xueqiao.web import access, lists

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

Rows = QuerySet[Any]
SHOWN_TEXT = 20_000


def _sources() -> list[tuple[str, str]]:
    return list(Source.objects.order_by("code").values_list("code", "name"))


QUARANTINE = lists.Listing(
    code="quarantine",
    columns=(
        lists.Column(
            _("Item"),
            lambda row: f"{row.batch_id}-{row.position}",
            head=True,
            sort="id",
            link=lambda row: reverse("console-held", args=[row.pk]),
        ),
        lists.Column(_("Reason"), lambda row: row.get_reason_display(), sort="reason"),
        lists.Column(_("Where"), lambda row: row.pointer),
        lists.Column(_("What"), lambda row: row.detail[:160]),
        lists.Column(_("Source"), lambda row: row.batch.source.name),
        lists.Column(_("File"), lambda row: row.batch.delivery.name if row.batch.delivery else ""),
        lists.Column(_("Beginning of the text"), lambda row: row.text[:80]),
    ),
    sorts={"id": ("id",), "reason": ("reason", "id")},
    filters=(
        lists.Filter(
            "source",
            _("Source"),
            _sources,
            lambda rows, code: rows.filter(batch__source__code=code),
        ),
        lists.Filter(
            "reason", _("Reason"), lambda: Reason.choices, lambda rows, why: rows.filter(reason=why)
        ),
    ),
    search=lambda rows, text: rows.filter(Q(text__icontains=text) | Q(detail__icontains=text)),
    search_hint=_("part of the text"),
)


@access.page(rights.RECORDS_OPERATE)
def quarantine(request: HttpRequest) -> HttpResponse:
    """What was received and not believed."""
    rows = Quarantine.objects.select_related("batch__source", "batch__delivery")
    return lists.answer(request, QUARANTINE, rows, "console/quarantine.html")


@access.page(rights.RECORDS_OPERATE)
def held(request: HttpRequest, pk: int) -> HttpResponse:
    """One item in quarantine with its exact text."""
    row = get_object_or_404(
        Quarantine.objects.select_related("batch__source", "batch__delivery"), pk=pk
    )
    context = {"held": row, "text": row.text[:SHOWN_TEXT], "is_cut": len(row.text) > SHOWN_TEXT}
    return render(request, "console/held.html", context)


BATCHES = lists.Listing(
    code="batches",
    columns=(
        lists.Column(_("Batch"), lambda row: row.batch_key, head=True),
        lists.Column(_("Source"), lambda row: row.source.name),
        lists.Column(_("File"), lambda row: row.delivery.name if row.delivery else ""),
        lists.Column(_("Received at"), lambda row: row.received_at, sort="received"),
        lists.Column(_("Received"), lambda row: row.received, numeric=True),
        lists.Column(_("Accepted"), lambda row: row.accepted, numeric=True),
        lists.Column(_("Duplicate"), lambda row: row.duplicate, numeric=True),
        lists.Column(_("Quarantined"), lambda row: row.quarantined, numeric=True),
    ),
    sorts={"received": ("-received_at", "-id")},
    filters=(
        lists.Filter(
            "source", _("Source"), _sources, lambda rows, code: rows.filter(source__code=code)
        ),
    ),
    search=lambda rows, text: rows.filter(
        Q(batch_key__icontains=text) | Q(delivery__name__icontains=text)
    ),
    search_hint=_("key or file"),
)


@access.page(rights.RECORDS_OPERATE)
def batches(request: HttpRequest) -> HttpResponse:
    """What arrived in one transaction, newest first."""
    rows = Batch.objects.select_related("source", "delivery")
    return lists.answer(request, BATCHES, rows, "console/batches.html")


urlpatterns = [
    path("console/records/batches/", batches, name="console-batches"),
    path("console/records/quarantine/", quarantine, name="console-quarantine"),
    path("console/records/quarantine/<int:pk>/", held, name="console-held"),
]
