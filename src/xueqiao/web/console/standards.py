"""Forms of the standards editor, and what they hand to the verbs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from xueqiao.creditbank.models import Level, Standard
from xueqiao.creditbank.standards import drafting
from xueqiao.creditbank.standards.case import importing
from xueqiao.kernel import credit
from xueqiao.web.templatetags.ui import titled


class DayInput(forms.DateInput):
    """The browser's own calendar."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class LevelChoice(forms.ModelChoiceField[Level]):
    """A level of a published framework."""

    def __init__(self, **more: Any) -> None:
        levels = Level.objects.filter(is_draft=False).select_related("framework")
        rows = levels.order_by("framework__code", "-framework__valid_from", "number")
        super().__init__(label=_("Level"), queryset=rows, **more)

    def label_from_instance(self, level: Level) -> str:
        """Number and name, then the framework."""
        framework = level.framework
        return f"{level.number} · {titled(level)} ({framework.code} {framework.version})"


class Lines(forms.CharField):
    """A list of sentences, one a line."""

    def __init__(self, **more: Any) -> None:
        super().__init__(widget=forms.Textarea({"rows": 4}), required=False, **more)

    def to_python(self, value: Any) -> Any:
        """The lines that say something, as a list."""
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]

    def prepare_value(self, value: Any) -> Any:
        """A stored list as lines."""
        return "\n".join(value) if isinstance(value, list) else value


class Credits(forms.CharField):
    """Credits as people write them; hundredths inside."""

    def to_python(self, value: Any) -> Any:
        """Whole hundredths."""
        if not value or isinstance(value, int):
            return value
        try:
            return credit.parse(str(value))
        except ValueError as why:
            raise forms.ValidationError(_("Write credits as 2 or 2.5.")) from why

    def prepare_value(self, value: Any) -> Any:
        """Hundredths as people write them."""
        return credit.show(value) if isinstance(value, int) else value


class VersionForm(forms.Form):
    """What names a version."""

    code = forms.CharField(label=_("Code"), max_length=60)
    version = forms.CharField(label=_("Version"), max_length=20)


class NextForm(forms.Form):
    """The next version of what is published."""

    version = forms.CharField(label=_("Version"), max_length=20)
    valid_from = forms.DateField(label=_("In force from"), widget=DayInput())


class StandardForm(forms.Form):
    """What a version of a standard says about itself."""

    title_zh = forms.CharField(label=_("Title in Chinese"), max_length=160)
    title_en = forms.CharField(label=_("Title in English"), max_length=200)
    level = LevelChoice()
    field = forms.CharField(label=_("Field"), max_length=80)
    owner = forms.CharField(label=_("Kept by"), max_length=160)
    valid_from = forms.DateField(label=_("In force from"), widget=DayInput())
    source = forms.CharField(
        label=_("Source"),
        help_text=_("The document that this comes from."),
        widget=forms.Textarea({"rows": 2}),
    )

    def facts(self) -> drafting.StandardFacts:
        """What the verb takes."""
        said = dict(self.cleaned_data)
        return drafting.StandardFacts(level_id=said.pop("level").pk, **said)

    @classmethod
    def of(cls, row: Standard) -> dict[str, Any]:
        """The form as a draft fills it."""
        return {name: getattr(row, name) for name in cls.base_fields}


class FrameworkForm(forms.Form):
    """What a version of a framework says about itself."""

    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=120)
    name_en = forms.CharField(label=_("Name in English"), max_length=160)
    valid_from = forms.DateField(label=_("In force from"), widget=DayInput())
    source = forms.CharField(
        label=_("Source"),
        help_text=_("The document that this comes from."),
        widget=forms.Textarea({"rows": 2}),
    )

    def facts(self) -> drafting.FrameworkFacts:
        """What the verb takes."""
        return drafting.FrameworkFacts(**self.cleaned_data)


class LevelForm(forms.Form):
    """One level; levels are numbered in the order of the page."""

    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=120)
    name_en = forms.CharField(label=_("Name in English"), max_length=160)
    knowledge = forms.CharField(label=_("Knowledge"), widget=forms.Textarea({"rows": 3}))
    skills = forms.CharField(label=_("Skills"), widget=forms.Textarea({"rows": 3}))
    competence = forms.CharField(label=_("Competence"), widget=forms.Textarea({"rows": 3}))


LevelForms = forms.formset_factory(LevelForm, extra=1, can_delete=True, max_num=20)


class UnitForm(forms.Form):
    """A unit of a draft."""

    code = forms.CharField(label=_("Code"), max_length=60)
    title_zh = forms.CharField(label=_("Title in Chinese"), max_length=160)
    title_en = forms.CharField(label=_("Title in English"), max_length=200)
    level = LevelChoice()
    field = forms.CharField(label=_("Field"), max_length=80)
    credit_hundredths = Credits(label=_("Credit"))
    notional_hours = forms.IntegerField(label=_("Hours of learning"), min_value=1)
    outcomes = Lines(label=_("Learning outcomes"), help_text=_("One a line."))
    criteria = Lines(label=_("Assessment criteria"), help_text=_("One a line."))
    module_code = forms.CharField(
        label=_("Module whose completion it recognises"),
        help_text=_("Leave empty where it is recognised by application."),
        max_length=60,
        required=False,
    )
    source = forms.CharField(
        label=_("Source"),
        help_text=_("Where credit, hours and level come from."),
        widget=forms.Textarea({"rows": 2}),
    )

    def facts(self) -> drafting.UnitFacts:
        """What the verb takes."""
        said = dict(self.cleaned_data)
        return drafting.UnitFacts(level_id=said.pop("level").pk, **said)


class RetireForm(forms.Form):
    """When something ends, and why."""

    day = forms.DateField(label=_("Last in force before"), widget=DayInput())
    reason = forms.CharField(label=_("Why"), widget=forms.Textarea({"rows": 2}))


class PackageForm(forms.Form):
    """A CASE package as a file."""

    file = forms.FileField(label=_("CASE package"), help_text=_("CASE 1.1 as JSON, up to 20 MB."))


class AnswersForm(forms.Form):
    """What CASE does not say, for every item of a package that does not say it itself."""

    kind = forms.ChoiceField(
        label=_("Take it as"),
        choices=[("standard", _("a standard with units")), ("framework", _("a framework"))],
    )
    unit_types = forms.MultipleChoiceField(
        label=_("Types of items that are units or levels"), widget=forms.CheckboxSelectMultiple
    )
    criterion_types = forms.MultipleChoiceField(
        label=_("Types that are assessment criteria"),
        help_text=_("Everything else below a unit is a learning outcome."),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    level = LevelChoice()
    credit_hundredths = Credits(label=_("Credit of a unit"), initial=100)
    notional_hours = forms.IntegerField(
        label=_("Hours of learning of a unit"), min_value=1, initial=16
    )
    field = forms.CharField(label=_("Field"), max_length=80)

    def __init__(self, types: dict[str, int], *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        shown = [(name, f"{name or '–'} ({count})") for name, count in types.items()]
        for name in ("unit_types", "criterion_types"):
            self.fields[name].choices = shown  # type: ignore[attr-defined]

    def answers(self) -> importing.Answers:
        """What the verb takes."""
        said = self.cleaned_data
        return importing.Answers(
            unit_types=frozenset(said["unit_types"]),
            criterion_types=frozenset(said["criterion_types"]),
            level_id=said["level"].pk,
            credit_hundredths=said["credit_hundredths"],
            notional_hours=said["notional_hours"],
            field=said["field"],
        )
