"""Alarms of the lake: what somebody should look at, until it is over."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class DataAlarmKind(models.TextChoices):
    """What is not as it should be."""

    STOPPED = "stopped", _("A table breaks its contract")
    HELD = "held", _("Batches of a source are held")
    LATE = "late", _("Nothing new has come in time")
    UNBALANCED = "unbalanced", _("A batch does not add up")
    LOST = "lost", _("A file of a table is gone")
    UNSCORED = "unscored", _("The quality cannot be scored")


class DataAlarm(models.Model):
    """One cause, opened once. Closed by the cause going away, not by a click."""

    kind = models.CharField(max_length=12, choices=DataAlarmKind)
    subject = models.CharField(max_length=120, help_text="a table, a source's code, a batch")
    facts = models.JSONField(help_text="the numbers and times it was raised for")
    opened_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, related_name="+"
    )
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(name="dataalarm_by_end", fields=["closed_at"])]
        constraints = [
            models.UniqueConstraint(
                name="dataalarm_one_open",
                fields=["kind", "subject"],
                condition=Q(closed_at=None),
            ),
            models.CheckConstraint(
                name="dataalarm_acknowledged_by_somebody",
                condition=Q(acknowledged_at=None, acknowledged_by=None)
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
            ),
        ]
