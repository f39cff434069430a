"""Tables of the recognition of prior learning: application, items, evidence, steps, assessment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.people.models import Person


class ApplicationQuerySet(models.QuerySet["Application"]):
    def own(self, person: Person) -> ApplicationQuerySet:
        """What a learner asked for, drafts included."""
        return self.filter(applicant=person)

    def reviewable_by(self, person: Person | None, day: date) -> ApplicationQuerySet:
        """Submitted applications of the places for which the person holds a role on that day.

        Never the person's own: what one has asked for, one does not review.
        """
        reach = rights.within(
            person, rights.RECOGNITION_QUEUE, day, place="place_id", institution="institution_id"
        )
        if person is None:
            return self.none()
        return self.filter(reach).exclude(applicant=person).exclude(state=Application.State.DRAFT)


class Application(models.Model):
    """An application for recognition 认定申请. Its moves are ``rules.recognition.MOVES``."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SUBMITTED = "submitted", _("Submitted")
        RETURNED = "returned", _("Returned for more")
        ACCEPTED = "accepted", _("Accepted for assessment")
        SCREENING = "screening", _("First review passed")
        ASSESSING = "assessing", _("Being assessed")
        PROPOSED = "proposed", _("Proposed for recognition")
        PUBLIC_NOTICE = "public_notice", _("On public notice")
        APPROVED = "approved", _("Approved")
        POSTED = "posted", _("Credit posted")
        REJECTED = "rejected", _("Not recognised")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        LAPSED = "lapsed", _("Lapsed")
        APPEALED = "appealed", _("Appealed")
        REVIEWING = "reviewing", _("Appeal under review")
        UPHELD = "upheld", _("Decision upheld")
        CHANGED = "changed", _("Decision changed")
        REVOKED = "revoked", _("Revoked")

    request_key = models.CharField(max_length=120, unique=True)
    applicant = models.ForeignKey("people.Person", models.PROTECT, related_name="applications")
    entered_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    place = models.ForeignKey("network.Place", models.PROTECT, related_name="+")
    institution = models.ForeignKey(
        "network.Institution", models.PROTECT, null=True, related_name="+", help_text="认证点"
    )
    title = models.CharField(max_length=200, help_text="what was learnt, in the learner's words")
    statement = models.TextField(blank=True, help_text="how it was learnt, in the learner's words")
    obtained = models.DateField(help_text="when the learning was complete")
    employer = models.CharField(max_length=160, blank=True, help_text="declared, for conflicts")
    state = models.CharField(max_length=14, choices=State, default=State.DRAFT)
    state_since = models.DateTimeField()
    notice_until = models.DateField(null=True, help_text="last day of the public notice")
    round = models.PositiveSmallIntegerField(
        default=1, help_text="raised when the case goes back to assessment"
    )
    needs_screening = models.BooleanField(default=False, help_text="set when it is accepted")
    needs_panel = models.BooleanField(default=False, help_text="set when it is accepted")
    due_on = models.DateField(null=True, help_text="last day for the next step")
    holder = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, related_name="+", help_text="who took it up"
    )
    created_at = models.DateTimeField()

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["state", "state_since"]),
            models.Index(fields=["applicant", "state_since"]),
            models.Index(fields=["state", "due_on"]),
        ]

    @property
    def number(self) -> str:
        """What people quote: the year it was begun and its number."""
        return f"{self.created_at:%Y}-{self.pk:08d}"


class ApplicationItem(models.Model):
    """One unit that the applicant asks to have recognised. Amounts in hundredths of a credit."""

    class Ground(models.TextChoices):
        OTHER = "other", _("What I can do")
        CERTIFICATE = "certificate", _("A certificate")
        WORK = "work", _("Work experience")

    application = models.ForeignKey(Application, models.PROTECT, related_name="items")
    unit = models.ForeignKey("creditbank.Unit", models.PROTECT, related_name="+")
    asked_hundredths = models.PositiveIntegerField()
    proposed_hundredths = models.PositiveIntegerField(null=True)
    ground = models.CharField(max_length=12, choices=Ground, default=Ground.OTHER)
    certificate = models.ForeignKey(
        "creditbank.ClaimedCertificate", models.PROTECT, null=True, related_name="items"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(name="application_item_once", fields=["application", "unit"]),
            models.CheckConstraint(
                name="application_item_asks", condition=Q(asked_hundredths__gt=0)
            ),
            models.CheckConstraint(
                name="application_item_certificate",
                condition=Q(ground="certificate", certificate__isnull=False)
                | (~Q(ground="certificate") & Q(certificate__isnull=True)),
            ),
        ]


class Evidence(models.Model):
    """A file that supports an application. Its hash is frozen when the application is submitted."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="evidence")
    title = models.CharField(max_length=160)
    media_type = models.CharField(max_length=80)
    size_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=200, help_text="name in the file store")
    added_at = models.DateTimeField()
    frozen_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="evidence_once", fields=["application", "sha256"]),
        ]


class ApplicationStep(models.Model):
    """The audit row of one move: who, when, from where to where, in which words. Kept as it is."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="steps")
    number = models.PositiveSmallIntegerField(help_text="1, 2, 3 … within the application")
    verb = models.CharField(max_length=20)
    stage = models.CharField(max_length=12, help_text="as ``rules.recognition.MOVES``")
    from_state = models.CharField(max_length=14, blank=True)
    to_state = models.CharField(max_length=14, choices=Application.State)
    actor = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, related_name="+", help_text="null: the calendar"
    )
    note = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="application_step_once", fields=["application", "number"]),
        ]


class Assessment(models.Model):
    """What an assessor found, by which method."""

    class Method(models.TextChoices):
        EXAM = "exam", _("Examination")
        PORTFOLIO = "portfolio", _("Portfolio")
        INTERVIEW = "interview", _("Interview")
        PRACTICE = "practice", _("Practical test")
        OBSERVATION = "observation", _("Observation at work")
        EQUAL_OUTCOME = "equal", _("Comparison with an equal outcome")

    application = models.ForeignKey(Application, models.PROTECT, related_name="assessments")
    assessor = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    method = models.CharField(max_length=12, choices=Method)
    round = models.PositiveSmallIntegerField(default=1)
    details = models.JSONField(default=dict, help_text="fields of the method, by name")
    scores = models.JSONField(default=dict, help_text="unit id to 1/100 of a point, of 10,000")
    amounts = models.JSONField(default=dict, help_text="unit id to 1/100 credit")
    findings = models.TextField(blank=True)
    no_conflict_declared = models.BooleanField(
        help_text="neither kin nor employer of the applicant"
    )
    assessed_at = models.DateTimeField()
