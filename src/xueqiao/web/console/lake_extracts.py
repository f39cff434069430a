"""Forms and views of research extracts: the request, files by recipient, the report in words."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django import forms
from django.utils.translation import gettext_lazy as _

from xueqiao.governance.extracts import asking, copies, designs, words
from xueqiao.governance.models import ResearchExtract
from xueqiao.kernel import clock
from xueqiao.network.models import Place
from xueqiao.people import rights
from xueqiao.web import access

if TYPE_CHECKING:
    from django.http import HttpRequest

    from xueqiao.governance.models import ResearchExtractFile

DAYS = 180
SMALLEST_LEVEL = 3
"""An extract is of a county or of something larger."""
MONTH = "month"
KNOWN = (
    *((name, words.COLUMNS[name]) for name in (designs.SEX, designs.AGE, designs.HOME)),
    (MONTH, _("Month of the activity, of the last completion or credit")),
)
SENSITIVE = (
    ("best_result", _("Best result (enrolments)")),
    ("main_kind", _("Kind of learning with most credit (credit)")),
)


class MonthField(forms.DateField):
    """A month, as its first day."""

    def __init__(self, **given: Any) -> None:
        widget = forms.DateInput({"type": "month"}, "%Y-%m")
        super().__init__(input_formats=["%Y-%m"], widget=widget, **given)


class ExtractForm(forms.Form):
    """What rows, for which question, for whom, how well hidden, until when."""

    request_key = forms.CharField(widget=forms.HiddenInput, max_length=80)
    design = forms.ChoiceField(
        label=_("Data set"),
        choices=ResearchExtract.Design.choices,
        widget=forms.RadioSelect,
        initial=ResearchExtract.Design.ACTIVITY,
    )
    known = forms.MultipleChoiceField(
        label=_("Columns of persons that you need"),
        help_text=_("Each one costs detail in the others: take what the question needs."),
        choices=KNOWN,
        widget=forms.CheckboxSelectMultiple,
        initial=[name for name, _title in KNOWN],
    )
    follows = forms.BooleanField(
        label=_("Rows of one learner can be followed from month to month"),
        help_text=_("Then all months of a learner have to be alike with others, too."),
        required=False,
    )
    sensitive = forms.MultipleChoiceField(
        label=_("Sensitive columns"),
        choices=SENSITIVE,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    place = forms.ModelChoiceField(
        label=_("Of which place?"),
        queryset=Place.objects.none(),
        help_text=_("Learners who live there. Whose home is not known is in no extract."),
    )
    first_month = MonthField(label=_("First month"))
    last_month = MonthField(label=_("Last month"))
    k = forms.IntegerField(
        label=_("Each person is hidden among at least (k)"),
        min_value=asking.LEAST_K,
        max_value=asking.MOST_K,
        initial=asking.USUAL_K,
    )
    diversity = forms.IntegerField(
        label=_("Values of a sensitive column among them, at least (l)"),
        min_value=asking.LEAST_DIVERSITY,
        max_value=asking.MOST_DIVERSITY,
        initial=asking.LEAST_DIVERSITY,
    )
    purpose = forms.CharField(
        label=_("What do you want to find out?"),
        max_length=600,
        widget=forms.Textarea({"rows": 3}),
    )
    ethics = forms.CharField(label=_("Number of the ethics approval"), max_length=120)
    recipients = forms.CharField(
        label=_("Who gets a copy?"),
        help_text=_("One a line: name and institution. Each copy bears its recipient's mark."),
        widget=forms.Textarea({"rows": 3}),
        max_length=2000,
    )
    valid_to = forms.DateField(
        label=_("Ends on"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )

    def __init__(self, request: HttpRequest) -> None:
        me, day = access.signed_in(request), clock.today()
        last = day.replace(day=1) - timedelta(days=1)
        initial = {
            "request_key": uuid.uuid4().hex, "valid_to": day + timedelta(days=DAYS),
            "last_month": last.replace(day=1), "first_month": date(last.year, 1, 1),
        }  # fmt: skip
        super().__init__(request.POST or None, initial=initial)
        within = rights.within(me, rights.LAKE_ANALYSE, day, place="id")
        self.fields["place"].queryset = (  # type: ignore[attr-defined]
            Place.objects.filter(within, level__lte=SMALLEST_LEVEL).order_by("code")
        )
        self.fields["place"].label_from_instance = lambda each: each.name  # type: ignore[attr-defined]

    def wish(self) -> asking.Wish:
        """What was typed, in the words of the verb."""
        given = self.cleaned_data
        month = designs.DESIGNS[given["design"]].month
        lines = [line for line in given["recipients"].splitlines() if line.strip()]
        return asking.Wish(
            design=given["design"],
            known=tuple(month if name == MONTH else name for name in given["known"]),
            follows=given["follows"], purpose=given["purpose"], ethics=given["ethics"],
            recipients=tuple(lines), place_id=given["place"].pk,
            first_month=given["first_month"], last_month=given["last_month"], k=given["k"],
            diversity=given["diversity"], sensitive=tuple(given["sensitive"]),
            valid_to=given["valid_to"],
        )  # fmt: skip


class Copy(NamedTuple):
    """A recipient's files."""

    name: str
    mark: str
    files: list[ResearchExtractFile]


def copies_of(extract: ResearchExtract) -> list[Copy]:
    """The copies of the present edition, by recipient. One query."""
    rows = list(
        extract.files.filter(edition=extract.edition).order_by("recipient", "kind", "number")
    )
    return [
        Copy(name, copies.mark(extract, place), [each for each in rows if each.recipient == place])
        for place, name in enumerate(extract.recipients, 1)
    ]


def titles(names: list[str]) -> list[Any]:
    """Columns in words."""
    return [words.COLUMNS[name] for name in names]


def report(extract: ResearchExtract) -> dict[str, Any]:
    """The report with words for codes, ready for the template; {} before there is one."""
    told: dict[str, Any] = extract.report
    if not told:
        return {}
    return told | {
        "columns": [
            {
                "title": words.COLUMNS[each["name"]], "step": words.STEPS[each["step"]],
                "finer": [words.STEPS[step] for step in _finer(each)],
                "loss_percent": percent(each["loss"]),
            }
            for each in told["columns"]
        ],
        "not_chosen": titles(told["not_chosen"]),
        "numbers": [each | {"title": words.COLUMNS[each["name"]]} for each in told["numbers"]],
        "sensitive": [
            each | {"title": words.COLUMNS[each["name"]]} for each in told["diversity"]["columns"]
        ],
        "left_out": [(words.REASONS[why], n) for why, n in told["left_out"].items()],
        "loss_percent": percent(told["loss"]),
    }  # fmt: skip


def _finer(column: dict[str, Any]) -> list[str]:
    """The steps that would have told more."""
    return list(column["steps"][: column["steps"].index(column["step"])])


def percent(millionths: int) -> str:
    """Millionths as percent with one digit.

    >>> percent(88_900)
    '8.8'
    """
    return f"{millionths // 10_000}.{millionths // 1000 % 10}"
