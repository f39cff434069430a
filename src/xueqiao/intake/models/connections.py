"""Tables of connections: how a source's records are fetched, and by which contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from datetime import datetime


class Contract(models.Model):
    """What was agreed with a source about its tables: one version of a mapping. Never changed.

    A change is the next version, so that what came in can be read by the version it came in by.
    """

    source = models.ForeignKey("records.Source", models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    version = models.PositiveIntegerField(help_text="from 1, within the name")
    mapping = models.JSONField(help_text="see intake/tables/mapping.py")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="contract_once", fields=["source", "name", "version"]),
            models.CheckConstraint(name="contract_from_one", condition=Q(version__gte=1)),
        ]


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def due(self, at: datetime) -> ConnectionQuerySet:
        return self.filter(paused_at=None, next_due_at__lte=at)


class Connection(models.Model):
    """One way in which records of a source come: its settings, its schedule, how far it has come.

    ``watermark`` moves in the transaction that stores the portion before it, so that a run that was
    killed goes on where the records end.
    """

    source = models.ForeignKey("records.Source", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=30, help_text="a code of intake/connectors.py")
    name = models.CharField(max_length=120)
    config = models.JSONField(default=dict, help_text="its settings, without secrets")
    sealed = models.TextField(blank=True, help_text="its secrets, sealed (kernel/sealing.py)")
    contract = models.ForeignKey(Contract, models.PROTECT, null=True, related_name="connections")
    every_minutes = models.PositiveIntegerField(null=True, help_text="run again after this long")
    daily_at = models.TimeField(null=True, help_text="run each day at this time, Asia/Shanghai")
    quota_run = models.PositiveIntegerField(null=True, help_text="items of one run at most")
    quota_day = models.PositiveIntegerField(null=True, help_text="items of one day at most")
    watermark = models.JSONField(default=dict, help_text="how far it has come")
    next_due_at = models.DateTimeField(null=True, db_index=True)
    failures = models.PositiveIntegerField(default=0, help_text="runs that failed, without a break")
    paused_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="connection_once", fields=["source", "name"]),
            models.CheckConstraint(
                name="connection_one_schedule",
                condition=Q(every_minutes=None) | Q(daily_at=None),
            ),
            models.CheckConstraint(
                name="connection_every_positive",
                condition=Q(every_minutes=None) | Q(every_minutes__gte=1),
            ),
        ]
