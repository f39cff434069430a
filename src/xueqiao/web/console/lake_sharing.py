"""Forms and words of the pages of sharing agreements."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from xueqiao.governance.models import (
    Leaving,
    OpenDataset,
    Purpose,
    Shape,
    SharedDataset,
    SharingAgreement,
)
from xueqiao.governance.sharing import agreements
from xueqiao.kernel import clock
from xueqiao.people import bothsides, rights
from xueqiao.web import access
from xueqiao.web.console.agreements import BodyField, SignForm
from xueqiao.web.console.lake_forms import PlaceChoice

if TYPE_CHECKING:
    from datetime import date

    from django.http import HttpRequest

    from xueqiao.people.models import Person

SPARE = 3
"""How many more data sets a form offers room for."""
STANDINGS = {
    "draft": (_("Draft"), ""),
    "offered": (_("Waiting for signatures"), "now"),
    "signed": (_("Signed, not begun"), "ok"),
    "in_force": (_("In force"), "ok"),
    "ended": (_("Ended"), ""),
}
SHOW = [
    ("draft", _("Drafts")),
    ("offered", _("Put forward for signature")),
    ("in_force", _("In force")),
    ("past", _("Ended")),
]


def standing_code(row: SharingAgreement) -> str:
    """How an agreement stands today: a key of ``STANDINGS``."""
    day = clock.today()
    if row.ended_at is not None or row.valid_to <= day:
        return "ended"
    if row.offered_at is None:
        return "draft"
    if not bothsides.is_signed(row):
        return "offered"
    return "in_force" if row.valid_from <= day else "signed"


def standing(row: SharingAgreement) -> str:
    return str(STANDINGS[standing_code(row)][0])


def level(row: SharingAgreement) -> str:
    return STANDINGS[standing_code(row)][1]


def narrowed(rows: Any, value: str) -> Any:
    """Agreements as the filter names them."""
    day = clock.today()
    return {
        "draft": lambda: rows.filter(offered_at=None),
        "offered": rows.awaiting,
        "in_force": lambda: rows.in_force(day),
        "past": lambda: rows.filter(valid_to__lte=day),
    }[value]()


class TextForm(forms.Form):
    """What the two sides agree on."""

    title_zh = forms.CharField(label=_("Title in Chinese"), max_length=160)
    title_en = forms.CharField(label=_("Title in English"), max_length=200)
    purpose = forms.ChoiceField(label=_("Purpose"), choices=Purpose.choices)
    purpose_text = forms.CharField(
        label=_("What the data are used for"),
        max_length=2000,
        widget=forms.Textarea({"rows": 3}),
    )
    legal_basis = forms.CharField(
        label=_("Legal basis"),
        max_length=600,
        help_text=_("Law, measure or decision, with number and date"),
    )
    place = PlaceChoice(
        label=_("Place"), help_text=_("Rows of persons are those of this place only.")
    )
    leaving = forms.ChoiceField(
        label=_("What may leave the platform?"), choices=Leaving.choices, widget=forms.RadioSelect
    )
    valid_from = forms.DateField(
        label=_("Holds from"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    agreed_to = forms.DateField(
        label=_("First day it no longer holds"),
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
    )
    contact_giving = forms.CharField(
        label=_("Contact of the giving side"), max_length=200,
        help_text=_("Person, telephone or e-mail address"),
    )  # fmt: skip
    contact_receiving = forms.CharField(label=_("Contact of the receiving side"), max_length=200)
    terms_zh = forms.CharField(
        label=_("Terms in Chinese"), widget=forms.Textarea({"rows": 6}), max_length=20_000
    )
    terms_en = forms.CharField(
        label=_("Terms in English"), widget=forms.Textarea({"rows": 6}), max_length=20_000
    )

    def __init__(self, request: HttpRequest, row: SharingAgreement | None = None) -> None:
        super().__init__(request.POST or None, initial=_initial(row))
        day = clock.today()
        self.fields["place"].offer(access.signed_in(request), rights.LAKE_SHARE, day)  # type: ignore[attr-defined]

    def text(self) -> agreements.Text:
        """What was written, from valid data."""
        given = dict(self.cleaned_data)
        given["place_id"] = given["place"].pk
        names = agreements.Text.__dataclass_fields__
        return agreements.Text(**{name: given[name] for name in names})


class DraftForm(TextForm):
    """A new agreement."""

    code = forms.CharField(
        label=_("Number"),
        max_length=60,
        help_text=_("Letters, digits and hyphens, such as DS-2026-012"),
    )
    giving = BodyField(
        label=_("Giving side"), max_length=160, help_text=_("Whose data are given: code or name")
    )
    receiving = BodyField(
        label=_("Receiving side"), max_length=160, help_text=_("Who fetches them: code or name")
    )
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=80)
    field_order = ("request_key", "code", "giving", "receiving")


class DatasetForm(forms.Form):
    """One data set; left empty it is none."""

    code = forms.SlugField(label=_("Name in the address"), max_length=60, required=False)
    title = forms.CharField(label=_("Title"), max_length=160, required=False)
    shape = forms.ChoiceField(label=_("What the query gives"), choices=Shape.choices)
    sql = forms.CharField(
        label=_("Query over gold tables"),
        max_length=20_000,
        required=False,
        widget=forms.Textarea({"rows": 4, "spellcheck": "false", "class": "code"}),
        help_text=_("A whole table: from place. Leave code and query empty for no data set."),
    )


DatasetForms = forms.formset_factory(DatasetForm, extra=SPARE)


class Datasets:
    """The data sets of a form; a published design is offered by its name in the address."""

    def __init__(self, request: HttpRequest, row: SharingAgreement | None = None) -> None:
        self.forms = DatasetForms(
            request.POST or None, prefix="set", initial=_sets(row, request.GET.get("design", ""))
        )

    def are_valid(self) -> bool:
        return bool(self.forms.is_valid())

    def read(self) -> list[agreements.Dataset]:
        """What was written, from valid data."""
        filled = (each.cleaned_data for each in self.forms if each.cleaned_data)
        return [
            agreements.Dataset(each["code"], each["title"], each["sql"].strip(), each["shape"])
            for each in filled
            if each["code"] or each["sql"].strip()
        ]


class EndForm(forms.Form):
    """Ending an agreement."""

    reason = forms.CharField(label=_("Why"), max_length=300)


class RenewForm(forms.Form):
    """The next term."""

    code = forms.CharField(label=_("Number of the new agreement"), max_length=60)
    agreed_to = forms.DateField(
        label=_("First day it no longer holds"),
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
    )


def signing(
    row: SharingAgreement, person: Person, day: date, *, read: str, is_steward: bool
) -> list[SignForm]:
    """A form for each side for which somebody may sign; paper is recorded by the steward.

    Args:
        read: the hash of the text that the page shows.
    """
    if not bothsides.is_offered(row):
        return []
    own = agreements.sides_open_to(row, person, day)
    found = []
    for side in bothsides.Side:
        if getattr(row, f"signed_{side.value}") is not None:
            continue
        form = SignForm(initial={"side": side.value, "text_hash": read}, prefix=side.value)
        if side in own:
            del form.fields["document"]
        elif is_steward:
            form.fields["document"].required = True
        else:
            continue
        form.title = side.label  # type: ignore[attr-defined]
        found.append(form)
    return found


def _initial(row: SharingAgreement | None) -> dict[str, Any]:
    if row is None:
        return {"request_key": uuid.uuid4().hex, "leaving": Leaving.COUNTS}
    names = [name for name in agreements.Text.__dataclass_fields__ if name != "place_id"]
    return {name: getattr(row, name) for name in names} | {"place": row.place_id}


def _sets(row: SharingAgreement | None, design: str) -> list[dict[str, Any]]:
    if row is not None:
        names = ("code", "title", "shape", "sql")
        return list(SharedDataset.objects.filter(agreement=row).order_by("code").values(*names))
    found = OpenDataset.objects.public().filter(code=design).first()
    if found is None:
        return []
    return [{"code": found.code, "title": found.title_zh, "shape": found.shape, "sql": found.sql}]
