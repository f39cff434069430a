"""Tables of what is said against a case: objections, appeals, revocations. Kept as they are."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Objection(models.Model):
    """An objection 异议 that anybody made while a case was on public notice."""

    application = models.ForeignKey(
        "creditbank.Application", models.PROTECT, related_name="objections"
    )
    round = models.PositiveSmallIntegerField(help_text="the public notice it was made against")
    name = models.CharField(max_length=80, help_text="who objects")
    contact = models.CharField(max_length=120, help_text="for the centre only")
    reasons = models.TextField()
    person = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, related_name="+", help_text="where signed in"
    )
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of round, name and reasons")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="objection_once", fields=["application", "fingerprint"]),
        ]


class ObjectionRuling(models.Model):
    """What the centre found about an objection."""

    objection = models.OneToOneField(Objection, models.PROTECT, related_name="ruling")
    upheld = models.BooleanField()
    reasons = models.TextField()
    ruled_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    ruled_at = models.DateTimeField()


class Appeal(models.Model):
    """An applicant's appeal 申诉 against a decision. One for each case."""

    application = models.OneToOneField(
        "creditbank.Application", models.PROTECT, related_name="appeal"
    )
    grounds = models.TextField()
    against = models.CharField(max_length=14, help_text="the state that is appealed against")
    filed_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    filed_at = models.DateTimeField()


class AppealRuling(models.Model):
    """What the review of an appeal 复核 came to."""

    appeal = models.OneToOneField(Appeal, models.PROTECT, related_name="ruling")
    changed = models.BooleanField(help_text="a new decision was made; the old one stays")
    reasons = models.TextField()
    ruled_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    ruled_at = models.DateTimeField()


class Revocation(models.Model):
    """That somebody asks for a decided case to be undone 撤销, and why. Another person answers."""

    class Ground(models.TextChoices):
        FRAUD = "fraud", _("Something in it was forged or untrue")
        ERROR = "error", _("It was decided by mistake")

    application = models.ForeignKey(
        "creditbank.Application", models.PROTECT, related_name="revocations"
    )
    number = models.PositiveSmallIntegerField(
        default=1, help_text="1, 2, 3 … within the application"
    )
    ground = models.CharField(max_length=8, choices=Ground)
    reasons = models.TextField()
    asked_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="revocation_once", fields=["application", "number"]),
        ]


class RevocationAnswer(models.Model):
    """What a second person answered: the case is undone, or it stays."""

    revocation = models.OneToOneField(Revocation, models.PROTECT, related_name="answer")
    granted = models.BooleanField()
    reasons = models.TextField()
    answered_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    answered_at = models.DateTimeField()
