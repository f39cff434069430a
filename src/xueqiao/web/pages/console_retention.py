"""Console: how long the statements of each source are kept, and what nobody may erase."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django import forms
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.records.erasure import holds, retention
from xueqiao.records.models import Actor, LegalHold, RetentionPolicy, Source
from xueqiao.records.personas import identifiers
from xueqiao.web import access
from xueqiao.web.pages.console_erasure import may

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse


def _sources(**options: Any) -> forms.ModelChoiceField[Source]:
    rows = Source.objects.order_by("code")
    return forms.ModelChoiceField(queryset=rows, to_field_name="code", **options)


class PolicyForm(forms.Form):
    """How long the statements of a source are to be kept."""

    source = _sources(label=gettext_lazy("Source"))
    days = forms.IntegerField(
        label=gettext_lazy("Days"),
        min_value=1,
        max_value=retention.LONGEST_DAYS,
        help_text=gettext_lazy("Counted from when a statement was stored"),
    )
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=300)


class HoldForm(forms.Form):
    """What nobody may erase: a source or an identifier."""

    held_source = _sources(
        label=gettext_lazy("Source"), required=False, empty_label=gettext_lazy("None")
    )
    identifier = forms.CharField(
        label=gettext_lazy("Or an identifier, with all of its persona"), required=False
    )
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=300)


@access.page(rights.RECORDS_ERASE)
def policies(request: HttpRequest) -> HttpResponse:
    """Sources with how long they are kept, and policies that wait for a second person."""
    form = PolicyForm(request.POST or None)
    why = None
    if request.method == "POST":
        why = _asked(request, form)
        if why is None and not form.errors:
            return redirect("console-retention")
    return _policies(request, form, why)


def _asked(request: HttpRequest, form: PolicyForm) -> errors.Refusal | None:
    me = access.signed_in(request)
    try:
        if not may(request, rights.RECORDS_ERASE_ASK):
            raise rights.NotAllowed(rights.not_allowed_text())
        if form.is_valid():
            retention.ask(by=me, at=clock.now(), **form.cleaned_data)
    except errors.Refusal as refused:
        return refused
    return None


def _policies(
    request: HttpRequest, form: PolicyForm, why: errors.Refusal | None = None, tried: int = 0
) -> HttpResponse:
    rows = RetentionPolicy.objects.select_related("source", "requested_by", "decided_by")
    in_force = {row.source_id: row for row in rows.filter(state="in_force")}
    context = {
        "form": form,
        "refusal": why,
        "tried": tried,
        "me": access.signed_in(request),
        "may_ask": may(request, rights.RECORDS_ERASE_ASK),
        "waiting": rows.filter(state="asked").order_by("pk"),
        "sources": [(each, in_force.get(each.pk)) for each in Source.objects.order_by("code")],
    }
    status = why.status if why else 422 if form.errors else 200
    return render(request, "console/retention.html", context, status=status)


def _decide(request: HttpRequest, pk: int, verb: Callable[..., RetentionPolicy]) -> HttpResponse:
    policy = get_object_or_404(RetentionPolicy, pk=pk)
    try:
        verb(policy=policy, by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        return _policies(request, PolicyForm(), why, pk)
    return redirect("console-retention")


@require_POST
@access.page(rights.RECORDS_ERASE)
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a policy in force that somebody else asked for."""
    return _decide(request, pk, retention.approve)


@require_POST
@access.page(rights.RECORDS_ERASE)
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    """Refuse a policy."""
    return _decide(request, pk, retention.reject)


@require_POST
@access.page(rights.RECORDS_ERASE)
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep everything of the source again."""
    return _decide(request, pk, retention.end)


@access.page(rights.RECORDS_ERASE)
def legal_holds(request: HttpRequest) -> HttpResponse:
    """What nobody may erase, and since when; a form to place a hold."""
    form = HoldForm(request.POST or None)
    why = None
    if request.method == "POST" and form.is_valid():
        try:
            _place(request, form.cleaned_data)
        except errors.Refusal as refused:
            why = refused
        else:
            return redirect("console-holds")
    rows = LegalHold.objects.select_related("source", "actor", "placed_by", "lifted_by")
    found = [
        (row, row.source.name if row.source else identifiers.show(row.actor.ifi))  # type: ignore[union-attr]
        for row in rows.order_by("-pk")[:200]
    ]
    status = why.status if why else 422 if form.errors else 200
    context = {"form": form, "refusal": why, "holds": found}
    return render(request, "console/holds.html", context, status=status)


def _place(request: HttpRequest, given: dict[str, Any]) -> LegalHold:
    actor = None
    if given["identifier"]:
        wanted = identifiers.parse(given["identifier"])
        actor = Actor.objects.filter(ifi=wanted).first()
        if actor is None:
            text = _("Nobody is known here as {identifier}. Compare it letter by letter.")
            raise identifiers.IdentifierUnfit(text.format(identifier=given["identifier"]))
    return holds.place(
        source=given["held_source"], actor=actor, reason=given["reason"],
        by=access.signed_in(request), at=clock.now(),
    )  # fmt: skip


@require_POST
@access.page(rights.RECORDS_ERASE)
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    """End a hold; one that was lifted stays so."""
    hold = get_object_or_404(LegalHold, pk=pk)
    with suppress(holds.HoldLifted):
        holds.lift(hold=hold, by=access.signed_in(request), at=clock.now())
    return redirect("console-holds")


urlpatterns = [
    path("console/erasures/retention/", policies, name="console-retention"),
    path("console/erasures/retention/<int:pk>/approve/", approve, name="console-retention-approve"),
    path("console/erasures/retention/<int:pk>/reject/", reject, name="console-retention-reject"),
    path("console/erasures/retention/<int:pk>/end/", end, name="console-retention-end"),
    path("console/erasures/holds/", legal_holds, name="console-holds"),
    path("console/erasures/holds/<int:pk>/lift/", lift, name="console-hold-lift"),
]
