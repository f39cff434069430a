"""Console: what arrived, what became of it, and what was not believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.urls import path
from django.utils.translation import gettext_lazy as _

from xueqiao.people import rights
from xueqiao.records.models import Batch, Source
from xueqiao.web import access, lists

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

Rows = QuerySet[Any]


def _sources() -> list[tuple[str, str]]:
    return list(Source.objects.order_by("code").values_list("code", "name"))


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
]
