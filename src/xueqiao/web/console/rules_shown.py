"""How rule versions are shown on the console: road, lines of a comparison, forms of each step."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.creditbank.models import Programme, RuleVersion, Side, TransferAgreement
from xueqiao.creditbank.rulebook import lint, publication, rules_diff, texts
from xueqiao.kernel import clock, credit
from xueqiao.people import rights
from xueqiao.web.console import rule_form
from xueqiao.web.templatetags.ui import Step, titled

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.people.models import Person

State = RuleVersion.State
LEVELS = {"published": "ok", "suspended": "bad", "retired": "", "superseded": "", "draft": ""}
ROAD = (
    (State.DRAFT, gettext_lazy("Drafted")),
    (State.LINTED, gettext_lazy("Checked")),
    (State.CONSULTED, gettext_lazy("Consulted")),
    (State.SIGNED, gettext_lazy("Signed by both sides")),
    (State.PUBLISHED, gettext_lazy("Published")),
)
VERBS = {
    "draft": gettext_lazy("Drafted"),
    "revise": gettext_lazy("Revised"),
    "check": gettext_lazy("Checked"),
    "consult": gettext_lazy("Put to consultation"),
    "close_consultation": gettext_lazy("Consultation closed"),
    "sign_giving": gettext_lazy("Signed for the giving side"),
    "sign_receiving": gettext_lazy("Signed for the receiving side"),
    "publish": gettext_lazy("Published"),
    "supersede": gettext_lazy("Superseded by the next version"),
    "suspend": gettext_lazy("Suspended"),
    "resume": gettext_lazy("Put in force again"),
    "retire": gettext_lazy("Retired"),
}


class RuleForm(forms.Form):
    """A new rule under an agreement."""

    code = forms.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9.-]{1,58}[A-Za-z0-9]$",
        label=gettext_lazy("Code"),
        max_length=60,
        help_text=gettext_lazy("Letters, digits, points and hyphens, such as R-2026-012"),
    )
    agreement = forms.ModelChoiceField(
        queryset=TransferAgreement.objects.none(), label=gettext_lazy("Agreement")
    )
    programme = forms.ModelChoiceField(
        queryset=Programme.objects.order_by("code"), label=gettext_lazy("Programme")
    )
    title_zh = forms.CharField(label=gettext_lazy("Title in Chinese"), max_length=160)
    title_en = forms.CharField(label=gettext_lazy("Title in English"), max_length=200)

    def __init__(self, *args: Any, person: Person, **options: Any) -> None:
        super().__init__(*args, **options)
        rows = TransferAgreement.objects.kept_by(person, clock.today())
        self.fields["agreement"].queryset = rows.order_by("code")  # type: ignore[attr-defined]
        for name in ("agreement", "programme"):
            field: Any = self.fields[name]
            field.label_from_instance = lambda row: f"{row.code} · {titled(row)}"


class ConsultForm(forms.Form):
    """What is put forward, and until when one may comment."""

    question = forms.CharField(
        label=gettext_lazy("What is put forward, and why"),
        max_length=4000,
        widget=forms.Textarea({"rows": 4}),
    )
    closes_on = forms.DateField(
        label=gettext_lazy("Last day for comments"),
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
    )


class SimulateForm(forms.Form):
    """The days over whose conversions the version is run."""

    since = forms.DateField(
        label=gettext_lazy("From"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    until = forms.DateField(
        label=gettext_lazy("Until the day"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )


def simulate_form(today: date) -> SimulateForm:
    """The last three years."""
    return SimulateForm(initial={"since": today - timedelta(days=3 * 365), "until": today})


def road(version: RuleVersion) -> list[Step]:
    """Where a version stands on its way to publication, with who brought it to each point."""
    made = {
        each.to_state: each for each in version.steps.select_related("actor").order_by("number")
    }
    codes = [code.value for code, _title in ROAD]
    at = codes.index(version.state) if version.state in codes else len(codes) - 1
    found = []
    for number, (code, title) in enumerate(ROAD):
        each = made.get(code.value) if number <= at else None
        state = "done" if number <= at else "now" if number == at + 1 else "todo"
        who, since = (each.actor.name, each.at) if each else ("", None)
        found.append(Step(str(title), state, who=who, since=since))  # type: ignore[arg-type]
    return found


def level(version: RuleVersion) -> str:
    """The level of a version's badge."""
    return LEVELS.get(version.state, "now")


def signing(version: RuleVersion, person: Person, day: date) -> list[dict[str, Any]]:
    """The sides for which somebody may sign now: here, or on paper by the province."""
    if version.state not in {State.CONSULTED, State.SIGNED}:
        return []
    read = texts.text_hash(version)
    signed = set(version.signatures.filter(text_hash=read).values_list("side", flat=True))
    own = publication.sides_of(version, person, day)
    may_record = rights.allows(person, rights.RULES_PUBLISH, day)
    return [
        {"side": side.value, "title": side.label, "on_paper": side.value not in own}
        for side in Side
        if side.value not in signed and (side.value in own or may_record)
    ]


def may_consult(version: RuleVersion) -> bool:
    """Whether a consultation on what the version says can be opened now."""
    read = texts.text_hash(version)
    is_new = not version.consultations.filter(text_hash=read).exists()
    return version.state == State.LINTED and is_new


def findings(version: RuleVersion) -> list[tuple[bool, str, str]]:
    """Whether it is an error, the sentence, and the place in the rule, of what the checks find."""
    return [(each.is_error, lint.describe(each), each.path) for each in lint.findings(version)]


def compared(old: RuleVersion, new: RuleVersion) -> list[tuple[str, rules_diff.Line]]:
    """Labels and lines of two versions side by side."""
    return [
        (_label(line.path), _in_credits(line)) for line in rules_diff.lines(_said(old), _said(new))
    ]


def _said(version: RuleVersion) -> dict[str, Any]:
    names = ("reserve_days", "valid_from", "valid_to", "source")
    return {**version.body, **{name: getattr(version, name) for name in names}}


def _in_credits(line: rules_diff.Line) -> rules_diff.Line:
    if not line.path.endswith("hundredths"):
        return line
    shown = [credit.show(int(text)) if text else "" for text in (line.before, line.after)]
    return rules_diff.Line(line.path, *shown)


def _label(path: str) -> str:
    parts = path.split(".")
    leaf = {"fields": "fields_", "hundredths": "amount", "code": "code"}.get(parts[-1], parts[-1])
    titles = {
        "sources": (rule_form.PatternForm, _("Condition")),
        "targets": (rule_form.TargetForm, _("Part of the programme")),
        "limits": (rule_form.LimitForm, _("Limit")),
    }
    if parts[0] in titles:
        form, title = titles[parts[0]]
        field = form.base_fields.get(leaf)
        return f"{title} {parts[1]}: {field.label if field else leaf}"
    names = {("cardinality", "kind"): "cardinality", ("cardinality", "at_least_hundredths"): "sum"}
    leaf = names.get((parts[0], parts[-1]), leaf)
    leaf = "sum_hundredths" if leaf == "sum" else parts[0] if parts[0] == "field_map" else leaf
    field = rule_form.WholeForm.base_fields.get(leaf)
    return str(field.label) if field else path


def found(rows: Any, text: str) -> Any:
    """Versions of rules whose title, code or programme holds a text."""
    asked = Q()
    for name in ("title_zh", "title_en", "code", "programme__title_zh", "programme__title_en"):
        asked |= Q(**{f"rule__{name}__icontains": text})
    return rows.filter(asked)
