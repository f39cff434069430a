"""Cases on public notice, for everybody; and the form with which anybody objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.creditbank import recognition
from xueqiao.creditbank.recognition import objections
from xueqiao.creditbank.rules.recognition import masked
from xueqiao.kernel import clock, credit, errors
from xueqiao.people import rights
from xueqiao.web import access, lists, refused
from xueqiao.web.templatetags.ui import titled

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from xueqiao.creditbank.models import Application

Rows = QuerySet[Any]


def _units(row: Application) -> str:
    given = [(item.unit, item.proposed_hundredths or 0) for item in row.items.all()]
    return "; ".join(f"{titled(unit)} {credit.show(amount)}" for unit, amount in given if amount)


def _found(rows: Rows, text: str) -> Rows:
    return rows.filter(Q(title__icontains=text) | Q(place__name__icontains=text))


NOTICES = lists.Listing(
    code="public-notices",
    columns=(
        lists.Column(
            gettext_lazy("What was learnt"),
            lambda row: row.title,
            head=True,
            link=lambda row: reverse("public-notice", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("Number"), lambda row: row.number, sort="number"),
        lists.Column(gettext_lazy("Person"), lambda row: masked(row.applicant.name)),
        lists.Column(gettext_lazy("Place"), lambda row: row.place.name),
        lists.Column(gettext_lazy("Units and credits proposed"), _units),
        lists.Column(
            gettext_lazy("Public notice until"), lambda row: row.notice_until, sort="until"
        ),
    ),
    sorts={"until": ("notice_until", "id"), "number": ("id",)},
    search=_found,
    search_hint=gettext_lazy("what was learnt, or the place"),
)


class ObjectionForm(forms.Form):
    """Who objects, how the centre reaches them, and why."""

    name = forms.CharField(max_length=80, label=gettext_lazy("Your name"))
    contact = forms.CharField(
        max_length=120,
        label=gettext_lazy("Telephone or e-mail"),
        help_text=gettext_lazy("For the management centre only; neither is published"),
    )
    reasons = forms.CharField(
        max_length=4000,
        label=gettext_lazy("What is wrong, and how do you know it?"),
        widget=forms.Textarea({"rows": 6}),
    )


@access.page(rights.PUBLIC)
def notices(request: HttpRequest) -> HttpResponse:
    """Every case whose public notice runs today."""
    rows = objections.on_notice(clock.today())
    return lists.answer(request, NOTICES, rows, "creditbank/public_notices.html")


@access.page(rights.PUBLIC)
def notice(request: HttpRequest, application_id: int) -> HttpResponse:
    """One case on public notice, and the form to object."""
    now = clock.now()
    found = get_object_or_404(objections.on_notice(clock.local_date(now)), pk=application_id)
    me = access.person(request)
    form = ObjectionForm(request.POST or None, initial={"name": me.name if me else ""})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                recognition.object_to(application=found, person=me, at=now, **form.cleaned_data)
            except errors.Refusal as why:
                refused.into(form, why)
                status = why.status
            else:
                text = _("Your objection has reached the management centre, which rules on it.")
                messages.success(request, text)
                return redirect("public-notice", application_id)
    context = {"case": found, "masked": masked(found.applicant.name), "form": form}
    return render(request, "creditbank/public_notice.html", context, status=status)


urlpatterns = [
    path("bank/notices/", notices, name="public-notices"),
    path("bank/notices/<int:application_id>/", notice, name="public-notice"),
]
