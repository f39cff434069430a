"""Tables of rosters: what a school said about its people, classes and enrolments."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class RosterPackage(models.Model):
    """One taking in of a package: every row of it is accounted for."""

    key = models.UUIDField(unique=True, help_text="of this taking in")
    source = models.ForeignKey("records.Source", models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the zip file")
    modes = models.JSONField(help_text="bulk or delta of each table")
    passed_over = models.JSONField(default=list, help_text="files that are no rosters")
    received_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    rows = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0, help_text="other content, or it left")
    unchanged = models.PositiveIntegerField(default=0, help_text="the same, or older than held")
    refused = models.PositiveIntegerField(default=0, help_text="with a wrong cell")
    missing = models.PositiveIntegerField(
        default=0, help_text="held before and no longer in a bulk table"
    )

    class Meta:
        indexes = [models.Index(fields=["source", "-received_at"])]
        constraints = [
            models.CheckConstraint(
                name="roster_package_adds_up",
                condition=Q(rows=F("added") + F("changed") + F("unchanged") + F("refused")),
            )
        ]


class RosterRowQuerySet(models.QuerySet["RosterRow"]):
    def active(self, source: int, table: str) -> RosterRowQuerySet:
        return self.filter(source=source, table=table, is_active=True)


class RosterRow(models.Model):
    """The last that a source said of one org, session, course, user, class, role or enrolment.

    A row that left is kept: statements refer to it. Passwords and telephone numbers never get here.
    """

    source = models.ForeignKey("records.Source", models.PROTECT, related_name="+")
    table = models.CharField(max_length=20, help_text="of intake/oneroster/tables.py")
    sourced_id = models.CharField(max_length=255)
    data = models.JSONField(help_text="filled cells by column")
    is_active = models.BooleanField()
    version = models.PositiveIntegerField(help_text="grows each time it comes or leaves")
    modified_at = models.DateTimeField(null=True, help_text="dateLastModified, as the source says")
    package = models.ForeignKey(RosterPackage, models.PROTECT, related_name="+")

    objects = RosterRowQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="roster_row_once", fields=["source", "table", "sourced_id"]
            )
        ]
        indexes = [
            models.Index(
                name="roster_row_active",
                fields=["source", "table", "sourced_id"],
                condition=Q(is_active=True),
            )
        ]
