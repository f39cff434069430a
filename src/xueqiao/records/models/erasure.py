"""Tables of erasure: who asked for what, who allowed it, what was done, what must not come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xueqiao.kernel import evidence

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.people.models import Person


class LegalHold(models.Model):
    """Statements of a source or of an actor that nobody may erase until the hold is lifted."""

    source = models.ForeignKey("records.Source", models.PROTECT, null=True, related_name="+")
    actor = models.ForeignKey("records.Actor", models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=300)
    placed_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    placed_at = models.DateTimeField()
    lifted_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="hold_of_one_thing",
                condition=Q(source__isnull=False, actor=None) | Q(source=None, actor__isnull=False),
            ),
            models.UniqueConstraint(
                name="hold_once_for_source", fields=["source"], condition=Q(lifted_at=None)
            ),
            models.UniqueConstraint(
                name="hold_once_for_actor", fields=["actor"], condition=Q(lifted_at=None)
            ),
        ]


class RetentionPolicy(models.Model):
    """How many days the statements of a source are kept: asked by one person, allowed by another.

    While it is in force, the source's ``retention_days`` says the same number; statements are
    erased only as long as both agree.
    """

    class State(models.TextChoices):
        ASKED = "asked", _("Waits for a second person")
        IN_FORCE = "in_force", _("In force")
        REJECTED = "rejected", _("Rejected")
        ENDED = "ended", _("Ended")

    source = models.ForeignKey("records.Source", models.PROTECT, related_name="+")
    days = models.PositiveIntegerField()
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    requested_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    decided_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            evidence.Unchanging(
                name="retention_as_asked",
                columns=("source_id", "days", "reason", "requested_by_id", "requested_at"),
            ),
            models.CheckConstraint(name="retention_days_positive", condition=Q(days__gt=0)),
            models.CheckConstraint(
                name="retention_second_person",
                condition=Q(decided_by=None) | ~Q(decided_by=F("requested_by")),
            ),
            models.CheckConstraint(
                name="retention_in_force_decided",
                condition=~Q(state="in_force") | Q(decided_by__isnull=False),
            ),
            models.UniqueConstraint(
                name="retention_in_force_once", fields=["source"], condition=Q(state="in_force")
            ),
        ]


class ErasureQuerySet(models.QuerySet["Erasure"]):
    def for_second(self, person: Person) -> ErasureQuerySet:
        """Those that wait for a second person, which somebody else than this one has to be."""
        return self.filter(state=Erasure.State.ASKED).exclude(requested_by=person)

    def to_execute(self) -> ErasureQuerySet:
        return self.filter(state__in=[Erasure.State.APPROVED, Erasure.State.RUNNING])


class Erasure(models.Model):
    """A request to erase statements, its approval by a second person, and its receipt.

    What was asked and by whom never changes (a trigger); that two persons took part is a constraint
    of the database. ``done`` and ``kept`` grow with each batch.
    """

    class Kind(models.TextChoices):
        IDS = "ids", _("Single statements")
        PERSON = "person", _("A person")
        AGE = "age", _("Age")
        RETENTION = "retention", _("Retention of a source")

    class Reach(models.TextChoices):
        ACTOR = "actor", _("What the person did")
        ANYWHERE = "anywhere", _("Every statement that names the person")

    class State(models.TextChoices):
        ASKED = "asked", _("Waits for a second person")
        APPROVED = "approved", _("Approved")
        RUNNING = "running", _("Being erased")
        DONE = "done", _("Erased")
        REJECTED = "rejected", _("Rejected")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class Stage(models.TextChoices):
        """What the execution is at; each stage ends in a transaction of its own."""

        STATEMENTS = "statements", _("Statements")
        QUARANTINE = "quarantine", _("Quarantine")
        TRACES = "traces", _("Documents and identifiers")

    kind = models.CharField(max_length=10, choices=Kind)
    reach = models.CharField(max_length=10, choices=Reach, default=Reach.ACTOR)
    reason = models.CharField(max_length=300)
    source = models.ForeignKey("records.Source", models.PROTECT, null=True, related_name="+")
    stored_before = models.DateTimeField(null=True, blank=True, help_text="of kinds by age")
    policy = models.ForeignKey(RetentionPolicy, models.PROTECT, null=True, related_name="runs")
    preview = models.JSONField(default=dict, help_text="the dry run: counts and sample ids")
    requested_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    decided_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True, help_text="of who decided")
    stage = models.CharField(max_length=12, choices=Stage, default=Stage.STATEMENTS)
    fence = models.BigIntegerField(
        default=0, help_text="the transaction that began it; older writers must have ended"
    )
    reached_at = models.DateTimeField(null=True, help_text="stored time up to which it has come")
    held_row = models.BigIntegerField(default=0, help_text="last item in quarantine looked at")
    batches = models.PositiveIntegerField(default=0)
    files = models.JSONField(default=list, help_text="contents of attachments yet to be removed")
    done = models.JSONField(default=dict, help_text="counts of what was erased")
    kept = models.JSONField(default=dict, help_text="counts of what stays, by why")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of its tombstones")

    objects = ErasureQuerySet.as_manager()

    class Meta:
        constraints = [
            evidence.Unchanging(
                name="erasure_as_asked",
                columns=(
                    "kind",
                    "reach",
                    "reason",
                    "source_id",
                    "stored_before",
                    "policy_id",
                    "requested_by_id",
                    "requested_at",
                ),
            ),
            models.CheckConstraint(
                name="erasure_second_person",
                condition=Q(decided_by=None) | ~Q(decided_by=F("requested_by")),
            ),
            models.CheckConstraint(
                name="erasure_approved_first",
                condition=Q(state__in=["asked", "rejected", "withdrawn"])
                | Q(decided_by__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="erasure_age_has_day",
                condition=Q(kind__in=["ids", "person"]) | Q(stored_before__isnull=False),
            ),
            models.CheckConstraint(
                name="erasure_policy_of_retention",
                condition=Q(kind="retention", policy__isnull=False)
                | (~Q(kind="retention") & Q(policy=None)),
            ),
        ]
        indexes = [models.Index(fields=["state", "id"])]


class ErasureTarget(models.Model):
    """The id of a statement that is to be erased; goes when it is done."""

    erasure = models.ForeignKey(Erasure, models.PROTECT, related_name="targets", db_index=False)
    uuid = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="erasure_target_once", fields=["erasure", "uuid"])
        ]


class ErasedIdentifierQuerySet(models.QuerySet["ErasedIdentifier"]):
    def in_force(self) -> ErasedIdentifierQuerySet:
        return self.exclude(erased_at=None)

    def begin(self, at: datetime) -> int:
        return self.filter(erased_at=None).update(erased_at=at)


class ErasedIdentifier(models.Model):
    """An identifier whose statements are erased. When it is done, only its keyed hash stays.

    A statement of the identifier that happened before ``erased_at`` and arrives later is a replay.
    """

    erasure = models.ForeignKey(Erasure, models.PROTECT, related_name="identifiers")
    hash = models.CharField(max_length=64, help_text="HMAC-SHA-256 with the platform's key")
    ifi = models.TextField(blank=True, help_text="the identifier; empty when it is done")
    kind = models.CharField(max_length=10, help_text="mbox, sha1, openid or account")
    home_page = models.TextField(blank=True, help_text="of an account")
    actor = models.ForeignKey("records.Actor", models.PROTECT, null=True, related_name="+")
    erased_at = models.DateTimeField(null=True, blank=True)

    objects = ErasedIdentifierQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="erased_identifier_once", fields=["erasure", "hash"])
        ]
        indexes = [
            models.Index(
                name="erased_identifier_hash",
                fields=["hash"],
                condition=Q(erased_at__isnull=False),
            )
        ]


class Tombstone(models.Model):
    """What stays of an erased statement: the digest of its id, so that it cannot come back.

    Rows are added, never changed or removed (a trigger).
    """

    digest = models.UUIDField(primary_key=True, help_text="first 128 bits of SHA-256 of the id")
    erasure = models.ForeignKey(Erasure, models.PROTECT, related_name="tombstones")

    class Meta:
        constraints = [evidence.Unchanging(name="tombstone_stays")]
