"""Tables of the workbench: saved queries, runs of queries, files made from their results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from xueqiao.people.models import Person


class SavedQueryQuerySet(models.QuerySet["SavedQuery"]):
    def open_to(self, person: Person) -> SavedQueryQuerySet:
        """The own ones and those that others share."""
        return self.filter(Q(owner=person) | Q(is_shared=True))


class SavedQuery(models.Model):
    """A query under a name. Whoever runs a shared one reads with the own rights."""

    owner = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    title = models.CharField(max_length=120)
    sql = models.TextField(max_length=20_000)
    is_shared = models.BooleanField(default=False)
    saved_at = models.DateTimeField()

    objects = SavedQueryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="saved_query_once", fields=["owner", "title"]),
        ]


class QueryRunQuerySet(models.QuerySet["QueryRun"]):
    def running(self) -> QueryRunQuerySet:
        return self.filter(state=QueryRun.State.RUNNING)


class QueryRun(models.Model):
    """One run of a query in a process of its own: who, what, by which grants, how it ended."""

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")
        EXPIRED = "expired", _("Result removed after its time")

    class Shape(models.TextChoices):
        ROWS = "rows", _("Rows as the query gives them")
        COUNTS = "counts", _("Counts of persons without small cells")

    key = models.UUIDField(unique=True)
    asked_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    sql = models.TextField(max_length=20_000)
    shape = models.CharField(max_length=8, choices=Shape, default=Shape.ROWS)
    purpose = models.CharField(max_length=12, blank=True)
    grants = models.JSONField(default=list, help_text="numbers of the grants it rests on")
    tables = models.JSONField(default=list, help_text="tables that it reads")
    is_personal = models.BooleanField(help_text="whether rows of persons are read")
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=120, help_text="machine, process and its start")
    estimated_rows = models.BigIntegerField(default=0)
    estimated_bytes = models.BigIntegerField(default=0)
    columns = models.JSONField(default=list, help_text="names and types of the result")
    rows = models.BigIntegerField(default=0)
    hidden_cells = models.BigIntegerField(default=0, help_text="left out because too small")
    is_cut = models.BooleanField(default=False, help_text="the query has more rows than are kept")
    milliseconds = models.BigIntegerField(default=0)
    failure_code = models.CharField(max_length=40, blank=True)
    failure = models.CharField(max_length=1000, blank=True)
    expires_at = models.DateTimeField()

    objects = QueryRunQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["asked_by", "-started_at"]),
            models.Index(fields=["state", "expires_at"]),
        ]


class LakeExportQuerySet(models.QuerySet["LakeExport"]):
    def to_work(self) -> LakeExportQuerySet:
        return self.filter(state__in=[LakeExport.State.WAITING, LakeExport.State.RUNNING])


class LakeExport(models.Model):
    """The result of a run on its way into files: how far it is, who may fetch it, until when."""

    class Kind(models.TextChoices):
        CSV = "csv", _("CSV (for a spreadsheet)")
        XLSX = "xlsx", _("XLSX (for Excel)")
        PARQUET = "parquet", _("Parquet (for notebooks)")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waits for a worker")
        RUNNING = "running", _("Being written")
        DONE = "done", _("Ready")
        CANCELLED = "cancelled", _("Cancelled")
        FAILED = "failed", _("Failed")
        EXPIRED = "expired", _("Removed after its time")

    key = models.UUIDField(unique=True)
    run = models.ForeignKey(QueryRun, models.PROTECT, related_name="exports")
    kind = models.CharField(max_length=8, choices=Kind)
    asked_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    rows = models.BigIntegerField(default=0, help_text="written so far, whole parts only")
    owner = models.CharField(max_length=120, blank=True, help_text="the process that writes it")
    owned_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=300, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    objects = LakeExportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="lake_export_done_expires",
                condition=~Q(state="done") | Q(expires_at__isnull=False),
            )
        ]
        indexes = [models.Index(fields=["state", "id"])]


class LakeExportPart(models.Model):
    """One file of an export, whole and on the disk when its row is there."""

    export = models.ForeignKey(LakeExport, models.PROTECT, related_name="parts")
    number = models.PositiveIntegerField(help_text="from 1")
    name = models.CharField(max_length=80)
    rows = models.PositiveIntegerField()
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="lake_export_part_once", fields=["export", "number"])
        ]
