"""Tables of retention: how long tables are kept, what is held, what was given up when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xueqiao.kernel import evidence

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.people.models import Person


class LakeTerm(models.Model):
    """How many months something is kept: one table, or all tables of a class or level as default.

    A longer term is in force at once, a shorter one waits for a second person. A later term of the
    same ends the one before.
    """

    class Scope(models.TextChoices):
        TABLE = "table", _("One table")
        CATEGORY = "class", _("Every table of a class")
        LEVEL = "level", _("Every table of a level")

    class State(models.TextChoices):
        ASKED = "asked", _("Waits for a second person")
        IN_FORCE = "in_force", _("In force")
        REJECTED = "rejected", _("Rejected")
        ENDED = "ended", _("Replaced")

    ABOUT = ("scope", "subject")

    scope = models.CharField(max_length=10, choices=Scope)
    subject = models.CharField(max_length=80, help_text="a table, a class or the number of a level")
    months = models.PositiveSmallIntegerField(
        null=True, help_text="null: a table is kept always; a default says nothing"
    )
    shortens = models.BooleanField(help_text="whether something is kept for less time than before")
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    asked_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            evidence.Unchanging(
                name="lake_term_as_asked",
                columns=("scope", "subject", "months", "reason", "asked_by_id", "asked_at"),
            ),
            models.UniqueConstraint(
                name="lake_term_in_force_once",
                fields=["scope", "subject"],
                condition=Q(state="in_force"),
            ),
            models.UniqueConstraint(
                name="lake_term_asked_once", fields=["scope", "subject"], condition=Q(state="asked")
            ),
            models.CheckConstraint(
                name="lake_term_shortened_by_two",
                condition=~Q(shortens=True, decided_by=F("asked_by")),
            ),
            models.CheckConstraint(
                name="lake_term_in_force_decided",
                condition=~Q(state="in_force") | Q(decided_by__isnull=False),
            ),
            models.CheckConstraint(
                name="lake_term_months", condition=Q(months=None) | Q(months__range=(1, 1200))
            ),
        ]


class LakeHoldQuerySet(models.QuerySet["LakeHold"]):
    def in_force(self, day: date) -> LakeHoldQuerySet:
        """Those that hold on a day: neither lifted nor at their end."""
        return self.filter(lifted_at=None).filter(Q(until=None) | Q(until__gt=day))


class LakeHold(models.Model):
    """Data of the lake that nobody gives up while it holds: a table, a place or a person."""

    class Scope(models.TextChoices):
        TABLE = "table", _("A table")
        PLACE = "place", _("Everybody who lives or lived in a place")
        PERSON = "person", _("A person")

    scope = models.CharField(max_length=10, choices=Scope)
    lake_table = models.CharField(max_length=80, blank=True)
    place = models.ForeignKey("network.Place", models.PROTECT, null=True, related_name="+")
    person = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=300)
    until = models.DateField(null=True, blank=True, help_text="first day on which it ends; or open")
    placed_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    placed_at = models.DateTimeField()
    lifted_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lift_reason = models.CharField(max_length=300, blank=True)

    objects = LakeHoldQuerySet.as_manager()

    class Meta:
        constraints = [
            evidence.Unchanging(
                name="lake_hold_as_placed",
                columns=("scope", "lake_table", "place_id", "person_id", "reason", "placed_by_id",
                         "placed_at"),
            ),
            models.CheckConstraint(
                name="lake_hold_of_one_thing",
                condition=Q(scope="table", place=None, person=None) & ~Q(lake_table="")
                | Q(scope="place", lake_table="", place__isnull=False, person=None)
                | Q(scope="person", lake_table="", place=None, person__isnull=False),
            ),
            models.CheckConstraint(
                name="lake_hold_lifted_by_somebody",
                condition=Q(lifted_at=None, lifted_by=None)
                | Q(lifted_at__isnull=False, lifted_by__isnull=False),
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["-placed_at", "-id"])]


class LakeRetentionQuerySet(models.QuerySet["LakeRetention"]):
    def for_second(self, person: Person) -> LakeRetentionQuerySet:
        """Those that wait for somebody else than this person."""
        return self.filter(state=LakeRetention.State.ASKED).exclude(asked_by__pk=person.pk)

    def open(self) -> LakeRetentionQuerySet:
        """Those that have not come to an end."""
        return self.filter(state__in=LakeRetention.OPEN)

    def announced(self) -> LakeRetentionQuerySet:
        """Those whose lines the lake has been told, first begun first."""
        told = Q(state=LakeRetention.State.DONE) | ~Q(found={})
        return self.filter(told).order_by("started_at", "pk")


class LakeRetention(models.Model):
    """What is to be given up on a day: the plan, its approval by a second person, the receipt.

    A plan that the platform made by itself is approved by one person: two have allowed each term
    that it follows. ``found`` gets each table before it is given up.
    """

    class State(models.TextChoices):
        ASKED = "asked", _("Waits for a second person")
        APPROVED = "approved", _("Approved")
        RUNNING = "running", _("Being given up")
        DONE = "done", _("Given up for good")
        REJECTED = "rejected", _("Rejected")

    OPEN = (State.ASKED, State.APPROVED, State.RUNNING)

    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    is_open = models.BooleanField(null=True, default=True, help_text="null where it has ended")
    plan = models.JSONField(default=dict, help_text="the dry run: by table its line and counts")
    planned_at = models.DateTimeField()
    asked_by = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, related_name="+", help_text="null: by the job"
    )
    decided_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True, help_text="of who decided")
    lines = models.JSONField(default=dict, help_text="table → first month that stays, when begun")
    held = models.JSONField(default=dict, help_text="all that was held at any time since the plan")
    started_at = models.DateTimeField(null=True, blank=True)
    found = models.JSONField(default=dict, help_text="by table what was given up")
    files = models.PositiveBigIntegerField(default=0, help_text="of earlier versions, deleted")
    size_bytes = models.PositiveBigIntegerField(default=0, help_text="of those files")
    milliseconds = models.PositiveBigIntegerField(default=0)
    held_up_by = models.CharField(max_length=40, blank=True, help_text="code of a refusal")
    held_up_text = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the receipt")

    objects = LakeRetentionQuerySet.as_manager()

    class Meta:
        constraints = [
            evidence.Unchanging(
                name="lake_retention_as_planned", columns=("plan", "planned_at", "asked_by_id")
            ),
            models.UniqueConstraint(name="lake_retention_open_once", fields=["is_open"]),
            models.CheckConstraint(
                name="lake_retention_open_state",
                condition=Q(state__in=["asked", "approved", "running"], is_open=True)
                | Q(state__in=["done", "rejected"], is_open=None),
            ),
            models.CheckConstraint(
                name="lake_retention_second_person",
                condition=Q(decided_by=None) | Q(asked_by=None) | ~Q(decided_by=F("asked_by")),
            ),
            models.CheckConstraint(
                name="lake_retention_approved_first",
                condition=Q(state="asked", decided_by=None)
                | (~Q(state="asked") & Q(decided_by__isnull=False, decided_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="lake_retention_finished",
                condition=Q(state="done", finished_at__isnull=False)
                | (~Q(state="done") & Q(finished_at=None)),
            ),
        ]
        indexes = [models.Index(fields=["-planned_at", "-id"])]
