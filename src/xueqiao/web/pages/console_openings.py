"""Console: opening accounts by roster: template, upload, preview with faults by cell, opening."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from xueqiao.intake.tables import filled
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.people.models import Role
from xueqiao.service.models import OpeningSheet
from xueqiao.service.openings import sheets, workbook
from xueqiao.web import access, exports, lists, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet
    from django.http import HttpRequest

State = OpeningSheet.State
LEVELS = {State.FAULTY: "bad", State.READY: "warn", State.OPENED: "ok", State.DROPPED: ""}
SHOWN = 200

SHEETS = lists.Listing(
    code="openings",
    columns=(
        lists.Column(
            _("File"),
            lambda row: row.file_name,
            head=True,
            link=lambda row: reverse("console-opening", args=[row.pk]),
        ),
        lists.Column(_("Place"), lambda row: row.place.name),
        lists.Column(
            _("State"), lambda row: row.get_state_display(), state=lambda row: LEVELS[row.state]
        ),
        lists.Column(_("People"), lambda row: row.rows, numeric=True),
        lists.Column(_("New accounts"), lambda row: row.opened, numeric=True),
        lists.Column(_("Wrong cells"), lambda row: row.fault_count, numeric=True),
        lists.Column(_("Uploaded by"), lambda row: row.uploaded_by.name),
        lists.Column(_("Uploaded on"), lambda row: clock.local_date(row.uploaded_at), sort="day"),
    ),
    sorts={"day": ("-uploaded_at", "-id")},
    filters=(
        lists.Filter(
            "state", _("State"), lambda: State.choices, lambda rows, v: rows.filter(state=v)
        ),
    ),
    search=lambda rows, text: rows.filter(file_name__icontains=text),
    search_hint=_("name of the file"),
)


def roles(request: HttpRequest) -> QuerySet[Role]:
    """The roles under which somebody may open accounts; each is a place to choose."""
    found = rights.roles_in_force(access.person(request), rights.SERVICE_OPENING, clock.today())
    return found.select_related("place", "institution").order_by("pk")


class UploadForm(forms.Form):
    """The filled workbook, and for which of the own places it is."""

    role = forms.ModelChoiceField(label=_("For the people of"), queryset=Role.objects.none())
    file = forms.FileField(label=_("Filled workbook"), help_text=_("XLSX or CSV, at most 10 MB"))

    def __init__(self, *args: Any, held: QuerySet[Role], **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["role"]
        field.queryset, field.empty_label = held, None
        field.label_from_instance = lambda role: (
            f"{role.place.name} {role.institution.name if role.institution else ''}".strip()
        )


@access.page(rights.SERVICE_OPENING)
def listing(request: HttpRequest) -> HttpResponse:
    """The rosters of the own places, newest first, and uploading one."""
    form = UploadForm(request.POST or None, request.FILES or None, held=roles(request))
    if request.method == "POST" and form.is_valid():
        try:
            return redirect("console-opening", _uploaded(request, form.cleaned_data).pk)
        except errors.Refusal as why:
            refused.into(form, why)
    rows = OpeningSheet.objects.kept_by(access.person(request), clock.today())
    rows = rows.select_related("place", "uploaded_by")
    answer = lists.answer(request, SHEETS, rows, "console/openings.html", {"form": form})
    if form.errors:
        answer.status_code = 422
    return answer


def _uploaded(request: HttpRequest, given: dict[str, Any]) -> OpeningSheet:
    role, file = given["role"], given["file"]
    return sheets.upload(
        # The limit is asked before the content is read into memory.
        content=file.read(filled.MOST_BYTES + 1), name=file.name, place_id=role.place_id,
        institution_id=role.institution_id, by=access.signed_in(request), at=clock.now(),
    )  # fmt: skip


@access.page(rights.SERVICE_OPENING)
def template(request: HttpRequest) -> HttpResponse:
    """The empty workbook."""
    del request
    answer = HttpResponse(workbook.template(), content_type=exports.XLSX)
    answer["Content-Disposition"] = exports.attachment("xueqiao-accounts.xlsx")
    return answer


@access.page(rights.SERVICE_OPENING)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """A roster: what is wrong with which cell, or who gets an account."""
    return _page(request, _find(request, pk))


def _find(request: HttpRequest, pk: int) -> OpeningSheet:
    rows = OpeningSheet.objects.kept_by(access.person(request), clock.today())
    rows = rows.select_related("place", "institution", "uploaded_by", "opened_by")
    return get_object_or_404(rows, pk=pk)


def _page(
    request: HttpRequest, sheet: OpeningSheet, why: errors.Refusal | None = None
) -> HttpResponse:
    known = sheets.known_of(sheet) if sheet.state == State.READY else {}
    lines = list(sheet.lines.select_related("home").order_by("number")[:SHOWN])
    context = {
        "sheet": sheet, "refusal": why, "lines": lines, "known": known,
        "level": LEVELS[State(sheet.state)], "fresh": sheet.rows - len(known),
        "more": max(sheet.rows - SHOWN, 0),
    }  # fmt: skip
    return render(request, "console/opening.html", context, status=why.status if why else 200)


def _move(request: HttpRequest, pk: int, verb: Callable[..., OpeningSheet], text: Any) -> Any:
    sheet = _find(request, pk)
    try:
        done = verb(sheet=sheet, by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        return _page(request, sheet, why)
    messages.success(request, str(text).format(n=done.opened, known=done.known))
    return redirect("console-opening", pk)


@require_POST
@access.page(rights.SERVICE_OPENING)
def open_accounts(request: HttpRequest, pk: int) -> HttpResponse:
    """Open every account of a roster."""
    text = _("{n} accounts were opened; {known} people had one.")
    answer: HttpResponse = _move(request, pk, sheets.open_accounts, text)
    return answer


@require_POST
@access.page(rights.SERVICE_OPENING)
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a roster away that will not be opened."""
    answer: HttpResponse = _move(request, pk, sheets.drop, _("The roster was dropped."))
    return answer


urlpatterns = [
    path("console/openings/", listing, name="console-openings"),
    path("console/openings/template/", template, name="console-opening-template"),
    path("console/openings/<int:pk>/", one, name="console-opening"),
    path("console/openings/<int:pk>/open/", open_accounts, name="console-opening-open"),
    path("console/openings/<int:pk>/drop/", drop, name="console-opening-drop"),
]
