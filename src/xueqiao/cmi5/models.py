"""Tables of cmi5: courses and their versions, parts, files; registrations, standings, sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.people.models import Person


class CourseQuerySet(models.QuerySet["Course"]):
    def offered(self) -> CourseQuerySet:
        return self.filter(closed_at=None)

    def run_by(self, person: Person | None, day: date) -> CourseQuerySet:
        """Courses whose learners somebody looks after: who opened them, and who runs them all."""
        if person is None:
            return self.none()
        if rights.allows(person, rights.CMI5_ALL, day):
            return self.all()
        return self.filter(opened_by=person)


class Course(models.Model):
    """A course package, known by its publisher's identifier however often it is imported."""

    publisher_id = models.TextField(help_text="the course's id in its structure")
    activity_id = models.TextField(help_text="the platform's own id, in satisfied statements")
    current = models.ForeignKey(
        "Version", models.PROTECT, null=True, related_name="+", help_text="new learners get it"
    )
    opened_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(
        null=True, blank=True, help_text="since when nobody new may begin"
    )
    is_sample = models.BooleanField(default=False)

    objects = CourseQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(name="cmi5_course_once", fields=["publisher_id"])]


class Version(models.Model):
    """A package as it was imported. Registrations stay with the version they began with."""

    course = models.ForeignKey(Course, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(help_text="from 1")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the file that was imported")
    name = models.CharField(max_length=200, help_text="of the file, for people")
    title = models.JSONField(help_text="language tag to text")
    titles = models.TextField(help_text="the title in every language, to search in")
    description = models.JSONField(help_text="language tag to text")
    objectives = models.JSONField(help_text="list of id, title, description")
    left_out = models.JSONField(help_text="paths of files whose kind is not served")
    has_files = models.BooleanField(help_text="whether it came as a package")
    imported_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    imported_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="cmi5_version_once", fields=["course", "number"]),
            models.UniqueConstraint(name="cmi5_version_content", fields=["course", "digest"]),
        ]


class Part(models.Model):
    """A block or an assignable unit of a version; what only units have is empty for blocks."""

    version = models.ForeignKey(Version, models.PROTECT, related_name="parts")
    number = models.PositiveIntegerField(help_text="from 1, blocks before what lies in them")
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    depth = models.PositiveSmallIntegerField(help_text="blocks above it")
    is_block = models.BooleanField()
    publisher_id = models.TextField()
    activity_id = models.TextField(help_text="the platform's own id, equal in all versions")
    title = models.JSONField(help_text="language tag to text")
    description = models.JSONField(help_text="language tag to text")
    objectives = models.JSONField(help_text="list of ids")
    url = models.TextField(blank=True)
    move_on = models.CharField(max_length=20, blank=True)
    mastery = models.PositiveSmallIntegerField(null=True, help_text="score, 1/10,000")
    launch_method = models.CharField(max_length=10, blank=True)
    activity_type = models.TextField(blank=True)
    launch_parameters = models.TextField(null=True)  # noqa: DJ001 - given and empty differ
    entitlement_key = models.TextField(null=True)  # noqa: DJ001 - given and empty differ

    class Meta:
        constraints = [
            models.UniqueConstraint(name="cmi5_part_once", fields=["version", "number"]),
            models.CheckConstraint(
                name="cmi5_part_mastery", condition=Q(mastery=None) | Q(mastery__lte=10_000)
            ),
        ]


class ContentFile(models.Model):
    """A file of a version; its bytes lie in the home folder under their digest."""

    version = models.ForeignKey(Version, models.PROTECT, related_name="files")
    path = models.CharField(max_length=240)
    digest = models.CharField(max_length=64, help_text="SHA-256")
    size = models.PositiveIntegerField(help_text="bytes")

    class Meta:
        constraints = [models.UniqueConstraint(name="cmi5_file_once", fields=["version", "path"])]


class Registration(models.Model):
    """A learner's enrolment in a version of a course. Who takes it anew gets another."""

    key = models.UUIDField(unique=True)
    course = models.ForeignKey(Course, models.PROTECT, related_name="registrations")
    version = models.ForeignKey(Version, models.PROTECT, related_name="registrations")
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField(help_text="from 1: the how manieth time")
    registered_at = models.DateTimeField()
    satisfied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="cmi5_registration_once", fields=["course", "person", "number"]
            )
        ]
        indexes = [models.Index(fields=["person", "-id"])]


class Reason(models.TextChoices):
    """Why a unit was waived; the words of the profile."""

    TESTED_OUT = "Tested Out", _("Passed a test instead")
    EQUIVALENT = "Equivalent AU", _("Did an equal unit of this course")
    OUTSIDE = "Equivalent Outside Activity", _("Did something equal elsewhere")
    ADMINISTRATIVE = "Administrative", _("Decided by the office")


class Standing(models.Model):
    """How a learner stands in one part of a registration. A part without a row was not begun."""

    registration = models.ForeignKey(Registration, models.PROTECT, related_name="standings")
    part = models.ForeignKey(Part, models.PROTECT, related_name="standings")
    completed_at = models.DateTimeField(null=True)
    passed_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True, help_text="last time")
    waived_at = models.DateTimeField(null=True)
    waived_reason = models.CharField(max_length=40, blank=True, choices=Reason)
    waived_note = models.CharField(max_length=200, blank=True)
    waived_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    satisfied_at = models.DateTimeField(null=True)
    progress_percent = models.PositiveSmallIntegerField(null=True)
    score = models.SmallIntegerField(null=True, help_text="last scaled score, 1/10,000")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="cmi5_standing_once", fields=["registration", "part"]),
            models.CheckConstraint(
                name="cmi5_waived_for_a_reason",
                condition=Q(waived_at=None, waived_reason="")
                | Q(waived_at__isnull=False) & ~Q(waived_reason=""),
            ),
        ]


class Session(models.Model):
    """A launch of a unit until it ends. A registration has at most one that is open."""

    key = models.UUIDField(unique=True, help_text="the session id of the profile")
    registration = models.ForeignKey(Registration, models.PROTECT, related_name="sessions")
    part = models.ForeignKey(Part, models.PROTECT, related_name="sessions")
    mode = models.CharField(max_length=10)
    fetch_hash = models.CharField(max_length=64, unique=True)
    secret_hash = models.CharField(max_length=64, blank=True, help_text="empty until fetched")
    launched_at = models.DateTimeField()
    ends_at = models.DateTimeField(help_text="when it is abandoned at the latest")
    used = models.JSONField(default=list, help_text="verbs of the profile that it said")
    first_at = models.DateTimeField(null=True, help_text="timestamp of its initialized statement")
    last_at = models.DateTimeField(null=True, help_text="latest timestamp it gave")
    heard_at = models.DateTimeField(null=True, help_text="when its last statement arrived")
    terminated_at = models.DateTimeField(null=True)
    abandoned_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="cmi5_session_open_once",
                fields=["registration"],
                condition=Q(terminated_at=None, abandoned_at=None),
            ),
            models.CheckConstraint(
                name="cmi5_session_ends_once",
                condition=Q(terminated_at=None) | Q(abandoned_at=None),
            ),
        ]
        indexes = [
            models.Index(
                name="cmi5_session_open",
                fields=["ends_at"],
                condition=Q(terminated_at=None, abandoned_at=None),
            )
        ]

    @property
    def is_open(self) -> bool:
        return self.terminated_at is None and self.abandoned_at is None
