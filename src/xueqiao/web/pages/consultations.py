"""Consultations for everybody: what is put forward, what was said, what came of it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.creditbank.models import Consultation, ConsultationComment
from xueqiao.creditbank.rulebook import consultation, texts
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access, lists, refused
from xueqiao.web.templatetags.ui import titled

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


class CommentForm(forms.Form):
    """What somebody has to say."""

    capacity = forms.ChoiceField(
        label=gettext_lazy("You speak as"), choices=ConsultationComment.Capacity
    )
    text = forms.CharField(
        label=gettext_lazy("Your comment"),
        max_length=consultation.LONGEST,
        widget=forms.Textarea({"rows": 5}),
        help_text=gettext_lazy("Everybody reads it, with your name."),
    )
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=120)


LISTING = lists.Listing(
    code="consultations",
    columns=(
        lists.Column(
            gettext_lazy("Rule"),
            lambda row: titled(row.version.rule),
            head=True,
            link=lambda row: reverse("consultation", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("Programme"), lambda row: titled(row.version.rule.programme)),
        lists.Column(gettext_lazy("From"), lambda row: row.opens_on),
        lists.Column(gettext_lazy("Last day"), lambda row: row.closes_on, sort="closes"),
        lists.Column(
            gettext_lazy("State"),
            lambda row: _("ended") if row.closed_at else _("open"),
            state=lambda row: "" if row.closed_at else "now",
        ),
    ),
    sorts={"closes": ("-closes_on", "-id")},
    filters=(
        lists.Filter(
            "show",
            gettext_lazy("Show"),
            lambda: [("open", _("open")), ("closed", _("ended"))],
            lambda rows, value: rows.filter(closed_at__isnull=value == "open"),
        ),
    ),
)


@access.page(rights.PUBLIC)
def index(request: HttpRequest) -> HttpResponse:
    """All consultations, those that end last first."""
    rows = Consultation.objects.select_related("version__rule__programme")
    return lists.answer(request, LISTING, rows, "creditbank/consultations.html")


@access.page(rights.PUBLIC)
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """One consultation: read by everybody, commented on by whoever is signed in."""
    rows = Consultation.objects.select_related("version__rule__programme__level")
    row = get_object_or_404(rows.prefetch_related("version__rule__programme__groups"), pk=pk)
    form = CommentForm(request.POST or None, initial={"request_key": f"page:{uuid.uuid4()}"})
    if request.method == "POST":
        if access.person(request) is None:
            return redirect_to_login(request.path)
        if form.is_valid() and _said(request, row, form):
            return redirect("consultation", pk)
    day = clock.today()
    context = {
        "consultation": row,
        "version": row.version,
        "sentence": texts.sentence(row.version, texts.reading()),
        "comments": row.comments.select_related("author", "reply").order_by("pk"),
        "is_open": Consultation.objects.open_on(day).filter(pk=pk).exists(),
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "creditbank/consultation.html", context, status=status)


def _said(request: HttpRequest, row: Consultation, form: CommentForm) -> bool:
    me = access.signed_in(request)
    try:
        consultation.comment(consultation=row, by=me, at=clock.now(), **form.cleaned_data)
    except errors.Refusal as why:
        refused.into(form, why)
        return False
    messages.success(request, _("Thank you. Your comment is published here and will be answered."))
    return True


urlpatterns = [
    path("bank/consultations/", index, name="consultations"),
    path("bank/consultations/<int:pk>/", page, name="consultation"),
]
