"""Console: xAPI profiles, which sources keep to them, and how well."""

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
from xueqiao.records.models import Source
from xueqiao.relay.models import Profile, ProfileContract
from xueqiao.relay.profiles import contracts, document
from xueqiao.web import access, lists

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

MOST_BYTES = 4 * 1024 * 1024


class ProfileForm(forms.Form):
    """A profile, as a file or as text."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        help_text=gettext_lazy("The profile as JSON-LD (.jsonld or .json)."),
    )
    text = forms.CharField(
        label=gettext_lazy("Or its text"),
        required=False,
        widget=forms.Textarea({"rows": 8, "spellcheck": "false", "class": "code"}),
    )

    def clean(self) -> dict[str, Any]:
        held: dict[str, Any] = super().clean() or {}
        file, text = held.get("file"), held.get("text", "")
        if file and file.size > MOST_BYTES:
            raise forms.ValidationError(_("The file is larger than 4 MB."))
        data = file.read() if file else text.encode()
        if not data.strip():
            raise forms.ValidationError(_("Choose a file or paste the profile's text."))
        try:
            held["profile"] = json.loads(data)
            document.read(held["profile"])
        except (ValueError, RecursionError) as why:
            raise forms.ValidationError(_("This is not JSON: {why}").format(why=why)) from why
        except errors.Refusal as why:
            raise forms.ValidationError(f"{why.pointer}: {why}") from why
        return held


class AgreeForm(forms.Form):
    """Which source is to keep to a profile."""

    source = forms.ModelChoiceField(
        label=gettext_lazy("Source"), queryset=Source.objects.order_by("name"), to_field_name="code"
    )
    from_start = forms.BooleanField(
        label=gettext_lazy("Check what is held already too"), required=False
    )


LISTING = lists.Listing(
    code="profiles",
    columns=(
        lists.Column(
            gettext_lazy("Profile"),
            lambda row: row.title,
            head=True,
            sort="title",
            link=lambda row: reverse("console-profile", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("Version"), lambda row: row.version_iri),
        lists.Column(
            gettext_lazy("Templates"), lambda row: len(row.document["templates"]), numeric=True
        ),
        lists.Column(gettext_lazy("Loaded at"), lambda row: row.loaded_at, sort="loaded"),
    ),
    sorts={"title": ("title", "id"), "loaded": ("-loaded_at", "id")},
    search=lambda rows, text: rows.filter(title__icontains=text),
    search_hint=gettext_lazy("title"),
)


@access.page(rights.RECORDS_OPERATE)
def listing(request: HttpRequest) -> HttpResponse:
    """Every profile that is held; a form to load another."""
    form = ProfileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        held = contracts.load(
            given=form.cleaned_data["profile"], at=clock.now(), by=access.signed_in(request)
        )
        return redirect("console-profile", held.pk)
    rows = Profile.objects.all()
    if form.is_bound:
        context = {"form": form, "list": lists.read(request, LISTING, rows)}
        return render(request, "console/relay/profiles.html", context, status=422)
    return lists.answer(request, LISTING, rows, "console/relay/profiles.html", {"form": form})


@access.page(rights.RECORDS_OPERATE)
def profile(request: HttpRequest, pk: int) -> HttpResponse:
    """One profile: its templates, and the sources that keep to it."""
    row = get_object_or_404(Profile, pk=pk)
    form = AgreeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = contracts.agree(profile=row, at=clock.now(), **form.cleaned_data)
        except errors.Refusal as why:
            form.add_error("source", str(why))
        else:
            messages.success(
                request, _("The source's statements are checked from the next run on.")
            )
            return redirect("console-profile-report", made.pk)
    context = {
        "row": row,
        "form": form,
        "templates": document.read(row.document).templates,
        "contracts": row.contracts.select_related("source").order_by("-since"),
    }
    status = 422 if form.is_bound else 200
    return render(request, "console/relay/profile.html", context, status=status)


@access.page(rights.RECORDS_OPERATE)
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """How well a source keeps to a profile, template by template."""
    row = get_object_or_404(ProfileContract.objects.select_related("source", "profile"), pk=pk)
    context = {"row": row, "report": contracts.report(contract=row)}
    return render(request, "console/relay/profile_report.html", context)


@require_POST
@access.page(rights.RECORDS_OPERATE)
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Check no more; the report stays."""
    row = get_object_or_404(ProfileContract, pk=pk)
    contracts.end(contract=row, at=clock.now())
    messages.success(request, _("It is checked no more; the report stays."))
    return redirect("console-profile-report", pk)


urlpatterns = [
    path("console/records/profiles/", listing, name="console-profiles"),
    path("console/records/profiles/<int:pk>/", profile, name="console-profile"),
    path("console/records/profile-reports/<int:pk>/", report, name="console-profile-report"),
    path("console/records/profile-reports/<int:pk>/end/", end, name="console-profile-end"),
]
