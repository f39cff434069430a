"""Console: destinations of statements (other stores, webhooks) and what became of each shipment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from xueqiao.kernel import clock, cursor, errors
from xueqiao.people import rights
from xueqiao.records import following
from xueqiao.relay import destinations, rules, shipping
from xueqiao.relay.models import (
    Authentication,
    Destination,
    DestinationKind,
    Shipment,
    ShipmentState,
)
from xueqiao.web import access, lists, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

WANTED = {
    "sources": (gettext_lazy("Only these sources"), gettext_lazy("Codes of sources, one a line.")),
    "verbs": (gettext_lazy("Only these verbs"), gettext_lazy("Addresses, one a line.")),
    "activities": (
        gettext_lazy("Only these activities"),
        gettext_lazy("Beginnings of addresses, one a line."),
    ),
    "activity_types": (
        gettext_lazy("Only these kinds of activity"),
        gettext_lazy("Addresses, one a line."),
    ),
    "platforms": (
        gettext_lazy("Only learners of these platforms"),
        gettext_lazy("Beginnings of home pages, one a line."),
    ),
}


class DestinationForm(forms.Form):
    """Everything about a destination but its kind."""

    name = forms.CharField(label=gettext_lazy("Name of the destination"), max_length=120)
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=500,
        help_text=gettext_lazy(
            "Of a store: its xAPI endpoint, such as https://lrs.example.org/xapi/"
        ),
        widget=forms.URLInput({"placeholder": "https://"}),
    )
    authentication = forms.ChoiceField(
        label=gettext_lazy("How we sign in there"), choices=Authentication
    )
    user = forms.CharField(label=gettext_lazy("Key"), max_length=200, required=False)
    secret = forms.CharField(
        label=gettext_lazy("Secret or token"),
        max_length=2000,
        required=False,
        help_text=gettext_lazy("Never shown again. Left empty, the one that is held is kept."),
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
    most_statements = forms.IntegerField(
        label=gettext_lazy("Statements of one request at most"),
        min_value=1,
        max_value=500,
        initial=100,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (label, hint) in WANTED.items():
            self.fields[name] = forms.CharField(
                label=label, help_text=hint, required=False, widget=forms.Textarea({"rows": 2})
            )

    def given(self, kind: str) -> destinations.Given:
        """What was typed, for the verbs."""
        held = self.cleaned_data
        return destinations.Given(
            name=held["name"], kind=kind, url=held["url"], authentication=held["authentication"],
            user=held["user"], secret=held["secret"], most_statements=held["most_statements"],
            wanted={name: held[name].splitlines() for name in rules.FILTERS},
        )  # fmt: skip


class NewDestinationForm(DestinationForm):
    """A new destination: also its kind, and where it begins."""

    kind = forms.ChoiceField(label=gettext_lazy("What stands there"), choices=DestinationKind)
    from_start = forms.BooleanField(
        label=gettext_lazy("Send what is held already too"), required=False
    )
    field_order = ("kind", "name", "url")


def _last(row: Destination) -> Any:
    return row.last_sent_at


LISTING = lists.Listing(
    code="destinations",
    columns=(
        lists.Column(
            gettext_lazy("Destination"),
            lambda row: row.name,
            head=True,
            sort="name",
            link=lambda row: reverse("console-destination", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("What stands there"), lambda row: row.get_kind_display()),
        lists.Column(
            gettext_lazy("State"),
            lambda row: _("Paused") if row.paused_at else _("Sending"),
            state=lambda row: "warn" if row.paused_at else "ok",
        ),
        lists.Column(
            gettext_lazy("Sent statements"), lambda row: row.sent_statements, numeric=True
        ),
        lists.Column(gettext_lazy("Last sent"), _last, sort="last"),
        lists.Column(gettext_lazy("Shipments that wait"), lambda row: row.waiting, numeric=True),
        lists.Column(
            gettext_lazy("Given up"),
            lambda row: row.dead,
            numeric=True,
            state=lambda row: "bad" if row.dead else "",
        ),
    ),
    sorts={"name": ("name", "id"), "last": ("last_sent_at", "id")},
    filters=(lists.of_field("kind", gettext_lazy("What stands there"), DestinationKind),),
    search=lambda rows, text: rows.filter(Q(name__icontains=text) | Q(url__icontains=text)),
    search_hint=gettext_lazy("name or address"),
)


@access.page(rights.RECORDS_OPERATE)
def listing(request: HttpRequest) -> HttpResponse:
    """Every destination with what waits and what was given up."""
    counted = {
        name: Count("shipments", filter=Q(shipments__state=state))
        for name, state in (("waiting", ShipmentState.WAITING), ("dead", ShipmentState.DEAD))
    }
    rows = Destination.objects.annotate(**counted)
    return lists.answer(request, LISTING, rows, "console/relay/destinations.html")


@access.page(rights.RECORDS_OPERATE)
def new(request: HttpRequest) -> HttpResponse:
    """Open a destination; the signing secret of a webhook is shown on the next page, once."""
    form = NewDestinationForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _form(request, form, 422 if form.is_bound else 200)
    try:
        opened = destinations.open_(
            given=form.given(form.cleaned_data["kind"]),
            from_start=form.cleaned_data["from_start"],
            at=clock.now(),
            by=access.signed_in(request),
        )
    except errors.Refusal as why:
        return _refused(request, form, why)
    made = opened.destination
    messages.success(request, _("The destination is open; the next run sends to it."))
    return _page(request, made, DestinationForm(initial=_initial(made)), opened.signing_secret)


def _form(request: HttpRequest, form: forms.Form, status: int) -> HttpResponse:
    return render(request, "console/relay/new_destination.html", {"form": form}, status=status)


def _refused(request: HttpRequest, form: forms.Form, why: errors.Refusal) -> HttpResponse:
    refused.into(form, why)
    return _form(request, form, why.status)


def _initial(row: Destination) -> dict[str, Any]:
    held = {name: getattr(row, name) for name in ("name", "url", "authentication")}
    lines = {name: "\n".join(row.wanted.get(name, [])) for name in rules.FILTERS}
    user = destinations.opened_secrets(row).get("user", "")
    return {**held, **lines, "user": user, "most_statements": row.most_statements}


@access.page(rights.RECORDS_OPERATE)
def destination(request: HttpRequest, pk: int) -> HttpResponse:
    """One destination: how it does, its shipments, its settings."""
    row = get_object_or_404(Destination, pk=pk)
    if request.method != "POST":
        return _page(request, row, DestinationForm(initial=_initial(row)))
    form = DestinationForm(request.POST)
    if form.is_valid():
        try:
            destinations.change(destination=row, given=form.given(row.kind))
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            messages.success(request, _("Saved. What waits goes by the new settings."))
            return redirect("console-destination", pk)
    return _page(request, row, form, status=422)


SHIPMENTS = lists.Listing(
    code="shipments",
    columns=(
        lists.Column(gettext_lazy("Message"), lambda row: str(row.key), head=True),
        lists.Column(
            gettext_lazy("State"),
            lambda row: row.get_state_display(),
            state=lambda row: {"sent": "ok", "waiting": "now", "dead": "bad"}[row.state],
        ),
        lists.Column(gettext_lazy("Statements"), lambda row: len(row.uuids), numeric=True),
        lists.Column(gettext_lazy("Tries"), lambda row: row.tries, numeric=True),
        lists.Column(gettext_lazy("Answer"), lambda row: row.answered or "–"),
        lists.Column(gettext_lazy("What the last try met"), lambda row: row.why[:160]),
        lists.Column(
            gettext_lazy("Next try or end"),
            lambda row: row.ended_at or row.next_try_at,
        ),
    ),
    sorts={"id": ("-id",)},
    filters=(lists.of_field("state", gettext_lazy("State"), ShipmentState),),
    selectable=lambda row: row.state == ShipmentState.DEAD,
)


def _page(
    request: HttpRequest, row: Destination, form: forms.Form, secret: str = "", status: int = 200
) -> HttpResponse:
    shipments = Shipment.objects.filter(destination=row)
    context = {
        "row": row,
        "form": form,
        "signing_secret": secret,
        "behind": following.behind(cursor.Position(row.xid, row.row)),
        "is_behind_more": 10_000,
        "dead": shipments.filter(state=ShipmentState.DEAD).count(),
    }
    template = "console/relay/destination.html"
    answer = lists.answer(request, SHIPMENTS, shipments, template, context)
    answer.status_code = status
    return answer


def _do(request: HttpRequest, pk: int, verb: Callable[[Destination], str]) -> HttpResponse:
    row = get_object_or_404(Destination, pk=pk)
    messages.success(request, verb(row))
    return redirect("console-destination", pk)


@require_POST
@access.page(rights.RECORDS_OPERATE)
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Send nothing more until it goes on."""

    def verb(row: Destination) -> str:
        destinations.pause(destination=row, at=clock.now())
        return _("Paused. What comes meanwhile is sent when it goes on.")

    return _do(request, pk, verb)


@require_POST
@access.page(rights.RECORDS_OPERATE)
def go_on(request: HttpRequest, pk: int) -> HttpResponse:
    """Send again."""

    def verb(row: Destination) -> str:
        destinations.go_on(destination=row, at=clock.now())
        return _("It goes on with what waits.")

    return _do(request, pk, verb)


@require_POST
@access.page(rights.RECORDS_OPERATE)
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    """Try what was given up again: what is chosen, or all."""
    chosen = [int(each) for each in request.POST.getlist("chosen") if each.isdecimal()]

    def verb(row: Destination) -> str:
        count = destinations.replay(destination=row, at=clock.now(), pks=chosen or None)
        text = ngettext("{n} shipment is tried again.", "{n} shipments are tried again.", count)
        return text.format(n=count)

    return _do(request, pk, verb)


@require_POST
@access.page(rights.RECORDS_OPERATE)
def send_now(request: HttpRequest, pk: int) -> HttpResponse:
    """Read and send now rather than within a minute."""

    def verb(row: Destination) -> str:
        done = shipping.run(now=clock.now(), seconds=10, only=row)
        text = _("{read} statements were read, {sent} shipments sent, {failed} tries failed.")
        return text.format(**done._asdict())

    return _do(request, pk, verb)


@require_POST
@access.page(rights.RECORDS_OPERATE)
def renew(request: HttpRequest, pk: int) -> HttpResponse:
    """A new signing secret, shown once."""
    row = get_object_or_404(Destination, pk=pk)
    try:
        secret = destinations.renew_signing_secret(destination=row)
    except errors.Refusal as why:
        messages.error(request, str(why))
        return redirect("console-destination", pk)
    row.refresh_from_db()
    return _page(request, row, DestinationForm(initial=_initial(row)), secret)


@access.page(rights.RECORDS_OPERATE)
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then take a destination away."""
    row = get_object_or_404(Destination, pk=pk)
    if request.method != "POST":
        waiting = row.shipments.exclude(state=ShipmentState.SENT).count()
        return render(request, "console/relay/close.html", {"row": row, "waiting": waiting})
    destinations.close(destination=row)
    messages.success(request, _("{name} is closed; nothing is sent there any more.").format(
        name=row.name
    ))  # fmt: skip
    return redirect("console-destinations")


urlpatterns = [
    path("console/records/destinations/", listing, name="console-destinations"),
    path("console/records/destinations/new/", new, name="console-destination-new"),
    path("console/records/destinations/<int:pk>/", destination, name="console-destination"),
    path("console/records/destinations/<int:pk>/pause/", pause, name="console-destination-pause"),
    path("console/records/destinations/<int:pk>/go-on/", go_on, name="console-destination-go-on"),
    path(
        "console/records/destinations/<int:pk>/replay/", replay, name="console-destination-replay"
    ),
    path("console/records/destinations/<int:pk>/send/", send_now, name="console-destination-send"),
    path("console/records/destinations/<int:pk>/secret/", renew, name="console-destination-secret"),
    path("console/records/destinations/<int:pk>/close/", close, name="console-destination-close"),
]
