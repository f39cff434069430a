"""What the pages of quarantine show: an item with its cells, a rule with what it would change."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy

from xueqiao.intake import repair
from xueqiao.records.models import HeldState, Quarantine, Reason, Source
from xueqiao.records.reasons import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet
    from django.http import QueryDict

SHOWN_TEXT = 20_000
PREVIEWED = 20
# What a page mends at once; the rest is mended by sending the rule again.
AT_ONCE = 5000
LEVELS = {
    HeldState.OPEN: "warn",
    HeldState.DISMISSED: "",
    HeldState.ACCEPTED: "ok",
    HeldState.DUPLICATE: "ok",
}

# What to do about items of a reason, where the reason itself does not say it.
ADVICE = {
    str(Reason.ROW_REPEATED): gettext_lazy(
        "A log to the minute does not tell a second click from a row that was written twice. Try "
        "it again to take it as a click of its own; leave it out if it was written twice."
    ),
}


class RuleForm(forms.Form):
    """Which items a rule is for, and what it replaces."""

    source = forms.ChoiceField(label=gettext_lazy("Source"))
    reason = forms.ChoiceField(label=gettext_lazy("Reason"), required=False)
    column = forms.CharField(
        label=gettext_lazy("Column"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Of a table; empty: anywhere in the text"),
    )
    old = forms.CharField(
        label=gettext_lazy("What stands there"), required=False, max_length=2000, strip=False
    )
    new = forms.CharField(
        label=gettext_lazy("What it becomes"), required=False, max_length=2000, strip=False
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        sources = Source.objects.order_by("name").values_list("code", "name")
        self.fields["source"].choices = list(sources)  # type: ignore[attr-defined]
        every = ("", gettext_lazy("All"))
        self.fields["reason"].choices = [every, *Reason.choices]  # type: ignore[attr-defined]

    @property
    def rule(self) -> repair.Rule:
        given = self.cleaned_data
        return repair.Rule(given["column"], given["old"], given["new"])

    def rows(self) -> QuerySet[Quarantine]:
        """What waits and is meant, in order; what the rule cannot touch is left out early."""
        given = self.cleaned_data
        rows = Quarantine.objects.waiting().filter(batch__source__code=given["source"])
        if given["reason"]:
            rows = rows.filter(reason=given["reason"])
        if given["column"]:
            rows = rows.filter(form__startswith="contract:")
        return rows.select_related("batch__source").order_by("pk")


def look(form: RuleForm) -> dict[str, Any]:
    """What a rule would change: how many, how many would then be statements, and the first ones.

    Raises:
        RuleUnfit: the rule names nothing to replace.
    """
    changes = list(islice(_changes(form), AT_ONCE))
    return {
        "count": len(changes),
        "good": sum(not each.reason for each in changes),
        "changes": changes[:PREVIEWED],
        "is_cut": len(changes) == AT_ONCE,
    }


def meant(form: RuleForm) -> list[Quarantine]:
    """The items that a rule changes, as many as are mended at once."""
    return [each.held for each in islice(_changes(form), AT_ONCE)]


def _changes(form: RuleForm) -> Iterator[repair.Change]:
    return repair.preview(held=form.rows().iterator(chunk_size=500), rule=form.rule)


def item(row: Quarantine, typed: QueryDict | None = None) -> dict[str, Any]:
    """The context of one item's page."""
    now = row.mended or row.text
    cells = repair.cells(row)
    if typed is not None and cells:
        cells = dict(zip(typed.getlist("column"), typed.getlist("cell"), strict=False))
    return {
        "held": row,
        "what": told(row.reason, row.detail),
        "advice": ADVICE.get(row.reason),
        "level": LEVELS[HeldState(row.state)],
        "text": row.text[:SHOWN_TEXT],
        "is_cut": len(row.text) > SHOWN_TEXT,
        "now": typed.get("text", now) if typed is not None else now,
        "cells": [(name, text, name == row.pointer) for name, text in cells.items()],
        "is_repairable": repair.is_repairable(row) and bool(row.text),
        "can_repair": row.state in {HeldState.OPEN, HeldState.DISMISSED},
        "repairs": row.repairs.select_related("by").order_by("-pk"),
    }


def export(rows: QuerySet[Quarantine]) -> tuple[list[str], Iterator[list[Any]]]:
    """Heading and rows of a file for the source's owner, with every column of its tables."""
    columns = list(
        dict.fromkeys(
            name
            for row in rows.filter(form__startswith="contract:")[:500]
            for name in repair.cells(row)
        )
    )  # fmt: skip
    head = [
        str(title)
        for title in (
            gettext_lazy("Item"), gettext_lazy("Received at"), gettext_lazy("File"),
            gettext_lazy("Reason"), gettext_lazy("Which part"), gettext_lazy("What"),
        )
    ]  # fmt: skip
    return [*head, *columns, str(gettext_lazy("Text"))], _lines(rows, columns)


def _lines(rows: QuerySet[Quarantine], columns: list[str]) -> Iterator[list[Any]]:
    for row in rows.iterator(chunk_size=2000):
        cells = repair.cells(row)
        delivery = row.batch.delivery
        yield [
            f"{row.batch_id}-{row.position}",
            row.batch.received_at.isoformat(timespec="seconds"),
            delivery.name if delivery else "",
            row.get_reason_display(),
            row.pointer,
            told(row.reason, row.detail),
            *(cells.get(name, "") for name in columns),
            # A cell of a spreadsheet holds no more.
            "" if cells else row.text[:32_000],
        ]
