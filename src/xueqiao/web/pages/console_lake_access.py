"""Console: asking to read rows of persons in the lake, deciding, ending; who read what."""

from __future__ import annotations

import uuid
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.governance import datasets, grants, readings
from xueqiao.governance.models import AccessGrant, LakeReading, Leaving, Purpose
from xueqiao.kernel import clock, errors
from xueqiao.network.models import Place
from xueqiao.people import rights
from xueqiao.web import access, lists, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

State = AccessGrant.State
LEVELS = {State.ASKED: "warn", State.GRANTED: "ok", State.REFUSED: "bad", State.ENDED: ""}
DAYS = 90
SMALLEST_LEVEL = 3
"""A grant speaks of a county or of something larger."""


GRANTS = lists.Listing(
    code="lake-access",
    columns=(
        lists.Column(
            gettext_lazy("Request"),
            lambda row: f"A-{row.pk}",
            head=True,
            sort="number",
            link=lambda row: reverse("console-lake-grant", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("Who"), lambda row: row.person.name),
        lists.Column(gettext_lazy("Tables"), lambda row: ", ".join(row.tables)),
        lists.Column(gettext_lazy("Purpose"), lambda row: row.get_purpose_display()),
        lists.Column(gettext_lazy("Place"), lambda row: row.place.name),
        lists.Column(
            gettext_lazy("State"),
            lambda row: row.get_state_display(),
            state=lambda row: LEVELS[State(row.state)],
        ),
        lists.Column(gettext_lazy("Ends on"), lambda row: row.valid_to, sort="end"),
    ),
    sorts={"number": ("-id",), "end": ("valid_to", "id")},
    filters=(
        lists.of_field("state", gettext_lazy("State"), State),
        lists.of_field("purpose", gettext_lazy("Purpose"), Purpose),
    ),
    search=lambda rows, text: rows.filter(person__name__icontains=text),
    search_hint=gettext_lazy("name of who asked"),
)


@access.page(rights.LAKE_ANALYSE)
def index(request: HttpRequest) -> HttpResponse:
    """The own requests and grants, and those of the places that one is the steward of."""
    rows = AccessGrant.objects.seen_by(access.signed_in(request), clock.today())
    rows = rows.select_related("person", "place")
    return lists.answer(request, GRANTS, rows, "console/lake/grants.html")


class GrantForm(forms.Form):
    """What is to be read, for what, of where, how long, and what may leave."""

    request_key = forms.CharField(widget=forms.HiddenInput, max_length=80)
    tables = forms.MultipleChoiceField(
        label=gettext_lazy("Tables with rows of persons"), widget=forms.CheckboxSelectMultiple
    )
    purpose = forms.ChoiceField(label=gettext_lazy("Purpose"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=gettext_lazy("What do you want to find out?"),
        max_length=600,
        widget=forms.Textarea({"rows": 3}),
    )
    place = forms.ModelChoiceField(
        label=gettext_lazy("Of which place?"),
        queryset=Place.objects.none(),
        help_text=gettext_lazy("Rows of learners who live there, and of institutions there."),
    )
    leaving = forms.ChoiceField(
        label=gettext_lazy("What may leave the platform?"),
        choices=Leaving.choices,
        widget=forms.RadioSelect,
        initial=Leaving.NOTHING,
    )
    valid_from = forms.DateField(
        label=gettext_lazy("From"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    valid_to = forms.DateField(
        label=gettext_lazy("Ends on"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )

    def __init__(self, request: HttpRequest) -> None:
        me, day = access.signed_in(request), clock.today()
        initial = {
            "request_key": uuid.uuid4().hex, "valid_from": day,
            "valid_to": day + timedelta(days=DAYS), "tables": request.GET.getlist("table"),
        }  # fmt: skip
        super().__init__(request.POST or None, initial=initial)
        may = grants.may_ask_for(me, day)
        self.fields["tables"].choices = tables()  # type: ignore[attr-defined]
        self.fields["purpose"].choices = [  # type: ignore[attr-defined]
            each for each in Purpose.choices if each[0] in may
        ]
        within = rights.within(me, rights.LAKE_ANALYSE, day, place="id")
        self.fields["place"].queryset = (  # type: ignore[attr-defined]
            Place.objects.filter(within, level__lte=SMALLEST_LEVEL).order_by("code")
        )
        self.fields["place"].label_from_instance = lambda each: each.name  # type: ignore[attr-defined]


def tables() -> list[tuple[str, str]]:
    """The tables for which a grant is needed; all of them where the lake cannot be looked at."""
    try:
        found = {name: table for name, table in datasets.filled().items() if table.is_personal}
    except datasets.OutOfReach:
        found = {}
    return [(name, name) for name in found or sorted(datasets.names())]


@access.page(rights.LAKE_ANALYSE)
def ask(request: HttpRequest) -> HttpResponse:
    """Ask to read rows of persons."""
    form = GrantForm(request)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                return redirect("console-lake-grant", _asked(request, form.cleaned_data).pk)
            except errors.Refusal as why:
                refused.into(form, why)
    return render(request, "console/lake/grant_ask.html", {"form": form}, status=status)


def _asked(request: HttpRequest, given: dict[str, Any]) -> AccessGrant:
    wish = grants.Wish(
        tables=tuple(given["tables"]), purpose=given["purpose"], reason=given["reason"],
        place_id=given["place"].pk, leaving=given["leaving"], valid_from=given["valid_from"],
        valid_to=given["valid_to"],
    )  # fmt: skip
    return grants.ask(
        request_key=given["request_key"], by=access.signed_in(request), wish=wish, at=clock.now()
    )


@access.page(rights.LAKE_ANALYSE)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One request or grant: what, for what, who decided, what can be done now."""
    return _page(request, _find(request, pk))


def _find(request: HttpRequest, pk: int) -> AccessGrant:
    rows = AccessGrant.objects.seen_by(access.signed_in(request), clock.today())
    related = rows.select_related("person", "place", "decided_by", "ended_by")
    return get_object_or_404(related, pk=pk)


def _page(
    request: HttpRequest, grant: AccessGrant, why: errors.Refusal | None = None, tried: str = ""
) -> HttpResponse:
    me, day = access.signed_in(request), clock.today()
    holds = rights.within(me, rights.LAKE_STEWARD, day, place="place_id")
    is_steward = AccessGrant.objects.filter(holds, pk=grant.pk).exists()
    is_own = grant.person_id == me.pk
    context = {
        "grant": grant, "level": LEVELS[State(grant.state)], "is_own": is_own,
        "can_decide": grant.state == State.ASKED and is_steward and not is_own,
        "can_end": grant.state == State.GRANTED and grant.valid_to > day,
        "is_over": grant.state == State.GRANTED and grant.valid_to <= day,
        "refusal": why, "tried": tried,
    }  # fmt: skip
    return render(request, "console/lake/grant.html", context, status=why.status if why else 200)


def _move(
    request: HttpRequest, pk: int, name: str, verb: Callable[..., AccessGrant]
) -> HttpResponse:
    grant, note = _find(request, pk), request.POST.get("note", "")
    try:
        verb(grant=grant, by=access.signed_in(request), note=note, at=clock.now())
    except errors.Refusal as why:
        return _page(request, grant, why, name)
    return redirect("console-lake-grant", pk)


@require_POST
@access.page(rights.LAKE_STEWARD)
def allow(request: HttpRequest, pk: int) -> HttpResponse:
    """Grant what somebody else asked for."""
    return _move(request, pk, "allow", partial(grants.decide, is_granted=True))


@require_POST
@access.page(rights.LAKE_STEWARD)
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    """Refuse it, with the reason."""
    return _move(request, pk, "refuse", partial(grants.decide, is_granted=False))


@require_POST
@access.page(rights.LAKE_ANALYSE)
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """End a grant at once."""
    return _move(request, pk, "end", grants.end)


def under(row: LakeReading) -> str:
    """What a reading rests on: grants, or a research extract and the recipient of the copy."""
    if row.what == LakeReading.What.EXTRACT:
        return f"X-{row.detail['extract']} · {row.detail['recipient']}"
    return ", ".join(f"A-{number}" for number in row.grants)


READINGS = lists.Listing(
    code="lake-readings",
    columns=(
        lists.Column(gettext_lazy("Line"), lambda row: row.number, head=True, sort="number"),
        lists.Column(gettext_lazy("When"), lambda row: row.at),
        lists.Column(gettext_lazy("Who"), lambda row: row.by.name),
        lists.Column(gettext_lazy("What"), lambda row: row.get_what_display()),
        lists.Column(gettext_lazy("Purpose"), lambda row: row.get_purpose_display()),
        lists.Column(gettext_lazy("Tables"), lambda row: ", ".join(row.tables)),
        lists.Column(gettext_lazy("Rows"), lambda row: row.rows, numeric=True),
        lists.Column(gettext_lazy("Under"), under),
    ),
    sorts={"number": ("-number",)},
    filters=(
        lists.of_field("what", gettext_lazy("What"), LakeReading.What),
        lists.of_field("purpose", gettext_lazy("Purpose"), Purpose),
    ),
    search=lambda rows, text: rows.filter(by__name__icontains=text),
    search_hint=gettext_lazy("name of who read"),
)


@access.page(rights.LAKE_AUDIT)
def read_by(request: HttpRequest) -> HttpResponse:
    """Who read rows of persons in the lake, under which grants."""
    rows = LakeReading.objects.select_related("by")
    return lists.answer(request, READINGS, rows, "console/lake/readings.html")


@require_POST
@access.page(rights.LAKE_AUDIT)
def check(request: HttpRequest) -> HttpResponse:
    """Walk the chain of the log and say whether every line fits to the one before."""
    context = {"fault": readings.check(), "lines": LakeReading.objects.count()}
    return render(request, "console/lake/readings_checked.html", context)


urlpatterns = [
    path("console/lake/access/", index, name="console-lake-access"),
    path("console/lake/access/ask/", ask, name="console-lake-grant-ask"),
    path("console/lake/access/<int:pk>/", one, name="console-lake-grant"),
    path("console/lake/access/<int:pk>/allow/", allow, name="console-lake-grant-allow"),
    path("console/lake/access/<int:pk>/refuse/", refuse, name="console-lake-grant-refuse"),
    path("console/lake/access/<int:pk>/end/", end, name="console-lake-grant-end"),
    path("console/lake/readings/", read_by, name="console-lake-readings"),
    path("console/lake/readings/check/", check, name="console-lake-readings-check"),
]
