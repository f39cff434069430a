"""Console: standards are drafted, published by somebody else, replaced and retired."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.creditbank.models import Standard, StandardChange
from xueqiao.creditbank.standards import comparing, drafting, publishing
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access, lists, refused
from xueqiao.web.console import standards as forms
from xueqiao.web.pages import standards as public

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

LISTING = lists.Listing(
    code="console-standards",
    columns=(
        lists.Column(
            gettext_lazy("Standard"),
            public.title,
            head=True,
            link=lambda row: reverse("console-standard", args=[row.pk]),
        ),
        *public.COLUMNS,
    ),
    sorts={"from": public.SORTS["from"], **public.SORTS},
    filters=(
        lists.Filter(
            "drafts",
            gettext_lazy("State"),
            lambda: [("1", _("Drafts only")), ("0", _("Published only"))],
            lambda rows, value: rows.filter(is_draft=value == "1"),
        ),
        *public.FILTERS,
    ),
    search=public.searched,
    search_hint=gettext_lazy("title, code, body, unit"),
)


@access.page(rights.STANDARDS_DRAFT)
def listing(request: HttpRequest) -> HttpResponse:
    """Every version, drafts too."""
    rows = Standard.objects.select_related("level")
    return lists.answer(request, LISTING, rows, "console/standards/list.html")


@access.page(rights.STANDARDS_DRAFT)
def new(request: HttpRequest) -> HttpResponse:
    """Begin a standard."""
    version, form = (
        forms.VersionForm(request.POST or None),
        forms.StandardForm(request.POST or None),
    )
    if request.method == "POST" and version.is_valid() and form.is_valid():
        try:
            made = drafting.draft_standard(
                **version.cleaned_data, facts=form.facts(), by=access.signed_in(request),
                at=clock.now(),
            )  # fmt: skip
        except errors.Refusal as why:
            refused.into(version, why)
        else:
            return redirect("console-standard", made.pk)
    context = {"version": version, "form": form}
    return render(request, "console/standards/new.html", context, status=_status(form))


@access.page(rights.STANDARDS_DRAFT)
def standard(request: HttpRequest, pk: int) -> HttpResponse:
    """One version: its head, its units, and what can be done with it."""
    row = get_object_or_404(Standard.objects.select_related("level", "drafted_by"), pk=pk)
    form = forms.StandardForm(request.POST or None, initial=forms.StandardForm.of(row))
    if request.method == "POST" and form.is_valid():
        try:
            drafting.change(
                draft=row, facts=form.facts(), by=access.signed_in(request), at=clock.now()
            )
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            messages.success(request, _("Saved."))
            return redirect("console-standard", pk)
    return render(
        request, "console/standards/standard.html", shown(row, form), status=_status(form)
    )


def shown(row: Standard, form: Any) -> dict[str, Any]:
    """What the page of a version shows."""
    before = Standard.objects.filter(code=row.code, is_draft=False, valid_from__lt=row.valid_from)
    changes = StandardChange.objects.filter(kind="standard", code=row.code, version=row.version)
    return {
        "row": row,
        "form": form,
        "units": row.units.select_related("level").order_by("code"),
        "gaps": publishing.gaps(row) if row.is_draft else [],
        "before": before.order_by("valid_from").last(),
        "changes": changes.select_related("actor").order_by("-at", "-pk")[:20],
        "state": public.state(row),
        "state_words": public.state_words(row),
        "next": forms.NextForm(),
        "retire": forms.RetireForm(),
    }


@access.page(rights.STANDARDS_DRAFT)
def unit(request: HttpRequest, pk: int, unit_id: int = 0) -> HttpResponse:
    """A unit of a draft: add it, change it."""
    row = get_object_or_404(Standard.objects.filter(is_draft=True), pk=pk)
    found = row.units.filter(pk=unit_id).first()
    names = forms.UnitForm.base_fields
    source: Any = found or row
    initial = {name: getattr(source, name, None) for name in names}
    if found is None:
        initial |= {"code": "", "title_zh": "", "title_en": "", "valid_from": None}
    form = forms.UnitForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            drafting.save_unit(
                draft=row, facts=form.facts(), by=access.signed_in(request), at=clock.now(),
                unit_id=unit_id or None,
            )  # fmt: skip
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            messages.success(request, _("Saved."))
            return redirect("console-standard", pk)
    context = {"row": row, "unit": found, "form": form}
    return render(request, "console/standards/unit.html", context, status=_status(form))


@access.page(rights.STANDARDS_DRAFT)
def compare(request: HttpRequest, pk: int) -> HttpResponse:
    """A version beside the published one before it."""
    row = get_object_or_404(Standard.objects.select_related("level"), pk=pk)
    older = Standard.objects.filter(code=row.code, is_draft=False, valid_from__lt=row.valid_from)
    old = get_object_or_404(older.select_related("level").order_by("-valid_from")[:1])
    context = {"row": row, "old": old, "new": row, "parts": comparing.compare(old, row)}
    return render(request, "console/standards/compare.html", context)


@require_POST
@access.page(rights.STANDARDS_DRAFT)
def remove_unit(request: HttpRequest, pk: int, unit_id: int) -> HttpResponse:
    """Take a unit out of a draft."""
    row = get_object_or_404(Standard, pk=pk)
    verb = partial(drafting.remove_unit, draft=row, unit_id=unit_id)
    return _act(request, row, verb, _("The unit is removed."))


@require_POST
@access.page(rights.STANDARDS_PUBLISH)
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Publish a draft that somebody else wrote."""
    row = get_object_or_404(Standard, pk=pk)
    verb = partial(publishing.publish, draft=row)
    return _act(request, row, verb, _("Published."))


@require_POST
@access.page(rights.STANDARDS_PUBLISH)
def retire(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a published version end."""
    form = forms.RetireForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Give a day and a reason."))
        return redirect("console-standard", pk)
    row = get_object_or_404(Standard, pk=pk)
    verb = partial(publishing.retire, row=row, **form.cleaned_data)
    return _act(request, row, verb, _("Its end is set."))


@require_POST
@access.page(rights.STANDARDS_DRAFT)
def following(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin the next version with everything this one has."""
    form = forms.NextForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Give the version and the day from which it is in force."))
        return redirect("console-standard", pk)
    row = get_object_or_404(Standard, pk=pk)
    verb = partial(drafting.next_standard, standard=row, **form.cleaned_data)
    return _act(request, row, verb, _("A draft is begun."))


@require_POST
@access.page(rights.STANDARDS_DRAFT)
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw a draft away."""
    row = get_object_or_404(Standard, pk=pk)
    verb = partial(drafting.discard, draft=row)
    return _act(request, row, verb, _("The draft is discarded."))


def _act(request: HttpRequest, row: Standard, verb: Callable[..., Any], done: str) -> HttpResponse:
    try:
        made = verb(by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        messages.error(request, str(why))
    else:
        messages.success(request, done)
        row = made if isinstance(made, Standard) else row
    if not Standard.objects.filter(pk=row.pk).exists():
        return redirect("console-standards")
    return redirect("console-standard", row.pk)


def _status(form: Any) -> int:
    return 422 if form.is_bound else 200


HERE = "console/standards/"
urlpatterns = [
    path(HERE, listing, name="console-standards"),
    path(f"{HERE}new/", new, name="console-standard-new"),
    path(f"{HERE}<int:pk>/", standard, name="console-standard"),
    path(f"{HERE}<int:pk>/compare/", compare, name="console-standard-compare"),
    path(f"{HERE}<int:pk>/units/new/", unit, name="console-unit-new"),
    path(f"{HERE}<int:pk>/units/<int:unit_id>/", unit, name="console-unit"),
    path(f"{HERE}<int:pk>/units/<int:unit_id>/remove/", remove_unit, name="console-unit-remove"),
    path(f"{HERE}<int:pk>/publish/", publish, name="console-standard-publish"),
    path(f"{HERE}<int:pk>/retire/", retire, name="console-standard-retire"),
    path(f"{HERE}<int:pk>/next/", following, name="console-standard-next"),
    path(f"{HERE}<int:pk>/discard/", discard, name="console-standard-discard"),
]
