"""Tables of who may read what for which purpose: grants, and every reading made under them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xueqiao.kernel import evidence
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.people.models import Person


class Purpose(models.TextChoices):
    """What identified rows are read for. What each allows is in ``governance/rules.py``."""

    STATISTICS = "statistics", _("Statistics and monitoring")
    SERVICE = "service", _("Improving the service")
    SUPERVISION = "supervision", _("Supervision of institutions")
    RESEARCH = "research", _("Research")
    AUDIT = "audit", _("Audit")


class Leaving(models.TextChoices):
    """What may leave the platform under a grant; each includes those before it."""

    NOTHING = "nothing", _("Nothing: read on the screen only")
    COUNTS = "counts", _("Counts without small cells")
    ROWS = "rows", _("Rows of persons")


class GrantQuerySet(models.QuerySet["AccessGrant"]):
    def in_force(self, day: date) -> GrantQuerySet:
        return self.filter(state=AccessGrant.State.GRANTED, valid_from__lte=day, valid_to__gt=day)

    def for_second(self, person: Person, day: date) -> GrantQuerySet:
        """Requests of others, for tables of places that somebody is the steward of."""
        reach = rights.within(person, rights.LAKE_STEWARD, day, place="place_id")
        return self.filter(reach, state=AccessGrant.State.ASKED).exclude(person=person)

    def seen_by(self, person: Person, day: date) -> GrantQuerySet:
        """The own ones, and those of the places that somebody is the steward of."""
        reach = rights.within(person, rights.LAKE_STEWARD, day, place="place_id")
        return self.filter(reach | Q(person=person))


class AccessGrant(models.Model):
    """One person may read some tables, for one purpose, of one place, until a day.

    Asked by the person, decided by somebody else. What was asked never changes; the decision and
    the end are added to it.
    """

    class State(models.TextChoices):
        ASKED = "asked", _("Waits for the steward")
        GRANTED = "granted", _("Granted")
        REFUSED = "refused", _("Refused")
        ENDED = "ended", _("Ended early")

    request_key = models.CharField(max_length=80, unique=True)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    tables = models.JSONField(help_text="names as SQL writes them, sorted")
    purpose = models.CharField(max_length=12, choices=Purpose)
    reason = models.CharField(max_length=600, help_text="what is to be found out")
    place = models.ForeignKey(
        "network.Place", models.PROTECT, related_name="+",
        help_text="rows of learners and institutions of this place and everything below it",
    )  # fmt: skip
    leaving = models.CharField(max_length=8, choices=Leaving, default=Leaving.NOTHING)
    asked_at = models.DateTimeField()
    valid_from = models.DateField()
    valid_to = models.DateField(help_text="first day on which it does not hold any more")
    state = models.CharField(max_length=8, choices=State, default=State.ASKED)
    decided_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=600, blank=True, help_text="of who decided")
    ended_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    end_note = models.CharField(max_length=600, blank=True)

    objects = GrantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="access_grant_ends_after_start", condition=Q(valid_to__gt=F("valid_from"))
            ),
            models.CheckConstraint(
                name="access_grant_decided_by_another",
                condition=Q(decided_by=None) | ~Q(decided_by=F("person")),
            ),
            models.CheckConstraint(
                name="access_grant_decided",
                condition=Q(state="asked") | Q(decided_at__isnull=False),
            ),
            evidence.Unchanging(
                name="access_grant_as_asked",
                columns=(
                    "request_key", "person_id", "tables", "purpose", "reason", "place_id",
                    "leaving", "asked_at", "valid_from", "valid_to",
                ),
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["person", "state"]),
            models.Index(fields=["state", "asked_at"]),
        ]


class LakeReading(models.Model):
    """Somebody read identified rows of the lake. Added only, each line bound to the one before.

    ``digest`` is the SHA-256 of the line and of the digest before it, so that a line taken out or
    changed behind the database's back is found (``readings.check``).
    """

    class What(models.TextChoices):
        QUERY = "query", _("Result of a query")
        FILE = "file", _("File of an export")
        EXTRACT = "extract", _("Research extract")
        SAMPLE = "sample", _("Sample of a table")

    number = models.BigIntegerField(unique=True, help_text="1, 2, 3 … without a gap")
    at = models.DateTimeField()
    by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    what = models.CharField(max_length=10, choices=What)
    purpose = models.CharField(max_length=12, choices=Purpose)
    grants = models.JSONField(help_text="numbers of the grants it rests on, sorted")
    tables = models.JSONField(help_text="names of the tables read, sorted")
    detail = models.JSONField(help_text="what was asked: SQL, numbers of things; no rows")
    rows = models.BigIntegerField(help_text="how many were handed out")
    digest = models.CharField(max_length=64, unique=True)

    class Meta:
        constraints = [evidence.Unchanging(name="lake_reading_stays")]
        indexes = [models.Index(fields=["at", "id"]), models.Index(fields=["by", "at"])]
