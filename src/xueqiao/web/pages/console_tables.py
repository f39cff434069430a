"""Console: a table is uploaded, its columns are mapped once, and later ones come in one step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.intake import connections, contracts, running, uploads
from xueqiao.intake.models import Connection, Contract
from xueqiao.intake.tables import mapping as mappings
from xueqiao.intake.tables import template
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.records import sources
from xueqiao.records.models import Source
from xueqiao.web import access, exports, lists
from xueqiao.web.console import connections as shown
from xueqiao.web.console import tables

if TYPE_CHECKING:
    from django.http import HttpRequest


@access.page(rights.RECORDS_OPERATE)
def new(request: HttpRequest) -> HttpResponse:
    """Upload a table of a source, to map its columns."""
    form = tables.UploadForm(request.POST or None, request.FILES or None)
    if form.is_bound and form.is_valid():
        try:
            source, token = _source(form), _received(request)
        except errors.Refusal as why:
            form.add_error("file", why.text)
        else:
            return redirect(reverse("console-table", args=[source.pk, token]))
    return render(request, "console/table_new.html", {"form": form}, status=_status(form.errors))


@access.page(rights.RECORDS_OPERATE)
def table(request: HttpRequest, source: int, token: str) -> HttpResponse:
    """Map the columns of an uploaded table, and see what its first rows become."""
    of = get_object_or_404(Source, pk=source)
    where = _path(token)
    try:
        chosen = tables.given(request.POST) if request.POST else tables.proposed(where)
    except errors.Refusal as why:
        messages.error(request, why.text)
        return redirect("console-table-new")
    context = tables.editor(where, chosen, of.code)
    wrong = request.POST.get("to") == "save"
    if wrong and context["refusal"] is None:
        context["replaced"] = _replaced(request, of, chosen)
    if wrong and context["refusal"] is None and context["replaced"] is None:
        made = _agreed(request, of, token, chosen, context)
        if made is not None:
            return redirect("console-connection", made.pk)
    name = request.POST.get("name", "")
    context |= {"source": of, "file": uploads.shown_name(token), "name": name}
    return render(request, "console/table.html", context, status=422 if wrong else 200)


@require_POST
@access.page(rights.RECORDS_OPERATE)
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Take in the next table of a connection by the contract it has."""
    row = get_object_or_404(Connection.objects.select_related("source", "contract"), pk=pk)
    try:
        uploads.hand_in(connection=row, token=_received(request))
    except errors.Refusal as why:
        messages.error(request, why.text)
    else:
        _run(request, row)
    return redirect("console-connection", pk)


@access.page(rights.RECORDS_OPERATE)
def empty(_request: HttpRequest, pk: int) -> HttpResponse:
    """The empty table of a connection's contract, to be filled in."""
    row = get_object_or_404(Connection.objects.exclude(contract=None), pk=pk)
    assert row.contract is not None
    data = template.workbook(mappings.read(row.contract.mapping))
    answer = HttpResponse(data, content_type=exports.XLSX)
    answer["Content-Disposition"] = exports.attachment(f"{row.contract.name}.xlsx")
    return answer


CONTRACTS = lists.Listing(
    code="contracts",
    columns=(
        lists.Column(
            gettext_lazy("Contract"),
            lambda row: row.name,
            head=True,
            sort="name",
            link=lambda row: reverse("console-contract", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("Version"), lambda row: row.version, numeric=True),
        lists.Column(gettext_lazy("Source"), lambda row: row.source.name),
        lists.Column(gettext_lazy("Agreed at"), lambda row: row.created_at, sort="at"),
        lists.Column(
            gettext_lazy("By"), lambda row: row.created_by.name if row.created_by else "–"
        ),
    ),
    sorts={"at": ("-created_at", "-id"), "name": ("name", "-version", "id")},
    search=lambda rows, text: rows.filter(name__icontains=text),
    search_hint=gettext_lazy("name"),
)


@access.page(rights.RECORDS_OPERATE)
def agreements(request: HttpRequest) -> HttpResponse:
    """Every version of every contract."""
    rows = Contract.objects.select_related("source", "created_by")
    return lists.answer(request, CONTRACTS, rows, "console/contracts.html")


@access.page(rights.RECORDS_OPERATE)
def contract(request: HttpRequest, pk: int) -> HttpResponse:
    """One version of a contract: what each part of a statement is made of."""
    row = get_object_or_404(Contract.objects.select_related("source", "created_by"), pk=pk)
    found = mappings.read(row.mapping)
    parts = [
        (part, found.columns.get(part.name, ""), found.constants.get(part.name, ""),
         sorted(found.codes.get(part.name, {}).items()))
        for part in mappings.PARTS
        if part.name in found.columns or part.name in found.constants
    ]  # fmt: skip
    context = {"contract": row, "mapping": found, "parts": parts}
    return render(request, "console/contract.html", context)


def _status(wrong: Any) -> int:
    return 422 if wrong else 200


def _source(form: tables.UploadForm) -> Source:
    if form.cleaned_data["source"]:
        found: Source = form.cleaned_data["source"]
        return found
    name = form.cleaned_data["new_source"].strip()
    return sources.open_source(code="-".join(name.split()), name=name, at=clock.now())


def _received(request: HttpRequest) -> str:
    file = request.FILES.get("file")
    if file is None:
        raise uploads.UploadGone(_("Choose a file."))
    return uploads.receive(name=file.name or "table.csv", blocks=file.chunks())


def _path(token: str) -> Any:
    try:
        return uploads.path_of(token)
    except uploads.UploadGone as why:
        raise Http404(why.text) from why


def _replaced(request: HttpRequest, source: Source, chosen: dict[str, Any]) -> Contract | None:
    """The contract that saving would replace, unless the person has been told of it."""
    name = request.POST.get("name", "")
    found = contracts.replaced_by(source=source, name=name, mapping=chosen)
    return None if found and request.POST.get("replaces") == str(found.pk) else found


def _agreed(
    request: HttpRequest,
    source: Source,
    token: str,
    chosen: dict[str, Any],
    context: dict[str, Any],
) -> Connection | None:
    """Save the contract, make or take the connection of its name, and take the table in."""
    name, who = request.POST.get("name", "").strip(), access.signed_in(request)
    try:
        agreed = contracts.save(source=source, name=name, mapping=chosen, by=who, at=clock.now())
        row = connections.for_uploads(source=source, contract=agreed, at=clock.now())
        uploads.hand_in(connection=row, token=token)
    except errors.Refusal as why:
        context["refusal"] = why
        return None
    _run(request, row)
    return row


def _run(request: HttpRequest, row: Connection) -> None:
    try:
        done = running.run(
            connection=row, at=clock.now(), by=access.signed_in(request), seconds=shown.PAGE_SECONDS
        )
    except errors.Refusal as why:
        messages.error(request, why.text)
        return
    shown.tell(request, done)


urlpatterns = [
    path("console/tables/", new, name="console-table-new"),
    path("console/tables/<int:source>/<str:token>/", table, name="console-table"),
    path("console/connections/<int:pk>/table/", again, name="console-table-again"),
    path("console/connections/<int:pk>/empty-table/", empty, name="console-table-template"),
    path("console/contracts/", agreements, name="console-contracts"),
    path("console/contracts/<int:pk>/", contract, name="console-contract"),
]
