"""Tables of the exchange: partners, messages, reconciliations and breaks, tables of results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.people.models import Person


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
        OPEN = "open", pgettext_lazy("difference", "Open")
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


class ResultSheetQuerySet(models.QuerySet["ResultSheet"]):
    def seen_by(self, person: Person | None, day: date) -> ResultSheetQuerySet:
        """The tables of the own institutions and of those in the own places."""
        if person is None:
            return self.none()
        return self.filter(
            rights.within(
                person, rights.RESULTS, day, place="place_id", institution="institution_id"
            )
        )


class ResultSheet(models.Model):
    """A table of results that a school sent, or was given 成绩报送表.

    The same file of a school a second time is the same sheet. Who sent it does not accept it.
    """

    class Kind(models.TextChoices):
        COURSES = "courses", _("Courses of the school")
        COURSE_CONVERSIONS = "course_conversions", _("Courses elsewhere that replaced own ones")
        CERTIFICATE_CONVERSIONS = "certificate_conversions", _("Certificates that replaced courses")

    class State(models.TextChoices):
        FAULTY = "faulty", _("To be corrected")
        READY = "ready", _("Waits to be accepted")
        ACCEPTED = "accepted", _("Accepted")
        REFUSED = "refused", _("Refused")
        GIVEN = "given", _("Given out")

    institution = models.ForeignKey("network.Institution", models.PROTECT, related_name="+")
    place = models.ForeignKey("network.Place", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=23, choices=Kind)
    state = models.CharField(max_length=8, choices=State)
    file_name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the file; of a given one: empty")
    rows = models.PositiveIntegerField()
    faults = models.JSONField(default=list, help_text="[{cell, column, text}], at most 500")
    fault_count = models.PositiveIntegerField(default=0)
    by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    key = models.CharField(max_length=80, blank=True, help_text="the key of a program that sent it")
    at = models.DateTimeField()
    decided_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)

    objects = ResultSheetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="result_sheet_once",
                fields=["institution", "kind", "digest"],
                condition=~Q(state__in=["refused", "given"]),
            ),
            models.CheckConstraint(
                name="result_sheet_whole",
                condition=~Q(state__in=["ready", "accepted"]) | Q(fault_count=0),
            ),
            models.CheckConstraint(
                name="result_sheet_by_two", condition=~Q(by=models.F("decided_by"))
            ),
        ]
        indexes = [models.Index(fields=["state", "at"])]


class ResultLine(models.Model):
    """One line of a table and what became of it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waits")
        RECOGNISED = "recognised", _("Credit recognised")
        KNOWN = "known", _("Already in the account")
        NOT_PASSED = "not_passed", _("Not passed")
        NO_ACCOUNT = "no_account", _("No learning account with this identity number")
        OTHER_NAME = "other_name", _("The account has another name")
        NO_UNIT = "no_unit", _("No unit of recognition of this name")
        MATCHED = "matched", _("As converted here")
        REPORTED = "reported", _("Converted by the school, not here")

    sheet = models.ForeignKey(ResultSheet, models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField(help_text="row in the file, from 1")
    identity_hash = models.CharField(max_length=64, help_text="HMAC, never the number")
    cells = models.JSONField(help_text="by name of column, without the identity number")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    person = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(name="result_line_once", fields=["sheet", "number"])]
        indexes = [models.Index(fields=["sheet", "state"])]
