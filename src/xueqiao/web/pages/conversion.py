"""Conversion for a learner: ask that a credit counts in a programme, take the request back."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.creditbank import conversion, queries
from xueqiao.creditbank.models import Conversion
from xueqiao.kernel import clock, credit, errors
from xueqiao.people import rights
from xueqiao.web import access

if TYPE_CHECKING:
    from xueqiao.creditbank.queries import Counting, LotRow


class ConversionForm(forms.Form):
    """How much of a credit is to be used."""

    request_key = forms.CharField(widget=forms.HiddenInput, max_length=80)
    amount = forms.CharField(
        label=gettext_lazy("Credits to use"),
        max_length=12,
        widget=forms.TextInput({"inputmode": "decimal"}),
    )

    def clean_amount(self) -> int:
        """The amount in hundredths."""
        try:
            return credit.parse(self.cleaned_data["amount"])
        except ValueError:
            text = _("Write a number with at most two decimals, such as 1.5.")
            raise forms.ValidationError(text) from None


@access.page(rights.OWN)
def convert(request: HttpRequest, lot_id: int, version_id: int) -> HttpResponse:
    """Ask that a credit counts under a rule; it is reserved until the programme answers."""
    row, counting = usable(request, lot_id, version_id)
    if request.method != "POST":
        left = credit.show(counting.remaining_hundredths)
        form = ConversionForm(initial={"request_key": f"page:{uuid.uuid4()}", "amount": left})
        return page(request, row, counting, form)
    form = ConversionForm(request.POST)
    if not form.is_valid():
        return page(request, row, counting, form, status=422)
    me = access.signed_in(request)
    use = conversion.Use(lot_id, form.cleaned_data["amount"])
    try:
        conversion.request(
            request_key=form.cleaned_data["request_key"],
            person=me,
            by=me,
            version_id=version_id,
            uses=[use],
            at=clock.now(),
        )
    except errors.Refusal as why:
        form.add_error("amount", str(why))
        return page(request, row, counting, form, status=why.status)
    messages.success(request, _("The programme has been asked. The credit is reserved until then."))
    return redirect("bank")


@access.page(rights.OWN)
def take_back(request: HttpRequest, conversion_id: int) -> HttpResponse:
    """Take a request back; what was reserved is free again."""
    me = access.signed_in(request)
    mine = get_object_or_404(Conversion.objects.own(me), pk=conversion_id)
    if request.method == "POST":
        try:
            conversion.withdraw(conversion=mine, by=me, at=clock.now())
        except errors.Refusal as why:
            messages.error(request, str(why))
    return redirect("bank")


def usable(request: HttpRequest, lot_id: int, version_id: int) -> tuple[LotRow, Counting]:
    """One of my credits with a rule under which it counts."""
    today = clock.today()
    for row in queries.lots(access.signed_in(request), today):
        for each in row.counting:
            if (row.lot.pk, each.version.pk) == (lot_id, version_id) and not each.why_not:
                return row, each
    raise Http404


def page(
    request: HttpRequest, row: LotRow, counting: Counting, form: ConversionForm, status: int = 200
) -> HttpResponse:
    context = {"row": row, "counting": counting, "form": form}
    return render(request, "creditbank/convert.html", context, status=status)


urlpatterns = [
    path("bank/convert/<int:lot_id>/<int:version_id>/", convert, name="convert"),
    path("bank/conversions/<int:conversion_id>/withdraw/", take_back, name="conversion-withdraw"),
]
