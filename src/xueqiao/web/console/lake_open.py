"""Forms and words of the pages of open data in the console."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from xueqiao.governance.designs import columns
from xueqiao.governance.models import Frequency, Licence, OpenDataset, Shape
from xueqiao.governance.opening.drafting import Text
from xueqiao.kernel import clock, errors
from xueqiao.network.models import Institution
from xueqiao.people import rights
from xueqiao.web import access
from xueqiao.web.console.lake_forms import InstitutionChoice, PlaceChoice

if TYPE_CHECKING:
    from django.http import HttpRequest

State = OpenDataset.State
LEVELS = {
    State.DRAFT: "", State.ASKED: "warn", State.PUBLISHED: "ok", State.LEAVING: "warn",
    State.WITHDRAWN: "",
}  # fmt: skip
SHAPES = [(each.value, each.label) for each in (Shape.COUNTS, Shape.FACTS)]


def level(row: OpenDataset) -> str:
    """The level of the badge of its state."""
    return LEVELS[State(row.state)]


class TextForm(forms.Form):
    """What is published, in both languages."""

    title_zh = forms.CharField(label=_("Title in Chinese"), max_length=120)
    title_en = forms.CharField(label=_("Title in English"), max_length=160)
    description_zh = forms.CharField(
        label=_("Description in Chinese"), max_length=4000, widget=forms.Textarea({"rows": 4})
    )
    description_en = forms.CharField(
        label=_("Description in English"), max_length=4000, widget=forms.Textarea({"rows": 4})
    )
    keywords_zh = forms.CharField(
        label=_("Keywords in Chinese, parted by commas"), max_length=200, required=False
    )
    keywords_en = forms.CharField(
        label=_("Keywords in English, parted by commas"), max_length=200, required=False
    )
    publisher = InstitutionChoice(
        Institution.objects.all(),
        label=_("Publisher (code of the institution)"),
        to_field_name="code",
        widget=forms.TextInput,
    )
    contact = forms.CharField(
        label=_("Contact"),
        max_length=200,
        help_text=_("Office and telephone or e-mail address; everybody reads it."),
    )
    place = PlaceChoice(
        label=_("Place"), help_text=_("Rows of persons are those of this place only.")
    )
    licence = forms.ChoiceField(label=_("Licence"), choices=Licence.choices)
    frequency = forms.ChoiceField(
        label=_("Updated"), choices=Frequency.choices, initial=Frequency.MONTHLY
    )
    shape = forms.ChoiceField(
        label=_("What the query gives"), choices=SHAPES, widget=forms.RadioSelect
    )
    sql = forms.CharField(
        label=_("Query over gold tables"),
        max_length=20_000,
        widget=forms.Textarea({"rows": 8, "spellcheck": "false", "class": "code"}),
        help_text=_(
            "For counts give learner_id and the columns to count by; columns named sum_… are added "
            "up. Cells of few persons are left out by the platform."
        ),
    )
    meanings = forms.CharField(
        label=_("Meanings of columns that the lake does not know"),
        required=False,
        max_length=8000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("One a line: column = Chinese | English"),
    )

    def __init__(self, request: HttpRequest, row: OpenDataset | None = None) -> None:
        super().__init__(request.POST or None, initial=_initial(row))
        day = clock.today()
        self.fields["place"].offer(access.signed_in(request), rights.LAKE_ANALYSE, day)  # type: ignore[attr-defined]

    def clean_meanings(self) -> dict[str, Any]:
        """The lines as meanings by column."""
        try:
            return columns.read(self.cleaned_data["meanings"])
        except errors.Refusal as why:
            raise forms.ValidationError(str(why)) from why

    def text(self) -> Text:
        """What was written, from valid data."""
        given = dict(self.cleaned_data)
        given["publisher_id"], given["place_id"] = given["publisher"].pk, given["place"].pk
        return Text(**{name: given[name] for name in Text.__dataclass_fields__})


class DraftForm(TextForm):
    """A new data set."""

    code = forms.CharField(
        label=_("Name in the address"),
        max_length=60,
        help_text=_("Small letters, digits and hyphens, such as learners-by-month"),
    )
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=80)
    field_order = ("request_key", "code")


def _initial(row: OpenDataset | None) -> dict[str, Any]:
    if row is None:
        return {"request_key": uuid.uuid4().hex, "shape": Shape.COUNTS, "licence": Licence.BY}
    names = [name for name in Text.__dataclass_fields__ if not name.endswith("_id")]
    given = {name: getattr(row, name) for name in names}
    return given | {
        "publisher": row.publisher.code, "place": row.place_id,
        "meanings": columns.written(row.meanings),
    }  # fmt: skip
