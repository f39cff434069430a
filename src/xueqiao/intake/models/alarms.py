"""Tables of alarms: what an operator should look at, until it is over."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from xueqiao.intake.models.connections import Connection


class AlarmKind(models.TextChoices):
    """What is not as it should be."""

    SILENT = "silent", _("Nothing has come for too long")
    VOLUME = "volume", _("Far less comes than usual")
    FAILING = "failing", _("A connection fails again and again")


class Alarm(models.Model):
    """Something that an operator should look at. Closed by the cause going away, not by a click."""

    source = models.ForeignKey("records.Source", models.PROTECT, related_name="+")
    connection = models.ForeignKey(
        Connection, models.PROTECT, null=True, related_name="alarms", help_text="only for failing"
    )
    kind = models.CharField(max_length=10, choices=AlarmKind)
    facts = models.JSONField(help_text="the numbers and times it was raised for")
    opened_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, related_name="+"
    )
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(name="alarm_by_end", fields=["closed_at"])]
        constraints = [
            models.UniqueConstraint(
                name="alarm_one_open_of_source",
                fields=["source", "kind"],
                condition=Q(closed_at=None, connection=None),
            ),
            models.UniqueConstraint(
                name="alarm_one_open_of_connection",
                fields=["connection", "kind"],
                condition=Q(closed_at=None, connection__isnull=False),
            ),
            models.CheckConstraint(
                name="alarm_acknowledged_by_somebody",
                condition=Q(acknowledged_at=None, acknowledged_by=None)
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
            ),
        ]
