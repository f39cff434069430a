"""Console: the numbers of measures, their versions and sources, and proposals to decide."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.creditbank.models import MeasureProposal, RuleTable
from xueqiao.creditbank.rulebook import measures
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access, lists, measure_words, refused
from xueqiao.web.templatetags.ui import titled

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse


LISTING = lists.Listing(
    code="measures",
    columns=(
        lists.Column(gettext_lazy("What it sets"), titled, head=True, sort="code"),
        lists.Column(
            gettext_lazy("Code"),
            lambda row: row.code,
            link=lambda row: reverse("console-measure", args=[row.code]),
        ),
        lists.Column(gettext_lazy("Version"), lambda row: row.version),
        lists.Column(gettext_lazy("Value"), lambda row: measure_words.line(row.value)),
        lists.Column(gettext_lazy("Holds from"), lambda row: row.valid_from, sort="from"),
        lists.Column(gettext_lazy("Where its numbers come from"), lambda row: row.source),
        lists.Column(gettext_lazy("Data"), lambda row: _("sample") if row.is_sample else "–"),
    ),
    sorts={"code": ("code", "-valid_from", "-id"), "from": ("-valid_from", "-id")},
    search=lambda rows, text: rows.filter(code__icontains=text) | rows.filter(
        title_zh__icontains=text
    ) | rows.filter(title_en__icontains=text),
    search_hint=gettext_lazy("name or code"),
)  # fmt: skip


class NumberForm(forms.Form):
    """The next version of a number; one field for each whole number that it has."""

    version = forms.CharField(label=gettext_lazy("Version"), max_length=20)
    valid_from = forms.DateField(
        label=gettext_lazy("Holds from"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    valid_to = forms.DateField(
        label=gettext_lazy("First day it no longer holds"), required=False,
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
    )  # fmt: skip
    source = forms.CharField(
        label=gettext_lazy("Where its numbers come from"), max_length=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("The measure or decision, with article, number and date"),
    )  # fmt: skip
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=120)

    def __init__(self, *args: Any, before: RuleTable, **options: Any) -> None:
        super().__init__(*args, **options)
        self.names = sorted(before.value)
        for name in self.names:
            self.fields[f"value-{name}"] = forms.IntegerField(
                label=measure_words.name(name), min_value=0, max_value=measures.MOST,
                initial=before.value[name],
            )  # fmt: skip
        self.order_fields([f"value-{name}" for name in self.names])

    def value(self) -> dict[str, int]:
        """The numbers, from valid data."""
        return {name: self.cleaned_data[f"value-{name}"] for name in self.names}


@access.page(rights.RULES_PUBLISH)
def index(request: HttpRequest) -> HttpResponse:
    """Every version of every number, and what waits for a second person."""
    return _page(request)


def _page(request: HttpRequest, why: errors.Refusal | None = None, tried: int = 0) -> HttpResponse:
    rows = MeasureProposal.objects.filter(state=MeasureProposal.State.PROPOSED)
    waiting = [
        (each, measure_words.line(each.value))
        for each in rows.select_related("proposed_by").order_by("proposed_at", "pk")
    ]
    more = {
        "waiting": waiting, "refusal": why, "tried": tried, "me": access.signed_in(request),
    }  # fmt: skip
    answer = lists.answer(request, LISTING, RuleTable.objects.all(), "console/measures.html", more)
    if why is not None:
        answer.status_code = why.status
    return answer


@access.page(rights.RULES_PUBLISH)
def measure(request: HttpRequest, code: str) -> HttpResponse:
    """One number: its versions with their sources, and a form for the next."""
    versions = list(RuleTable.objects.filter(code=code).order_by("-valid_from", "-pk"))
    if not versions:
        raise Http404(code)
    key = {"request_key": f"page:{uuid.uuid4()}"}
    form = NumberForm(request.POST or None, before=versions[0], initial=key)
    if form.is_bound and form.is_valid() and _proposed(request, code, form):
        return redirect("console-measures")
    rows = MeasureProposal.objects.filter(code=code).select_related("proposed_by", "decided_by")
    context = {
        "versions": [(each, measure_words.line(each.value)) for each in versions],
        "proposals": [(each, measure_words.line(each.value)) for each in rows.order_by("-pk")],
        "number": versions[0],
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "console/measure.html", context, status=status)


def _proposed(request: HttpRequest, code: str, form: NumberForm) -> bool:
    names = ("version", "valid_from", "valid_to", "source", "request_key")
    facts = {name: form.cleaned_data[name] for name in names}
    try:
        measures.propose(
            code=code, value=form.value(), by=access.signed_in(request), at=clock.now(), **facts
        )
    except errors.Refusal as why:
        refused.into(form, why)
        return False
    messages.success(request, _("The number is proposed. Somebody else decides about it."))
    return True


def _decide(request: HttpRequest, pk: int, verb: Callable[..., Any], **more: Any) -> HttpResponse:
    row = get_object_or_404(MeasureProposal, pk=pk)
    try:
        verb(proposal=row, by=access.signed_in(request), at=clock.now(), **more)
    except errors.Refusal as why:
        return _page(request, why, pk)
    return redirect("console-measures")


@require_POST
@access.page(rights.RULES_PUBLISH)
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Publish a number that somebody else proposed."""
    return _decide(request, pk, measures.publish)


@require_POST
@access.page(rights.RULES_PUBLISH)
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    """Refuse it, with a reason."""
    return _decide(request, pk, measures.refuse, reason=request.POST.get("reason", ""))


@require_POST
@access.page(rights.RULES_PUBLISH)
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an own proposal back."""
    return _decide(request, pk, measures.withdraw)


urlpatterns = [
    path("console/measures/", index, name="console-measures"),
    path("console/measures/<str:code>/", measure, name="console-measure"),
    path("console/measures/proposals/<int:pk>/publish/", publish, name="console-measure-publish"),
    path("console/measures/proposals/<int:pk>/refuse/", refuse, name="console-measure-refuse"),
    path("console/measures/proposals/<int:pk>/back/", withdraw, name="console-measure-withdraw"),
]
