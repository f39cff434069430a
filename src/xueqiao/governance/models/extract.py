"""Tables of research extracts: what was asked and decided, what was made, its files."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xueqiao.kernel import evidence
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.people.models import Person


class ResearchExtractQuerySet(models.QuerySet["ResearchExtract"]):
    def to_make(self) -> ResearchExtractQuerySet:
        return self.filter(state=ResearchExtract.State.GRANTED)

    def for_second(self, person: Person, day: date) -> ResearchExtractQuerySet:
        """Requests of others, of places that somebody is the steward of."""
        reach = rights.within(person, rights.LAKE_STEWARD, day, place="place_id")
        return self.filter(reach, state=ResearchExtract.State.ASKED).exclude(asked_by=person)

    def seen_by(self, person: Person, day: date) -> ResearchExtractQuerySet:
        """The own ones, and those of the places that somebody is the steward of."""
        reach = rights.within(person, rights.LAKE_STEWARD, day, place="place_id")
        return self.filter(reach | Q(asked_by=person))

    def to_destroy(self, person: Person) -> ResearchExtractQuerySet:
        """The own ones that are over, of which copies were handed out and may still be there."""
        over = [each.value for each in OVER]
        return self.filter(
            asked_by=person, state__in=over, destroyed_at=None, handed_at__isnull=False
        )


class ResearchExtract(models.Model):
    """Rows of persons for research: asked for a purpose, decided by another, made by a job.

    What was asked never changes. ``edition`` counts how often it was made: an erasure withdraws one
    edition, and the next is made without whoever is gone.
    """

    class Design(models.TextChoices):
        ACTIVITY = "activity", _("Activity by learner and month")
        COMPLETIONS = "completions", _("Enrolments and how they ended, by learner")
        CREDIT = "credit", _("Credit by kind of learning, by learner")

    class State(models.TextChoices):
        ASKED = "asked", _("Waits for the steward")
        REFUSED = "refused", _("Refused")
        GRANTED = "granted", _("Being made")
        MADE = "made", _("Ready")
        FAILED = "failed", _("Cannot be made")
        WITHDRAWN = "withdrawn", _("Withdrawn: an erasure changed the data")
        ENDED = "ended", _("Ended early")
        EXPIRED = "expired", _("Removed after its time")

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    request_key = models.CharField(max_length=80, unique=True)
    asked_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    design = models.CharField(max_length=12, choices=Design)
    known = models.JSONField(help_text="columns that others may know, of the design's")
    follows = models.BooleanField(help_text="whether rows of one learner can be told as such")
    purpose = models.CharField(max_length=600, help_text="the question of the research")
    ethics = models.CharField(max_length=120, help_text="number of the approval of an ethics board")
    recipients = models.JSONField(help_text="names with institution, in their order")
    place = models.ForeignKey("network.Place", models.PROTECT, related_name="+")
    first_month = models.DateField(help_text="the first day of the first month")
    last_month = models.DateField(help_text="the first day of the last month")
    k = models.PositiveSmallIntegerField(help_text="persons in each class, at least")
    diversity = models.PositiveSmallIntegerField(
        help_text="l: values of each sensitive column in each class, at least; 1: not asked"
    )
    sensitive = models.JSONField(help_text="columns in which each class must have l values")
    valid_to = models.DateField(help_text="first day on which it is not there any more")

    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    decided_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=600, blank=True, help_text="of who decided")
    edition = models.PositiveSmallIntegerField(default=1)
    owner = models.CharField(max_length=120, blank=True, help_text="the process that makes it")
    owned_at = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField(null=True, blank=True)
    rows = models.BigIntegerField(default=0)
    report = models.JSONField(default=dict, help_text="what was reached, and by what; no rows")
    failure = models.CharField(max_length=600, blank=True)
    handed_at = models.DateTimeField(null=True, blank=True, help_text="first fetched")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="withdrawn, ended, expired")
    end_note = models.CharField(max_length=600, blank=True)
    destroyed_at = models.DateTimeField(null=True, blank=True, help_text="who asked has confirmed")

    objects = ResearchExtractQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="research_extract_at_least_five", condition=Q(k__gte=5, diversity__gte=1)
            ),
            models.CheckConstraint(
                name="research_extract_period", condition=Q(last_month__gte=F("first_month"))
            ),
            models.CheckConstraint(
                name="research_extract_decided_by_another",
                condition=Q(decided_by=None) | ~Q(decided_by=F("asked_by")),
            ),
            models.CheckConstraint(
                name="research_extract_decided",
                condition=Q(state="asked") | Q(decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="research_extract_made",
                condition=~Q(state="made") | Q(made_at__isnull=False),
            ),
            evidence.Unchanging(
                name="research_extract_as_asked",
                columns=(
                    "key", "request_key", "asked_by_id", "asked_at", "design", "known", "follows",
                    "purpose", "ethics", "recipients", "place_id", "first_month", "last_month",
                    "k", "diversity", "sensitive", "valid_to",
                ),
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["asked_by", "state"]),
            models.Index(fields=["state", "asked_at"]),
        ]


OVER = (
    ResearchExtract.State.WITHDRAWN,
    ResearchExtract.State.ENDED,
    ResearchExtract.State.EXPIRED,
)
"""States after which nothing can be fetched any more."""


class ResearchExtractFile(models.Model):
    """One file of one recipient's copy, whole and on the disk when its row is there."""

    class Kind(models.TextChoices):
        CSV = "csv", _("CSV (for a spreadsheet)")
        PARQUET = "parquet", _("Parquet (for notebooks)")
        REPORT = "json", _("Report")

    extract = models.ForeignKey(ResearchExtract, models.PROTECT, related_name="files")
    edition = models.PositiveSmallIntegerField()
    recipient = models.PositiveSmallIntegerField(help_text="from 1, as in recipients")
    kind = models.CharField(max_length=8, choices=Kind)
    number = models.PositiveSmallIntegerField(help_text="from 1 within the kind")
    name = models.CharField(max_length=80)
    rows = models.PositiveIntegerField()
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="research_extract_file_once",
                fields=["extract", "edition", "recipient", "kind", "number"],
            )
        ]
