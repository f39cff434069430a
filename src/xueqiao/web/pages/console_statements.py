"""Console: the statements themselves, by every filter of the endpoint, and one with its parts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path

from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.records import attachments, readings
from xueqiao.records.models import Reading, Statement, StatementAttachment, StatementReference, Verb
from xueqiao.web import access
from xueqiao.web.console import statements as shown

if TYPE_CHECKING:
    from uuid import UUID

VERBS, REFERRERS, SHOWN_TEXT = 300, 20, 50_000


@access.page(rights.RECORDS_OPERATE)
def statements(request: HttpRequest) -> HttpResponse:
    """Find statements; a page costs the same however many there are, so they are not counted."""
    form, after = shown.FilterForm(request.GET), request.GET.get("from", "")
    found = shown.find(form, after)
    if found.rows:
        _note(request, {"filters": {k: v for k, v in request.GET.items() if v}}, len(found.rows))
    context = {
        "form": form,
        "lines": [shown.line(row) for row in found.rows],
        "following": found.following,
        "is_first": not after,
        "verbs": Verb.objects.order_by("iri").values_list("iri", flat=True)[:VERBS],
    }
    status = 422 if form.errors else 200
    return render(request, "console/statements.html", context, status=status)


@access.page(rights.RECORDS_OPERATE)
def statement(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """One statement: its parts, what the store set, who voided it, and its exact text."""
    rows = Statement.objects.select_related("source", "batch__delivery", "actor__person")
    row = get_object_or_404(rows, uuid=uuid)
    _note(request, {"statement": str(uuid)})
    said = msgspec.json.decode(row.text)
    voiding = Statement.objects.filter(voids=row.uuid, source=row.source).first()
    referring = StatementReference.objects.filter(target=row.uuid).select_related("statement")
    context = {
        "row": row,
        "line": shown.line(row),
        "parts": shown.parts(said),
        "text": row.text[:SHOWN_TEXT],
        "is_cut": len(row.text) > SHOWN_TEXT,
        "pretty": json.dumps(said, ensure_ascii=False, indent=2)[:SHOWN_TEXT],
        "voiding": voiding if row.voids is None else None,
        "attachments": row.attachments.order_by("pk"),
        "referring": [each.statement for each in referring[:REFERRERS]],
    }
    return render(request, "console/statement.html", context)


@access.page(rights.RECORDS_OPERATE)
def text(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The exact text of a statement as a file."""
    row = get_object_or_404(Statement.objects.only("uuid", "text"), uuid=uuid)
    _note(request, {"statement": str(uuid)})
    return _file(row.text.encode(), f"{row.uuid}.json", "application/json")


@access.page(rights.RECORDS_OPERATE)
def attachment(request: HttpRequest, pk: int) -> HttpResponse:
    """The bytes that came with a statement, always as a file and never shown in the browser."""
    row = get_object_or_404(StatementAttachment, pk=pk)
    _note(request, {"attachment": pk})
    return _file(attachments.read(row), row.sha2, "application/octet-stream")


def _note(request: HttpRequest, detail: dict[str, Any], rows: int = 1) -> None:
    """Write down who reads what names people."""
    readings.note(
        by=access.signed_in(request), at=clock.now(), what=Reading.What.STATEMENTS, detail=detail,
        rows=rows,
    )  # fmt: skip


def _file(data: bytes, name: str, kind: str) -> HttpResponse:
    response = HttpResponse(data, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


urlpatterns = [
    path("console/records/statements/", statements, name="console-statements"),
    path("console/records/statements/<uuid:uuid>/", statement, name="console-statement"),
    path("console/records/statements/<uuid:uuid>.json", text, name="console-statement-text"),
    path("console/records/attachments/<int:pk>/", attachment, name="console-attachment"),
]
