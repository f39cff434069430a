"""Sharing agreements: what one body lets another fetch, who signed it, every use of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xueqiao.governance.models.access import Leaving, Purpose
from xueqiao.governance.models.edition import Designed
from xueqiao.kernel import evidence
from xueqiao.people import rights
from xueqiao.people.bothsides import Side

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.people.models import Person


class SharingQuerySet(models.QuerySet["SharingAgreement"]):
    def seen_by(self, person: Person | None, day: date) -> SharingQuerySet:
        """Those of the own institution on either side, and those of the places one looks after."""
        if person is None:
            return self.none()
        reach = Q()
        for side in ("giving", "receiving"):
            reach |= rights.within(
                person, rights.LAKE_SHARE, day,
                place="place_id", institution=f"{side}_institution_id",
            )  # fmt: skip
        return self.filter(reach)

    def awaiting(self) -> SharingQuerySet:
        """Put forward, and not signed by both."""
        unsigned = Q(signed_giving=None) | Q(signed_receiving=None)
        return self.filter(unsigned, offered_at__isnull=False)

    def signed(self) -> SharingQuerySet:
        return self.exclude(Q(signed_giving=None) | Q(signed_receiving=None))

    def in_force(self, day: date) -> SharingQuerySet:
        """Signed by both, begun, and not over."""
        return self.filter(
            valid_from__lte=day, valid_to__gt=day,
            signed_giving__lte=day, signed_receiving__lte=day,
        )  # fmt: skip

    def search(self, text: str) -> SharingQuerySet:
        """By words of the titles, the names of the sides, or the number."""
        asked = Q(code__icontains=text)
        for name in ("title_zh", "title_en", "giving", "receiving"):
            asked |= Q(**{f"{name}__icontains": text})
        return self.filter(asked)


class SharingAgreement(models.Model):
    """An agreement between two bodies about data 数据共享协议.

    From the moment it is put forward its text is fixed; each side signs the SHA-256 of the text.
    Ended by a side, ``valid_to`` moves to the day after its last one.
    """

    code = models.SlugField(max_length=60, unique=True)
    request_key = models.CharField(max_length=80, unique=True)
    renews = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="renewed_by",
        help_text="the agreement whose place it takes",
    )  # fmt: skip
    title_zh = models.CharField(max_length=160)
    title_en = models.CharField(max_length=200)
    giving = models.CharField(max_length=160, help_text="name of the body that gives the data")
    receiving = models.CharField(max_length=160, help_text="name of the body that fetches them")
    giving_institution = models.ForeignKey("network.Institution", models.PROTECT, related_name="+")
    receiving_institution = models.ForeignKey(
        "network.Institution", models.PROTECT, related_name="+"
    )
    place = models.ForeignKey(
        "network.Place", models.PROTECT, related_name="+",
        help_text="rows of persons and institutions of this place and everything below it",
    )  # fmt: skip
    purpose = models.CharField(max_length=12, choices=Purpose)
    purpose_text = models.TextField(max_length=2000, help_text="what the data are used for")
    legal_basis = models.CharField(max_length=600, help_text="law, measure or decision")
    leaving = models.CharField(max_length=8, choices=Leaving, default=Leaving.COUNTS)
    terms_zh = models.TextField(max_length=20_000)
    terms_en = models.TextField(max_length=20_000)
    contact_giving = models.CharField(max_length=200, help_text="person, telephone or e-mail")
    contact_receiving = models.CharField(max_length=200)
    revision = models.PositiveSmallIntegerField(default=1)
    offered_at = models.DateTimeField(null=True, blank=True)
    signed_giving = models.DateField(null=True, blank=True)
    signed_receiving = models.DateField(null=True, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(help_text="first day on which it does not hold any more")
    agreed_to = models.DateField(help_text="valid_to as it was signed")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="when a side ended it")
    ended_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    end_reason = models.CharField(max_length=300, blank=True)
    is_sample = models.BooleanField(default=False)

    objects = SharingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="sharing_ends_after_start", condition=Q(agreed_to__gt=F("valid_from"))
            ),
            models.CheckConstraint(
                name="sharing_not_longer_than_signed",
                condition=Q(valid_to__lte=F("agreed_to")),
            ),
            models.CheckConstraint(
                name="sharing_has_two_sides",
                condition=~Q(giving_institution=F("receiving_institution")),
            ),
            models.CheckConstraint(
                name="sharing_ended_with_reason",
                condition=Q(ended_at=None) | ~Q(end_reason=""),
            ),
            evidence.Unchanging(
                name="sharing_as_offered",
                since="offered_at",
                columns=(
                    "code", "renews_id", "title_zh", "title_en", "giving", "receiving",
                    "giving_institution_id", "receiving_institution_id", "place_id", "purpose",
                    "purpose_text", "legal_basis", "leaving", "terms_zh", "terms_en",
                    "contact_giving", "contact_receiving", "valid_from", "agreed_to",
                ),
            ),
        ]  # fmt: skip


class SharedDataset(Designed):
    """One data set of an agreement. What is signed of it never changes; a draft writes it anew."""

    agreement = models.ForeignKey(SharingAgreement, models.PROTECT, related_name="datasets")
    code = models.SlugField(max_length=60)
    title = models.CharField(max_length=160)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="shared_dataset_once", fields=["agreement", "code"]),
            evidence.Unchanging(
                name="shared_dataset_as_written",
                columns=("agreement_id", "code", "title", "sql", "shape"),
            ),
        ]


class SharingSignature(models.Model):
    """One side's signature under one revision of an agreement. Never changed.

    ``document`` names the paper that was signed where a body does not sign here itself.
    """

    agreement = models.ForeignKey(SharingAgreement, models.PROTECT, related_name="signatures")
    revision = models.PositiveSmallIntegerField()
    side = models.CharField(max_length=10, choices=Side)
    person = models.ForeignKey(
        "people.Person", models.PROTECT, related_name="+", help_text="who signed, or recorded it"
    )
    office = models.CharField(max_length=120, help_text="in which office, as 校长")
    document = models.CharField(max_length=160, blank=True)
    text_hash = models.CharField(max_length=64, help_text="SHA-256 of the text that was signed")
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="sharing_signed_once_a_side", fields=["agreement", "revision", "side"]
            ),
            models.UniqueConstraint(
                name="sharing_signed_by_two", fields=["agreement", "revision", "person"]
            ),
            evidence.Unchanging(name="sharing_signature_stays"),
        ]


class SharingStep(models.Model):
    """The audit row of one step of an agreement: who, when, what, why. Never changed."""

    class Verb(models.TextChoices):
        DRAFT = "draft", _("Drafted")
        AMEND = "amend", _("Text changed")
        OFFER = "offer", _("Put forward for signature")
        RETURN = "return", _("Returned for a change")
        SIGN_GIVING = "sign_giving", _("Signed for the giving side")
        SIGN_RECEIVING = "sign_receiving", _("Signed for the receiving side")
        END = "end", _("Ended by a side")
        RENEW = "renew", _("Renewal drafted")

    agreement = models.ForeignKey(SharingAgreement, models.PROTECT, related_name="steps")
    number = models.PositiveSmallIntegerField(help_text="1, 2, 3 … within the agreement")
    revision = models.PositiveSmallIntegerField()
    verb = models.CharField(max_length=20, choices=Verb)
    actor = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    note = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="sharing_step_once", fields=["agreement", "number"]),
            evidence.Unchanging(name="sharing_step_stays"),
        ]


class SharedUse(models.Model):
    """One fetch of a data set under an agreement, seen by both sides. Never changed."""

    agreement = models.ForeignKey(SharingAgreement, models.PROTECT, related_name="uses")
    edition = models.ForeignKey("governance.DataEdition", models.PROTECT, related_name="+")
    at = models.DateTimeField()
    by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    key = models.CharField(max_length=40, blank=True, help_text="the key pair it was fetched with")
    kind = models.CharField(max_length=8)
    rows = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="shared_use_by_somebody",
                condition=Q(by__isnull=False, key="") | (Q(by__isnull=True) & ~Q(key="")),
            ),
            evidence.Unchanging(name="shared_use_stays"),
        ]
        indexes = [models.Index(fields=["agreement", "-at"])]
