"""Retention of the lake as pages show it: tables with their terms, plans table by table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from xueqiao.governance import catalogue, rules
from xueqiao.governance.models import LakeHold, LakeRetention, LakeTerm
from xueqiao.governance.retaining import holding, planning, terms
from xueqiao.lake import facts
from xueqiao.lake.levels import Class, Level
from xueqiao.lake.retention import lines, scope
from xueqiao.network import tree
from xueqiao.service import merges
from xueqiao.web.console import lake_names
from xueqiao.web.templatetags.ui import Step

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.governance.catalogue import Entry

State = LakeRetention.State
Stands = Literal["done", "now", "todo", "stopped"]
STEPS: dict[State, tuple[Stands, Stands, Stands]] = {
    State.ASKED: ("now", "todo", "todo"),
    State.APPROVED: ("done", "now", "todo"),
    State.RUNNING: ("done", "now", "todo"),
    State.DONE: ("done", "done", "done"),
    State.REJECTED: ("stopped", "todo", "todo"),
}
"""Where the decision, the giving up and the receipt of a plan in each state stand."""
WAYS = {
    scope.Way.PARTS: gettext_lazy("whole calendar years"),
    scope.Way.VERSIONS: gettext_lazy("earlier versions of rows; what each row is now stays"),
    scope.Way.ROWS: gettext_lazy("rows by the day they were written"),
}


def span(months: int | None) -> str:
    """A term in words.

    >>> from django.utils import translation
    >>> with translation.override("en"): [span(24), span(7), span(None)]
    ['2 years', '7 months', 'always']
    """
    if months is None:
        return _("always")
    if months % 12 == 0:
        years = months // 12
        return ngettext("{n} year", "{n} years", years).format(n=years)
    return ngettext("{n} month", "{n} months", months).format(n=months)


def said(term: LakeTerm) -> str:
    """What a term says, in words; of a default without months that it says nothing."""
    if term.months is None and term.scope != LakeTerm.Scope.TABLE:
        return _("no default")
    return span(term.months)


def subject(kind: str, name: str) -> str:
    """What a term is about, in words."""
    if kind == LakeTerm.Scope.CATEGORY:
        return str(Class(name).label)
    if kind == LakeTerm.Scope.LEVEL:
        return str(Level(int(name)).title)
    return called(name)


def called(table: str) -> str:
    """A table as people call it, with its name in SQL."""
    return f"{lake_names.title(table)} · {table}"


@dataclass(frozen=True)
class Row:
    """One table with how long it is kept.

    Attributes:
        line: 'YYYY-MM', before which it was given up; "" where nothing was.
        due: the first month that stays by its term today; "" without a term.
    """

    pk: str
    entry: Entry
    months: int | None
    by: tuple[str, str] | None
    line: str
    due: str

    @property
    def floor(self) -> str:
        return facts.floor(self.pk)

    @property
    def order(self) -> int:
        return facts.FLOORS.index(self.floor)

    @property
    def words(self) -> str:
        """All that a search looks through."""
        return f"{self.pk} {self.entry.described.zh} {self.entry.described.en}".lower()

    @property
    def kept(self) -> str:
        return span(self.months) if scope.way(self.pk) else _("as what it is made from")

    @property
    def rule(self) -> str:
        return subject(*self.by) if self.by else "–"


def rows(at: datetime) -> list[Row]:
    """Every table of the lake; four database queries."""
    found, now = terms.effective(), lines.of(settings.LAKE)
    due = planning.lines_of(found, at=at, kept=holding.tables(at))
    return [
        Row(
            entry.name, entry, term.months, term.by, now.get(entry.name, ""),
            due.get(entry.name, ""),
        )
        for entry, term in found
    ]  # fmt: skip


def concerned(term: LakeTerm) -> list[tuple[str, str]]:
    """The tables for which a term counts now, or would once it is in force; with their titles."""
    known = {**terms.in_force(), (term.scope, term.subject): term.months}
    return [
        (entry.name, entry.described.text)
        for entry in catalogue.entries()
        if terms.of(entry, known).by == (term.scope, term.subject)
    ]


def counted(tables: dict[str, Any]) -> list[dict[str, Any]]:
    """What goes, table by table: rows, months, bytes, and what is held back."""
    return [
        {"table": name, "title": lake_names.title(name), "years": years(each["months"]), **each}
        for name, each in tables.items()
    ]


def years(months: dict[str, int]) -> str:
    """The first and last month of some, or a dash where a table has no months."""
    found = sorted(month for month in months if month)
    if not found:
        return "–"
    return found[0] if len(found) == 1 else f"{found[0]} – {found[-1]}"


def way(run: LakeRetention) -> list[Step]:
    """Where a plan stands, from the count to the receipt."""
    asked_by = run.asked_by.name if run.asked_by else _("by the platform")
    decided_by = run.decided_by.name if run.decided_by else ""
    decided, given_up, receipt = STEPS[State(run.state)]
    if run.held_up_by:
        given_up = "stopped"
    return [
        Step(_("Counted by a dry run"), "done", asked_by, run.planned_at),
        Step(_("Decided"), decided, decided_by, run.decided_at),
        Step(
            _("Given up, earlier versions deleted"), given_up, "", run.started_at,
            run.held_up_text,
        ),
        Step(_("Receipt"), receipt, "", run.finished_at),
    ]  # fmt: skip


class TermForm(forms.Form):
    """How long something is kept, and why."""

    what = forms.ChoiceField(
        label=gettext_lazy("What is kept?"),
        help_text=gettext_lazy("A table's own term counts before the defaults of class and level."),
    )
    months = forms.IntegerField(
        label=gettext_lazy("Months"),
        min_value=1,
        max_value=rules.LONGEST_MONTHS,
        required=False,
        help_text=gettext_lazy("Empty: a table is kept always, a default says nothing."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=300,
        help_text=gettext_lazy("Longer holds at once; shorter waits for a second person."),
    )

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        kinds = LakeTerm.Scope
        self.fields["what"].choices = [  # type: ignore[attr-defined]
            (kinds.TABLE.label,
             [(f"table:{name}", called(name)) for name in scope.names()]),
            (kinds.CATEGORY.label, [(f"class:{each.value}", each.label) for each in Class]),
            (kinds.LEVEL.label, [(f"level:{each.value}", each.title) for each in Level]),
        ]  # fmt: skip

    def asked(self) -> dict[str, Any]:
        """What the verb takes."""
        kind, _colon, name = self.cleaned_data["what"].partition(":")
        given = {key: self.cleaned_data[key] for key in ("months", "reason")}
        return {"scope": kind, "subject": name, **given}


class HoldForm(forms.Form):
    """What is held: a table, a place or a person; until when, and why."""

    scope = forms.ChoiceField(
        label=gettext_lazy("What is held?"),
        choices=LakeHold.Scope.choices,
        widget=forms.RadioSelect,
        initial=LakeHold.Scope.TABLE,
    )
    table = forms.ChoiceField(label=gettext_lazy("For a table: which one"), required=False)
    place = forms.CharField(
        label=gettext_lazy("For a place: its code"),
        max_length=12,
        required=False,
        help_text=gettext_lazy("Rows of everybody who lives there or below, or ever did."),
    )
    person = forms.CharField(
        label=gettext_lazy("For a person: number of the learning account"),
        max_length=20,
        required=False,
    )
    until = forms.DateField(
        label=gettext_lazy("Ends on"),
        required=False,
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
        help_text=gettext_lazy("Empty: until somebody lifts it."),
    )
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=300)

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        tables = [(name, called(name)) for name in scope.names()]
        self.fields["table"].choices = [("", "–"), *tables]  # type: ignore[attr-defined]

    def held(self) -> holding.What:
        """What the verb takes.

        Raises:
            tree.PlaceUnknown, merges.AccountUnknown: nobody knows the code or the number.
        """
        given = self.cleaned_data
        if given["scope"] == LakeHold.Scope.PLACE and given["place"]:
            try:
                return holding.What(place=tree.by_code(given["place"]))
            except tree.PlaceUnknown as why:
                raise tree.PlaceUnknown(str(why), pointer="place") from why
        if given["scope"] == LakeHold.Scope.PERSON and given["person"]:
            return holding.What(person=merges.by_account_number(given["person"], pointer="person"))
        if given["scope"] == LakeHold.Scope.TABLE:
            return holding.What(table=given["table"])
        return holding.What()


def on(hold: LakeHold) -> str:
    """What a hold is on, in words."""
    if hold.place:
        return hold.place.name
    return hold.person.name if hold.person else called(hold.lake_table)
