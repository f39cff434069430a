"""Console: frameworks of levels, and CASE packages of other bodies."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.creditbank.models import QualificationFramework, ReceivedPackage
from xueqiao.creditbank.standards import drafting, publishing
from xueqiao.creditbank.standards.case import importing, reading
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access, lists, refused
from xueqiao.web.console import standards as forms
from xueqiao.web.pages import standards as public

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

PACKAGES = lists.Listing(
    code="case-packages",
    columns=(
        lists.Column(
            gettext_lazy("File"),
            lambda row: row.name,
            head=True,
            link=lambda row: reverse("console-package", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("Received"), lambda row: row.received_at, sort="at"),
        lists.Column(gettext_lazy("By"), lambda row: row.received_by.name),
        lists.Column(
            gettext_lazy("State"),
            lambda row: row.refusal or _("Readable"),
            state=lambda row: "bad" if row.refusal else "ok",
        ),
    ),
    sorts={"at": ("-received_at", "-id")},
    search=lambda rows, text: rows.filter(name__icontains=text),
    search_hint=gettext_lazy("file"),
)


@access.page(rights.STANDARDS_DRAFT)
def frameworks(request: HttpRequest) -> HttpResponse:
    """Every framework, drafts too; a form to begin one."""
    version = forms.VersionForm(request.POST or None)
    form = forms.FrameworkForm(request.POST or None)
    if request.method == "POST" and version.is_valid() and form.is_valid():
        try:
            made = drafting.draft_framework(
                **version.cleaned_data, facts=form.facts(), by=access.signed_in(request),
                at=clock.now(),
            )  # fmt: skip
        except errors.Refusal as why:
            refused.into(version, why)
        else:
            return redirect("console-framework", made.pk)
    rows = QualificationFramework.objects.order_by("code", "-valid_from")
    listed = [(row, public.state(row), public.state_words(row)) for row in rows]
    context = {"rows": listed, "version": version, "form": form}
    status = 422 if form.is_bound else 200
    return render(request, "console/standards/frameworks.html", context, status=status)


@access.page(rights.STANDARDS_DRAFT)
def framework(request: HttpRequest, pk: int) -> HttpResponse:
    """A framework and its levels; a draft is edited here."""
    row = get_object_or_404(QualificationFramework, pk=pk)
    initial = {name: getattr(row, name) for name in forms.FrameworkForm.base_fields}
    names = forms.LevelForm.base_fields
    held = row.levels.order_by("number")
    form = forms.FrameworkForm(request.POST or None, initial=initial)
    levels = forms.LevelForms(
        request.POST or None,
        initial=[{name: getattr(level, name) for name in names} for level in held],
        prefix="levels",
    )
    if request.method == "POST" and form.is_valid() and levels.is_valid():
        try:
            _save(row, form, levels, access.signed_in(request))
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            messages.success(request, _("Saved."))
            return redirect("console-framework", pk)
    context = {
        "row": row, "form": form, "levels": levels, "held": held, "state": public.state(row),
        "state_words": public.state_words(row), "next": forms.NextForm(),
        "retire": forms.RetireForm(),
    }  # fmt: skip
    status = 422 if form.is_bound else 200
    return render(request, "console/standards/framework.html", context, status=status)


def _save(row: QualificationFramework, form: Any, levels: Any, by: Any) -> None:
    drafting.change(draft=row, facts=form.facts(), by=by, at=clock.now())
    kept = [each.cleaned_data for each in levels if each.cleaned_data]
    kept = [{**said} for said in kept if not said.pop("DELETE", False)]
    facts = [drafting.LevelFacts(number=n, **said) for n, said in enumerate(kept, start=1)]
    drafting.set_levels(draft=row, levels=facts, by=by, at=clock.now())


@require_POST
@access.page(rights.STANDARDS_PUBLISH)
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Publish a framework that somebody else drafted."""
    row = get_object_or_404(QualificationFramework, pk=pk)
    verb = partial(publishing.publish, draft=row)
    return _act(request, row, verb, _("Published."))


@require_POST
@access.page(rights.STANDARDS_PUBLISH)
def retire(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a published framework end."""
    form = forms.RetireForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Give a day and a reason."))
        return redirect("console-framework", pk)
    row = get_object_or_404(QualificationFramework, pk=pk)
    verb = partial(publishing.retire, row=row, **form.cleaned_data)
    return _act(request, row, verb, _("Its end is set."))


@require_POST
@access.page(rights.STANDARDS_DRAFT)
def following(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin the next version with the same levels."""
    form = forms.NextForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Give the version and the day from which it is in force."))
        return redirect("console-framework", pk)
    row = get_object_or_404(QualificationFramework, pk=pk)
    verb = partial(drafting.next_framework, framework=row, **form.cleaned_data)
    return _act(request, row, verb, _("A draft is begun."))


@require_POST
@access.page(rights.STANDARDS_DRAFT)
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw a draft away."""
    row = get_object_or_404(QualificationFramework, pk=pk)
    verb = partial(drafting.discard, draft=row)
    return _act(request, row, verb, _("The draft is discarded."))


def _act(
    request: HttpRequest, row: QualificationFramework, verb: Callable[..., Any], done: str
) -> HttpResponse:
    try:
        made = verb(by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        messages.error(request, str(why))
    else:
        messages.success(request, done)
        row = made if isinstance(made, QualificationFramework) else row
    if not QualificationFramework.objects.filter(pk=row.pk).exists():
        return redirect("console-frameworks")
    return redirect("console-framework", row.pk)


@access.page(rights.STANDARDS_DRAFT)
def packages(request: HttpRequest) -> HttpResponse:
    """CASE packages that were handed in, and a form to hand one in."""
    form = forms.PackageForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            kept = importing.receive(
                name=file.name, data=file.read(), by=access.signed_in(request), at=clock.now()
            )
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            return redirect("console-package", kept.pk)
    rows = ReceivedPackage.objects.select_related("received_by").defer("content")
    context: dict[str, Any] = {"form": form}
    if form.is_bound:
        context["list"] = lists.read(request, PACKAGES, rows)
        return render(request, "console/standards/packages.html", context, status=422)
    return lists.answer(request, PACKAGES, rows, "console/standards/packages.html", context)


@access.page(rights.STANDARDS_DRAFT)
def package(request: HttpRequest, pk: int) -> HttpResponse:
    """What is in a package, and what is to become of it."""
    kept = get_object_or_404(ReceivedPackage.objects.select_related("received_by"), pk=pk)
    try:
        found = reading.read(kept.content)
    except errors.Refusal as why:
        context: dict[str, Any] = {"kept": kept, "refusal": why}
        return render(request, "console/standards/package.html", context)
    known = [name for name in ("Unit", "Level") if name in found.types]
    initial = {"kind": found.kind, "unit_types": known, "field": _field(found)}
    form = forms.AnswersForm(found.types, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            made = _imported(found, form, access.signed_in(request))
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            messages.success(request, _told(made))
            return redirect(f"console-{form.cleaned_data['kind']}", made.row.pk)
    context = {"kept": kept, "found": found, "form": form, "first": list(found.items.values())[:20]}
    status = 422 if form.is_bound else 200
    return render(request, "console/standards/package.html", context, status=status)


def _imported(found: reading.Package, form: forms.AnswersForm, by: Any) -> importing.Imported:
    if form.cleaned_data["kind"] == "framework":
        types = form.answers().unit_types
        return importing.as_framework(package=found, level_types=types, by=by, at=clock.now())
    return importing.as_standard(package=found, answers=form.answers(), by=by, at=clock.now())


def _told(made: importing.Imported) -> str:
    if not made.is_new:
        return _("This package was taken in before; here is what it became.")
    if not made.left_out:
        return _("The draft is made.")
    text = _("The draft is made; {n} items above or beside it were left out.")
    return text.format(n=made.left_out)


def _field(found: reading.Package) -> str:
    return str(next(iter(found.document.get("subject", [])), ""))


HERE, THERE = "console/frameworks/", "console/packages/"
urlpatterns = [
    path(HERE, frameworks, name="console-frameworks"),
    path(f"{HERE}<int:pk>/", framework, name="console-framework"),
    path(f"{HERE}<int:pk>/publish/", publish, name="console-framework-publish"),
    path(f"{HERE}<int:pk>/retire/", retire, name="console-framework-retire"),
    path(f"{HERE}<int:pk>/next/", following, name="console-framework-next"),
    path(f"{HERE}<int:pk>/discard/", discard, name="console-framework-discard"),
    path(THERE, packages, name="console-packages"),
    path(f"{THERE}<int:pk>/", package, name="console-package"),
]
