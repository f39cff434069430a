"""Suspending and reinstating: for a while a certificate does not count, and everybody can see it.

The certificate's state, its bit in the list of suspensions and the published list change in one
transaction, as in ``revocation``. Each cause is a row of its own: a certificate that rests on two
disputed lots stays suspended until both are settled
(docs/decisions/0097-suspension-beside-revocation.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank.credentials import statuslists
from xueqiao.creditbank.credentials.revocation import NoReason, locked
from xueqiao.creditbank.models import Certificate, StatusList, Suspension
from xueqiao.kernel import errors
from xueqiao.records import log

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from xueqiao.people.models import Person

BY_HAND = "hand"
State = Certificate.State


class NotSuspendable(errors.Refusal):
    """The certificate is not issued: it waits to be signed, or is over."""

    code = "credentials.not_suspendable"


class NotSuspendedByHand(errors.Refusal):
    """Nobody suspended it by hand; a frozen lot keeps it suspended, or it is not suspended."""

    code = "credentials.not_suspended_by_hand"


@transaction.atomic
def suspend(*, key: UUID, reason: str, at: datetime, by: Person | None = None) -> Certificate:
    """Suspend a certificate by hand. A second call changes nothing.

    When the call returns, the published list of suspensions shows it.

    Args:
        reason: in words the learner reads; not empty.
        at: aware.
        by: who suspends it.

    Raises:
        NotSuspendable: waiting, revoked, replaced or withdrawn.
        revocation.NoReason, revocation.NoSuchCertificate.
    """
    if not reason.strip():
        raise NoReason(_("Say why the certificate is suspended; the learner will read it."))
    certificate = locked(key)
    if certificate.state not in {State.ISSUED, State.SUSPENDED}:
        text = _("The certificate is “{state}”. Only an issued certificate can be suspended.")
        raise NotSuspendable(text.format(state=certificate.get_state_display()))
    _open([certificate], cause=BY_HAND, reason=reason, at=at, by=by)
    return certificate


@transaction.atomic
def reinstate(*, key: UUID, reason: str, at: datetime, by: Person | None = None) -> Certificate:
    """End a suspension by hand. The certificate counts again unless another cause keeps it.

    Raises:
        NotSuspendedByHand: there is no suspension by hand to end.
        revocation.NoReason, revocation.NoSuchCertificate.
    """
    if not reason.strip():
        raise NoReason(_("Say why the certificate counts again; the learner will read it."))
    certificate = locked(key)
    if not _close([certificate], causes=[BY_HAND], reason=reason, at=at, by=by):
        text = _(
            "The certificate was not suspended by hand. If a disputed credit keeps it suspended, "
            "settle the dispute."
        )
        raise NotSuspendedByHand(text)
    return certificate


@transaction.atomic
def suspend_for_lots(
    *, lot_ids: list[int], reason: str, at: datetime, by: Person | None = None
) -> int:
    """Suspend every certificate that rests on some lots, as when the lots are frozen.

    Transcripts, conversions and awards that name one of the lots are among them. Certificates that
    wait are left: a job signs nothing that rests on a lot that is not active. A second call changes
    nothing.

    Returns:
        How many certificates do not count now that counted before.
    """
    touched = 0
    for lot_id in sorted(set(lot_ids)):
        rows = Certificate.objects.resting_on([lot_id]).filter(
            state__in=[State.ISSUED, State.SUSPENDED]
        )
        found = list(rows.select_for_update(of=("self",)).order_by("pk"))
        touched += _open(found, cause=f"lot:{lot_id}", reason=reason, at=at, by=by)
    return touched


@transaction.atomic
def reinstate_for_lots(
    *, lot_ids: list[int], reason: str, at: datetime, by: Person | None = None
) -> int:
    """End the suspensions that some lots caused, as when they are unfrozen.

    A certificate that another lot, or somebody by hand, keeps suspended stays suspended.

    Returns:
        How many certificates count again.
    """
    causes = [f"lot:{lot_id}" for lot_id in sorted(set(lot_ids))]
    rows = Certificate.objects.resting_on(lot_ids).filter(state=State.SUSPENDED)
    found = list(rows.select_for_update(of=("self",)).order_by("pk"))
    return _close(found, causes=causes, reason=reason, at=at, by=by)


def _open(
    certificates: list[Certificate], *, cause: str, reason: str, at: datetime, by: Person | None
) -> int:
    fresh = [
        each
        for each in certificates
        if not each.suspensions.filter(cause=cause, ended_at__isnull=True).exists()
    ]
    text = reason.strip()[:300]
    Suspension.objects.bulk_create(
        [
            Suspension(certificate=each, cause=cause, reason=text, begun_at=at, begun_by=by)
            for each in fresh
        ]
    )
    turned = [each for each in fresh if each.state == State.ISSUED]
    return _turn(turned, State.SUSPENDED, text, at)


def _close(
    certificates: list[Certificate],
    *,
    causes: list[str],
    reason: str,
    at: datetime,
    by: Person | None,
) -> int:
    ended = Suspension.objects.filter(
        certificate__in=certificates, cause__in=causes, ended_at__isnull=True
    ).update(ended_at=at, end_reason=reason.strip()[:300], ended_by=by)
    if not ended:
        return 0
    still = set(
        Suspension.objects.filter(certificate__in=certificates, ended_at__isnull=True).values_list(
            "certificate_id", flat=True
        )
    )
    free = [each for each in certificates if each.pk not in still]
    _turn([each for each in free if each.state == State.SUSPENDED], State.ISSUED, reason, at)
    return len(free)


def _turn(certificates: list[Certificate], state: State, reason: str, at: datetime) -> int:
    """Set the state, publish the lists, tell the learner's log. Returns how many were turned."""
    for certificate in certificates:
        certificate.state = state
        certificate.save(update_fields=["state"])
        word = "suspended" if state == State.SUSPENDED else "reinstated"
        log.append(
            kind=f"creditbank.certificate_{word}",
            key=f"certificate:{certificate.key}:{word}:{at.isoformat()}",
            event_at=at,
            payload={
                "certificate_id": certificate.pk,
                "person_id": certificate.person_id,
                "reason": reason,
            },
        )
    publish_suspensions({each.status_list_id for each in certificates}, at=at)
    return len(certificates)


def publish_suspensions(list_ids: Iterable[int | None], *, at: datetime) -> None:
    """Sign the lists of suspensions beside some lists of revocations, lowest first."""
    for number in sorted(each for each in list_ids if each is not None):
        room = StatusList.objects.select_for_update().get(pk=number)
        beside = statuslists.suspensions_beside(room, at=at)
        statuslists.publish(beside, at=at)
