"""Revoking: the certificate, its bit and the published list change in one transaction (law I15)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank.credentials import statuslists
from xueqiao.creditbank.models import Certificate, StatusList
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
    certificate = Certificate.objects.select_for_update().filter(key=key).first()
    if certificate is None:
        text = _("There is no certificate {key}. Copy the number from the certificate's page.")
        raise NoSuchCertificate(text.format(key=key))
    if certificate.state in {State.REVOKED, State.WITHDRAWN}:
        return certificate
    signed = certificate.state == State.ISSUED
    certificate.state = State.REVOKED if signed else State.WITHDRAWN
    certificate.revoked_at, certificate.revoke_reason = at, reason.strip()[:300]
    certificate.save(update_fields=["state", "revoked_at", "revoke_reason"])
    if signed:
        room = StatusList.objects.select_for_update().get(entries=certificate)
        statuslists.publish(room, at=at)
    return certificate


@transaction.atomic
def revoke_for_lots(*, lot_ids: list[int], reason: str, at: datetime) -> int:
    """Revoke every certificate of some lots, as when the lots are reversed. Returns how many."""
    alive = Certificate.objects.filter(
        lot_id__in=lot_ids, state__in=[State.QUEUED, State.ISSUED]
    ).order_by("pk")
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
