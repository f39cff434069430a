"""Console: the log of honours for learning; given under a decision, withdrawn by a further row."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.service import honours, merges
from xueqiao.service.models import Honour
from xueqiao.web import access, lists, refused

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

FEN = 100


def _state(row: Honour) -> str:
    if row.withdraws_id:
        return _("Withdrawal")
    return _("Withdrawn") if hasattr(row, "withdrawn_by") else _("Stands")


HONOURS = lists.Listing(
    code="honours",
    columns=(
        lists.Column(
            gettext_lazy("Name"),
            lambda row: row.person.name,
            head=True,
            link=lambda row: reverse("console-honour", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("Honour"), lambda row: row.title),
        lists.Column(gettext_lazy("Kind"), lambda row: row.get_kind_display()),
        lists.Column(gettext_lazy("State"), _state),
        lists.Column(gettext_lazy("Day"), lambda row: row.given_on, sort="day"),
        lists.Column(gettext_lazy("Decision"), lambda row: row.document),
        lists.Column(
            gettext_lazy("Yuan"),
            lambda row: f"{row.amount_fen / FEN:.2f}" if row.amount_fen else "–",
            numeric=True,
        ),
        lists.Column(gettext_lazy("Entered by"), lambda row: row.given_by.name),
    ),
    sorts={"day": ("-given_on", "-id")},
    filters=(lists.of_field("kind", gettext_lazy("Kind"), Honour.Kind),),
    search=lambda rows, text: rows.filter(person__name__icontains=text),
    search_hint=gettext_lazy("name of the person"),
)


@access.page(rights.SERVICE_HONOURS)
def listing(request: HttpRequest) -> HttpResponse:
    """The whole log of the own places."""
    rows = honours.log_of(access.signed_in(request), clock.today())
    return lists.answer(request, HONOURS, rows, "console/honours.html")


class HonourForm(forms.Form):
    """An honour and the decision it rests on."""

    request_key = forms.CharField(widget=forms.HiddenInput, max_length=120)
    number = forms.CharField(
        label=gettext_lazy("Number of the person's learning account"), max_length=20
    )
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Honour.Kind.choices)
    title = forms.CharField(label=gettext_lazy("Honour"), max_length=160)
    reason = forms.CharField(label=gettext_lazy("What for"), max_length=300)
    document = forms.CharField(label=gettext_lazy("Decision"), max_length=160)
    given_on = forms.DateField(
        label=gettext_lazy("Day"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    yuan = forms.DecimalField(
        label=gettext_lazy("Yuan, for a grant"), required=False, min_value=0, max_value=10_000_000,
        decimal_places=2,
    )  # fmt: skip


@access.page(rights.SERVICE_HONOURS)
def give(request: HttpRequest) -> HttpResponse:
    """Write an honour down."""
    initial = {"request_key": f"honour:{uuid.uuid4()}", "given_on": clock.today()}
    form = HonourForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            person = merges.by_account_number(given.pop("number"), pointer="number")
            honours.give(
                person=person, by=access.signed_in(request), at=clock.now(),
                amount_fen=int((given.pop("yuan") or 0) * FEN), **given,
            )  # fmt: skip
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            messages.success(request, _("The honour is entered; the person reads it."))
            return redirect("console-honours")
    status = 422 if form.errors else 200
    return render(request, "console/honour_give.html", {"form": form}, status=status)


class WithdrawForm(forms.Form):
    """Why an honour does not stand."""

    reason = forms.CharField(label=gettext_lazy("Why"), max_length=300)
    document = forms.CharField(label=gettext_lazy("Decision"), max_length=160)


@access.page(rights.SERVICE_HONOURS)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One row of the log, and withdrawing it."""
    me = access.signed_in(request)
    rows = honours.log_of(me, clock.today()).select_related("withdraws")
    honour = get_object_or_404(rows, pk=pk)
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            honours.withdraw(honour=honour, by=me, at=clock.now(), **form.cleaned_data)
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            return redirect("console-honours")
    status = 422 if form.errors else 200
    context = {"honour": honour, "form": form, "state": _state(honour)}
    context["may_withdraw"] = not honour.withdraws_id and not hasattr(honour, "withdrawn_by")
    return render(request, "console/honour.html", context, status=status)


urlpatterns = [
    path("console/honours/", listing, name="console-honours"),
    path("console/honours/give/", give, name="console-honour-give"),
    path("console/honours/<int:pk>/", one, name="console-honour"),
]
