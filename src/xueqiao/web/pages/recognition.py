"""The credit bank for a learner: what can be recognised, an application from draft to decision."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django import forms
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from xueqiao.creditbank import matching, queries, recognition, standards
from xueqiao.creditbank.models import Application, Unit
from xueqiao.kernel import clock, credit, errors
from xueqiao.people import rights
from xueqiao.web import access

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


class ApplicationForm(forms.Form):
    """What was learnt, when, how, and for which units recognition is asked."""

    request_key = forms.CharField(widget=forms.HiddenInput, max_length=80)
    title = forms.CharField(
        label=gettext_lazy("What have you learnt?"),
        max_length=200,
        help_text=gettext_lazy(
            "In your own words, such as: ten years of caring for elders at home"
        ),
    )
    statement = forms.CharField(
        label=gettext_lazy("How and where did you learn it?"),
        required=False,
        widget=forms.Textarea({"rows": 5}),
    )
    obtained = forms.DateField(
        label=gettext_lazy("When was this learning complete?"),
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
    )
    employer = forms.CharField(
        label=gettext_lazy("Your employer then"),
        required=False,
        max_length=160,
        help_text=gettext_lazy("So that nobody of the same employer assesses it"),
    )

    def __init__(self, *args: Any, units: list[Unit], **options: Any) -> None:
        super().__init__(*args, **options)
        self.units = units
        for unit in units:
            self.fields[f"unit_{unit.pk}"] = forms.BooleanField(
                label=title_of(unit), required=False
            )
            self.fields[f"credits_{unit.pk}"] = forms.CharField(
                label=_("Credits asked for"),
                required=False,
                max_length=12,
                initial=credit.show(unit.credit_hundredths),
                widget=forms.TextInput({"inputmode": "decimal", "size": 6}),
            )

    def rows(self) -> list[tuple[Unit, forms.BoundField, forms.BoundField]]:
        """Each unit with its tick and its amount."""
        return [(unit, self[f"unit_{unit.pk}"], self[f"credits_{unit.pk}"]) for unit in self.units]

    def clean(self) -> dict[str, Any]:
        """Amounts become hundredths; at least one unit is ticked."""
        given, claims = super().clean() or {}, []
        for unit in self.units:
            if not given.get(f"unit_{unit.pk}"):
                continue
            try:
                amount = credit.parse(
                    given.get(f"credits_{unit.pk}") or credit.show(unit.credit_hundredths)
                )
            except ValueError:
                self.add_error(
                    f"credits_{unit.pk}",
                    _("Write a number with at most two decimals, such as 1.5."),
                )
            else:
                claims.append(recognition.Claim(unit.pk, amount))
        return {**given, "claims": claims}


def title_of(unit: Any) -> str:
    """A title in the reader's language."""
    return str(unit.title_en if get_language() == "en" else unit.title_zh)


@access.page(rights.OWN)
def bank(request: HttpRequest) -> HttpResponse:
    """Where a learner's applications and conversions stand, and what can be asked for."""
    me, today = access.signed_in(request), clock.today()
    context = {
        "applications": list(Application.objects.own(me).order_by("-created_at", "-pk")),
        "conversions": queries.conversions(me),
        "rules": [matching.applicable(each) for each in matching.versions_in_force(today)],
    }
    return render(request, "creditbank/bank.html", context)


@access.page(rights.OWN)
def apply(request: HttpRequest) -> HttpResponse:
    """Begin an application; refused, it keeps what was typed."""
    me, now = access.signed_in(request), clock.now()
    units = list(standards.claimable(clock.local_date(now)))
    if request.method != "POST":
        form = ApplicationForm(initial={"request_key": f"page:{uuid.uuid4()}"}, units=units)
        return render(request, "creditbank/apply.html", {"form": form})
    form = ApplicationForm(request.POST, units=units)
    if not form.is_valid():
        return render(request, "creditbank/apply.html", {"form": form}, status=422)
    facts = {
        name: form.cleaned_data[name]
        for name in ("request_key", "title", "statement", "obtained", "employer", "claims")
    }
    try:
        made = recognition.apply(applicant=me, by=me, at=now, **facts)
    except errors.Refusal as why:
        form.add_error(None, str(why))
        return render(request, "creditbank/apply.html", {"form": form}, status=why.status)
    return redirect("application", made.pk)


urlpatterns = [
    path("bank/", bank, name="bank"),
    path("bank/apply/", apply, name="apply"),
]
