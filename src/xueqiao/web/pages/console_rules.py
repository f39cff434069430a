"""Console: conversion rules and their versions, from the draft to publication and after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.creditbank.models import RuleVersion
from xueqiao.creditbank.rulebook import (
    consultation,
    making,
    publication,
    rules,
    simulation,
    steps,
    texts,
)
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access, lists
from xueqiao.web.console import rules_shown as shown
from xueqiao.web.templatetags.ui import titled

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet
    from django.forms import Form
    from django.http import HttpRequest, HttpResponse

LISTING = lists.Listing(
    code="rules",
    columns=(
        lists.Column(
            gettext_lazy("Rule"),
            lambda row: titled(row.rule),
            head=True,
            link=lambda row: reverse("console-rule", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("Code"), lambda row: row.rule.code, sort="code"),
        lists.Column(gettext_lazy("Version"), lambda row: row.number, numeric=True),
        lists.Column(gettext_lazy("Programme"), lambda row: titled(row.rule.programme)),
        lists.Column(gettext_lazy("State"), lambda row: row.get_state_display(), state=shown.level),
        lists.Column(gettext_lazy("Holds from"), lambda row: row.valid_from, sort="from"),
    ),
    sorts={"from": ("-valid_from", "-id"), "code": ("rule__code", "-number")},
    filters=(lists.of_field("state", gettext_lazy("State"), RuleVersion.State),),
    search=shown.found,
    search_hint=gettext_lazy("title, code or programme"),
)


def kept(request: HttpRequest) -> QuerySet[RuleVersion]:
    return steps.versions_kept_by(access.signed_in(request), clock.today())


@access.page(rights.RULES_EDIT)
def index(request: HttpRequest) -> HttpResponse:
    """Every version of the rules under the agreements one keeps."""
    return lists.answer(request, LISTING, kept(request), "console/rules.html")


@access.page(rights.RULES_EDIT)
def rule(request: HttpRequest, pk: int) -> HttpResponse:
    """One version: what it says, what the checks find, where it stands, what can be done next."""
    return _page(request, pk)


def _page(
    request: HttpRequest, pk: int, *, why: errors.Refusal | None = None, tried: Form | None = None
) -> HttpResponse:
    row, day = get_object_or_404(kept(request), pk=pk), clock.today()
    me = access.signed_in(request)
    context: dict[str, Any] = {
        "version": row,
        "level": shown.level(row),
        "sentences": [("zh-Hans", texts.sentence(row, "zh")), ("en", texts.sentence(row, "en"))],
        "findings": shown.findings(row),
        "road": shown.road(row),
        "text_hash": texts.text_hash(row),
        "in_making": row.state in rules.IN_MAKING,
        "signing": shown.signing(row, me, day),
        "signatures": row.signatures.select_related("person").order_by("pk"),
        "may_publish": rights.allows(me, rights.RULES_PUBLISH, day),
        "consultations": row.consultations.order_by("-pk"),
        "may_consult": shown.may_consult(row),
        "consult": tried if isinstance(tried, shown.ConsultForm) else shown.ConsultForm(),
        "simulations": row.simulations.order_by("-pk"),
        "simulate": (tried if isinstance(tried, shown.SimulateForm) else shown.simulate_form(day)),
        "others": row.rule.versions.exclude(pk=row.pk).order_by("-number"),
        "steps": [
            (shown.VERBS[each.verb], each)
            for each in row.steps.select_related("actor").order_by("number")
        ],
        "refusal": why,
    }
    status = why.status if why else 422 if tried and tried.errors else 200
    return render(request, "console/rule.html", context, status=status)


@access.page(rights.RULES_EDIT)
def against(request: HttpRequest, pk: int, other: int) -> HttpResponse:
    """Two versions of a rule side by side, the earlier one first."""
    rows = {row.pk: row for row in kept(request).filter(pk__in=[pk, other])}
    if len(rows) < 2 or len({row.rule_id for row in rows.values()}) > 1:  # noqa: PLR2004 - two
        raise Http404
    old, new = sorted(rows.values(), key=lambda row: row.number)
    said = texts.sentences([old, new], texts.reading())
    context = {
        "old": old,
        "new": new,
        "sentences": (said[old.pk], said[new.pk]),
        "lines": shown.compared(old, new),
    }
    return render(request, "console/rule_against.html", context)


def _do(
    request: HttpRequest,
    pk: int,
    verb: Callable[..., Any],
    said: str,
    *,
    form: Form | None = None,
    **more: Any,
) -> HttpResponse:
    """Call a verb; refused, the page comes back with what was typed."""
    row = get_object_or_404(kept(request), pk=pk)
    try:
        verb(version=row, by=access.signed_in(request), at=clock.now(), **more)
    except errors.Refusal as why:
        return _page(request, pk, why=why, tried=form)
    messages.success(request, said)
    return redirect("console-rule", pk)


@require_POST
@access.page(rights.RULES_EDIT)
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Run the checks, so that the version can go on."""
    return _do(request, pk, making.check, _("The checks found no error."))


@require_POST
@access.page(rights.RULES_EDIT)
def sign(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign for one side."""
    given: dict[str, Any] = {
        name: request.POST.get(name, "") for name in ("side", "text_hash", "document")
    }
    return _do(request, pk, publication.sign, _("Signed."), **given)


@require_POST
@access.page(rights.RULES_EDIT)
def consult(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a checked version to public consultation."""
    form = shown.ConsultForm(request.POST)
    if not form.is_valid():
        return _page(request, pk, tried=form)
    said = _("The consultation is open.")
    return _do(request, pk, consultation.start, said, form=form, **form.cleaned_data)


@require_POST
@access.page(rights.RULES_EDIT)
def simulate(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a simulation over past conversions."""
    form = shown.SimulateForm(request.POST)
    if not form.is_valid():
        return _page(request, pk, tried=form)
    said = _("The simulation begins in a moment.")
    return _do(request, pk, simulation.ask, said, form=form, **form.cleaned_data)


@require_POST
@access.page(rights.RULES_PUBLISH)
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Publish a signed version."""
    return _do(request, pk, publication.publish, _("The version is published."))


@require_POST
@access.page(rights.RULES_PUBLISH)
def suspend(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a version out of force for a time."""
    reason = request.POST.get("reason", "")
    return _do(request, pk, publication.suspend, _("The rule is suspended."), reason=reason)


@require_POST
@access.page(rights.RULES_PUBLISH)
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a suspended version in force again."""
    reason = request.POST.get("reason", "")
    return _do(request, pk, publication.resume, _("The rule is in force again."), reason=reason)


@require_POST
@access.page(rights.RULES_PUBLISH)
def retire(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a version out of force for good."""
    reason = request.POST.get("reason", "")
    return _do(request, pk, publication.retire, _("The rule is retired."), reason=reason)


ONE = "console/rules/<int:pk>/"
urlpatterns = [
    path("console/rules/", index, name="console-rules"),
    path(ONE, rule, name="console-rule"),
    path(f"{ONE}against/<int:other>/", against, name="console-rule-against"),
    *(
        path(f"{ONE}{view.__name__}/", view, name=f"console-rule-{view.__name__}")
        for view in (check, sign, consult, simulate, publish, suspend, resume, retire)
    ),
]
