"""The rule editor: forms for every part of a rule's body, and the body that they make."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.creditbank.models import SourceKind
from xueqiao.creditbank.rulebook import making
from xueqiao.kernel import credit
from xueqiao.web.templatetags.ui import titled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import QueryDict

    from xueqiao.creditbank.models import Programme, RuleVersion

SPLIT = re.compile(r"\s*[,，、;；\n]\s*")
MOST_ROWS = 12


class CreditField(forms.CharField):
    """Credits as people write them; hundredths in the body, None where nothing is written."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput({"inputmode": "decimal"})
        super().__init__(max_length=12, required=False, widget=widget, **options)

    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            return credit.parse(text)
        except ValueError:
            said = _("Write a number with at most two decimals, such as 1.5.")
            raise forms.ValidationError(said) from None


class WordsField(forms.CharField):
    """Several codes or words in one line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=2000, required=False, **options)

    def clean(self, value: Any) -> list[str]:
        return [word for word in SPLIT.split(super().clean(value).strip()) if word]


def whole(label: Any, **options: Any) -> forms.IntegerField:
    """A small whole number that may be left empty."""
    return forms.IntegerField(
        label=label, required=False, min_value=options.pop("least", 0), **options
    )


class PatternForm(forms.Form):
    """Which credit fits. What is left empty is not asked."""

    units = WordsField(
        label=gettext_lazy("Units"), help_text=gettext_lazy("Codes with commas between them")
    )
    unit_versions = WordsField(label=gettext_lazy("Versions of the units"))
    certificate_types = WordsField(label=gettext_lazy("Certificates"))
    certificate_level_from = whole(gettext_lazy("Level of the certificate, at least"))
    score_from_hundredths = CreditField(label=gettext_lazy("Score, at least"))
    issuers = WordsField(label=gettext_lazy("Issuers"))
    source_kinds = forms.MultipleChoiceField(
        label=gettext_lazy("Kinds of source"), required=False, choices=SourceKind,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    fields_ = WordsField(label=gettext_lazy("Fields"))
    level_from = whole(gettext_lazy("Level, at least"))
    level_to = whole(gettext_lazy("Level, at most"))
    obtained_within_years = whole(gettext_lazy("Obtained within years"), least=1)
    at_least_hundredths = CreditField(label=gettext_lazy("Credits of it, at least"))

    def part(self) -> dict[str, Any]:
        """The pattern as JSON, without what is not asked."""
        data = {name.removesuffix("_"): value for name, value in self.cleaned_data.items()}
        data.pop("DELETE", None)
        return {name: value for name, value in data.items() if value not in (None, "", [])}


class TargetForm(forms.Form):
    """A part of the programme, and what the rule gives there."""

    code = forms.ChoiceField(label=gettext_lazy("Part of the programme"))
    credit_hundredths = CreditField(
        label=gettext_lazy("Credits"),
        help_text=gettext_lazy("For a fixed value; else at most. Empty: what the part is worth"),
    )

    def part(self) -> dict[str, Any]:
        """The target as JSON."""
        amount = self.cleaned_data["credit_hundredths"]
        found = {"code": self.cleaned_data["code"]}
        return found if amount is None else {**found, "credit_hundredths": amount}


class LimitForm(forms.Form):
    """A cap, in credits or as a share of the programme."""

    on = forms.ChoiceField(
        label=gettext_lazy("Limit on"),
        choices=[
            ("", gettext_lazy("none")),
            ("rule", gettext_lazy("this rule, for each learner")),
            ("application", gettext_lazy("one application")),
            ("source_kind", gettext_lazy("one kind of source")),
            ("programme", gettext_lazy("the programme, over all rules")),
        ],
        required=False,
    )
    source_kind = forms.ChoiceField(
        label=gettext_lazy("Kind of source"), required=False,
        choices=[("", "–"), *SourceKind.choices],
    )  # fmt: skip
    amount = forms.CharField(
        label=gettext_lazy("At most"), max_length=20, required=False,
        help_text=gettext_lazy("Credits such as 10, or a share such as 1/2"),
    )  # fmt: skip

    def clean_amount(self) -> dict[str, int]:
        """Hundredths, or numerator and denominator."""
        text = self.cleaned_data["amount"].strip()
        try:
            if "/" in text:
                share = Fraction(text.replace(" ", ""))
                return {"numerator": share.numerator, "denominator": share.denominator}
            return {"hundredths": credit.parse(text)} if text else {}
        except (ValueError, ZeroDivisionError):
            said = _("Write credits such as 10, or a share such as 1/2.")
            raise forms.ValidationError(said) from None

    def part(self) -> dict[str, Any] | None:
        """The limit as JSON; None where there is none."""
        data = self.cleaned_data
        if not data.get("on"):
            return None
        kind = {"source_kind": data["source_kind"]} if data["source_kind"] else {}
        return {"on": data["on"], **kind, **data["amount"]}


class WholeForm(forms.Form):
    """Everything of a rule that is there once."""

    cardinality = forms.ChoiceField(
        label=gettext_lazy("Of these conditions"),
        choices=[
            ("sum", gettext_lazy("credit that fits any of them, added up")),
            ("all", gettext_lazy("all have to be met together")),
            ("k_of_n", gettext_lazy("a number of them has to be met")),
        ],
    )
    k = whole(gettext_lazy("How many of them"), least=1)
    sum_hundredths = CreditField(label=gettext_lazy("Credits in all, at least"))
    kind = forms.ChoiceField(
        label=gettext_lazy("It gives"),
        choices=[
            ("ratio", gettext_lazy("credits in a ratio")),
            ("smaller", gettext_lazy("credits in a ratio, cut to what the parts are worth")),
            ("fixed", gettext_lazy("fixed credits for each part")),
        ],
    )
    numerator = forms.IntegerField(label=gettext_lazy("Credits given"), min_value=1, initial=1)
    denominator = forms.IntegerField(
        label=gettext_lazy("… for so many credits"), min_value=1, initial=1
    )
    level_gap = forms.IntegerField(
        label=gettext_lazy("Levels it may lie below the programme"),
        min_value=0, max_value=10, initial=0,
    )  # fmt: skip
    hop_limit = forms.IntegerField(
        label=gettext_lazy("Conversions in a chain, at most"), min_value=1, max_value=9, initial=1
    )
    residence_minimum_hundredths = CreditField(
        label=gettext_lazy("Credits to be earned in the programme itself")
    )
    age_from = whole(gettext_lazy("Age, from"))
    age_to = whole(gettext_lazy("Age, to"))
    effect = forms.ChoiceField(
        label=gettext_lazy("The credit"),
        choices=[
            ("credit", gettext_lazy("counts towards the programme")),
            ("substitution", gettext_lazy("stands in for courses of the programme")),
        ],
    )
    priority = forms.IntegerField(
        label=gettext_lazy("Priority"), min_value=0, max_value=100, initial=0,
        help_text=gettext_lazy("Of two rules that fit alike the higher goes first"),
    )  # fmt: skip
    field_map = forms.CharField(
        label=gettext_lazy("Fields that count as others"), required=False, max_length=2000,
        widget=forms.Textarea({"rows": 2}),
        help_text=gettext_lazy("One a line, such as IT = Informatics, Electronics"),
    )  # fmt: skip
    reserve_days = forms.IntegerField(
        label=gettext_lazy("Days to answer an application"), min_value=1, max_value=400, initial=60
    )
    valid_from = forms.DateField(
        label=gettext_lazy("Holds from"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
        help_text=gettext_lazy("Or from its publication, if that is later"),
    )  # fmt: skip
    valid_to = forms.DateField(
        label=gettext_lazy("First day it no longer holds"), required=False,
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
    )  # fmt: skip
    source = forms.CharField(
        label=gettext_lazy("Where its numbers come from"), max_length=2000,
        widget=forms.Textarea({"rows": 2}),
    )  # fmt: skip

    def clean_field_map(self) -> dict[str, list[str]]:
        """Field to the fields in which it counts too."""
        found = {}
        for line in self.cleaned_data["field_map"].splitlines():
            if not line.strip():
                continue
            name, sign, others = line.partition("=")
            words = [word.strip() for word in re.split(r"[,，、]", others) if word.strip()]
            if not (sign and name.strip() and words):
                said = _("Write one a line, such as IT = Informatics, Electronics.")
                raise forms.ValidationError(said)
            found[name.strip()] = words
        return found


Patterns = forms.formset_factory(
    PatternForm, extra=0, min_num=1, max_num=MOST_ROWS, absolute_max=12
)
Targets = forms.formset_factory(TargetForm, extra=0, min_num=1, max_num=MOST_ROWS, absolute_max=12)
Limits = forms.formset_factory(LimitForm, extra=0, min_num=1, max_num=MOST_ROWS, absolute_max=12)
ONCE = ("level_gap", "hop_limit", "residence_minimum_hundredths", "age_from", "age_to", "effect",
        "priority", "field_map")  # fmt: skip


@dataclass
class Editor:
    """All forms of the editor, together."""

    whole: WholeForm
    patterns: Any
    targets: Any
    limits: Any

    def is_valid(self) -> bool:
        parts = [self.whole, self.patterns, self.targets, self.limits]
        return all([part.is_valid() for part in parts])  # noqa: C419 - every part shows its errors

    @property
    def rows(self) -> list[tuple[str, Any, str]]:
        """Code, rows and title of what there can be several of."""
        return [
            ("patterns", self.patterns, _("Which credit fits")),
            ("targets", self.targets, _("What it counts as")),
            ("limits", self.limits, _("Limits")),
        ]

    def says(self) -> making.Says:
        """What the version is to say, from valid data."""
        data = self.whole.cleaned_data
        facts = {n: data[n] for n in ("reserve_days", "valid_from", "valid_to", "source")}
        return making.Says(body=self._body(data), **facts)

    def _body(self, data: Mapping[str, Any]) -> dict[str, Any]:
        how: dict[str, Any] = {"kind": data["cardinality"]}
        if how["kind"] == "k_of_n":
            how["k"] = data["k"] or 1
        if how["kind"] == "sum" and data["sum_hundredths"]:
            how["at_least_hundredths"] = data["sum_hundredths"]
        value: dict[str, Any] = {"kind": data["kind"]}
        if value["kind"] != "fixed":
            value |= {"numerator": data["numerator"], "denominator": data["denominator"]}
        limits = [form.part() for form in self.limits]
        once = {name: data[name] for name in ONCE if data[name] not in (None, "", {})}
        return {
            "sources": _told_apart([form.part() for form in self.patterns]),
            "targets": [form.part() for form in self.targets if form.cleaned_data.get("code")],
            "limits": [limit for limit in limits if limit is not None],
            "cardinality": how, "value": value, **once,
        }  # fmt: skip


def _told_apart(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Empty rows beside filled ones are left out; alone an empty one takes any credit."""
    return [part for part in parts if part] or [{}]


def editor(programme: Programme, version: RuleVersion | None, posted: QueryDict | None) -> Editor:
    """The editor for a programme, filled in from a version or from what was sent.

    A button named ``more`` adds a row to what its value names.
    """
    data = _with_more(posted) if posted else None
    body = version.body if version else {}
    parts = [(g.code, f"{g.code} · {titled(g)}") for g in programme.groups.order_by("code")]
    targets = Targets(data, prefix="targets", initial=_targets(body) or [{}])
    for form in targets:
        form.fields["code"].choices = parts  # type: ignore[attr-defined]
    return Editor(
        WholeForm(data, initial=_whole(version) if version else {}),
        Patterns(data, prefix="patterns", initial=_patterns(body)),
        targets,
        Limits(data, prefix="limits", initial=_limits(body)),
    )


def _with_more(posted: QueryDict) -> QueryDict:
    data = posted.copy()
    name = f"{data.get('more')}-TOTAL_FORMS"
    if name in data and str(data[name]).isdigit():
        data[name] = str(min(int(str(data[name])) + 1, MOST_ROWS))
    return data


def _patterns(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {{"fields": "fields_"}.get(name, name): _shown(name, value) for name, value in part.items()}
        for part in body.get("sources", [])
    ]


def _targets(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {name: _shown(name, value) for name, value in part.items()}
        for part in body.get("targets", [])
    ]


def _limits(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "on": part["on"], "source_kind": part.get("source_kind", ""),
            "amount": credit.show(part["hundredths"]) if "hundredths" in part
            else f"{part['numerator']}/{part['denominator']}",
        }
        for part in body.get("limits", [])
    ]  # fmt: skip


def _whole(version: RuleVersion) -> dict[str, Any]:
    body, how = version.body, version.body["cardinality"]
    found = {name: _shown(name, body[name]) for name in ONCE if name in body}
    found["field_map"] = "\n".join(
        f"{name} = {', '.join(words)}" for name, words in sorted(body.get("field_map", {}).items())
    )
    least = how.get("at_least_hundredths")
    return {
        **found, **body["value"], "cardinality": how["kind"], "k": how.get("k"),
        "sum_hundredths": credit.show(least) if least else "",
        **{n: getattr(version, n) for n in ("reserve_days", "valid_from", "valid_to", "source")},
    }  # fmt: skip


def _shown(name: str, value: Any) -> Any:
    if name.endswith("_hundredths"):
        return credit.show(value)
    is_words = isinstance(value, list) and name != "source_kinds"
    return "，".join(value) if is_words else value
