"""Console: somebody moved, or what is known of somebody was wrong all along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db.models import BigIntegerField, Case, OuterRef, Subquery, Value, When
from django.db.models.functions import Cast, NullIf
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from xueqiao.kernel import clock, errors
from xueqiao.network import tree
from xueqiao.network.models import Place
from xueqiao.people import particulars, rights
from xueqiao.people.models import ChangeKind, Particular, PersonChange, Sex
from xueqiao.service import merges
from xueqiao.web import access, lists, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse


def _shown(row: PersonChange, value: str) -> str:
    """A value as a reader knows it; ``_rows`` has looked up the names of places."""
    if not value:
        return gettext("Not known")
    if row.particular == Particular.SEX:
        return str(Sex(value).label)
    return value


CHANGES = lists.Listing(
    code="particulars",
    columns=(
        lists.Column(_("Name"), lambda row: row.person.name, head=True),
        lists.Column(
            _("Kind"),
            lambda row: row.get_kind_display(),
            state=lambda row: "ok" if row.kind == ChangeKind.MOVED else "warn",
        ),
        lists.Column(_("What"), lambda row: row.get_particular_display()),
        lists.Column(_("Before"), lambda row: _shown(row, row.before_name or row.before)),
        lists.Column(_("After"), lambda row: _shown(row, row.after_name or row.after)),
        lists.Column(_("From day"), lambda row: row.since),
        lists.Column(_("Evidence"), lambda row: row.why),
        lists.Column(_("Entered by"), lambda row: row.by.name if row.by else "–"),
        lists.Column(_("Entered on"), lambda row: clock.local_date(row.at), sort="day"),
    ),
    sorts={"day": ("-at", "-id")},
    filters=(
        lists.Filter(
            "kind", _("Kind"), lambda: ChangeKind.choices, lambda rows, v: rows.filter(kind=v)
        ),
    ),
    search=lambda rows, text: rows.filter(person__name__icontains=text),
    search_hint=_("name of the person"),
)


def _rows(request: HttpRequest) -> Any:
    day = clock.today()
    rows = PersonChange.objects.reachable_by(access.person(request), day)
    return rows.select_related("person", "by").annotate(
        before_name=_place_name("before"), after_name=_place_name("after")
    )


def _place_name(column: str) -> Case:
    number = Cast(NullIf(OuterRef(column), Value("")), BigIntegerField())
    name = Subquery(Place.objects.filter(pk=number).values("name"))
    return Case(When(particular=Particular.HOME, then=name), default=None)


@access.page(rights.PARTICULARS)
def listing(request: HttpRequest) -> HttpResponse:
    """Moves and corrections of the persons of the own places, newest first."""
    return lists.answer(request, CHANGES, _rows(request), "console/particulars.html")


class ChangeForm(forms.Form):
    """Of whom, and what it rests on."""

    number = forms.CharField(label=_("Number of the learning account"), max_length=20)
    why = forms.CharField(
        label=_("Evidence"),
        max_length=200,
        help_text=_("The document you saw, such as the residence booklet and its date"),
    )


class MoveForm(ChangeForm):
    """Where somebody lives now, and since when."""

    home = forms.CharField(
        label=_("Code of the new place of residence"), max_length=12, help_text=_("2–12 digits")
    )
    since = forms.DateField(
        label=_("First day there"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    field_order = ("number", "home", "since", "why")


class CorrectionForm(ChangeForm):
    """What was wrong; what stays empty stays as it is."""

    birth_year = forms.IntegerField(label=_("Year of birth"), required=False)
    sex = forms.ChoiceField(
        label=_("Sex"), choices=[("", _("as it is")), *Sex.choices], required=False
    )
    home = forms.CharField(
        label=_("Code of the place of residence"),
        max_length=12,
        required=False,
        help_text=_("Only where the person never lived in the place that is known"),
    )
    field_order = ("number", "birth_year", "sex", "home", "why")


@access.page(rights.PARTICULARS)
def move(request: HttpRequest) -> HttpResponse:
    """Enter a move; the days before it stay where they were."""

    def moved(person_id: int, given: dict[str, Any]) -> int:
        particulars.move(
            person_id=person_id, home_id=_home(given["home"]), since=given["since"],
            at=clock.now(), why=given["why"], by=access.signed_in(request),
        )  # fmt: skip
        return 1

    return _entered(request, MoveForm(request.POST or None), moved, "console/move.html")


@access.page(rights.PARTICULARS)
def correct(request: HttpRequest) -> HttpResponse:
    """Enter what was wrong; statistics of all days follow it."""

    def corrected(person_id: int, given: dict[str, Any]) -> int:
        changes = particulars.correct(
            person_id=person_id, home_id=_home(given["home"]) if given["home"] else None,
            birth_year=given["birth_year"], sex=given["sex"] or None,
            at=clock.now(), why=given["why"], by=access.signed_in(request),
        )  # fmt: skip
        return len(changes)

    form = CorrectionForm(request.POST or None)
    return _entered(request, form, corrected, "console/correct.html")


def _home(code: str) -> int:
    try:
        return tree.by_code(code).pk
    except tree.PlaceUnknown as why:
        raise tree.PlaceUnknown(str(why), pointer="home") from why


def _entered(
    request: HttpRequest,
    form: forms.Form,
    enter: Callable[[int, dict[str, Any]], int],
    template: str,
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            who = merges.by_account_number(form.cleaned_data["number"], pointer="number")
            changed = enter(who.pk, form.cleaned_data)
        except errors.Refusal as why:
            refused.into(form, why)
        else:
            said = gettext("Entered.") if changed else gettext("Nothing was different.")
            messages.success(request, said)
            return redirect("console-particulars")
    return render(request, template, {"form": form}, status=422 if form.errors else 200)


urlpatterns = [
    path("console/particulars/", listing, name="console-particulars"),
    path("console/particulars/move/", move, name="console-particulars-move"),
    path("console/particulars/correct/", correct, name="console-particulars-correct"),
]
