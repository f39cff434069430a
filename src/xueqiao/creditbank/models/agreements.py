"""Tables of transfer agreements: the text, who signed it for which side, every step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, F, Q

from xueqiao.people import rights
from xueqiao.people.bothsides import Side

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.people.models import Person


class AgreementQuerySet(models.QuerySet["TransferAgreement"]):
    def kept_by(self, person: Person | None, day: date) -> AgreementQuerySet:
        """Agreements that somebody works on: of the own institution, or of the own places.

        One whose sides are only named, not filed as institutions, is the province's to keep.
        """
        if person is None:
            return self.none()
        reach = Q()
        for side in ("giving", "receiving"):
            body = f"{side}_institution"
            reach |= rights.within(
                person, rights.AGREEMENTS, day,
                place=f"{body}__seats__place_id", institution=f"{body}_id",
            )  # fmt: skip
        province = Exists(rights.roles_in_force(person, rights.RULES_PUBLISH, day))
        reach |= Q(province, giving_institution=None, receiving_institution=None)
        return self.filter(pk__in=TransferAgreement.objects.filter(reach).order_by().values("pk"))

    def public(self) -> AgreementQuerySet:
        """What both sides have signed; everybody may read it."""
        return self.exclude(Q(signed_giving=None) | Q(signed_receiving=None))

    def awaiting(self) -> AgreementQuerySet:
        """Put forward, and not signed by both."""
        unsigned = Q(signed_giving=None) | Q(signed_receiving=None)
        return self.filter(unsigned, offered_at__isnull=False)

    def search(self, text: str) -> AgreementQuerySet:
        """By words of the titles, of the sides, or by the number."""
        names = ("title_zh", "title_en", "giving", "receiving", "code")
        asked = Q()
        for name in names:
            asked |= Q(**{f"{name}__icontains": text})
        return self.filter(asked)

    def in_force(self, day: date) -> AgreementQuerySet:
        """Signed by both and within their days."""
        open_end = Q(valid_to__isnull=True) | Q(valid_to__gt=day)
        return self.filter(
            open_end, valid_from__lte=day, signed_giving__lte=day, signed_receiving__lte=day
        )


class TransferAgreement(models.Model):
    """An agreement between two bodies 转换协议 under which rules are published.

    How it stands follows from its facts (``rulebook.standing``). From the moment it is offered its
    text is fixed; each side signs the SHA-256 of the text. Returned, it is a draft again under the
    next revision, and earlier signatures belong to the earlier text.
    """

    code = models.CharField(max_length=60, unique=True)
    request_key = models.CharField(max_length=120, blank=True)
    title_zh = models.CharField(max_length=160)
    title_en = models.CharField(max_length=200)
    giving = models.CharField(max_length=160, help_text="the body whose outcomes are taken")
    receiving = models.CharField(max_length=160, help_text="the body whose programme takes them")
    giving_institution = models.ForeignKey(
        "network.Institution", models.PROTECT, null=True, related_name="+"
    )
    receiving_institution = models.ForeignKey(
        "network.Institution", models.PROTECT, null=True, related_name="+"
    )
    terms_zh = models.TextField(blank=True, help_text="what the sides agree on")
    terms_en = models.TextField(blank=True)
    notice_days = models.PositiveSmallIntegerField(
        default=0, help_text="days from the notice to the end of the agreement, at least"
    )
    revision = models.PositiveSmallIntegerField(default=1)
    offered_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True, help_text="when a side gave notice")
    signed_giving = models.DateField(null=True)
    signed_receiving = models.DateField(null=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    is_sample = models.BooleanField()
    source = models.TextField()

    objects = AgreementQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="agreement_asked_once",
                fields=["request_key"],
                condition=~Q(request_key=""),
            ),
            models.CheckConstraint(
                name="agreement_ends_after_start",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
            ),
            models.CheckConstraint(
                name="agreement_has_two_sides",
                condition=Q(giving_institution__isnull=True)
                | Q(receiving_institution__isnull=True)
                | ~Q(giving_institution=F("receiving_institution")),
            ),
        ]


class AgreementSignature(models.Model):
    """One side's signature under one revision of an agreement. Never changed.

    ``document`` names the paper that was signed where a body does not sign here itself.
    """

    agreement = models.ForeignKey(TransferAgreement, models.PROTECT, related_name="signatures")
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
                name="agreement_signed_once_a_side", fields=["agreement", "revision", "side"]
            ),
            models.UniqueConstraint(
                name="agreement_signed_by_two", fields=["agreement", "revision", "person"]
            ),
        ]


class AgreementStep(models.Model):
    """The audit row of one step of an agreement: who, when, what, in which words. Never changed."""

    agreement = models.ForeignKey(TransferAgreement, models.PROTECT, related_name="steps")
    number = models.PositiveSmallIntegerField(help_text="1, 2, 3 … within the agreement")
    revision = models.PositiveSmallIntegerField()
    verb = models.CharField(max_length=20)
    actor = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    note = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="agreement_step_once", fields=["agreement", "number"]),
        ]
