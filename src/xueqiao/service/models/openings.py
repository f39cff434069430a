"""Tables of collective account opening 集体开户: a filled workbook and its lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.people.models import Person


class OpeningSheetQuerySet(models.QuerySet["OpeningSheet"]):
    def kept_by(self, person: Person | None, day: date) -> OpeningSheetQuerySet:
        """The sheets of the places and the institution of somebody, and their own."""
        if person is None:
            return self.none()
        reach = rights.within(
            person, rights.SERVICE_OPENING, day, place="place_id", institution="institution_id"
        )
        return self.filter(Q(uploaded_by=person) | reach)


class OpeningSheet(models.Model):
    """A workbook of people for whom accounts are opened, all or none of it.

    The same file a second time is the same sheet. Identity numbers are hashed while it is read.
    """

    class State(models.TextChoices):
        FAULTY = "faulty", _("To be corrected")
        READY = "ready", _("Ready to open")
        OPENED = "opened", _("Opened")
        DROPPED = "dropped", _("Dropped")

    key = models.UUIDField(unique=True)
    place = models.ForeignKey("network.Place", models.PROTECT, related_name="+")
    institution = models.ForeignKey(
        "network.Institution", models.PROTECT, null=True, related_name="+"
    )
    file_name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the file")
    state = models.CharField(max_length=8, choices=State)
    rows = models.PositiveIntegerField(help_text="lines with at least one filled cell")
    faults = models.JSONField(default=list, help_text="[{cell, column, text}], at most 500")
    fault_count = models.PositiveIntegerField(default=0)
    opened = models.PositiveIntegerField(default=0, help_text="accounts that are new")
    known = models.PositiveIntegerField(default=0, help_text="accounts that were there already")
    uploaded_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()
    opened_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField(null=True)

    objects = OpeningSheetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="opening_sheet_once",
                fields=["place", "digest"],
                condition=~Q(state="dropped"),
            ),
            models.CheckConstraint(
                name="opening_sheet_all_or_none",
                condition=Q(state="opened", opened_at__isnull=False, fault_count=0)
                | (~Q(state="opened") & Q(opened_at__isnull=True, opened=0, known=0)),
            ),
        ]
        indexes = [models.Index(fields=["uploaded_at"])]


class OpeningLine(models.Model):
    """One line of a sheet without faults, and the person it became."""

    sheet = models.ForeignKey(OpeningSheet, models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField(help_text="row in the workbook, from 1")
    name = models.CharField(max_length=80)
    sex = models.CharField(max_length=1)
    birth_year = models.PositiveSmallIntegerField(null=True)
    home = models.ForeignKey("network.Place", models.PROTECT, related_name="+")
    identity_hash = models.CharField(
        max_length=64, help_text="HMAC of the number, never the number"
    )
    person = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    is_new = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="opening_line_once", fields=["sheet", "number"]),
            models.UniqueConstraint(
                name="opening_line_person_once", fields=["sheet", "identity_hash"]
            ),
        ]
