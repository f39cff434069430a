"""Tables of certificates: keys, status lists, certificates, suspensions.

``credentials`` writes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from xueqiao.creditbank.models.seals import KeyEnd
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date, datetime

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
    changes a bit, and by a job before it grows old. Beside each list of revocations stands one of
    suspensions, in which the same certificate has the same bit.
    """

    institution = models.ForeignKey("network.Institution", models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=20, default="revocation")
    beside = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        related_name="suspensions",
        help_text="of a list of suspensions: the list of revocations whose bits it shares",
    )
    length = models.PositiveIntegerField(help_text="bits")
    taken = models.PositiveIntegerField(default=0, help_text="bits that belong to a certificate")
    document = models.TextField(blank=True, help_text="signed BitstringStatusListCredential")
    signed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="status_list_not_overfull", condition=Q(taken__lte=models.F("length"))
            ),
            models.CheckConstraint(
                name="status_list_of_suspensions_beside_another",
                condition=Q(purpose="suspension", beside__isnull=False)
                | Q(purpose="revocation", beside__isnull=True),
            ),
        ]
        indexes = [models.Index(fields=["institution", "purpose"])]


class CertificateQuerySet(models.QuerySet["Certificate"]):
    def own(self, person: Person) -> CertificateQuerySet:
        """The certificates of a learner, signed or not yet."""
        merged = Q(person__learning_account__merged_into__person=person)
        return self.filter(Q(person=person) | merged)

    def kept_by(self, person: Person | None, day: date) -> CertificateQuerySet:
        """Those of the institutions for which the person looks after certificates."""
        if person is None:
            return self.none()
        place = "institution__seats__place_id"
        reach = rights.within(
            person, rights.CERTIFICATES, day, place=place, institution="institution_id"
        )
        return self.filter(pk__in=Certificate.objects.filter(reach).values("pk"))

    def signed(self) -> CertificateQuerySet:
        """Those that have a document, whatever became of them since."""
        return self.exclude(document="")

    def published(self, at: datetime) -> CertificateQuerySet:
        """Those that whoever has the link may read.

        A transcript is shown by consent: once it is taken back or its time is over, no more, and
        its endorsements neither. The rows that were made for it are shown in it alone.
        """
        over = Q(state=Certificate.State.REVOKED) | Q(valid_until__lte=at)
        ended = Certificate.objects.filter(over, kind=Certificate.Kind.TRANSCRIPT).values("pk")
        shown = self.signed().exclude(pk__in=ended).exclude(endorses__in=ended)
        return shown.exclude(only_in_transcripts=True)

    def standing(self) -> CertificateQuerySet:
        """Those that are not over: waiting, issued or suspended."""
        return self.filter(state__in=STANDING)

    def resting_on(self, lot_ids: list[int]) -> CertificateQuerySet:
        """Those that attest one of these lots, alone or among others."""
        several = CertificateLot.objects.filter(lot_id__in=lot_ids).values("certificate_id")
        return self.filter(Q(lot_id__in=lot_ids) | Q(pk__in=several))


class Certificate(models.Model):
    """A certificate 证书: what an institution attests, signed by a job.

    ``document`` is the exact text that was signed. It never changes (a trigger refuses); what
    changes is the state, which the status lists publish. What it attests depends on ``kind``: one
    lot of credit, several as a transcript, a conversion, an award, or another certificate.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting to be signed")
        ISSUED = "issued", _("Issued")
        SUSPENDED = "suspended", _("Suspended")
        REVOKED = "revoked", _("Revoked")
        SUPERSEDED = "superseded", _("Replaced by a newer one")
        WITHDRAWN = "withdrawn", _("Withdrawn before it was signed")

    class Kind(models.TextChoices):
        ACHIEVEMENT = "achievement", _("Certificate of credit")
        TRANSCRIPT = "transcript", _("Transcript")
        CONVERSION = "conversion", _("Certificate of conversion")
        AWARD = "award", _("Certificate of qualification")
        ENDORSEMENT = "endorsement", _("Endorsement")

    kind = models.CharField(max_length=12, choices=Kind, default=Kind.ACHIEVEMENT)
    key = models.UUIDField(unique=True, help_text="random; whoever has it may see the certificate")
    request_key = models.CharField(max_length=120, unique=True)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="certificates")
    institution = models.ForeignKey("network.Institution", models.PROTECT, related_name="+")
    lot = models.ForeignKey(
        "creditbank.CreditLot",
        models.PROTECT,
        null=True,
        related_name="certificates",
        help_text="of a certificate of credit: the lot",
    )
    conversion = models.ForeignKey(
        "creditbank.Conversion",
        models.PROTECT,
        null=True,
        related_name="certificates",
        help_text="of a certificate of conversion: the conversion",
    )
    endorses = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="endorsements",
        help_text="of an endorsement: the certificate that a second institution speaks for",
    )
    replaces = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        related_name="replacement",
        help_text="the certificate that is superseded when this one is signed",
    )
    content = models.JSONField(
        default=dict, help_text="what is attested beside the lots: use, recipient, comment, title"
    )
    requested_at = models.DateTimeField()
    issued_at = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True, help_text="null: does not expire")
    revoked_at = models.DateTimeField(null=True)
    revoke_reason = models.CharField(max_length=300, blank=True)
    issuer_key = models.ForeignKey(IssuerKey, models.PROTECT, null=True, related_name="+")
    status_list = models.ForeignKey(StatusList, models.PROTECT, null=True, related_name="entries")
    status_index = models.PositiveIntegerField(null=True, help_text="its bit, chosen at random")
    document = models.TextField(blank=True, help_text="the signed credential, byte for byte")
    only_in_transcripts = models.BooleanField(
        default=False, help_text="made as a row of a transcript; the learner did not ask for it"
    )
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
                    state__in=["issued", "suspended", "revoked", "superseded"],
                    issued_at__isnull=False,
                    issuer_key__isnull=False,
                    status_list__isnull=False,
                    status_index__isnull=False,
                )
                & ~Q(document=""),
            ),
            models.CheckConstraint(
                name="certificate_revoked_with_reason",
                condition=Q(
                    state__in=["revoked", "superseded", "withdrawn"], revoked_at__isnull=False
                )
                & ~Q(revoke_reason="")
                | Q(
                    state__in=["queued", "issued", "suspended"],
                    revoked_at__isnull=True,
                    revoke_reason="",
                ),
            ),
            models.CheckConstraint(
                name="certificate_says_what_its_kind_says",
                condition=Q(kind="achievement", lot__isnull=False, endorses__isnull=True)
                | Q(
                    kind__in=["transcript", "award"],
                    lot__isnull=True,
                    conversion__isnull=True,
                    endorses__isnull=True,
                )
                | Q(
                    kind="conversion",
                    lot__isnull=True,
                    conversion__isnull=False,
                    endorses__isnull=True,
                )
                | Q(
                    kind="endorsement",
                    lot__isnull=True,
                    conversion__isnull=True,
                    endorses__isnull=False,
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["person", "state"]),
            models.Index(
                name="certificate_waiting", fields=["requested_at"], condition=Q(state="queued")
            ),
        ]


STANDING = (Certificate.State.QUEUED, Certificate.State.ISSUED, Certificate.State.SUSPENDED)


class CertificateLot(models.Model):
    """A lot that a certificate of several lots rests on, in the order in which it is named."""

    certificate = models.ForeignKey(Certificate, models.PROTECT, related_name="rows")
    lot = models.ForeignKey("creditbank.CreditLot", models.PROTECT, related_name="rows")
    position = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="certificate_lot_once", fields=["certificate", "lot"]),
        ]
        ordering = ["certificate", "position"]


class Suspension(models.Model):
    """A time in which a certificate does not count 暂停, for one cause.

    A certificate is suspended while any of its suspensions is open, so that a second cause keeps it
    suspended when the first has ended.
    """

    certificate = models.ForeignKey(Certificate, models.PROTECT, related_name="suspensions")
    cause = models.CharField(max_length=120, help_text="'lot:812' for a frozen lot, or 'hand'")
    reason = models.CharField(max_length=300, help_text="in words the learner reads")
    begun_at = models.DateTimeField()
    begun_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=300, blank=True)
    ended_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="suspension_open_once",
                fields=["certificate", "cause"],
                condition=Q(ended_at__isnull=True),
            ),
            models.CheckConstraint(
                name="suspension_ends_after_it_began",
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=models.F("begun_at")),
            ),
        ]
