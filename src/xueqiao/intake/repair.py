"""Repair of quarantine: a text is mended by hand, or many by a rule, and tried again.

How a text is read stands beside it (``Quarantine.form``): nothing for a statement as JSON,
``contract:<id>`` for a row of a table, as JSON of its cells.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from django.db.models import Q
from django.utils.translation import gettext as _

from xueqiao.intake.models import Contract
from xueqiao.intake.tables import mapping as mappings
from xueqiao.intake.tables.rows import Converter, as_text
from xueqiao.kernel import errors
from xueqiao.records import quarantine
from xueqiao.records.checking import Incoming, Refused
from xueqiao.records.quarantine import Mended
from xueqiao.records.reasons import Reason
from xueqiao.records.xapi import validate, values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from xueqiao.people.models import Person
    from xueqiao.records.quarantine import Outcome, Quarantine

TOGETHER = 500
MOST_TOGETHER = 20_000
PREVIEWED = 20


class RuleUnfit(errors.Refusal):
    """A rule names no text to replace."""

    code = "intake.rule_unfit"
    status = 422


class NotRepairable(errors.Refusal):
    """There is no text to mend: a whole file could not be read, or its mapping is not kept."""

    code = "intake.not_repairable"
    status = 422


@dataclass(frozen=True)
class Rule:
    """What is replaced in many texts at once.

    Attributes:
        column: a column of the table; "": the whole text.
        old: what the cell holds, or a part of the text.
        new: what stands there instead; for a column, the whole cell.
    """

    column: str
    old: str
    new: str


class Change(NamedTuple):
    """A text before and after a rule, and what would be said of it."""

    held: Quarantine
    before: str
    after: str
    reason: str
    detail: str


def cells(held: Quarantine) -> dict[str, str]:
    """The cells of a row in quarantine by their columns; none where it is no row of a table."""
    if not held.form.startswith("contract:"):
        return {}
    try:
        return msgspec.json.decode(held.mended or held.text, type=dict[str, str])
    except msgspec.DecodeError:
        return {}


def is_repairable(held: Quarantine) -> bool:
    return held.form == "" or held.form.startswith("contract:")


def mend(*, held: Quarantine, text: str, by: Person | None, at: datetime) -> Outcome:
    """Try one item again with another text.

    Raises:
        NotRepairable: its text is not one that can be read again, or is a row of a file as it was.
        NotWaiting: it was repaired before.
    """
    if _is_raw(held) and text == (held.mended or held.text):
        said = _("Only the mapping of its file reads this row. Write a statement in its stead.")
        raise NotRepairable(said)
    [outcome] = quarantine.take_again(mended=[_mended(held, text)], by=by, at=at)
    return outcome


def worth_trying(held: QuerySet[Quarantine]) -> QuerySet[Quarantine]:
    """Those of some items that another try as they are may change, least often tried first."""
    may = (
        Q(form__startswith="contract:")
        | Q(form="", reason=Reason.NOT_JSON)
        | Q(form="", text__startswith="{")
        | Q(form="", mended__startswith="{")
    )
    return quarantine.least_tried(held.filter(may).exclude(text=""))


def preview(*, held: Iterable[Quarantine], rule: Rule) -> Iterator[Change]:
    """What a rule changes, without storing anything. Items that it leaves alone are left out.

    Raises:
        RuleUnfit: the rule names nothing to replace.
    """
    _check(rule)
    for row in held:
        before = row.mended or row.text
        after = changed(row, rule)
        if after is not None and is_repairable(row):
            reason, detail = _said(row, after)
            yield Change(row, before, after, reason, detail)


def mend_many(
    *,
    held: Iterable[Quarantine],
    rule: Rule | None,
    by: Person | None,
    at: datetime,
    contract: Contract | None = None,
) -> dict[str, int]:
    """Mend many by a rule and try them again; without a rule they are tried as they are.

    Rows of a file, which no try makes a statement, then keep the reason for which they are held.

    Each ``TOGETHER`` are one transaction, so that a long repair that is stopped keeps what it did.

    Args:
        contract: the version by which rows of tables are read; None: by the one they came by.

    Returns:
        State to how many, for those that were tried.

    Raises:
        RuleUnfit: the rule names nothing to replace.
    """
    if rule is not None:
        _check(rule)
    done: dict[str, int] = {}
    by_source: dict[int, list[Mended]] = {}
    for row in held:
        text = changed(row, rule) if rule else row.mended or row.text
        if text is None or not is_repairable(row) or (rule is None and _is_raw(row)):
            continue
        waiting = by_source.setdefault(row.batch.source_id, [])
        waiting.append(_mended(row, text, contract))
        if len(waiting) == TOGETHER:
            _count(done, by_source.pop(row.batch.source_id), rule, by, at)
    for waiting in by_source.values():
        _count(done, waiting, rule, by, at)
    return done


def changed(held: Quarantine, rule: Rule) -> str | None:
    """The text of an item after a rule; None where the rule does not touch it."""
    if not rule.column:
        before = held.mended or held.text
        return before.replace(rule.old, rule.new) if rule.old in before else None
    found = cells(held)
    if found.get(rule.column) != rule.old:
        return None
    return as_text(found | {rule.column: rule.new})


def _count(
    done: dict[str, int],
    mended: Sequence[Mended],
    rule: Rule | None,
    by: Person | None,
    at: datetime,
) -> None:
    told = asdict(rule) if rule else None
    for outcome in quarantine.take_again(mended=mended, by=by, at=at, rule=told):
        done[outcome.state] = done.get(outcome.state, 0) + 1


def _check(rule: Rule) -> None:
    if not rule.old and not rule.column:
        text = _("Write the text that is to be replaced.")
        raise RuleUnfit(text, pointer="old")


def _mended(held: Quarantine, text: str, contract: Contract | None = None) -> Mended:
    is_row = held.form.startswith("contract:")
    form = f"contract:{contract.pk}" if contract and is_row else held.form
    return Mended(held, text, [_read(held, text, form)], form)


def _read(held: Quarantine, text: str, form: str) -> Incoming | Refused:
    """What a text gives, read in the way of its form."""
    if form == "":
        return _statement(text)
    kind, _colon, rest = form.partition(":")
    contract = Contract.objects.filter(pk=int(rest)).first() if rest.isdigit() else None
    if kind != "contract" or contract is None:
        raise NotRepairable(_("This cannot be mended here. Have it sent again."))
    try:
        row = msgspec.json.decode(text, type=dict[str, str])
    except (msgspec.DecodeError, RecursionError) as why:
        said = _("The row is not JSON with a text for each column: {why}.")
        return Refused(text, Reason.NOT_JSON, said.format(why=why), "", form)
    converter = Converter(mappings.read(contract.mapping), source=held.batch.source.code, form=form)
    return converter.of(row)


def _is_raw(held: Quarantine) -> bool:
    """Whether its text is a row as it stood in a file, which only its mapping can read."""
    if held.form or held.reason == Reason.NOT_JSON:
        return False
    return isinstance(_statement(held.mended or held.text), Refused)


def _statement(text: str) -> Incoming | Refused:
    try:
        return Incoming(text, msgspec.json.decode(text))
    except (msgspec.DecodeError, RecursionError) as why:
        said = _("The text is not JSON: {why}.")
        return Refused(text, Reason.NOT_JSON, said.format(why=why))


def _said(held: Quarantine, text: str) -> tuple[str, str]:
    """Why a text would be refused, or two empty texts; a conflict shows only when it is stored."""
    found = _read(held, text, held.form)
    if isinstance(found, Refused):
        return str(Reason(found.reason).label), found.detail
    try:
        validate.check(found.statement)
    except values.Invalid as why:
        return str(Reason.INVALID.label), f"{why.pointer} {why.text}"
    return "", ""
