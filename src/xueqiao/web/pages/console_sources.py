"""Console: where records come from, how each source fares, and on what terms it is taken from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from xueqiao.kernel import clock, errors
from xueqiao.network.models import Institution
from xueqiao.people import rights
from xueqiao.records import health
from xueqiao.records import sources as verbs
from xueqiao.records.models import Source
from xueqiao.web import access, lists
from xueqiao.web.console import sources as shown

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

Rows = QuerySet[Any]
HOURS, CHANGES = 24, 20


def _level(row: Any) -> str:
    return shown.state(row, clock.now())[1]


def _refusals(row: Any) -> str:
    found = health.refusals(row).items()
    return " · ".join(f"{shown.refusal_title(code)} {count:,}" for code, count in found)


def _in_state(rows: Rows, wanted: str) -> Rows:
    # Sources are few; whether one is silent is decided in one place, which is not the database.
    now = clock.now()
    words = {"paused": "warn", "silent": "bad", "ok": "ok", "never": ""}
    fitting = [row.pk for row in Source.objects.all() if shown.state(row, now)[1] == words[wanted]]
    return rows.filter(pk__in=fitting)


SOURCES = lists.Listing(
    code="sources",
    columns=(
        lists.Column(
            _("Source"),
            lambda row: row.name,
            head=True,
            sort="name",
            link=lambda row: reverse("console-source", args=[row.pk]),
        ),
        lists.Column(_("State"), lambda row: shown.state(row, clock.now())[0], state=_level),
        lists.Column(_("Last received"), lambda row: row.last_received_at),
        lists.Column(_("Last hour"), lambda row: row.last_hour, numeric=True),
        lists.Column(_("Last 24 hours"), lambda row: row.day_received, numeric=True, sort="day"),
        lists.Column(_("Mean lag"), lambda row: shown.duration(health.lag_seconds(row))),
        lists.Column(_("Refused in the last day"), _refusals),
        lists.Column(_("Ever received"), lambda row: row.ever_received, numeric=True, sort="ever"),
        lists.Column(_("Accepted"), lambda row: row.ever_accepted, numeric=True),
        lists.Column(_("Duplicate"), lambda row: row.ever_duplicate, numeric=True),
        lists.Column(
            _("Quarantined"),
            lambda row: row.ever_quarantined,
            numeric=True,
            link=lambda row: (
                f"{reverse('console-quarantine')}?source={row.code}" if row.ever_quarantined else ""
            ),
        ),
    ),
    sorts={
        "name": ("name", "id"),
        "day": ("-day_received", "id"),
        "ever": ("-ever_received", "id"),
    },
    filters=(
        lists.Filter(
            "state",
            _("State"),
            lambda: [
                ("ok", _("In order")),
                ("silent", _("Silent")),
                ("paused", _("Paused")),
                ("never", _("Sent nothing yet")),
            ],
            _in_state,
        ),
    ),
    search=lambda rows, text: rows.filter(
        Q(name__icontains=text) | Q(code__icontains=text) | Q(owner__name__icontains=text)
    ),
    search_hint=_("name, code or institution"),
)


@access.page(rights.RECORDS_OPERATE)
def sources(request: HttpRequest) -> HttpResponse:
    """Every source, how it fares, and what became of all it ever sent."""
    rows = health.annotated(Source.objects.all(), at=clock.now())
    return lists.answer(request, SOURCES, rows, "console/records.html")


@access.page(rights.RECORDS_OPERATE)
def source(request: HttpRequest, pk: int) -> HttpResponse:
    """One source: health, terms, keys, changes."""
    return _answer(request, pk)


@require_POST
@access.page(rights.RECORDS_OPERATE)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the terms of a source."""
    row, form = get_object_or_404(Source, pk=pk), shown.TermsForm(request.POST)
    if form.is_valid():
        try:
            who = access.signed_in(request)
            verbs.edit(source=row, terms=form.terms(), at=clock.now(), by=who)
        except errors.Refusal as why:
            form.add_error(why.pointer if why.pointer in form.fields else None, why.text)
        else:
            messages.success(request, _("The terms are in force within five seconds."))
            return redirect("console-source", pk)
    return _answer(request, pk, form)


@require_POST
@access.page(rights.RECORDS_OPERATE)
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Pause a source, or resume it."""
    row = get_object_or_404(Source, pk=pk)
    verb = verbs.resume if request.POST.get("to") == "resume" else verbs.pause
    verb(source=row, at=clock.now(), by=access.signed_in(request))
    return redirect("console-source", pk)


def _answer(request: HttpRequest, pk: int, form: shown.TermsForm | None = None) -> HttpResponse:
    now = clock.now()
    rows = health.annotated(Source.objects.select_related("owner"), at=now)
    row = get_object_or_404(rows, pk=pk)
    word, level = shown.state(row, now)
    pairs = row.keys.select_related("rotated_to").order_by("-created_at")
    changes = row.changes.select_related("by", "key").order_by("-pk")[:CHANGES]
    context = {
        "source": row,
        "state": word,
        "level": level,
        "lag": shown.duration(health.lag_seconds(row)),
        "silent_since": health.silent_since(row, now),
        "refusals": [(code, shown.refusal_title(code), n) for code, n in _counted(row)],
        "hours": [_hour(each) for each in health.by_hour(row, at=now, hours=HOURS)],
        "form": form or shown.TermsForm.of(row),
        "institutions": Institution.objects.order_by("name")[:500],
        "keys": [shown.key_row(pair, now) for pair in pairs],
        "key_form": shown.KeyForm(),
        "changes": [shown.change(each) for each in changes],
    }
    status = 422 if form is not None else 200
    return render(request, "console/source.html", context, status=status)


def _counted(row: Any) -> list[tuple[str, int]]:
    return list(health.refusals(row).items())


def _hour(row: dict[str, Any]) -> dict[str, Any]:
    lag = row["lag_seconds"] // row["accepted"] if row["accepted"] else None
    return {**row, "lag": shown.duration(lag)}


urlpatterns = [
    path("console/records/", sources, name="console-records"),
    path("console/records/sources/<int:pk>/", source, name="console-source"),
    path("console/records/sources/<int:pk>/edit/", edit, name="console-source-edit"),
    path("console/records/sources/<int:pk>/pause/", pause, name="console-source-pause"),
]
