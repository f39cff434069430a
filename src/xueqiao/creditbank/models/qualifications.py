"""Tables of qualifications and of awards: what is asked for, and who has it by which credit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.people.models import Person


class Qualification(models.Model):
    """A qualification 资历 to which a programme leads, one row a version.

    ``requirements`` is read with ``rules.read_requirements``. Published, it never changes.
    """

    code = models.CharField(max_length=60)
    version = models.CharField(max_length=20)
    title_zh = models.CharField(max_length=160)
    title_en = models.CharField(max_length=200)
    programme = models.ForeignKey(
        "creditbank.Programme", models.PROTECT, related_name="qualifications"
    )
    level = models.ForeignKey("creditbank.Level", models.PROTECT, related_name="+")
    institution = models.ForeignKey(
        "network.Institution", models.PROTECT, null=True, related_name="+",
        help_text="who awards it; null: the bank itself",
    )  # fmt: skip
    requirements = models.JSONField(help_text="total, groups, residence, limits by kind, level")
    reserve_days = models.PositiveSmallIntegerField(
        help_text="days for which the credit of an application is reserved"
    )
    is_draft = models.BooleanField(default=False, help_text="not published; nobody is awarded it")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    is_sample = models.BooleanField()
    source = models.TextField(help_text="where the numbers come from")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="qualification_once", fields=["code", "version"]),
            models.CheckConstraint(
                name="qualification_ends_after_start",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
            ),
        ]


class AwardQuerySet(models.QuerySet["Award"]):
    def own(self, person: Person) -> AwardQuerySet:
        """The awards of a learner, in whatever state."""
        return self.filter(person=person)

    def decidable_by(self, person: Person | None, day: date) -> AwardQuerySet:
        """Awards that the person may decide on a day; never one's own."""
        if person is None:
            return self.none()
        reach = rights.within(
            person, rights.CONVERSION_DECIDE, day,
            place="person__home_id", institution="qualification__institution_id",
        )  # fmt: skip
        return self.filter(reach).exclude(person=person)


class Award(models.Model):
    """A qualification that a learner asks for, holds or held 资历授予, and the credit behind it.

    The right of that credit to count is reserved when it is asked for and used up when it is
    awarded, so that no credit stands behind two awards of one scope.
    """

    class State(models.TextChoices):
        REQUESTED = "requested", _("Asked for")
        AWARDED = "awarded", _("Awarded")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        LAPSED = "lapsed", _("Lapsed without an answer")
        IN_REVIEW = "in_review", _("Under review: credit behind it is in doubt")
        REVOKED = "revoked", _("Revoked")

    number = models.CharField(max_length=40, unique=True, help_text="printed on the certificate")
    request_key = models.CharField(max_length=120, unique=True)
    request_hash = models.CharField(max_length=64)
    qualification = models.ForeignKey(Qualification, models.PROTECT, related_name="awards")
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="awards")
    asked_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    total_hundredths = models.PositiveIntegerField(help_text="1/100 credit used for it")
    state = models.CharField(max_length=9, choices=State, default=State.REQUESTED)
    state_since = models.DateTimeField()
    asked_at = models.DateTimeField()
    reserved_until = models.DateTimeField()
    awarded_at = models.DateTimeField(null=True)
    reservation = models.OneToOneField("creditbank.TransferGroup", models.PROTECT, related_name="+")
    settlement = models.OneToOneField(
        "creditbank.TransferGroup", models.PROTECT, null=True, related_name="+"
    )

    objects = AwardQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="award_once",
                fields=["person", "qualification"],
                condition=Q(state__in=["requested", "awarded", "in_review"]),
            ),
            models.CheckConstraint(
                name="award_has_its_day",
                condition=Q(state__in=["awarded", "in_review", "revoked"], awarded_at__isnull=False)
                | Q(
                    state__in=["requested", "refused", "withdrawn", "lapsed"],
                    awarded_at__isnull=True,
                ),
            ),
        ]
        indexes = [models.Index(fields=["state", "reserved_until"])]

    @property
    def is_live(self) -> bool:
        """Whether it is asked for or held, so that it cannot be asked for again."""
        return self.state in {self.State.REQUESTED, self.State.AWARDED, self.State.IN_REVIEW}


class AwardUse(models.Model):
    """How much of which lot stands behind an award, and in which part of the programme."""

    award = models.ForeignKey(Award, models.PROTECT, related_name="uses")
    lot = models.ForeignKey("creditbank.CreditLot", models.PROTECT, related_name="award_uses")
    part = models.ForeignKey("creditbank.CreditGroup", models.PROTECT, related_name="+")
    amount_hundredths = models.PositiveIntegerField(help_text="1/100 credit")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="award_use_once", fields=["award", "lot", "part"]),
            models.CheckConstraint(name="award_use_positive", condition=Q(amount_hundredths__gt=0)),
        ]


class AwardStep(models.Model):
    """The audit row of one move of an award. Never changed. ``actor`` null: the clock."""

    award = models.ForeignKey(Award, models.PROTECT, related_name="steps")
    to_state = models.CharField(max_length=9, choices=Award.State)
    actor = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    reason = models.TextField(blank=True)
    at = models.DateTimeField()
