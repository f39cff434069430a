"""Tables of statements: the exact text beside the columns that filters and readers need."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from xueqiao.kernel.cursor import XidField
from xueqiao.records import rules


class Verb(models.Model):
    """A verb, once: statements hold its number instead of its address."""

    iri = models.TextField()

    class Meta:
        # A constraint rather than ``unique=True``, which adds a second index on PostgreSQL.
        constraints = [models.UniqueConstraint(name="verb_once", fields=["iri"])]


class Activity(models.Model):
    """An activity, once."""

    iri = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(name="activity_once", fields=["iri"])]


class Actor(models.Model):
    """An agent or identified group, once for each identifier it is known by.

    ``person`` is a copy of what ``people`` knows (``OutsideAccount``); only ``actors.resolve``
    writes it. An actor whom nobody linked stays a separate, unknown learner: persons are never
    guessed.
    """

    ifi = models.TextField(help_text="inverse functional identifier: kind|value")
    home_page = models.TextField(blank=True, help_text="of an account; else empty")
    name = models.TextField(blank=True, help_text="of an account; else empty")
    person = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    updated_at = models.DateTimeField(help_text="when it was first seen or last linked")

    class Meta:
        constraints = [models.UniqueConstraint(name="actor_once", fields=["ifi"])]
        indexes = [models.Index(fields=["updated_at", "id"])]

    @property
    def learner_id(self) -> int:
        return rules.learner_id(self.pk, self.person_id)


class Statement(models.Model):
    """What somebody did, as it was received. Never updated, never deleted.

    ``text`` is byte for byte what arrived; identifier, stored time, authority and version that the
    store sets stand in columns and are added when a statement is shown. Whether it is voided is
    asked of ``voids`` of the others: a mark set by whoever comes second would be missed by two who
    come at the same time.
    """

    xid = XidField()
    uuid = models.UUIDField(unique=True)
    text = models.TextField()
    actor = models.ForeignKey(Actor, models.PROTECT, null=True, related_name="+", db_index=False)
    verb = models.ForeignKey(Verb, models.PROTECT, related_name="+", db_index=False)
    activity = models.ForeignKey(
        Activity, models.PROTECT, null=True, related_name="+", db_index=False
    )
    registration = models.UUIDField(null=True)
    event_at = models.DateTimeField(help_text="the statement's timestamp, or when it was stored")
    stored_at = models.DateTimeField(help_text="never before that of a statement already visible")
    source = models.ForeignKey("records.Source", models.PROTECT, related_name="+", db_index=False)
    batch = models.ForeignKey("records.Batch", models.PROTECT, related_name="+", db_index=False)
    version = models.CharField(max_length=8, help_text="of the standard")
    voids = models.UUIDField(null=True, help_text="the statement that this one voids")

    class Meta:
        indexes = [
            models.Index(name="statement_cursor", fields=["xid", "id"]),
            models.Index(name="statement_stored", fields=["stored_at", "id"]),
            models.Index(name="statement_actor", fields=["actor", "stored_at", "id"]),
            models.Index(name="statement_verb", fields=["verb", "stored_at", "id"]),
            models.Index(name="statement_activity", fields=["activity", "stored_at", "id"]),
            models.Index(
                name="statement_registration",
                fields=["registration", "stored_at", "id"],
                condition=Q(registration__isnull=False),
            ),
            models.Index(
                name="statement_voids", fields=["voids"], condition=Q(voids__isnull=False)
            ),
        ]


class StatementAgent(models.Model):
    """An agent that a statement names elsewhere than as its actor: as object, or in a group."""

    statement = models.ForeignKey(Statement, models.PROTECT, related_name="agents", db_index=False)
    actor = models.ForeignKey(Actor, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="statement_agent_once", fields=["actor", "statement"])
        ]
