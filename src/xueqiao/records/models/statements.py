"""Tables of statements: the exact text beside the columns that filters and readers need."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from xueqiao.kernel.cursor import XidField
from xueqiao.records import rules
from xueqiao.records.roles import Role


class Verb(models.Model):
    """A verb, once: statements hold its number instead of its address."""

    iri = models.TextField()

    class Meta:
        # A constraint rather than ``unique=True``, which adds a second index on PostgreSQL.
        constraints = [models.UniqueConstraint(name="verb_once", fields=["iri"])]


class Activity(models.Model):
    """An activity, once, and what is known of it.

    ``definition`` is the canonical one: what senders said, merged by ``definitions.merge``.
    """

    iri = models.TextField()
    definition = models.JSONField(null=True, help_text="the canonical activity definition")

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
            models.Index(name="statement_source", fields=["source", "stored_at", "id"]),
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
    """An agent that a statement names elsewhere than as its actor, once, in its nearest role.

    ``is_related`` marks the places that only ``related_agents`` looks at. The authority has no row:
    it is the statement's source. With the side tables below, it is an index that ``relations``
    alone writes and clears, in the transaction of the statement; the stored time is a copy, so that
    a page comes in order from one index. There is no index by statement: ``relations.forget`` reads
    out of the text again which rows there are.
    """

    pk = models.CompositePrimaryKey("actor_id", "is_related", "stored_at", "statement_id")
    actor = models.ForeignKey(
        Actor, models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    is_related = models.BooleanField()
    stored_at = models.DateTimeField()
    statement = models.ForeignKey(
        Statement, models.DO_NOTHING, related_name="agents", db_index=False, db_constraint=False
    )
    role = models.PositiveSmallIntegerField(choices=Role)


class StatementActivity(models.Model):
    """An activity that a statement names elsewhere than as its object, in its nearest role."""

    pk = models.CompositePrimaryKey("activity_id", "stored_at", "statement_id")
    activity = models.ForeignKey(
        Activity, models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    stored_at = models.DateTimeField()
    statement = models.ForeignKey(
        Statement, models.DO_NOTHING, related_name="activities", db_index=False, db_constraint=False
    )
    role = models.PositiveSmallIntegerField(choices=Role)


class StatementReference(models.Model):
    """A statement whose object refers to another one, directly or through a chain of such.

    ``target`` need not be held yet, or ever. Whatever filter finds the target finds the statement.
    """

    pk = models.CompositePrimaryKey("stored_at", "statement_id", "target")
    stored_at = models.DateTimeField()
    statement = models.ForeignKey(
        Statement, models.DO_NOTHING, related_name="references", db_index=False, db_constraint=False
    )
    target = models.UUIDField(help_text="identifier of the statement that is referred to")

    class Meta:
        indexes = [
            models.Index(name="reference_target", fields=["target"]),
            models.Index(name="reference_statement", fields=["statement"]),
        ]


class StatementAttachment(models.Model):
    """A file that came with a statement; the bytes lie in ``attachments`` by their digest."""

    statement = models.ForeignKey(Statement, models.PROTECT, related_name="attachments")
    sha2 = models.CharField(max_length=128, help_text="as the statement names it, in lower case")
    content = models.CharField(max_length=64, help_text="SHA-256 of the bytes, the file's name")
    content_type = models.CharField(max_length=255)
    length = models.PositiveBigIntegerField(help_text="bytes that came")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="attachment_once", fields=["statement", "sha2"])
        ]
        indexes = [models.Index(name="attachment_content", fields=["content"])]
