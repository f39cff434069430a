"""Tables of certificates: keys, status lists, certificates. ``credentials`` writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from xueqiao.creditbank.models.seals import KeyEnd

if TYPE_CHECKING:
    from xueqiao.people.models import Person


class IssuerKey(models.Model):
    """The public half of a key with which an institution signs 签发密钥.

    The private half is a file outside the database. A key that is no longer used stays here and in
    the institution's DID document, so that what it signed can still be checked.
    """

    institution = models.ForeignKey("network.Institution", models.PROTECT, related_name="+")
    did = models.CharField(max_length=300, help_text="did:web of the institution")
    method = models.CharField(max_length=340, unique=True, help_text="identifier: did#key-1")
    public_multikey = models.CharField(max_length=80, help_text="Ed25519, publicKeyMultibase")
    file_name = models.CharField(max_length=120, help_text="name in the folder keys/issuers")
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True, help_text="when it stopped signing; null: in use")
    ended = models.CharField(max_length=7, choices=KeyEnd, blank=True, default=KeyEnd.IN_USE)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="issuer_key_one_in_use",
                fields=["institution"],
                condition=Q(valid_to__isnull=True),
            ),
        ]
        indexes = [models.Index(fields=["did"])]


class StatusList(models.Model):
    """A published list with one bit for each certificate 状态列表; a bit set means revoked.

    ``document`` is the signed list as it is served. It is written anew in the transaction that
    changes a bit, and by a job before it grows old.
    """

    institution = models.ForeignKey("network.Institution", models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=20, default="revocation")
    length = models.PositiveIntegerField(help_text="bits")
    taken = models.PositiveIntegerField(default=0, help_text="bits that belong to a certificate")
    document = models.TextField(blank=True, help_text="signed BitstringStatusListCredential")
    signed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="status_list_not_overfull", condition=Q(taken__lte=models.F("length"))
            ),
        ]
        indexes = [models.Index(fields=["institution", "purpose"])]


class CertificateQuerySet(models.QuerySet["Certificate"]):
    def own(self, person: Person) -> CertificateQuerySet:
        """The certificates of a learner, signed or not yet."""
        return self.filter(person=person)

    def signed(self) -> CertificateQuerySet:
        """Those that have a document: issued or revoked."""
        return self.filter(state__in=[Certificate.State.ISSUED, Certificate.State.REVOKED])


class Certificate(models.Model):
    """A certificate 证书: what an institution attests about a lot of credit, signed by a job.

    ``document`` is the exact text that was signed. It never changes (a trigger refuses); what
    changes is the state, which the status list publishes.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting to be signed")
        ISSUED = "issued", _("Issued")
        REVOKED = "revoked", _("Revoked")
        WITHDRAWN = "withdrawn", _("Withdrawn before it was signed")

    key = models.UUIDField(unique=True, help_text="random; whoever has it may see the certificate")
    request_key = models.CharField(max_length=120, unique=True)
    state = models.CharField(max_length=9, choices=State, default=State.QUEUED)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="certificates")
    institution = models.ForeignKey("network.Institution", models.PROTECT, related_name="+")
    lot = models.ForeignKey("creditbank.CreditLot", models.PROTECT, related_name="certificates")
    requested_at = models.DateTimeField()
    issued_at = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True, help_text="null: does not expire")
    revoked_at = models.DateTimeField(null=True)
    revoke_reason = models.CharField(max_length=300, blank=True)
    issuer_key = models.ForeignKey(IssuerKey, models.PROTECT, null=True, related_name="+")
    status_list = models.ForeignKey(StatusList, models.PROTECT, null=True, related_name="entries")
    status_index = models.PositiveIntegerField(null=True, help_text="its bit, chosen at random")
    document = models.TextField(blank=True, help_text="the signed credential, byte for byte")
    lease_owner = models.CharField(max_length=120, blank=True, help_text="the process signing it")
    lease_until = models.DateTimeField(null=True)

    objects = CertificateQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="certificate_own_bit", fields=["status_list", "status_index"]
            ),
            models.CheckConstraint(
                name="certificate_signed_when_issued",
                condition=Q(state__in=["queued", "withdrawn"], document="", issued_at__isnull=True)
                | Q(
                    state__in=["issued", "revoked"],
                    issued_at__isnull=False,
                    issuer_key__isnull=False,
                    status_list__isnull=False,
                    status_index__isnull=False,
                )
                & ~Q(document=""),
            ),
            models.CheckConstraint(
                name="certificate_revoked_with_reason",
                condition=Q(state__in=["revoked", "withdrawn"], revoked_at__isnull=False)
                & ~Q(revoke_reason="")
                | Q(state__in=["queued", "issued"], revoked_at__isnull=True, revoke_reason=""),
            ),
        ]
        indexes = [
            models.Index(fields=["person", "state"]),
            models.Index(
                name="certificate_waiting", fields=["requested_at"], condition=Q(state="queued")
            ),
        ]
