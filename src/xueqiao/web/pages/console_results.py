"""Console: results of schools in the three column sets: templates, sending, accepting, fetching."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from xueqiao.exchange.models import ResultLine, ResultSheet
from xueqiao.exchange.results import columns, sheets, writing
from xueqiao.intake.tables import filled
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.people.models import Role
from xueqiao.web import access, exports, lists, refused

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

State = ResultSheet.State
LEVELS = {
    State.FAULTY: "bad", State.READY: "warn", State.ACCEPTED: "ok", State.REFUSED: "",
    State.GIVEN: "",
}  # fmt: skip
BECAME = {
    ResultLine.State.RECOGNISED: "ok", ResultLine.State.MATCHED: "ok",
    ResultLine.State.WAITING: "warn", ResultLine.State.OTHER_NAME: "bad",
}  # fmt: skip
SHOWN = 200

SHEETS = lists.Listing(
    code="results",
    columns=(
        lists.Column(
            _("File"),
            lambda row: row.file_name,
            head=True,
            link=lambda row: reverse("console-result", args=[row.pk]),
        ),
        lists.Column(_("Institution"), lambda row: row.institution.name),
        lists.Column(_("Set"), lambda row: row.get_kind_display()),
        lists.Column(
            _("State"), lambda row: row.get_state_display(), state=lambda row: LEVELS[row.state]
        ),
        lists.Column(_("Rows"), lambda row: row.rows, numeric=True),
        lists.Column(_("Wrong cells"), lambda row: row.fault_count, numeric=True),
        lists.Column(_("By"), lambda row: row.by.name if row.by else row.key),
        lists.Column(_("On"), lambda row: clock.local_date(row.at), sort="day"),
    ),
    sorts={"day": ("-at", "-id")},
    filters=(
        lists.Filter(
            "state", _("State"), lambda: State.choices, lambda rows, v: rows.filter(state=v)
        ),
        lists.Filter(
            "set", _("Set"), lambda: ResultSheet.Kind.choices, lambda rows, v: rows.filter(kind=v)
        ),
    ),
    search=lambda rows, text: rows.filter(file_name__icontains=text),
    search_hint=_("name of the file"),
)


def roles(request: HttpRequest) -> QuerySet[Role]:
    """The institutions for which somebody may send and fetch."""
    found = rights.roles_in_force(access.person(request), rights.RESULTS, clock.today())
    found = found.filter(institution__isnull=False)
    return found.select_related("place", "institution").order_by("pk")


class SchoolForm(forms.Form):
    """For which of the own institutions, and which set."""

    role = forms.ModelChoiceField(label=_("Institution"), queryset=Role.objects.none())
    set = forms.ChoiceField(label=_("Set"), choices=ResultSheet.Kind.choices)

    def __init__(self, *args: Any, held: QuerySet[Role], **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["role"]
        field.queryset, field.empty_label = held, None
        field.label_from_instance = lambda role: role.institution.name


class UploadForm(SchoolForm):
    """A filled table."""

    file = forms.FileField(label=_("Filled table"), help_text=_("XLSX or CSV, at most 10 MB"))


class FetchForm(SchoolForm):
    """What this bank holds of the school, of some days."""

    since = forms.DateField(label=_("From"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    until = forms.DateField(label=_("Until"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    kind = forms.ChoiceField(label=_("File type"), choices=[("xlsx", "XLSX"), ("csv", "CSV")])


def sender(request: HttpRequest, role: Role) -> sheets.Sender:
    assert role.institution_id is not None
    return sheets.Sender(role.institution_id, role.place_id, person=access.signed_in(request))


@access.page(rights.RESULTS)
def listing(request: HttpRequest) -> HttpResponse:
    """The tables of the own schools and places, newest first; sending one, and fetching."""
    form = UploadForm(request.POST or None, request.FILES or None, held=roles(request))
    if request.method == "POST" and form.is_valid():
        try:
            return redirect("console-result", _uploaded(request, form.cleaned_data).pk)
        except errors.Refusal as why:
            refused.into(form, why)
    rows = ResultSheet.objects.seen_by(access.person(request), clock.today())
    rows = rows.select_related("institution", "by")
    day = clock.today()
    asked = FetchForm(
        held=roles(request), initial={"since": day.replace(month=1, day=1), "until": day}
    )
    context = {"form": form, "fetch": asked, "sets": ResultSheet.Kind.choices}
    answer = lists.answer(request, SHEETS, rows, "console/results.html", context)
    if form.errors:
        answer.status_code = 422
    return answer


def _uploaded(request: HttpRequest, given: dict[str, Any]) -> ResultSheet:
    file = given["file"]
    return sheets.upload(
        content=file.read(filled.MOST_BYTES + 1), name=file.name, of=columns.SETS[given["set"]],
        sender=sender(request, given["role"]), at=clock.now(),
    )  # fmt: skip


@require_safe
@access.page(rights.RESULTS)
def template(request: HttpRequest, code: str) -> HttpResponse:
    """The empty table of a set."""
    del request
    of = columns.SETS.get(code)
    if of is None:
        raise Http404(gettext("There is no such set."))
    answer = HttpResponse(writing.template(of), content_type=exports.XLSX)
    answer["Content-Disposition"] = exports.attachment(f"xueqiao-{code}.xlsx")
    return answer


@require_POST
@access.page(rights.RESULTS)
def fetch(request: HttpRequest) -> HttpResponse:
    """What this bank holds of a school, as a file in one of the sets."""
    form = FetchForm(request.POST, held=roles(request))
    if not form.is_valid():
        context = {
            "form": UploadForm(held=roles(request)), "fetch": form, "sets": ResultSheet.Kind.choices
        }  # fmt: skip
        rows = ResultSheet.objects.seen_by(access.person(request), clock.today())
        rows = rows.select_related("institution", "by")
        answer = lists.answer(request, SHEETS, rows, "console/results.html", context)
        answer.status_code = 422
        return answer
    asked = form.cleaned_data
    of, role = columns.SETS[asked["set"]], asked["role"]
    rows_out = writing.given(
        of=of, sender=sender(request, role), school=role.institution.code, since=asked["since"],
        until=asked["until"] + timedelta(days=1), at=clock.now(),
    )  # fmt: skip
    head = [each.title for each in of.columns]
    return exports.answer(asked["kind"], f"xueqiao-{of.code}", head, rows_out)


@access.page(rights.RESULTS)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """A table: what is wrong with which cell, or what becomes of each line."""
    return _page(request, _find(request, pk))


def _find(request: HttpRequest, pk: int) -> ResultSheet:
    rows = ResultSheet.objects.seen_by(access.person(request), clock.today())
    return get_object_or_404(rows.select_related("institution", "by", "decided_by"), pk=pk)


def _page(
    request: HttpRequest, sheet: ResultSheet, why: errors.Refusal | None = None
) -> HttpResponse:
    of = columns.SETS[sheet.kind]
    shown = [each for each in of.columns if each.kind != "identity"]
    lines = [
        {"line": each, "cells": [each.cells.get(column.name, "") for column in shown],
         "level": BECAME.get(ResultLine.State(each.state), "")}
        for each in sheet.lines.order_by("number")[:SHOWN]
    ]  # fmt: skip
    may = sheet.state == State.READY and rights.allows(
        access.person(request), rights.RESULTS_ACCEPT, clock.today()
    )
    counts = [(state.label, n, BECAME.get(state, "")) for state, n in sheets.became(sheet).items()]
    context = {
        "sheet": sheet, "columns": shown, "lines": lines, "refusal": why, "may_decide": may,
        "counts": counts, "level": LEVELS[State(sheet.state)],
        "more": max(sum(n for _label, n, _level in counts) - SHOWN, 0),
    }  # fmt: skip
    return render(request, "console/result.html", context, status=why.status if why else 200)


@require_POST
@access.page(rights.RESULTS_ACCEPT)
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept a table of somebody else, or send it back with a reason."""
    sheet, by, at = _find(request, pk), access.signed_in(request), clock.now()
    try:
        if request.POST.get("answer") == "accept":
            sheets.accept(sheet=sheet, by=by, at=at)
            messages.success(request, gettext("The table was accepted."))
        else:
            sheets.refuse(sheet=sheet, by=by, reason=request.POST.get("reason", ""), at=at)
            messages.success(request, gettext("The table was sent back."))
    except errors.Refusal as why:
        return _page(request, sheet, why)
    return redirect("console-result", pk)


urlpatterns = [
    path("console/results/", listing, name="console-results"),
    path("console/results/template/<slug:code>/", template, name="console-result-template"),
    path("console/results/fetch/", fetch, name="console-result-fetch"),
    path("console/results/<int:pk>/", one, name="console-result"),
    path("console/results/<int:pk>/decide/", decide, name="console-result-decide"),
]
