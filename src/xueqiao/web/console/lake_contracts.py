"""What the pages of the lake's contracts show: in force, proposed, kept or broken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from xueqiao.governance import contracts
from xueqiao.governance.models import DataContract
from xueqiao.lake import facts, meanings
from xueqiao.lake.contracts import checks, gate, odcs
from xueqiao.lake.contracts.contract import OF_SOURCE
from xueqiao.lake.contracts.shipped import shipped
from xueqiao.records.models import Source
from xueqiao.web.console import lake_names

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.lake.contracts.contract import Contract

State = DataContract.State
STATES = {
    gate.PASSED: (_("kept"), "ok"),
    gate.STOPPED: (_("stopped"), "bad"),
    gate.ALLOWED: (_("let through"), "warn"),
    gate.FREE: (_("no contract"), ""),
}
RANKS = (gate.STOPPED, gate.ALLOWED, gate.PASSED, gate.FREE, "")
TABLE, SOURCE = "table", "source"


class ProposalForm(forms.Form):
    """A next version of a contract, as a document."""

    document = forms.CharField(
        label=_("The contract (YAML of ODCS 3)"),
        widget=forms.Textarea(attrs={"rows": 20, "class": "code", "spellcheck": "false"}),
    )
    reason = forms.CharField(label=_("Why it is wanted"), max_length=contracts.LONGEST)


@dataclass(frozen=True)
class Row:
    """One contract in the list: what it is about, how the last check of it ended."""

    pk: str
    title: str
    version: int
    waits: bool
    verdict: gate.Verdict | None

    @property
    def kind(self) -> str:
        return SOURCE if self.pk.startswith(OF_SOURCE) else TABLE

    @property
    def name(self) -> str:
        """The table, or the code of the source."""
        return self.pk.removeprefix(OF_SOURCE)

    @property
    def words(self) -> str:
        """All that a search looks through."""
        return f"{self.pk} {self.title}".lower()

    @property
    def state(self) -> str:
        return self.verdict.state if self.verdict else ""

    @property
    def rank(self) -> int:
        """What somebody has to look at comes first."""
        return RANKS.index(self.state)

    @property
    def rows(self) -> int | None:
        return self.verdict.rows if self.verdict else None

    @property
    def checked_at(self) -> datetime | None:
        return self.verdict.checked_at if self.verdict else None


def listed() -> list[Row]:
    """A row for each table and each source with a contract or a proposal. 2 queries."""
    rows = list(DataContract.objects.order_by("name", "version"))
    sources = dict(Source.objects.values_list("code", "name"))
    approved = {row.name: row for row in rows if row.state == State.APPROVED}
    waiting = {row.name for row in rows if row.state == State.PROPOSED}
    verdicts = {each.table: each for each in gate.verdicts(settings.LAKE)}
    names = sorted({*shipped(), *verdicts, *(row.name for row in rows)})
    return [
        Row(
            name,
            titled(name, sources),
            approved[name].version if name in approved else int(name in shipped()),
            name in waiting,
            verdicts.get(name),
        )
        for name in names
    ]


def shown(name: str) -> dict[str, Any] | None:
    """One contract with its versions and what the last check found. 2 queries; None: no such."""
    rows = list(
        DataContract.objects.filter(name=name)
        .select_related("proposed_by", "decided_by")
        .order_by("-version")
    )
    verdict = {each.table: each for each in gate.verdicts(settings.LAKE)}.get(name)
    approved = [row for row in rows if row.state == State.APPROVED]
    now = odcs.read(approved[0].document) if approved else shipped().get(name)
    if now is None and not rows and verdict is None and not is_source(name):
        return None
    waiting = next((row for row in rows if row.state == State.PROPOSED), None)
    after = odcs.read(waiting.document) if waiting else None
    return {
        "name": name,
        "title": titled(name, dict(Source.objects.values_list("code", "name"))),
        "now": now,
        "parts": parts(name, now) if now else [],
        "rows": rows,
        "waiting": waiting,
        "differences": contracts.differences(now, after) if after else [],
        "verdict": verdict,
        "state": STATES[verdict.state] if verdict else None,
        "breaches": [checks.said(each) for each in verdict.breaches] if verdict else [],
    }


def titled(name: str, sources: dict[str, str]) -> str:
    """What people call what a contract is about."""
    if name.startswith(OF_SOURCE):
        code = name.removeprefix(OF_SOURCE)
        return sources.get(code, code)
    return lake_names.known_title(name)


def is_source(name: str) -> bool:
    code = name.removeprefix(OF_SOURCE)
    return code != name and Source.objects.filter(code=code).exists()


def parts(name: str, now: Contract) -> list[tuple[str, str, str]]:
    """Each part that is promised: its name, what it means where it is a column, the promise."""
    known = meanings.described(name, facts.columns(name)).columns if name in facts.names() else {}
    return [
        (part, known[part].text if part in known else "", promise)
        for part, promise in contracts.parts(now).items()
    ]


def document(name: str, now: Contract | None) -> str:
    """The text to begin a proposal with: what is in force, or a first one."""
    return odcs.text(odcs.document(now or contracts.drafted(name, [])))
