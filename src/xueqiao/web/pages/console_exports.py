"""Console: exports of large results, and who read what names people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.http import FileResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.records.exporting import jobs
from xueqiao.records.models import ExportJob, Reading
from xueqiao.records.personas import identifiers
from xueqiao.web import access, lists, refused, sheets
from xueqiao.web.console import own_exports

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse

State = ExportJob.State
EXPORTS = lists.Listing(
    code="exports",
    columns=(
        lists.Column(
            gettext_lazy("Export"), lambda row: row.pk, head=True, link=lambda row: row.way
        ),
        lists.Column(gettext_lazy("Where from"), lambda row: own_exports.ORIGINS[row.origin]),
        lists.Column(gettext_lazy("File"), lambda row: row.kind),
        lists.Column(gettext_lazy("Filter or query"), lambda row: row.asked),
        lists.Column(
            gettext_lazy("State"), lambda row: row.state_text, state=lambda row: row.level
        ),
        lists.Column(gettext_lazy("Rows"), lambda row: row.rows, numeric=True),
        lists.Column(gettext_lazy("Asked on"), lambda row: row.asked_at, sort="asked"),
        lists.Column(gettext_lazy("Kept until"), lambda row: row.expires_at or "–"),
    ),
    sorts={"asked": ("-asked_at", "pk")},
    filters=(
        sheets.of_attribute("of", gettext_lazy("Where from"), own_exports.ORIGINS.items, "origin"),
        sheets.of_attribute("state", gettext_lazy("State"), lambda: own_exports.STATES.choices),
    ),
)


@access.page(rights.EXPORTS_OWN)
def exports(request: HttpRequest) -> HttpResponse:
    """The exports of whoever is signed in, of records and of the workbench, newest first."""
    me = access.signed_in(request)
    may = own_exports.may(me)
    rows = own_exports.rows(me, may)
    return sheets.answer(request, EXPORTS, rows, "console/exports.html", {"may": may})


class ExportForm(forms.Form):
    """Filters of the statement resource, and the kind of file."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Kind of file"),
        choices=ExportJob.Kind.choices,
        widget=forms.RadioSelect,
        initial=ExportJob.Kind.NDJSON,
    )
    agent = forms.CharField(
        label=gettext_lazy("Agent: exactly this identifier"),
        required=False,
        help_text=gettext_lazy(
            "A mailbox, its SHA-1, an OpenID address, or an account as “https://platform.example "
            "name”."
        ),
    )
    persona = forms.CharField(
        label=gettext_lazy("Persona: this identifier and all that are joined with it"),
        required=False,
    )
    verb = forms.CharField(label=gettext_lazy("Verb (address)"), required=False)
    activity = forms.CharField(label=gettext_lazy("Activity (address)"), required=False)
    registration = forms.UUIDField(label=gettext_lazy("Registration"), required=False)
    since = forms.DateField(
        label=gettext_lazy("Stored from this day on"),
        required=False,
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
    )
    until = forms.DateField(
        label=gettext_lazy("Stored before this day"),
        required=False,
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
    )
    related_agents = forms.BooleanField(
        label=gettext_lazy("The agent anywhere in the statement"), required=False
    )
    related_activities = forms.BooleanField(
        label=gettext_lazy("The activity anywhere in the statement"), required=False
    )


@access.page(rights.RECORDS_EXPORT)
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for an export; filters in the address fill the form."""
    form = ExportForm(request.POST or None, initial=request.GET.dict())
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                return redirect("console-export", _asked(request, form.cleaned_data).key)
            except errors.Refusal as why:
                refused.into(form, why)
    return render(request, "console/export_ask.html", {"form": form}, status=status)


def _asked(request: HttpRequest, given: dict[str, Any]) -> ExportJob:
    texts = ("verb", "activity", "registration")
    filters = {name: str(given[name]) for name in texts if given[name]}
    for name in ("since", "until"):
        if given[name]:
            filters[name] = clock.start_of(given[name]).isoformat()
    for name in ("related_agents", "related_activities"):
        if given[name]:
            filters[name] = "true"
    if given["agent"]:
        filters["agent"] = identifiers.agent_json(given["agent"])
    if given["persona"]:
        filters["persona"] = identifiers.parse(given["persona"])
    who = access.signed_in(request)
    return jobs.ask(filters=filters, kind=given["kind"], by=who, at=clock.now())


@access.page(rights.RECORDS_EXPORT)
def one(request: HttpRequest, key: UUID) -> HttpResponse:
    """One export: how far it is, and its files when it is ready."""
    return _page(request, _find(request, key))


def _find(request: HttpRequest, key: UUID) -> ExportJob:
    return get_object_or_404(ExportJob, key=key, asked_by=access.signed_in(request))


def _page(request: HttpRequest, job: ExportJob, why: errors.Refusal | None = None) -> HttpResponse:
    context = {
        "job": job,
        "filters": own_exports.filters_text(job),
        "parts": job.parts.order_by("number"),
        "is_open": job.state in {State.WAITING, State.RUNNING},
        "level": own_exports.level(job.state),
        "refusal": why,
    }
    fragment = request.headers.get("HX-Target") == "export"
    template = "console/_export.html" if fragment else "console/export.html"
    return render(request, template, context, status=why.status if why else 200)


@require_POST
@access.page(rights.RECORDS_EXPORT)
def cancel(request: HttpRequest, key: UUID) -> HttpResponse:
    """Stop an export that is not ready."""
    job = _find(request, key)
    try:
        jobs.cancel(job=job, by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        return _page(request, job, why)
    return redirect("console-export", key)


@access.page(rights.RECORDS_EXPORT)
def part(request: HttpRequest, key: UUID, number: int) -> HttpResponse:
    """One file of an export, for who asked; written down."""
    job = _find(request, key)
    try:
        found = jobs.take(job=job, number=number, by=access.signed_in(request), at=clock.now())
        file = found.open("rb")
    except (errors.Refusal, FileNotFoundError) as why:
        refusal = why if isinstance(why, errors.Refusal) else jobs.ExportOver(jobs.gone_text())
        return _page(request, job, refusal)
    name = f"X-{job.pk}-{found.name}"
    return FileResponse(file, as_attachment=True, filename=name)  # type: ignore[return-value]


READINGS = lists.Listing(
    code="readings",
    columns=(
        lists.Column(gettext_lazy("When"), lambda row: row.at, head=True, sort="when"),
        lists.Column(gettext_lazy("Who"), lambda row: row.by.name if row.by else _("command")),
        lists.Column(gettext_lazy("What"), lambda row: row.get_what_display()),
        lists.Column(gettext_lazy("Of what"), lambda row: detail_text(row.detail)),
        lists.Column(gettext_lazy("Rows"), lambda row: row.rows, numeric=True),
    ),
    sorts={"when": ("-at", "-id")},
    filters=(lists.of_field("what", gettext_lazy("What"), Reading.What),),
    search=lambda rows, text: rows.filter(by__name__icontains=text),
    search_hint=gettext_lazy("name of who read"),
)


def detail_text(detail: dict[str, Any]) -> str:
    """What was read, in one line."""
    filters = detail.get("filters", {})
    given = {name: text for name, text in detail.items() if name != "filters"} | filters
    return ", ".join(f"{name}: {text}" for name, text in given.items())


@access.page(rights.RECORDS_EXPORT)
def read_by(request: HttpRequest) -> HttpResponse:
    """Who read rows that name people."""
    rows = Reading.objects.select_related("by")
    return lists.answer(request, READINGS, rows, "console/readings.html")


urlpatterns = [
    path("console/exports/", exports, name="console-exports"),
    path("console/exports/ask/", ask, name="console-export-ask"),
    path("console/exports/readings/", read_by, name="console-readings"),
    path("console/exports/<uuid:key>/", one, name="console-export"),
    path("console/exports/<uuid:key>/cancel/", cancel, name="console-export-cancel"),
    path("console/exports/<uuid:key>/<int:number>/", part, name="console-export-part"),
]
