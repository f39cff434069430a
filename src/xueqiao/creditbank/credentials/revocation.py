"""Revoking: the certificate, its bit and the published list change in one transaction (law I15)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank.credentials import statuslists
from xueqiao.creditbank.models import Certificate, StatusList
from xueqiao.creditbank.models.certificates import STANDING
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

State = Certificate.State


class NoSuchCertificate(errors.Refusal):
    """There is no certificate with this key."""

    code = "credentials.unknown"
    status = 404


class NoReason(errors.Refusal):
    """A revocation says why."""

    code = "credentials.no_reason"
    status = 422


@transaction.atomic
def revoke(*, key: UUID, reason: str, at: datetime) -> Certificate:
    """Revoke a certificate for good. One that is still waiting to be signed is withdrawn.

    A repeated call changes nothing and returns the certificate as it was revoked first. When the
    call returns, the published status list shows the revocation.

    Args:
        key: the certificate's number.
        reason: in words the learner reads; not empty.
        at: aware.

    Raises:
        NoSuchCertificate, NoReason.
    """
    if not reason.strip():
        raise NoReason(_("Say why the certificate is revoked; the learner will read it."))
    certificate = locked(key)
    if certificate.state in STANDING:
        end(certificate, State.REVOKED, reason=reason, at=at)
    return certificate


def locked(key: UUID) -> Certificate:
    """A certificate, its row locked.

    Raises:
        NoSuchCertificate: none has this key.
    """
    found = Certificate.objects.select_for_update(of=("self",)).filter(key=key).first()
    if found is None:
        text = _("There is no certificate {key}. Copy the number from the certificate's page.")
        raise NoSuchCertificate(text.format(key=key))
    return found


def end(certificate: Certificate, state: State, *, reason: str, at: datetime) -> None:
    """End a standing certificate, and what was said for it. Inside a transaction that locked it.

    Args:
        state: revoked or superseded; one that was never signed is withdrawn instead.
    """
    signed = certificate.state != State.QUEUED
    certificate.state = state if signed else State.WITHDRAWN
    certificate.revoked_at, certificate.revoke_reason = at, reason.strip()[:300]
    certificate.save(update_fields=["state", "revoked_at", "revoke_reason"])
    certificate.suspensions.filter(ended_at__isnull=True).update(
        ended_at=at, end_reason=certificate.revoke_reason
    )
    if signed:
        room = StatusList.objects.select_for_update().get(entries=certificate)
        statuslists.publish(room, at=at)
    for endorsement in certificate.endorsements.standing().order_by("pk"):
        end(locked(endorsement.key), State.REVOKED, reason=reason, at=at)


def supersede(newer: Certificate, *, at: datetime) -> None:
    """End the certificate that a newer one replaces. Inside the transaction that issues it."""
    assert newer.replaces is not None
    older = locked(newer.replaces.key)
    if older.state in STANDING:
        text = _("Replaced by the certificate {key}.")
        end(older, State.SUPERSEDED, reason=text.format(key=newer.key), at=at)


@transaction.atomic
def revoke_for_lots(*, lot_ids: list[int], reason: str, at: datetime) -> int:
    """Revoke every certificate that rests on some lots, as when the lots are reversed.

    Transcripts, conversions and awards that name one of the lots are among them.

    Returns:
        How many, the endorsements of the revoked ones not counted.
    """
    alive = Certificate.objects.resting_on(lot_ids).standing().order_by("pk")
    found = list(alive.values_list("key", flat=True))
    for key in found:
        revoke(key=key, reason=reason, at=at)
    return len(found)


def revoke_sample(*, reason: str, at: datetime) -> Certificate | None:
    """Revoke the last issued certificate of a sample institution, unless one is revoked already.

    Returns:
        The revoked certificate; None when none was issued.
    """
    samples = Certificate.objects.filter(institution__is_sample=True).order_by("pk")
    earlier = samples.filter(state=State.REVOKED).first()
    if earlier:
        return earlier
    last = samples.filter(state=State.ISSUED).last()
    return revoke(key=last.key, reason=reason, at=at) if last else None
