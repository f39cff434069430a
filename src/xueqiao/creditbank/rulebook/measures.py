"""Numbers of measures 办法数值: a new version is proposed by one person and published by another.

Hours per credit, caps, validities and days of notice are rows of ``RuleTable``; each version names
the document it is taken from. Published, a version never changes; the next one takes its place from
its first day on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank.models import MeasureProposal, RuleTable
from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from xueqiao.people.models import Person

State = MeasureProposal.State
MOST = 10**9


class ValueUnfit(errors.Refusal):
    """The value does not have the whole numbers that the version before has."""

    code = "measure.value_unfit"
    status = 422


class Incomplete(errors.Refusal):
    """The source of a number, or the reason of a refusal, is missing."""

    code = "measure.incomplete"
    status = 422


class VersionTaken(errors.Refusal):
    """There is such a version already, or one of this name waits for a second person."""

    code = "measure.version_taken"


class DaysImpossible(errors.Refusal):
    """A version that ends before it begins, or begins before the one that is in force."""

    code = "measure.days_impossible"
    status = 422


class OwnProposal(errors.Refusal):
    """Nobody decides what they proposed."""

    code = "measure.own_proposal"
    status = 403


class WrongState(errors.Refusal):
    """The proposal has been decided already."""

    code = "measure.wrong_state"


@transaction.atomic
def propose(
    *, request_key: str, code: str, version: str, value: Mapping[str, int], valid_from: date,
    valid_to: date | None, source: str, by: Person, at: datetime, is_sample: bool = False,
) -> MeasureProposal:  # fmt: skip
    """Propose the next version of a number that there is, once for each request key.

    Args:
        value: whole numbers by the names of the version before.
        source: the document that sets it, with article and date.

    Raises:
        ValueUnfit, Incomplete, DaysImpossible, VersionTaken, rights.NotAllowed.
    """
    _check(by, at)
    found = MeasureProposal.objects.filter(request_key=request_key).first()
    if found is not None:
        return found
    before = RuleTable.objects.filter(code=code).order_by("valid_from", "pk").last()
    if before is None:
        raise ValueUnfit(_("There is no number {code}.").format(code=code), pointer="code")
    _refuse_value(value, before)
    _refuse_days(valid_from, valid_to, before)
    if not source.strip():
        words = _("Say which document sets the number, with article and date.")
        raise Incomplete(words, pointer="source")
    if RuleTable.objects.filter(code=code, version=version).exists():
        raise _taken(code, version)
    try:
        with transaction.atomic():
            return MeasureProposal.objects.create(
                request_key=request_key, code=code, version=version, title_zh=before.title_zh,
                title_en=before.title_en, value=dict(value), valid_from=valid_from,
                valid_to=valid_to, is_sample=is_sample, source=source.strip(), proposed_by=by,
                proposed_at=at,
            )  # fmt: skip
    except IntegrityError as why:
        raise _taken(code, version) from why


@transaction.atomic
def publish(*, proposal: MeasureProposal, by: Person, at: datetime) -> RuleTable:
    """Publish a proposed number; it holds from its first day on. Repeated, it is the same row.

    Raises:
        OwnProposal, WrongState, DaysImpossible, rights.NotAllowed.
    """
    locked = _lock(proposal, by, at)
    if locked.state == State.PUBLISHED:
        assert locked.table is not None, "a published proposal has its row"
        return locked.table
    _refuse_decided(locked)
    before = RuleTable.objects.filter(code=locked.code).order_by("valid_from", "pk").last()
    if before is not None:
        _refuse_days(locked.valid_from, locked.valid_to, before)
    names = ("code", "version", "title_zh", "title_en", "value", "valid_from", "valid_to",
             "is_sample", "source")  # fmt: skip
    locked.table = RuleTable.objects.create(**{name: getattr(locked, name) for name in names})
    _decide(locked, State.PUBLISHED, by, at, "")
    return locked.table


@transaction.atomic
def refuse(*, proposal: MeasureProposal, reason: str, by: Person, at: datetime) -> MeasureProposal:
    """Refuse a proposed number, with a reason. Raises as ``publish``, and Incomplete."""
    locked = _lock(proposal, by, at)
    if locked.state == State.REFUSED:
        return locked
    _refuse_decided(locked)
    if not reason.strip():
        raise Incomplete(_("Say why the number is refused."), pointer="reason")
    return _decide(locked, State.REFUSED, by, at, reason.strip())


@transaction.atomic
def withdraw(*, proposal: MeasureProposal, by: Person, at: datetime) -> MeasureProposal:
    """Whoever proposed a number takes it back.

    Raises:
        WrongState, rights.NotAllowed.
    """
    locked = MeasureProposal.objects.select_for_update(of=("self",)).get(pk=proposal.pk)
    if locked.proposed_by_id != by.pk:
        raise rights.NotAllowed(rights.not_allowed_text())
    if locked.state == State.WITHDRAWN:
        return locked
    _refuse_decided(locked)
    return _decide(locked, State.WITHDRAWN, by, at, "")


def _check(by: Person, at: datetime) -> None:
    if not rights.allows(by, rights.RULES_PUBLISH, clock.local_date(at)):
        raise rights.NotAllowed(rights.not_allowed_text())


def _lock(proposal: MeasureProposal, by: Person, at: datetime) -> MeasureProposal:
    _check(by, at)
    rows = MeasureProposal.objects.select_for_update(of=("self",)).select_related("table")
    locked = rows.get(pk=proposal.pk)
    if locked.proposed_by_id == by.pk:
        raise OwnProposal(_("You proposed this number. Somebody else decides about it."))
    return locked


def _refuse_decided(locked: MeasureProposal) -> None:
    if locked.state != State.PROPOSED:
        words = _("The proposal is “{state}” already. Load the page again.")
        raise WrongState(words.format(state=locked.get_state_display()))


def _refuse_value(value: Mapping[str, int], before: RuleTable) -> None:
    names = sorted(before.value)
    fits = sorted(value) == names and all(
        type(each) is int and 0 <= each <= MOST for each in value.values()
    )
    if not fits:
        words = _("Give whole numbers from 0 for: {names}.")
        raise ValueUnfit(words.format(names=", ".join(names)), pointer="value")


def _refuse_days(valid_from: date, valid_to: date | None, before: RuleTable) -> None:
    if valid_to is not None and valid_to <= valid_from:
        raise DaysImpossible(_("Choose an end after the start."), pointer="valid_to")
    if valid_from <= before.valid_from:
        words = _("Version {version} holds from {day}. Choose a later first day.")
        text = words.format(version=before.version, day=clock.written(before.valid_from))
        raise DaysImpossible(text, pointer="valid_from")


def _taken(code: str, version: str) -> VersionTaken:
    words = _("{code} has a version {version}, or one waits for a second person. Choose another.")
    return VersionTaken(words.format(code=code, version=version), pointer="version")


def _decide(
    locked: MeasureProposal, state: str, by: Person, at: datetime, reason: str
) -> MeasureProposal:
    locked.state, locked.decided_by, locked.decided_at, locked.reason = state, by, at, reason
    locked.save(update_fields=["state", "decided_by", "decided_at", "reason", "table"])
    return locked
