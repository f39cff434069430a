"""Tables of the exchange: partners, messages, reconciliations and their breaks."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Partner(models.Model):
    """A body with which records are exchanged, and how it is reached."""

    class Driver(models.TextChoices):
        HTTP = "http", _("over HTTPS, signed")
        FILE = "file", _("files in a folder")

    code = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=160)
    own_code = models.CharField(max_length=60, help_text="our code at the partner")
    driver = models.CharField(max_length=4, choices=Driver)
    address = models.CharField(max_length=300, help_text="https address, or name of the folder")
    sealed_secret = models.TextField(help_text="the shared secret of signatures, sealed")
    begins_on = models.DateField(help_text="first day of reconciliation")
    paused_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField()


class Message(models.Model):
    """One version of what is reported about one lot. What it says never changes.

    A change of the lot is the next version; a repetition is the same row sent again.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting to be sent")
        SENT = "sent", _("Sent, not answered yet")
        TAKEN = "taken", _("Taken")
        REFUSED = "refused", _("Refused there")

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="messages")
    key = models.CharField(max_length=120, help_text="the lot as both banks name it")
    version = models.PositiveIntegerField()
    withdraws = models.BooleanField(default=False, help_text="the partner is to forget this")
    day = models.DateField(help_text="day of the change, in Asia/Shanghai; reconciled by it")
    content = models.JSONField()
    digest = models.CharField(max_length=64, help_text="SHA-256 of the content's RFC 8785 form")
    state = models.CharField(max_length=7, choices=State, default=State.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(help_text="not tried before")
    answer = models.CharField(max_length=300, blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="message_version_once", fields=["partner", "key", "version"]
            ),
        ]
        indexes = [
            models.Index(
                name="message_waiting", fields=["partner", "next_at"], condition=Q(state="queued")
            ),
            models.Index(fields=["partner", "day"]),
        ]


class Reconciliation(models.Model):
    """One comparison of one day: what we reported and what the partner holds of us."""

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="reconciliations")
    day = models.DateField()
    compared_at = models.DateTimeField()
    ours = models.PositiveIntegerField(help_text="records that we reported of this day")
    theirs = models.PositiveIntegerField(help_text="records that the partner holds of this day")
    matched = models.PositiveIntegerField()
    breaks = models.PositiveIntegerField(help_text="differences that stood after it")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="reconciliation_matched",
                condition=Q(matched__lte=models.F("ours")) & Q(matched__lte=models.F("theirs")),
            ),
        ]
        indexes = [models.Index(fields=["partner", "day", "compared_at"])]


class Break(models.Model):
    """A difference 差错 between the two banks about one record, until both say the same."""

    class Kind(models.TextChoices):
        MISSING_THERE = "missing_there", _("The partner does not hold it")
        MISSING_HERE = "missing_here", _("We never reported it")
        DIFFERS = "differs", _("The partner holds something else")

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        MENDING = "mending", _("Sent again, to be compared")
        WAITING = "waiting", _("Waits for somebody's decision")
        RESOLVED = "resolved", _("Resolved")

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="breaks")
    day = models.DateField()
    key = models.CharField(max_length=120)
    version = models.PositiveIntegerField()
    kind = models.CharField(max_length=13, choices=Kind)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    ours = models.CharField(max_length=64, blank=True, help_text="digest here")
    theirs = models.CharField(max_length=64, blank=True, help_text="digest there")
    tries = models.PositiveIntegerField(default=0)
    note = models.CharField(max_length=300, blank=True)
    decided_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="break_once",
                fields=["partner", "key", "version"],
                condition=~Q(state="resolved"),
            ),
            models.CheckConstraint(
                name="break_resolved_when",
                condition=Q(state="resolved", resolved_at__isnull=False)
                | ~Q(state="resolved") & Q(resolved_at__isnull=True),
            ),
        ]
        indexes = [models.Index(fields=["state", "day"])]
