"""Console: pathways, drafted from rules and published by a second person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from xueqiao.creditbank.models import ConversionRule, Pathway
from xueqiao.creditbank.rulebook import pathways
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access, lists, refused
from xueqiao.web.templatetags.ui import titled

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

LEGS = 6


def standing(row: Pathway) -> str:
    if row.published_at is None:
        return _("Draft")
    return _("Closed") if row.closed_on else _("Published")


LISTING = lists.Listing(
    code="pathways",
    columns=(
        lists.Column(
            gettext_lazy("Pathway"),
            titled,
            head=True,
            link=lambda row: reverse("console-pathway", args=[row.pk]),
        ),
        lists.Column(gettext_lazy("Code"), lambda row: row.code, sort="code"),
        lists.Column(gettext_lazy("Kind"), lambda row: row.get_kind_display(), sort="kind"),
        lists.Column(gettext_lazy("State"), standing),
    ),
    sorts={"code": ("code",), "kind": ("kind", "code")},
    search=lambda rows, text: rows.filter(title_zh__icontains=text) | rows.filter(
        title_en__icontains=text
    ) | rows.filter(code__icontains=text),
    search_hint=gettext_lazy("title or code"),
)  # fmt: skip


class PathwayForm(forms.Form):
    """What a pathway tells a learner, and its rules in their order."""

    code = forms.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9.-]{1,58}[A-Za-z0-9]$", label=gettext_lazy("Code"), max_length=60,
        help_text=gettext_lazy("Letters, digits, points and hyphens, such as P-2026-012"),
    )  # fmt: skip
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Pathway.Kind)
    title_zh = forms.CharField(label=gettext_lazy("Title in Chinese"), max_length=160)
    title_en = forms.CharField(label=gettext_lazy("Title in English"), max_length=200)
    about_zh = forms.CharField(
        label=gettext_lazy("For whom it is, in Chinese"), widget=forms.Textarea({"rows": 3})
    )
    about_en = forms.CharField(
        label=gettext_lazy("For whom it is, in English"), widget=forms.Textarea({"rows": 3})
    )
    source = forms.CharField(label=gettext_lazy("On what it rests"), max_length=1000)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        rows = ConversionRule.objects.order_by("code")
        for number in range(1, LEGS + 1):
            field = forms.ModelChoiceField(
                queryset=rows, required=number == 1, empty_label="–",
                label=_("Rule {n}").format(n=number),
            )  # fmt: skip
            field.label_from_instance = lambda row: f"{row.code} · {titled(row)}"  # type: ignore[method-assign, assignment]
            self.fields[f"rule_{number}"] = field

    def rules(self) -> list[ConversionRule]:
        """The rules that are chosen, each once, in their order."""
        chosen = [self.cleaned_data[f"rule_{number}"] for number in range(1, LEGS + 1)]
        return list({rule.pk: rule for rule in chosen if rule is not None}.values())

    def says(self) -> pathways.Says:
        names = pathways.Says.__dataclass_fields__
        return pathways.Says(**{name: self.cleaned_data[name] for name in names})


@access.page(rights.RULES_PUBLISH)
def index(request: HttpRequest) -> HttpResponse:
    """Every pathway."""
    return lists.answer(request, LISTING, Pathway.objects.all(), "console/pathways.html")


@access.page(rights.RULES_PUBLISH)
def new(request: HttpRequest) -> HttpResponse:
    """Draft a pathway."""
    return _form(request, PathwayForm(request.POST or None), None)


@access.page(rights.RULES_PUBLISH)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a draft."""
    row = get_object_or_404(Pathway, pk=pk, published_at=None)
    names = ("code", *pathways.Says.__dataclass_fields__)
    initial = {name: getattr(row, name) for name in names}
    initial |= {f"rule_{each.number}": each.rule_id for each in row.steps.all()}
    return _form(request, PathwayForm(request.POST or None, initial=initial), row)


def _form(request: HttpRequest, form: PathwayForm, row: Pathway | None) -> HttpResponse:
    if form.is_bound and form.is_valid():
        code = row.code if row else form.cleaned_data["code"]
        me = access.signed_in(request)
        try:
            made = pathways.draft(
                code=code, says=form.says(), rules=form.rules(), by=me, at=clock.now()
            )
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            return redirect("console-pathway", made.pk)
    status = 422 if form.errors else 200
    context = {"form": form, "pathway": row}
    return render(request, "console/pathway_form.html", context, status=status)


@access.page(rights.RULES_PUBLISH)
def pathway(request: HttpRequest, pk: int) -> HttpResponse:
    """One pathway: what it tells, its rules today, and who drafted and published it."""
    return _page(request, pk)


def _page(request: HttpRequest, pk: int, why: errors.Refusal | None = None) -> HttpResponse:
    rows = Pathway.objects.select_related("drafted_by", "published_by")
    row = get_object_or_404(rows, pk=pk)
    context = {
        "pathway": row,
        "standing": standing(row),
        "legs": pathways.legs(row, clock.today()),
        "is_own": row.drafted_by == access.signed_in(request),
        "refusal": why,
    }
    return render(request, "console/pathway.html", context, status=why.status if why else 200)


def _do(request: HttpRequest, pk: int, verb: Callable[..., Any]) -> HttpResponse:
    row = get_object_or_404(Pathway, pk=pk)
    try:
        verb(pathway=row, by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        return _page(request, pk, why)
    return redirect("console-pathway", pk)


@require_POST
@access.page(rights.RULES_PUBLISH)
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Publish a pathway that somebody else drafted."""
    return _do(request, pk, pathways.publish)


@require_POST
@access.page(rights.RULES_PUBLISH)
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Offer it no longer."""
    return _do(request, pk, pathways.close)


urlpatterns = [
    path("console/pathways/", index, name="console-pathways"),
    path("console/pathways/new/", new, name="console-pathway-new"),
    path("console/pathways/<int:pk>/", pathway, name="console-pathway"),
    path("console/pathways/<int:pk>/edit/", edit, name="console-pathway-edit"),
    path("console/pathways/<int:pk>/publish/", publish, name="console-pathway-publish"),
    path("console/pathways/<int:pk>/close/", close, name="console-pathway-close"),
]
