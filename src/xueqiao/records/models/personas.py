"""Tables of personas: which identifiers are one human being, since when, and who said so."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from xueqiao.kernel import evidence


class Persona(models.Model):
    """A human being whose identifiers were joined by somebody, with or without a ``Person``."""

    key = models.UUIDField(unique=True)
    label = models.CharField(max_length=120, blank=True, help_text="for people; no identifier")
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")


class PersonaMember(models.Model):
    """An identifier of a persona from one moment to another. Joining again is a new row.

    Who joined what, when and why never changes (a trigger); only the end is filled in, once.
    """

    persona = models.ForeignKey(Persona, models.PROTECT, related_name="members")
    actor = models.ForeignKey("records.Actor", models.PROTECT, related_name="+")
    joined_at = models.DateTimeField()
    joined_by = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, related_name="+", help_text="none: by command"
    )
    why = models.CharField(max_length=300, help_text="the evidence")
    replaces = models.ForeignKey(
        "records.Actor",
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="the identifier that this one took the place of",
    )
    left_at = models.DateTimeField(null=True, blank=True)
    left_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    left_why = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            evidence.Unchanging(
                name="persona_member_as_joined",
                columns=(
                    "persona_id",
                    "actor_id",
                    "joined_at",
                    "joined_by_id",
                    "why",
                    "replaces_id",
                ),
            ),
            models.UniqueConstraint(
                name="persona_of_actor_once", fields=["actor"], condition=Q(left_at=None)
            ),
            models.CheckConstraint(
                name="persona_left_after_joined",
                condition=Q(left_at=None) | Q(left_at__gte=F("joined_at")),
            ),
            models.CheckConstraint(
                name="persona_replaces_another",
                condition=Q(replaces=None) | ~Q(replaces=F("actor")),
            ),
        ]


class PersonaProposal(models.Model):
    """A mailbox and its hash, one by arithmetic; joined only when somebody says so."""

    mailbox = models.ForeignKey("records.Actor", models.PROTECT, related_name="+")
    hashed = models.ForeignKey("records.Actor", models.PROTECT, related_name="+")
    found_at = models.DateTimeField()
    is_accepted = models.BooleanField(null=True)
    decided_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="persona_proposal_once", fields=["mailbox", "hashed"])
        ]


class PersonaSheet(models.Model):
    """An uploaded table of identifiers to join: looked at first, applied by a second step."""

    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the file")
    rows = models.JSONField(help_text="checked rows: group, identifier, why")
    uploaded_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    uploaded_at = models.DateTimeField()
    applied_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    applied_at = models.DateTimeField(null=True, blank=True)
    joined = models.PositiveIntegerField(default=0)
