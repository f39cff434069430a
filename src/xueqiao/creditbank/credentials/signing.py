"""Signing what waits: claimed under a lease, signed outside any transaction, stored once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from xueqiao.creditbank.credentials import (
    conversions,
    document,
    endorsements,
    keys,
    qualifications,
    revocation,
    statuslists,
    transcripts,
)
from xueqiao.creditbank.models import Certificate, CertificateLot, CreditLot, IssuerKey
from xueqiao.kernel import lease
from xueqiao.kernel.signing import proof

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH = 25
LEASE = timedelta(seconds=60)
State, Kind = Certificate.State, Certificate.Kind
BUILDERS = {
    Kind.ACHIEVEMENT: document.build,
    Kind.TRANSCRIPT: transcripts.build,
    Kind.CONVERSION: conversions.build,
    Kind.AWARD: qualifications.build,
    Kind.ENDORSEMENT: endorsements.build,
}


@dataclass(frozen=True)
class Signed:
    """What a run did: certificates signed, and left waiting (other signers' included)."""

    signed: int
    left: int


def sign_queued(
    *, limit: int, now: datetime, report: Callable[[int, int], None] | None = None
) -> Signed:
    """Sign certificates that wait, oldest first. Safe to stop at any instant, and to run twice.

    A certificate is signed under a lease and stored only while the lease is ours, so it gets one
    document however many signers there are. The lease of a process that was killed is taken over at
    once on the same machine, after ``LEASE`` on another.

    Args:
        limit: at most this many.
        now: the instant of issue.
        report: told after each batch how many are done, of how many.

    Raises:
        keys.KeyLost: an issuer's private key is missing; nothing of that batch is stored.
    """
    owner, done = lease.owner(), 0
    release_dead()
    total = min(limit, Certificate.objects.filter(state=State.QUEUED).count())
    while done < limit:
        batch = _claim(min(BATCH, limit - done), owner, now)
        if not batch:
            break
        done += _store(owner, now, [_sign(certificate, now) for certificate in batch])
        if report:
            report(done, total)
    return Signed(done, Certificate.objects.filter(state=State.QUEUED).count())


def release_dead() -> int:
    """Give back what a process of this machine held when it was killed. Returns how many rows."""
    held = Certificate.objects.filter(state=State.QUEUED).exclude(lease_owner="")
    owners = held.order_by().values_list("lease_owner", flat=True).distinct()
    dead = [name for name in owners if lease.is_dead(name)]
    return held.filter(lease_owner__in=dead).update(lease_owner="", lease_until=None) if dead else 0


def ready() -> Q:
    """Whether what a certificate rests on stands: its lots are active, its rows are signed."""
    rows = CertificateLot.objects.filter(certificate=OuterRef("pk"))
    signed = Certificate.objects.filter(
        lot=OuterRef("lot"), state=State.ISSUED, kind=Kind.ACHIEVEMENT
    )
    unsigned = rows.filter(~Exists(signed))
    standing = Q(lot__isnull=True) | Q(lot__state=CreditLot.State.ACTIVE)
    endorsed = Q(endorses__isnull=True) | Q(endorses__state=State.ISSUED)
    complete = ~Q(kind=Kind.TRANSCRIPT) | ~Exists(unsigned)
    return standing & endorsed & complete & ~Exists(rows.exclude(lot__state=CreditLot.State.ACTIVE))


@transaction.atomic
def _claim(count: int, owner: str, now: datetime) -> list[Certificate]:
    """Lease up to ``count`` certificates and give each its bit in the status list."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    rows = Certificate.objects.filter(free, ready(), state=State.QUEUED)
    rows = rows.order_by("requested_at", "pk")
    # PostgreSQL passes over what another signer is just claiming; SQLite has one writer anyway.
    batch = list(rows.select_for_update(skip_locked=True, of=("self",))[:count])
    for certificate in batch:
        certificate.lease_owner, certificate.lease_until = owner, now + LEASE
    Certificate.objects.bulk_update(batch, ["lease_owner", "lease_until"])
    # By issuer, so that two signers lock keys and lists in one order. The key comes first: its row
    # keeps a second signer from opening a second list.
    batch.sort(key=lambda each: (each.institution_id, each.pk))
    for institution in {each.institution_id: each.institution for each in batch}.values():
        keys.in_use(institution_id=institution.pk, institution_code=institution.code, at=now)
    statuslists.take_bits(batch, at=now)
    return list(
        Certificate.objects.filter(pk__in=[each.pk for each in batch])
        .select_related(
            "person",
            "institution",
            "lot__account",
            "lot__unit",
            "lot__level__framework",
            "lot__decision__outcome",
            "status_list__suspensions",
            "replaces",
            "endorses__institution",
            "conversion__version__rule__programme__level__framework",
        )
        .order_by("pk")
    )


def _sign(certificate: Certificate, now: datetime) -> tuple[Certificate, IssuerKey, str]:
    key = IssuerKey.objects.get(institution_id=certificate.institution_id, valid_to__isnull=True)
    unsigned = BUILDERS[Kind(certificate.kind)](certificate, key, now)
    private = keys.private(key)
    signed = proof.sign_twice(document=unsigned, key=private, method=key.method, created=now)
    return certificate, key, json.dumps(signed, ensure_ascii=False, separators=(",", ":"))


@transaction.atomic
def _store(owner: str, now: datetime, batch: list[tuple[Certificate, IssuerKey, str]]) -> int:
    """Write the documents of the certificates that are still ours; returns how many."""
    stored = 0
    for certificate, key, text in batch:
        ours = Certificate.objects.filter(
            ready(), pk=certificate.pk, state=State.QUEUED, lease_owner=owner
        )
        done = ours.update(
            state=State.ISSUED,
            issued_at=now,
            issuer_key=key,
            document=text,
            lease_owner="",
            lease_until=None,
        )
        stored += done
        if done and certificate.replaces_id:
            revocation.supersede(certificate, at=now)
    return stored
