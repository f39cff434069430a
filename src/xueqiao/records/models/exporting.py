"""Tables of export jobs, and of who read identified rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from xueqiao.kernel import evidence

if TYPE_CHECKING:
    from datetime import datetime


class ExportJobQuerySet(models.QuerySet["ExportJob"]):
    def to_work(self) -> ExportJobQuerySet:
        return self.filter(state__in=[ExportJob.State.WAITING, ExportJob.State.RUNNING])

    def expired(self, at: datetime) -> ExportJobQuerySet:
        return self.filter(state=ExportJob.State.DONE, expires_at__lte=at)


class ExportJob(models.Model):
    """A large result on its way into files: what is asked, how far it has come, who may have it."""

    class Kind(models.TextChoices):
        NDJSON = "ndjson", _("NDJSON (one statement a line)")
        CSV = "csv", _("CSV (for a spreadsheet)")
        PARQUET = "parquet", _("Parquet (for analysis)")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waits for a worker")
        RUNNING = "running", _("Being written")
        DONE = "done", _("Ready")
        CANCELLED = "cancelled", _("Cancelled")
        FAILED = "failed", _("Failed")
        EXPIRED = "expired", _("Removed after its time")

    key = models.UUIDField(unique=True)
    kind = models.CharField(max_length=10, choices=Kind)
    filters = models.JSONField(help_text="parameters of the statement resource, and persona")
    asked_by = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, related_name="+", help_text="none: by command"
    )
    asked_at = models.DateTimeField()
    until = models.DateTimeField(help_text="rows stored later do not belong to it")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    last_row = models.BigIntegerField(
        default=0, help_text="highest number in the store when it was asked for: for progress"
    )
    rows = models.BigIntegerField(default=0)
    place_at = models.DateTimeField(null=True, help_text="stored time of the last row written")
    place_row = models.BigIntegerField(default=0, help_text="number of the last row written")
    owner = models.CharField(max_length=120, blank=True, help_text="the process that writes it")
    owned_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=300, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    objects = ExportJobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="export_done_expires",
                condition=~Q(state="done") | Q(expires_at__isnull=False),
            )
        ]
        indexes = [models.Index(fields=["state", "id"])]


class ExportPart(models.Model):
    """One file of an export, whole and on disk when its row is there."""

    job = models.ForeignKey(ExportJob, models.PROTECT, related_name="parts")
    number = models.PositiveIntegerField(help_text="from 1")
    name = models.CharField(max_length=80)
    rows = models.PositiveIntegerField()
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(name="export_part_once", fields=["job", "number"])]


class Reading(models.Model):
    """Somebody read rows that name people. Added, never changed or removed (a trigger)."""

    class What(models.TextChoices):
        EXPORT_ASKED = "export_asked", _("Asked for an export")
        EXPORT_TAKEN = "export_taken", _("Took an export")
        PERSONA = "persona", _("Read the statements of a persona")
        STATEMENTS = "statements", _("Read statements")
        SAMPLE = "sample", _("Read the sample of an erasure")

    at = models.DateTimeField()
    by = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, related_name="+", help_text="none: by command"
    )
    what = models.CharField(max_length=20, choices=What)
    detail = models.JSONField(help_text="what was asked: filters, numbers; no rows")
    rows = models.BigIntegerField(default=0)

    class Meta:
        constraints = [evidence.Unchanging(name="reading_stays")]
        indexes = [models.Index(fields=["at", "id"])]
