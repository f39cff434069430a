"""Console: rules over several statements that write a statement."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.relay import reactions
from xueqiao.relay.models import Reaction
from xueqiao.web import access, lists

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

_ADL = "http://adlnet.gov/expapi/verbs/"
EXAMPLE = {
    "conditions": {
        "completed": {"verbs": [f"{_ADL}completed"]},
        "passed": {"verbs": [f"{_ADL}passed"], "success": True, "least_scaled": 60},
    },
    "within_days": 365,
    "same": ["activity"],
    "repeat": "once",
    "verb": {"id": f"{_ADL}mastered", "display": {"zh-Hans": "掌握了", "en": "mastered"}},
    "activity": None,
}
SHOWN = 20


class RuleForm(forms.Form):
    """A rule as JSON."""

    rule = forms.CharField(
        label=gettext_lazy("Rule"),
        max_length=20_000,
        help_text=gettext_lazy(
            "Each condition is met by a statement of the same learner; the last one to come sets "
            "the rule off. The guide explains every word."
        ),
        widget=forms.Textarea({"rows": 22, "spellcheck": "false", "class": "code"}),
    )

    def clean_rule(self) -> Any:
        try:
            given = json.loads(self.cleaned_data["rule"])
            reactions.read(given)
        except (ValueError, RecursionError) as why:
            text = _("This is not JSON: {why}").format(why=why)
            raise forms.ValidationError(text) from why
        except errors.Refusal as why:
            raise forms.ValidationError(
                f"{why.pointer}: {why}" if why.pointer else str(why)
            ) from why
        return given


class NewRuleForm(RuleForm):
    """A new rule with its name."""

    name = forms.CharField(label=gettext_lazy("Name of the rule"), max_length=50)
    field_order = ("name", "rule")


LISTING = lists.Listing(
    code="reactions",
    columns=(
        lists.Column(
            gettext_lazy("Reaction"),
            lambda row: row.name,
            head=True,
            sort="name",
            link=lambda row: reverse("console-reaction", args=[row.pk]),
        ),
        lists.Column(
            gettext_lazy("State"),
            lambda row: _("Paused") if row.paused_at else _("In force"),
            state=lambda row: "warn" if row.paused_at else "ok",
        ),
        lists.Column(gettext_lazy("Version"), lambda row: row.version, numeric=True),
        lists.Column(gettext_lazy("Statements written"), lambda row: row.written, numeric=True),
        lists.Column(
            gettext_lazy("Not written"),
            lambda row: row.failed,
            numeric=True,
            state=lambda row: "bad" if row.failed else "",
        ),
    ),
    sorts={"name": ("name", "id")},
    search=lambda rows, text: rows.filter(name__icontains=text),
    search_hint=gettext_lazy("name"),
)


@access.page(rights.RECORDS_OPERATE)
def listing(request: HttpRequest) -> HttpResponse:
    """Every rule with what it wrote."""
    rows = Reaction.objects.all()
    return lists.answer(request, LISTING, rows, "console/relay/reactions.html")


@access.page(rights.RECORDS_OPERATE)
def new(request: HttpRequest) -> HttpResponse:
    """A new rule, tried on what is held before it is put in force."""
    given = {"rule": json.dumps(EXAMPLE, ensure_ascii=False, indent=2)}
    form = NewRuleForm(request.POST or None, initial=given)
    if request.method == "POST" and form.is_valid():
        if "try" in request.POST:
            return _page(request, None, form, form.cleaned_data["rule"])
        try:
            made = reactions.create(
                name=form.cleaned_data["name"],
                rule=form.cleaned_data["rule"],
                at=clock.now(),
                by=access.signed_in(request),
            )
        except errors.Refusal as why:
            form.add_error("name", str(why))
        else:
            messages.success(request, _("The rule is in force for what comes from now on."))
            return redirect("console-reaction", made.pk)
    return _page(request, None, form, status=422 if form.is_bound else 200)


@access.page(rights.RECORDS_OPERATE)
def reaction(request: HttpRequest, pk: int) -> HttpResponse:
    """One rule: what it did; the next version."""
    row = get_object_or_404(Reaction, pk=pk)
    given = {"rule": json.dumps(row.rule, ensure_ascii=False, indent=2)}
    form = RuleForm(request.POST or None, initial=given)
    if request.method == "POST" and form.is_valid():
        if "try" in request.POST:
            return _page(request, row, form, form.cleaned_data["rule"])
        reactions.change(reaction=row, rule=form.cleaned_data["rule"])
        messages.success(request, _("The next version is in force."))
        return redirect("console-reaction", pk)
    return _page(request, row, form, status=422 if form.is_bound else 200)


def _page(
    request: HttpRequest, row: Reaction | None, form: RuleForm, tried: Any = None, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {"row": row, "form": form, "source": reactions.PREFIX}
    if tried is not None:
        found = reactions.preview(rule=tried)
        shown = [json.dumps(each, ensure_ascii=False, indent=2) for each in found[:SHOWN]]
        context |= {"tried": True, "would_write": shown, "count": len(found)}
    return render(request, "console/relay/reaction.html", context, status=status)


@require_POST
@access.page(rights.RECORDS_OPERATE)
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Work nothing out, or go on where it stopped."""
    row = get_object_or_404(Reaction, pk=pk)
    if row.paused_at:
        reactions.go_on(reaction=row)
        messages.success(request, _("It goes on where it stopped."))
    else:
        reactions.pause(reaction=row, at=clock.now())
        messages.success(request, _("Paused. What comes meanwhile is worked out when it goes on."))
    return redirect("console-reaction", pk)


urlpatterns = [
    path("console/records/reactions/", listing, name="console-reactions"),
    path("console/records/reactions/new/", new, name="console-reaction-new"),
    path("console/records/reactions/<int:pk>/", reaction, name="console-reaction"),
    path("console/records/reactions/<int:pk>/pause/", pause, name="console-reaction-pause"),
]
