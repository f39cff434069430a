"""Console: connections of sources, how each fares, and what may be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.intake import connections, connectors, running
from xueqiao.intake.models import Connection, Run
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.records.models import Source
from xueqiao.web import access, lists
from xueqiao.web.console import connections as shown

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

CONNECTIONS = lists.Listing(
    code="connections",
    columns=(
        lists.Column(
            gettext_lazy("Connection"),
            lambda row: row.name,
            head=True,
            sort="name",
            link=lambda row: reverse("console-connection", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("Source"), lambda row: row.source.name),
        lists.Column(gettext_lazy("Kind"), shown.kind_label),
        lists.Column(
            gettext_lazy("State"),
            lambda row: shown.state(row)[0],
            state=lambda r: shown.state(r)[1],
        ),
        lists.Column(gettext_lazy("Runs"), shown.schedule),
        lists.Column(gettext_lazy("Last run"), lambda row: row.last_at, sort="last"),
        lists.Column(gettext_lazy("Received"), lambda row: row.received, numeric=True),
        lists.Column(gettext_lazy("Accepted"), lambda row: row.accepted, numeric=True),
        lists.Column(gettext_lazy("Duplicate"), lambda row: row.duplicate, numeric=True),
        lists.Column(gettext_lazy("Quarantined"), lambda row: row.quarantined, numeric=True),
    ),
    sorts={"name": ("name", "id"), "last": ("-last_at", "id")},
    filters=(
        lists.Filter(
            "source",
            gettext_lazy("Source"),
            lambda: Source.objects.order_by("name").values_list("code", "name"),
            lambda rows, code: rows.filter(source__code=code),
        ),
        lists.Filter(
            "kind",
            gettext_lazy("Kind"),
            lambda: [(each.code, each.label) for each in connectors.KINDS.values()],
            lambda rows, code: rows.filter(kind=code),
        ),
        lists.Filter(
            "show",
            gettext_lazy("State"),
            lambda: [("failing", gettext_lazy("Failing")), ("paused", gettext_lazy("Paused"))],
            lambda rows, wanted: (
                rows.filter(failures__gt=0) if wanted == "failing" else rows.exclude(paused_at=None)
            ),
        ),
    ),
    search=lambda rows, text: rows.filter(
        Q(name__icontains=text) | Q(source__name__icontains=text)
    ),
    search_hint=gettext_lazy("name or source"),
)


def _row(pk: int) -> Connection:
    found: Connection = get_object_or_404(shown.annotated(Connection.objects.all()), pk=pk)
    return found


@access.page(rights.RECORDS_OPERATE)
def listing(request: HttpRequest) -> HttpResponse:
    """Every connection with its health and the sums of its runs."""
    rows = shown.annotated(Connection.objects.all())
    return lists.answer(request, CONNECTIONS, rows, "console/connections.html")


@access.page(rights.RECORDS_OPERATE)
def choose(request: HttpRequest) -> HttpResponse:
    """The kinds of connections there are."""
    kinds = [each for each in connectors.KINDS.values() if each.code != connectors.FEED.code]
    return render(request, "console/connection_kinds.html", {"kinds": kinds})


@access.page(rights.RECORDS_OPERATE)
def new(request: HttpRequest, kind: str) -> HttpResponse:
    """A new connection of a kind."""
    if kind not in connectors.KINDS or kind == connectors.FEED.code:
        raise Http404(kind)
    form = shown.SettingsForm(request.POST or None, kind=connectors.KINDS[kind])
    made = _applied(form, None)
    if made is not None:
        return redirect("console-connection", made.pk)
    context = {"form": form, "kind": connectors.KINDS[kind]}
    return render(
        request, "console/connection_new.html", context, status=422 if form.errors else 200
    )


@access.page(rights.RECORDS_OPERATE)
def connection(request: HttpRequest, pk: int) -> HttpResponse:
    """One connection: settings, schedule, runs with their reconciliation."""
    return render(request, "console/connection.html", shown.page(_row(pk), None, None))


@require_POST
@access.page(rights.RECORDS_OPERATE)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the settings of a connection."""
    row = _row(pk)
    form = shown.SettingsForm(
        request.POST, kind=connectors.kind(row.kind), source=row.source, kept=bool(row.sealed)
    )
    if _applied(form, row) is not None:
        messages.success(request, _("The settings are kept."))
        return redirect("console-connection", pk)
    return render(request, "console/connection.html", shown.page(row, form, None), status=422)


@require_POST
@access.page(rights.RECORDS_OPERATE)
def plan(request: HttpRequest, pk: int) -> HttpResponse:
    """Change when a connection runs by itself."""
    row, form = _row(pk), shown.ScheduleForm(request.POST)
    if form.is_valid():
        try:
            connections.schedule(connection=row, at=clock.now(), **form.cleaned_data)
        except errors.Refusal as why:
            form.add_error(why.pointer if why.pointer in form.fields else None, why.text)
        else:
            return redirect("console-connection", pk)
    return render(request, "console/connection.html", shown.page(row, None, form), status=422)


@require_POST
@access.page(rights.RECORDS_OPERATE)
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """Run a connection now; what takes longer than a page may is left to the worker."""
    _run(request, _row(pk))
    return redirect("console-connection", pk)


@require_POST
@access.page(rights.RECORDS_OPERATE)
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    """Go back to where an earlier run began and fetch again; nothing is added twice."""
    row = _row(pk)
    number = request.POST.get("run", "")
    earlier = get_object_or_404(Run, pk=number, connection=row) if number.isdigit() else None
    _run(request, row, replay_from=earlier.watermark_before if earlier else {})
    return redirect("console-connection", pk)


@require_POST
@access.page(rights.RECORDS_OPERATE)
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Pause a connection, or resume it."""
    verb = connections.resume if request.POST.get("to") == "resume" else connections.pause
    verb(connection=_row(pk), at=clock.now())
    return redirect("console-connection", pk)


@require_POST
@access.page(rights.RECORDS_OPERATE)
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Fetch the first portion without storing anything, and say what it holds."""
    try:
        tried = running.try_out(connection=_row(pk))
    except errors.Refusal as why:
        messages.error(request, why.text)
    else:
        text = _("It works: {items} items would come first, {refused} of them to quarantine.")
        messages.success(request, text.format(items=tried.items, refused=tried.refused))
    return redirect("console-connection", pk)


def _applied(form: shown.SettingsForm, row: Connection | None) -> Connection | None:
    """What the form makes; None where it is not sent or something in it cannot be used."""
    if not form.is_bound or not form.is_valid():
        return None
    try:
        return shown.apply(form, row)
    except errors.Refusal as why:
        form.add_error(why.pointer if why.pointer in form.fields else None, why.text)
        return None


def _run(request: HttpRequest, row: Connection, **options: object) -> None:
    try:
        done = running.run(
            connection=row,
            at=clock.now(),
            by=access.signed_in(request),
            seconds=shown.PAGE_SECONDS,
            **options,  # type: ignore[arg-type]
        )
    except errors.Refusal as why:
        messages.error(request, why.text)
        return
    shown.tell(request, done)


urlpatterns = [
    path("console/connections/", listing, name="console-connections"),
    path("console/connections/new/", choose, name="console-connection-kinds"),
    path("console/connections/new/<slug:kind>/", new, name="console-connection-new"),
    path("console/connections/<int:pk>/", connection, name="console-connection"),
    path("console/connections/<int:pk>/settings/", edit, name="console-connection-edit"),
    path("console/connections/<int:pk>/schedule/", plan, name="console-connection-plan"),
    path("console/connections/<int:pk>/run/", run, name="console-connection-run"),
    path("console/connections/<int:pk>/replay/", replay, name="console-connection-replay"),
    path("console/connections/<int:pk>/pause/", pause, name="console-connection-pause"),
    path("console/connections/<int:pk>/test/", test, name="console-connection-test"),
]
