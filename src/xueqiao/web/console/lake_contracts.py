"""What the pages of the lake's contracts show: in force, proposed, kept or broken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from xueqiao.governance import contracts
from xueqiao.governance.models import DataContract
from xueqiao.lake.contracts import checks, gate, odcs
from xueqiao.lake.contracts.contract import OF_SOURCE
from xueqiao.lake.contracts.shipped import shipped
from xueqiao.records.models import Source

if TYPE_CHECKING:
    from xueqiao.lake.contracts.contract import Contract

State = DataContract.State
STATES = {
    gate.PASSED: (_("kept"), "ok"),
    gate.STOPPED: (_("stopped"), "bad"),
    gate.ALLOWED: (_("let through"), "warn"),
    gate.FREE: (_("no contract"), ""),
}


class ProposalForm(forms.Form):
    """A next version of a contract, as a document."""

    document = forms.CharField(
        label=_("The contract (YAML of ODCS 3)"),
        widget=forms.Textarea(attrs={"rows": 20, "class": "code", "spellcheck": "false"}),
    )
    reason = forms.CharField(label=_("Why it is wanted"), max_length=contracts.LONGEST)


def listed() -> list[dict[str, Any]]:
    """A row for each table and each source with a contract or a proposal. 1 query."""
    rows = list(DataContract.objects.order_by("name", "version"))
    approved = {row.name: row for row in rows if row.state == State.APPROVED}
    waiting = {row.name for row in rows if row.state == State.PROPOSED}
    verdicts = {each.table: each for each in gate.verdicts(settings.LAKE)}
    names = {*shipped(), *verdicts, *(row.name for row in rows)}
    found = []
    for name in sorted(names):
        verdict, row = verdicts.get(name), approved.get(name)
        version = row.version if row else int(name in shipped())
        title, level = STATES.get(verdict.state, ("", "")) if verdict else ("", "")
        found.append(
            {
                "name": name, "version": version, "waits": name in waiting, "title": title,
                "level": level, "checked_at": verdict.checked_at if verdict else None,
                "rows": verdict.rows if verdict else None,
            }
        )  # fmt: skip
    return found


def shown(name: str) -> dict[str, Any] | None:
    """One contract with its versions and what the last check found. 1 query; None: no such."""
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
        "now": now,
        "parts": sorted(contracts.parts(now).items()) if now else [],
        "rows": rows,
        "waiting": waiting,
        "differences": contracts.differences(now, after) if after else [],
        "verdict": verdict,
        "state": STATES[verdict.state] if verdict else None,
        "breaches": [checks.said(each) for each in verdict.breaches] if verdict else [],
    }


def is_source(name: str) -> bool:
    code = name.removeprefix(OF_SOURCE)
    return code != name and Source.objects.filter(code=code).exists()


def document(name: str, now: Contract | None) -> str:
    """The text to begin a proposal with: what is in force, or a first one."""
    return odcs.text(odcs.document(now or contracts.drafted(name, [])))
