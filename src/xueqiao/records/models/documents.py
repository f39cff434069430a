"""Table of documents: what activities keep for a learner, and what is kept about either."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class DocumentKind(models.TextChoices):
    """What a document hangs on; the resources of the standard."""

    STATE = "state", _("State of an activity for an agent")
    AGENT_PROFILE = "agent_profile", _("Profile of an agent")
    ACTIVITY_PROFILE = "activity_profile", _("Profile of an activity")


_STATE = Q(kind=DocumentKind.STATE, activity__isnull=False, actor__isnull=False)
_AGENT = Q(kind=DocumentKind.AGENT_PROFILE, activity=None, actor__isnull=False, registration=None)
_ACTIVITY = Q(
    kind=DocumentKind.ACTIVITY_PROFILE, activity__isnull=False, actor=None, registration=None
)


class Document(models.Model):
    """A document of the State, Agent Profile or Activity Profile resource, byte for byte.

    Shared by all who may use the resource, as the standard has it; ``source`` is who wrote it last.
    Unlike statements a document is replaced and deleted: it is a notebook and no evidence.
    """

    kind = models.CharField(max_length=20, choices=DocumentKind)
    activity = models.ForeignKey(
        "records.Activity", models.PROTECT, null=True, related_name="+", db_index=False
    )
    actor = models.ForeignKey(
        "records.Actor", models.PROTECT, null=True, related_name="+", db_index=False
    )
    registration = models.UUIDField(null=True)
    key = models.TextField(help_text="stateId or profileId")
    content_type = models.CharField(max_length=200)
    content = models.BinaryField()
    etag = models.CharField(max_length=40, help_text="SHA-1 of the content, hexadecimal")
    updated_at = models.DateTimeField()
    source = models.ForeignKey("records.Source", models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="document_hangs_on_its_kind", condition=_STATE | _AGENT | _ACTIVITY
            ),
            # A null is not equal to a null, so each kind has a key of its own columns.
            models.UniqueConstraint(
                name="document_state_once",
                fields=["actor", "activity", "key"],
                condition=Q(kind=DocumentKind.STATE, registration=None),
            ),
            models.UniqueConstraint(
                name="document_state_of_registration_once",
                fields=["actor", "activity", "registration", "key"],
                condition=Q(kind=DocumentKind.STATE, registration__isnull=False),
            ),
            models.UniqueConstraint(
                name="document_agent_profile_once",
                fields=["actor", "key"],
                condition=Q(kind=DocumentKind.AGENT_PROFILE),
            ),
            models.UniqueConstraint(
                name="document_activity_profile_once",
                fields=["activity", "key"],
                condition=Q(kind=DocumentKind.ACTIVITY_PROFILE),
            ),
        ]
        indexes = [models.Index(name="document_activity", fields=["activity"])]
