"""Console: the catalogue of the lake's tables, and the page of one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from xueqiao.governance import catalogue, classification, custody, deciding
from xueqiao.governance.models import Classification
from xueqiao.governance.workbench import sampling
from xueqiao.kernel import clock, errors
from xueqiao.lake import facts
from xueqiao.lake.levels import Level
from xueqiao.lake.recipes import recipes
from xueqiao.people import rights
from xueqiao.web import access, lists, refused, sheets
from xueqiao.web.console import lake_forms, lake_names, lake_state
from xueqiao.web.console import lake_tables as shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

TABLES = lists.Listing(
    code="lake-tables",
    columns=(
        lists.Column(
            _("Data table"),
            lambda row: row.entry.described.text,
            head=True,
            link=lambda row: reverse("console-lake-table", args=[row.pk]),
        ),
        lists.Column(_("Name in SQL"), lambda row: row.pk, sort="name"),
        lists.Column(_("Layer"), lambda row: lake_names.short_floor(row.floor), sort="layer"),
        lists.Column(_("Category of data"), lambda row: row.entry.category.label),
        lists.Column(
            _("Level"),
            lambda row: row.entry.level.title,
            state=lambda row: shown.level_word(row.level),
            sort="level",
        ),
        lists.Column(_("Data steward"), lambda row: row.steward or "–"),
        lists.Column(_("Rows"), lambda row: row.rows, numeric=True, sort="rows"),
        lists.Column(_("Size"), lambda row: shown.size(row.size), numeric=True, sort="size"),
        lists.Column(_("Last changed"), lambda row: row.changed_at, sort="changed"),
    ),
    sorts={
        "layer": ("order", "pk"),
        "name": ("pk",),
        "level": ("-level", "pk"),
        "rows": ("-rows", "pk"),
        "size": ("-size", "pk"),
        "changed": ("-changed_at", "pk"),
    },
    filters=(
        sheets.of_attribute("layer", _("Layer"), lake_names.layers, "floor"),
        lists.Filter(
            "level",
            _("Level"),
            lambda: [(str(each.value), each.title) for each in Level],
            lambda rows, wanted: [row for row in rows if str(row.level) == wanted],  # type: ignore[arg-type,return-value]
        ),
    ),
    search=lambda rows, text: [row for row in rows if text.lower() in row.words],  # type: ignore[arg-type,return-value]
    search_hint=_("name or meaning"),
)


@access.page(rights.LAKE_SEE)
def tables(request: HttpRequest) -> HttpResponse:
    """Every table of the lake with its guard, its steward and how it stands."""
    return sheets.answer(request, TABLES, shown.rows(), "console/lake/tables.html")


@access.page(rights.LAKE_SEE)
def table(request: HttpRequest, name: str) -> HttpResponse:
    """One table: columns, meaning, guard, facts, lineage, runs."""
    return _answer(request, name)


@require_POST
@access.page(rights.LAKE_STEWARD)
def assign(request: HttpRequest, name: str) -> HttpResponse:
    """Lay down who owns a table and who looks after it."""
    form = lake_forms.CustodyForm(request.POST)
    if form.is_valid():
        try:
            who = access.signed_in(request)
            custody.assign(table=name, by=who, at=clock.now(), **form.cleaned_data)
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            return redirect("console-lake-table", name)
    return _answer(request, name, custody_form=form)


@require_POST
@access.page(rights.LAKE_STEWARD)
def classify(request: HttpRequest, name: str) -> HttpResponse:
    """Give a column another class or level."""
    form = lake_forms.ClassForm(_entry(name), request.POST)
    if form.is_valid():
        try:
            who = access.signed_in(request)
            classification.ask(table=name, by=who, at=clock.now(), **form.cleaned_data)
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            return redirect("console-lake-table", name)
    return _answer(request, name, class_form=form)


@require_POST
@access.page(rights.LAKE_STEWARD)
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a column be guarded less, as somebody else asked."""
    return _decide(request, pk, deciding.approve)


@require_POST
@access.page(rights.LAKE_STEWARD)
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep a column guarded as it is."""
    return _decide(request, pk, deciding.reject)


@require_POST
@access.page(rights.LAKE_ANALYSE)
def sample(request: HttpRequest, name: str) -> HttpResponse:
    """A few rows, for who holds a grant; that they were read is written down before."""
    entry = _entry(name)
    try:
        found = sampling.take(
            by=access.signed_in(request), table=entry.name, at=clock.now(),
            purpose=request.POST.get("purpose", ""),
        )  # fmt: skip
    except errors.Refusal as why:
        return _answer(request, name, sample_refusal=why)
    return _answer(request, name, rows=found)


def _decide(request: HttpRequest, pk: int, verb: Callable[..., Classification]) -> HttpResponse:
    found = get_object_or_404(Classification, pk=pk)
    try:
        verb(asked=found, by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        return _answer(request, found.table, refusal=why)
    return redirect("console-lake-table", found.table)


def _entry(name: str) -> catalogue.Entry:
    try:
        return catalogue.entry(name)
    except catalogue.UnknownTable as why:
        raise Http404(str(why)) from why


def _answer(
    request: HttpRequest,
    name: str,
    *,
    custody_form: lake_forms.CustodyForm | None = None,
    class_form: lake_forms.ClassForm | None = None,
    refusal: errors.Refusal | None = None,
    sample_refusal: errors.Refusal | None = None,
    rows: sampling.Sample | None = None,
) -> HttpResponse:
    entry = _entry(name)
    day = clock.today()
    me = access.signed_in(request)
    context: dict[str, Any] = {
        **_stands(name),
        "entry": entry,
        "level": shown.level_word(entry.level),
        "columns": shown.columns(entry),
        "contract": lake_state.contract(name),
        "quality": lake_state.quality(name, day),
        "sample": lake_state.sample(
            entry, me, day, may_analyse=rights.allows(me, rights.LAKE_ANALYSE, day)
        ),
        "rows": rows,
        "me": me,
        "may_decide": rights.allows(access.person(request), rights.LAKE_STEWARD, day),
        "may_retain": rights.allows(access.person(request), rights.LAKE_RETAIN, day),
        "custody_form": custody_form or lake_forms.CustodyForm(),
        "class_form": class_form or lake_forms.ClassForm(entry),
        "refusal": refusal,
        "sample_refusal": sample_refusal,
    }
    wrong, why = custody_form or class_form, refusal or sample_refusal
    status = why.status if why else 422 if wrong else 200
    return render(request, "console/lake/table.html", context, status=status)


def _stands(name: str) -> dict[str, Any]:
    """What the lake itself says of a table."""
    stands = facts.of(settings.LAKE, [name]).get(name)
    above, below = shown.neighbours(name)
    recipe = recipes().get(name)
    return {
        "floor": lake_names.FLOORS[facts.floor(name)],
        "facts": stands,
        "size": shown.size(stands.size if stands else None),
        "fresh": shown.freshness(stands.changed_at if stands else None),
        "above": above,
        "below": below,
        "runs": shown.runs(name),
        "recipe": recipe,
        "grain": shown.grain(name, recipe) if recipe else "",
        "units": shown.units(recipe) if recipe else "",
    }


urlpatterns = [
    path("console/lake/tables/", tables, name="console-lake-tables"),
    path("console/lake/tables/<str:name>/", table, name="console-lake-table"),
    path("console/lake/tables/<str:name>/custody/", assign, name="console-lake-custody"),
    path("console/lake/tables/<str:name>/class/", classify, name="console-lake-class"),
    path("console/lake/tables/<str:name>/sample/", sample, name="console-lake-sample"),
    path("console/lake/classes/<int:pk>/approve/", approve, name="console-lake-class-approve"),
    path("console/lake/classes/<int:pk>/reject/", reject, name="console-lake-class-reject"),
]
