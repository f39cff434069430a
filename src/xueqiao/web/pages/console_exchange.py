"""Console: partners of the exchange, messages, reconciliations, and what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages as told
from django.db.models import Count, Max, Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.exchange import partners
from xueqiao.exchange.models import Break, Message, Partner, Reconciliation
from xueqiao.exchange.superior import reconciling
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access, lists, refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest, HttpResponse

LEVELS = {"resolved": "ok", "waiting": "bad", "mending": "warn", "open": "warn"}
SENDING = {"taken": "ok", "refused": "bad", "queued": "warn", "sent": "now"}


class PartnerForm(forms.Form):
    """A partner that is to be opened."""

    code = forms.CharField(label=gettext_lazy("Code"), max_length=60)
    name = forms.CharField(label=gettext_lazy("Name of the partner"), max_length=160)
    own_code = forms.CharField(label=gettext_lazy("Our code at the partner"), max_length=60)
    driver = forms.ChoiceField(label=gettext_lazy("Reached by"), choices=Partner.Driver)
    address = forms.CharField(
        label=gettext_lazy("Address"),
        help_text=gettext_lazy("An https address, or the name of a folder below exchange/."),
        max_length=300,
    )
    secret = forms.CharField(
        label=gettext_lazy("Shared secret"),
        help_text=gettext_lazy("At least 32 characters, agreed on with the partner. Kept sealed."),
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
    begins_on = forms.DateField(
        label=gettext_lazy("First day that is compared"),
        required=False,
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
    )


ACTS = (
    ("send_again", gettext_lazy("Send our record again")),
    ("withdraw", gettext_lazy("Ask the partner to forget its record")),
)


class DecisionForm(forms.Form):
    """What somebody decides about a difference."""

    act = forms.ChoiceField(
        label=gettext_lazy("What is to be done"), choices=ACTS, widget=forms.RadioSelect
    )
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=300)

    def __init__(self, *args: Any, row: Break, **options: Any) -> None:
        super().__init__(*args, **options)
        # What is missing on one side can only be sent, or only be forgotten.
        only = {Break.Kind.MISSING_HERE: "withdraw", Break.Kind.MISSING_THERE: "send_again"}
        acts = [each for each in ACTS if each[0] == only.get(Break.Kind(row.kind), each[0])]
        field: Any = self.fields["act"]
        field.choices, field.initial = acts, acts[0][0]


def known() -> Iterable[tuple[str, str]]:
    """The partners, for filters."""
    return Partner.objects.order_by("name").values_list("code", "name")


OF_PARTNER = lists.Filter(
    "partner", gettext_lazy("Partner"), known, lambda rows, code: rows.filter(partner__code=code)
)
BREAKS = lists.Listing(
    code="breaks",
    columns=(
        lists.Column(
            gettext_lazy("Record"),
            lambda row: f"{row.key} · {row.version}",
            head=True,
            link=lambda row: reverse("console-break", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("Partner"), lambda row: row.partner.name),
        lists.Column(gettext_lazy("Day"), lambda row: row.day, sort="day"),
        lists.Column(gettext_lazy("What differs"), lambda row: row.get_kind_display()),
        lists.Column(
            gettext_lazy("State"),
            lambda row: row.get_state_display(),
            state=lambda row: LEVELS[row.state],
        ),
        lists.Column(gettext_lazy("Sent again"), lambda row: row.tries, numeric=True),
    ),
    sorts={"day": ("-day", "-id")},
    filters=(
        OF_PARTNER,
        lists.of_field("state", gettext_lazy("State"), Break.State),
        lists.of_field("kind", gettext_lazy("What differs"), Break.Kind),
    ),
    search=lambda rows, text: rows.filter(key__icontains=text),
    search_hint=gettext_lazy("record"),
)
MESSAGES = lists.Listing(
    code="messages",
    columns=(
        lists.Column(gettext_lazy("Record"), lambda row: f"{row.key} · {row.version}", head=True),
        lists.Column(gettext_lazy("Partner"), lambda row: row.partner.name),
        lists.Column(gettext_lazy("Day"), lambda row: row.day, sort="day"),
        lists.Column(
            gettext_lazy("State"),
            lambda row: row.get_state_display(),
            state=lambda row: SENDING[row.state],
        ),
        lists.Column(gettext_lazy("Answer"), lambda row: row.answer),
    ),
    sorts={"day": ("-day", "-id")},
    filters=(
        OF_PARTNER,
        lists.of_field("state", gettext_lazy("State"), Message.State),
    ),
    search=lambda rows, text: rows.filter(key__icontains=text),
    search_hint=gettext_lazy("record"),
)
COMPARISONS = lists.Listing(
    code="reconciliations",
    columns=(
        lists.Column(gettext_lazy("Day"), lambda row: row.day, head=True, sort="day"),
        lists.Column(gettext_lazy("Compared"), lambda row: row.compared_at),
        lists.Column(gettext_lazy("Here"), lambda row: row.ours, numeric=True),
        lists.Column(gettext_lazy("There"), lambda row: row.theirs, numeric=True),
        lists.Column(gettext_lazy("Equal"), lambda row: row.matched, numeric=True),
        lists.Column(
            gettext_lazy("Differences"),
            lambda row: row.breaks,
            numeric=True,
            state=lambda row: "bad" if row.breaks else "ok",
        ),
    ),
    sorts={"day": ("-day", "-compared_at", "-id")},
)


@access.page(rights.EXCHANGE)
def listing(request: HttpRequest) -> HttpResponse:
    """The partners with how they stand, and everything that differs."""
    counted = Partner.objects.annotate(
        waiting=Count("messages", Q(messages__state="queued"), distinct=True),
        refused=Count("messages", Q(messages__state="refused"), distinct=True),
        differing=Count("breaks", ~Q(breaks__state="resolved"), distinct=True),
        compared=Max("reconciliations__day"),
    )
    more = {"partners": counted.order_by("name")}
    rows = Break.objects.select_related("partner")
    return lists.answer(request, BREAKS, rows, "console/exchange/list.html", more)


@access.page(rights.EXCHANGE)
def new(request: HttpRequest) -> HttpResponse:
    """Open a partner."""
    form = PartnerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = partners.open_partner(**form.cleaned_data, at=clock.now())
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            return redirect("console-partner", made.pk)
    status = 422 if form.is_bound else 200
    return render(request, "console/exchange/new.html", {"form": form}, status=status)


@access.page(rights.EXCHANGE)
def partner(request: HttpRequest, pk: int) -> HttpResponse:
    """A partner and the comparison of each day."""
    row = get_object_or_404(Partner, pk=pk)
    more = {"row": row}
    rows = Reconciliation.objects.filter(partner=row)
    return lists.answer(request, COMPARISONS, rows, "console/exchange/partner.html", more)


@require_POST
@access.page(rights.EXCHANGE)
def pause(_request: HttpRequest, pk: int) -> HttpResponse:
    """Pause a partner, or go on with it."""
    row = get_object_or_404(Partner, pk=pk)
    partners.pause(partner=row, at=None if row.paused_at else clock.now())
    return redirect("console-partner", pk)


@access.page(rights.EXCHANGE)
def messages(request: HttpRequest) -> HttpResponse:
    """Every message, and what became of it."""
    rows = Message.objects.select_related("partner").defer("content")
    return lists.answer(request, MESSAGES, rows, "console/exchange/messages.html")


@access.page(rights.EXCHANGE)
def difference(request: HttpRequest, pk: int) -> HttpResponse:
    """One difference: what we reported, what the partner holds, and what is to be done."""
    row = get_object_or_404(Break.objects.select_related("partner", "decided_by"), pk=pk)
    reported = Message.objects.filter(partner=row.partner, key=row.key)
    form = DecisionForm(request.POST or None, row=row)
    if request.method == "POST" and form.is_valid():
        verb = getattr(reconciling, form.cleaned_data["act"])
        try:
            verb(
                row=row, by=access.signed_in(request), at=clock.now(),
                reason=form.cleaned_data["reason"],
            )  # fmt: skip
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            told.success(request, _("It is sent, and compared at the next reconciliation."))
            return redirect("console-break", pk)
    context = {
        "row": row, "form": form, "reported": reported.order_by("-version")[:5],
        "level": LEVELS[row.state],
    }  # fmt: skip
    status = 422 if form.is_bound else 200
    return render(request, "console/exchange/break.html", context, status=status)


HERE = "console/exchange/"
urlpatterns = [
    path(HERE, listing, name="console-exchange"),
    path(f"{HERE}new/", new, name="console-partner-new"),
    path(f"{HERE}messages/", messages, name="console-messages"),
    path(f"{HERE}<int:pk>/", partner, name="console-partner"),
    path(f"{HERE}<int:pk>/pause/", pause, name="console-partner-pause"),
    path(f"{HERE}differences/<int:pk>/", difference, name="console-break"),
]
