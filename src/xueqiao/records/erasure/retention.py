"""How long statements of a source are kept: a policy of two persons, carried out day by day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.records.erasure import selection
from xueqiao.records.erasure.requests import Decided, ReasonMissing, SamePerson
from xueqiao.records.models import Erasure, LegalHold, RetentionPolicy, Source

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.people.models import Person

LONGEST_DAYS = 36_500


class DaysUnfit(errors.Refusal):
    """A number of days that is none, or longer than a hundred years."""

    code = "records.retention_days_unfit"
    status = 422


class PolicyWaiting(errors.Refusal):
    """Another policy of this source waits for a decision."""

    code = "records.retention_waiting"


@transaction.atomic
def ask(*, source: Source, days: int, reason: str, by: Person, at: datetime) -> RetentionPolicy:
    """Ask that statements of a source be erased so many days after they were stored.

    Raises:
        DaysUnfit: fewer than 1 day or more than a hundred years.
        ReasonMissing: no reason is given.
        PolicyWaiting: another one waits for a decision.
    """
    if not 0 < days <= LONGEST_DAYS:
        text = _("Give 1 to {most} days.")
        raise DaysUnfit(text.format(most=LONGEST_DAYS), pointer="days")
    if not reason.strip():
        raise ReasonMissing(_("Say why: the rule or the agreement it follows."), pointer="reason")
    Source.objects.select_for_update().get(pk=source.pk)
    if RetentionPolicy.objects.filter(source=source, state=RetentionPolicy.State.ASKED).exists():
        raise PolicyWaiting(_("Another policy of this source waits for a decision."))
    return RetentionPolicy.objects.create(
        source=source, days=days, reason=reason.strip()[:300], requested_by=by, requested_at=at
    )


@transaction.atomic
def approve(*, policy: RetentionPolicy, by: Person, at: datetime) -> RetentionPolicy:
    """Put a policy in force, in place of the one before; the source says its days from now on.

    Raises:
        SamePerson: whoever asked cannot allow it.
        Decided: it does not wait for a decision.
    """
    found = _waiting(policy, by)
    RetentionPolicy.objects.filter(
        source=found.source_id, state=RetentionPolicy.State.IN_FORCE
    ).update(state=RetentionPolicy.State.ENDED, ended_by=by, ended_at=at)
    found.state, found.decided_by, found.decided_at = RetentionPolicy.State.IN_FORCE, by, at
    found.save(update_fields=["state", "decided_by", "decided_at"])
    Source.objects.filter(pk=found.source_id).update(retention_days=found.days)
    return found


@transaction.atomic
def reject(*, policy: RetentionPolicy, by: Person, at: datetime) -> RetentionPolicy:
    """Refuse a policy.

    Raises:
        SamePerson: whoever asked cannot decide.
        Decided: it does not wait for a decision.
    """
    found = _waiting(policy, by)
    found.state, found.decided_by, found.decided_at = RetentionPolicy.State.REJECTED, by, at
    found.save(update_fields=["state", "decided_by", "decided_at"])
    return found


@transaction.atomic
def end(*, policy: RetentionPolicy, by: Person, at: datetime) -> RetentionPolicy:
    """Keep everything of the source again; one person is enough to erase less.

    Raises:
        Decided: the policy is not in force.
    """
    found = RetentionPolicy.objects.select_for_update().get(pk=policy.pk)
    if found.state != RetentionPolicy.State.IN_FORCE:
        raise Decided(_("This policy is not in force."))
    found.state, found.ended_by, found.ended_at = RetentionPolicy.State.ENDED, by, at
    found.save(update_fields=["state", "ended_by", "ended_at"])
    Source.objects.filter(pk=found.source_id).update(retention_days=None)
    return found


def _waiting(policy: RetentionPolicy, by: Person) -> RetentionPolicy:
    found = RetentionPolicy.objects.select_for_update().get(pk=policy.pk)
    if found.state != RetentionPolicy.State.ASKED:
        text = _("This policy does not wait for a decision any more: {state}.")
        raise Decided(text.format(state=found.get_state_display()))
    if found.requested_by_id == by.pk:
        raise SamePerson(_("You asked for this policy. A second person has to decide about it."))
    return found


def raise_due(*, now: datetime) -> int:
    """Make the erasures that policies in force call for; they are approved by the policy.

    A source whose ``retention_days`` is not what two persons allowed is left alone, and one whose
    last erasure still runs.

    Returns:
        How many were made.
    """
    made = 0
    policies = RetentionPolicy.objects.filter(state=RetentionPolicy.State.IN_FORCE)
    for policy in policies.select_related("source").order_by("pk"):
        if policy.source.retention_days == policy.days:
            made += _raise(policy, now)
    return made


@transaction.atomic
def _raise(policy: RetentionPolicy, now: datetime) -> bool:
    RetentionPolicy.objects.select_for_update().get(pk=policy.pk)
    before = now - timedelta(days=policy.days)
    if policy.runs.filter(state__in=["approved", "running"]).exists():
        return False
    last = policy.runs.order_by("pk").last()
    erasure = Erasure(
        kind=Erasure.Kind.RETENTION,
        policy=policy,
        source=policy.source,
        stored_before=before,
        reason=policy.reason,
        requested_by=policy.requested_by,
        requested_at=now,
        state=Erasure.State.APPROVED,
        decided_by=policy.decided_by,
        decided_at=policy.decided_at,
    )
    if last is not None and not _lifted_since(policy, last.requested_at):
        # What is older went with the last one, or stays for a reason that still holds.
        erasure.reached_at = last.stored_before
    due = selection.deletable(erasure, now)
    if erasure.reached_at is not None:
        due = due.filter(stored_at__gte=erasure.reached_at)
    if not due.exists():
        return False
    erasure.preview = {"at": now.isoformat()}
    erasure.save(force_insert=True)
    return True


def _lifted_since(policy: RetentionPolicy, at: datetime) -> bool:
    lifted = LegalHold.objects.filter(lifted_at__gte=at)
    return lifted.filter(source=policy.source_id).exists() or lifted.filter(source=None).exists()


def unapproved(source: Source) -> bool:
    """Whether a source says a number of days that two persons have not allowed."""
    in_force = RetentionPolicy.objects.filter(source=source, state=RetentionPolicy.State.IN_FORCE)
    return (
        source.retention_days is not None
        and not in_force.filter(days=source.retention_days).exists()
    )
