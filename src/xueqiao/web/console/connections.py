"""What the pages of connections show: forms made of a kind's settings, states, numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db.models import OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.intake import connections, connectors, running
from xueqiao.intake.models import Connection, Contract, Run, RunState
from xueqiao.kernel import clock
from xueqiao.records.models import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet
    from django.http import HttpRequest

    from xueqiao.intake.kinds import Kind, Setting

PARTS = ("received", "accepted", "duplicate", "quarantined")
LEVELS = {
    RunState.RUNNING: "now",
    RunState.DONE: "ok",
    RunState.CONTINUED: "now",
    RunState.QUOTA: "warn",
    RunState.PAUSED: "warn",
    RunState.FAILED: "bad",
    RunState.TAKEN_OVER: "warn",
}
# A page waits this long for a run; the worker goes on with what is left.
PAGE_SECONDS = 8.0


class SettingsForm(forms.Form):
    """Name and settings of a connection, as its kind asks for them."""

    name = forms.CharField(label=gettext_lazy("Name of the connection"), max_length=120)

    def __init__(
        self, *args: Any, kind: Kind, source: Source | None = None, kept: bool = False, **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self.kind = kind
        if source is None:
            rows = Source.objects.order_by("name")
            label = gettext_lazy("Source")
            self.fields["source"] = forms.ModelChoiceField(rows, label=label)
            self.fields["source"].label_from_instance = lambda row: row.name  # type: ignore[attr-defined]
        for setting in kind.settings:
            made = _field(setting, source, is_kept=kept)
            if made is not None:
                self.fields[setting.name] = made

    @property
    def values(self) -> dict[str, str]:
        """The settings as texts, for the verbs."""
        given = self.cleaned_data
        return {
            each.name: str(given.get(each.name) or "")
            for each in self.kind.settings
            if each.kind != "mapping"
        }

    @property
    def contract(self) -> Contract | None:
        found = self.cleaned_data.get(self.kind.mapping)
        return found if isinstance(found, Contract) else None

    @classmethod
    def of(cls, row: Connection) -> SettingsForm:
        kind = connectors.kind(row.kind)
        initial = {"name": row.name, **row.config, kind.mapping: row.contract_id}
        return cls(kind=kind, source=row.source, kept=bool(row.sealed), initial=initial)


def _field(setting: Setting, source: Source | None, *, is_kept: bool) -> forms.Field | None:
    shared: dict[str, Any] = {"label": setting.label, "help_text": setting.help}
    if setting.kind == "mapping":
        # A contract belongs to a source; a new connection has none yet.
        if source is None:
            return None
        rows = Contract.objects.filter(source=source).order_by("name", "-version")
        made = forms.ModelChoiceField(rows, required=False, **shared)
        made.label_from_instance = contract_name  # type: ignore[method-assign,assignment]
        return made
    if setting.kind == "choice":
        return forms.ChoiceField(choices=setting.choices, required=setting.required, **shared)
    if setting.kind == "secret":
        if is_kept:
            shared["help_text"] = _("Kept sealed and never shown. Leave it empty to keep it.")
        hidden = forms.PasswordInput({"autocomplete": "new-password"})
        needed = setting.required and not is_kept
        return forms.CharField(widget=hidden, required=needed, **shared)
    hints = {"number": {"inputmode": "numeric"}, "url": {"inputmode": "url"}}
    widget = forms.TextInput(hints.get(setting.kind, {}))
    return forms.CharField(required=setting.required, widget=widget, max_length=2000, **shared)


class ScheduleForm(forms.Form):
    """When a connection runs by itself, and how much it may bring."""

    every_minutes = forms.IntegerField(
        label=gettext_lazy("Every so many minutes"), required=False, min_value=1
    )
    daily_at = forms.TimeField(
        label=gettext_lazy("Or daily at (Beijing time)"),
        required=False,
        widget=forms.TimeInput({"placeholder": "02:30", "size": 5}, format="%H:%M"),
    )
    quota_run = forms.IntegerField(
        label=gettext_lazy("At most so many items a run"), required=False, min_value=1
    )
    quota_day = forms.IntegerField(
        label=gettext_lazy("At most so many items a day"), required=False, min_value=1
    )

    @classmethod
    def of(cls, row: Connection) -> ScheduleForm:
        names = ("every_minutes", "daily_at", "quota_run", "quota_day")
        return cls(initial={name: getattr(row, name) for name in names})


def contract_name(row: Contract) -> str:
    return _("{name}, version {n}").format(name=row.name, n=row.version)


def annotated(rows: QuerySet[Connection]) -> QuerySet[Any]:
    """Connections with their last run and the sums of all runs."""
    sums = {part: Coalesce(Sum(f"runs__{part}"), 0) for part in PARTS}
    known = with_last_run(rows).select_related("source", "contract")
    found: QuerySet[Any] = known.annotate(**sums)
    return found


def with_last_run(rows: QuerySet[Connection]) -> QuerySet[Any]:
    """Connections with state and beginning of their last run."""
    last = Run.objects.filter(connection=OuterRef("pk")).order_by("-pk")
    return rows.annotate(
        last_state=Subquery(last.values("state")[:1]),
        last_at=Subquery(last.values("started_at")[:1]),
    )


def kind_label(row: Connection) -> str:
    kind = connectors.KINDS.get(row.kind)
    return str(kind.label) if kind else row.kind


def state(row: Any) -> tuple[str, str]:
    """How a connection fares: a word and the level of its badge."""
    kind = connectors.KINDS.get(row.kind)
    if row.paused_at:
        return _("Paused"), "warn"
    if row.failures:
        return _("Failed {n} times").format(n=row.failures), "bad"
    if row.last_state:
        return str(RunState(row.last_state).label), LEVELS[RunState(row.last_state)]
    if kind is None or kind.pull is None:
        return _("Sent by the platform"), ""
    return _("Not run yet"), ""


def schedule(row: Connection) -> str:
    if row.every_minutes:
        return _("every {n} minutes").format(n=row.every_minutes)
    if row.daily_at:
        return _("daily at {time}").format(time=f"{row.daily_at:%H:%M}")
    return _("by hand")


def page(row: Any, form: SettingsForm | None, plan: ScheduleForm | None) -> dict[str, Any]:
    """The context of a connection's page."""
    kind = connectors.kind(row.kind)
    word, level = state(row)
    return {
        "connection": row,
        "kind": kind,
        "state": word,
        "level": level,
        "schedule": schedule(row),
        "is_pulled": kind.pull is not None,
        "is_upload": row.kind == "upload",
        "form": form or SettingsForm.of(row),
        "plan": plan or ScheduleForm.of(row),
        "contract": contract_name(row.contract) if row.contract else "",
        "runs": [_run(each) for each in row.runs.select_related("begun_by").order_by("-pk")[:20]],
        "open_alarms": row.alarms.filter(closed_at=None),
        "today": running.received_on(row, clock.now()),
        "watermark": sorted(row.watermark.items()),
    }


def _run(row: Run) -> dict[str, Any]:
    ended = row.ended_at or row.started_at
    return {
        "row": row,
        "level": LEVELS[RunState(row.state)],
        "seconds": round((ended - row.started_at).total_seconds(), 1),
        "is_replayable": row.watermark_before != row.connection.watermark,
    }


def tell(request: HttpRequest, done: Run) -> None:
    """Say on the next page what a run brought, or why it failed."""
    if done.reason:
        messages.error(request, done.reason)
        return
    text = _(
        "{received} received = {accepted} accepted + {duplicate} duplicate + {quarantined} "
        "quarantined"
    )
    counts = {part: f"{getattr(done, part):,}" for part in PARTS}
    messages.success(request, f"{done.get_state_display()}: {text.format(**counts)}")


def apply(form: SettingsForm, row: Connection | None) -> Connection:
    """Make a connection of a form, or change one.

    Raises:
        errors.Refusal: a setting cannot be used.
    """
    given: Mapping[str, Any] = form.cleaned_data
    if row is not None:
        return connections.change(
            connection=row, name=given["name"], values=form.values, contract=form.contract
        )
    return connections.create(
        source=given["source"],
        kind=form.kind.code,
        name=given["name"],
        values=form.values,
        at=clock.now(),
    )
