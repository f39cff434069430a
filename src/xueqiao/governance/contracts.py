"""Contracts of data: proposed by one person, approved or rejected by another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.governance import publishing
from xueqiao.governance.models import DataContract
from xueqiao.kernel import errors
from xueqiao.lake.contracts import odcs
from xueqiao.lake.contracts.contract import OF_SOURCE, Contract
from xueqiao.lake.contracts.gate import bronze
from xueqiao.lake.contracts.shipped import shipped
from xueqiao.records import sources

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from xueqiao.people.models import Person

LONGEST = 500


class ContractUnknown(errors.Refusal):
    """A contract names a table or source that does not exist."""

    code = "governance.contract_unknown"
    status = 422


class ContractUnchanged(errors.Refusal):
    """The proposal is what is in force already, or waits for its answer."""

    code = "governance.contract_unchanged"


class ContractDecided(errors.Refusal):
    """Somebody has answered the proposal before."""

    code = "governance.contract_decided"


class SecondPersonNeeded(errors.Refusal):
    """Whoever proposed a contract cannot approve it."""

    code = "governance.second_person"


class ReasonMissing(errors.Refusal):
    """A decision without a reason, or with too long a one."""

    code = "governance.reason_missing"
    status = 422


@transaction.atomic
def propose(*, document: str, reason: str, by: Person, at: datetime) -> DataContract:
    """Put a next version of a contract before a second person.

    The document's own version is replaced by the next number. A second call with what waits
    already returns the one that waits.

    Args:
        document: YAML after ODCS 3; its id is a bronze table or ``source.<code>``.

    Raises:
        ContractUnreadable: it is no contract.
        ContractUnknown: it is about nothing that exists.
        ContractUnchanged: it says what is in force, or another proposal waits.
        ReasonMissing: nobody would know why.
    """
    plain, found = reasoned(reason), odcs.document_of(document)
    contract = odcs.contract_of(found)
    _check_subject(contract.name)
    waiting = DataContract.objects.filter(name=contract.name, state=DataContract.State.PROPOSED)
    waiting_one = waiting.select_for_update().first()
    number = newest(contract.name) + 1
    if waiting_one is not None:
        same = replace(odcs.read(waiting_one.document), version=0) == replace(contract, version=0)
        if same:
            return waiting_one
        text = _("Version {n} of {name} waits for its answer. Have it answered first.")
        raise ContractUnchanged(text.format(n=waiting_one.version, name=contract.name))
    now = in_force(contract.name)
    if now is not None and replace(now, version=0) == replace(contract, version=0):
        text = _("This is what {name} promises already, word for word.")
        raise ContractUnchanged(text.format(name=contract.name), pointer="document")
    found["version"] = f"{number}.0.0"
    return DataContract.objects.create(
        name=contract.name, version=number, document=odcs.text(found), reason=plain,
        proposed_by=by, proposed_at=at,
    )  # fmt: skip


@transaction.atomic
def decide(
    *, contract: DataContract, approve: bool, by: Person, at: datetime, note: str = ""
) -> DataContract:
    """Approve or reject a proposal. What is approved holds from the next build on.

    Raises:
        ContractDecided: somebody was faster.
        SecondPersonNeeded: the person proposed it.
    """
    row = DataContract.objects.select_for_update().get(pk=contract.pk)
    if row.state != DataContract.State.PROPOSED:
        text = _("Version {n} of {name} has been answered already.")
        raise ContractDecided(text.format(n=row.version, name=row.name))
    if row.proposed_by_id == by.pk:
        raise SecondPersonNeeded(
            _("A second person has to answer what you proposed. Ask another steward.")
        )
    row.state = DataContract.State.APPROVED if approve else DataContract.State.REJECTED
    row.decided_by, row.decided_at, row.note = by, at, note.strip()[:LONGEST]
    row.save(update_fields=["state", "decided_by", "decided_at", "note"])
    transaction.on_commit(lambda: publishing.publish(root=settings.LAKE), robust=True)
    return row


def in_force(name: str) -> Contract | None:
    """The contract that holds for a name: the newest approved, else the shipped one."""
    approved = DataContract.objects.filter(name=name, state=DataContract.State.APPROVED)
    row = approved.order_by("-version").first()
    return odcs.read(row.document) if row else shipped().get(name)


def newest(name: str) -> int:
    """The highest number of a version, answered or not; the shipped one counts."""
    row = DataContract.objects.filter(name=name).order_by("-version").first()
    return row.version if row else int(name in shipped())


def drafted(name: str, verbs: list[str]) -> Contract:
    """What a first contract of a source could say: as it has been, from now on.

    Args:
        verbs: the IRIs that it has sent so far.
    """
    columns = shipped()["bronze.statement"].columns
    return Contract(name, 0, columns, verbs=tuple(sorted(verbs)))


def differences(before: Contract | None, after: Contract) -> list[dict[str, Any]]:
    """What another version says differently: ``part``, ``before``, ``after``; "" where nothing."""
    old, new = (parts(each) if each else {} for each in (before, after))
    return [
        {"part": part, "before": old.get(part, ""), "after": new.get(part, "")}
        for part in dict.fromkeys([*old, *new])
        if old.get(part, "") != new.get(part, "")
    ]


def parts(contract: Contract) -> dict[str, str]:
    """What a contract promises, in words: part → promise."""
    found = {column.name: _column(column) for column in contract.columns}
    if contract.key:
        found[_("Occurs once")] = ", ".join(contract.key)
    found[_("Instants at most ahead")] = _("{n} seconds").format(n=contract.future_seconds)
    if contract.least_percent:
        found[_("Rows at least")] = _("{n} % of before").format(n=contract.least_percent)
    if contract.latest_hours:
        found[_("Something new within")] = _("{n} hours").format(n=contract.latest_hours)
    if contract.verbs:
        found[_("Agreed verbs")] = "\n".join(contract.verbs)
    for rule, measure in contract.measures.items():
        found[rule] = f"≤ {measure.at_most_percent} % · {measure.severity}"
    return found


# Types as ``contract.DELTA_TYPES`` names them, for people.
TYPES = {
    "string": gettext_lazy("text"),
    "integer": gettext_lazy("whole number"),
    "long": gettext_lazy("whole number"),
    "boolean": gettext_lazy("yes or no"),
    "date": gettext_lazy("day"),
    "timestamp": gettext_lazy("instant"),
    "binary": gettext_lazy("bytes"),
}


def _column(column: Any) -> str:
    words = [str(TYPES.get(column.type, column.type))]
    if column.is_required:
        words.append(_("never empty"))
    if column.codes:
        words.append(_("one of {codes}").format(codes=", ".join(column.codes)))
    return " · ".join(words)


def reasoned(reason: str) -> str:
    """A reason without blanks around it.

    Raises:
        ReasonMissing: empty, or longer than can be kept.
    """
    plain = reason.strip()
    if not 1 <= len(plain) <= LONGEST:
        text = _("Say why, in at most {n} characters. Others will read it.")
        raise ReasonMissing(text.format(n=LONGEST), pointer="reason")
    return plain


def _check_subject(name: str) -> None:
    if name.startswith(OF_SOURCE):
        if sources.exists(name.removeprefix(OF_SOURCE)):
            return
        text = _("There is no source with the code {code}. Its contract would bind nobody.")
        raise ContractUnknown(text.format(code=name.removeprefix(OF_SOURCE)), pointer="document")
    if name not in {*bronze(settings.LAKE), *shipped()}:
        text = _(
            "The lake has no table {name}. The id of a contract is a table such as bronze.person, "
            "or source. and the code of a source."
        )
        raise ContractUnknown(text.format(name=name), pointer="document")
