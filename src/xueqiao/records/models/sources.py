"""Tables of sources: the platforms that hand their learning over, and the keys they come with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from datetime import datetime


class Source(models.Model):
    """A platform, office or file collection that statements come from. Evidence of origin: kept."""

    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    authority = models.JSONField(help_text="the xAPI agent that vouches for its statements")
    is_sample = models.BooleanField(default=False)
    opened_at = models.DateTimeField()
    owner = models.ForeignKey(
        "network.Institution",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="the institution that answers for what it sends",
    )
    contact = models.CharField(
        max_length=200, blank=True, help_text="who is asked when something is wrong with it"
    )
    paused_at = models.DateTimeField(
        null=True, blank=True, help_text="since when nothing is taken from it; empty: it is taken"
    )
    rate_limit = models.PositiveIntegerField(
        default=0, help_text="statements a minute over HTTP; 0: no limit"
    )
    most_bytes = models.PositiveIntegerField(
        default=0, help_text="bytes of one request; 0: as many as the platform takes"
    )
    retention_days = models.PositiveIntegerField(
        null=True, blank=True, help_text="how long its statements are kept; empty: always"
    )
    silent_after_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="how long it may be silent before an alarm; empty: always"
    )
    last_received_at = models.DateTimeField(
        null=True, blank=True, help_text="when something last arrived, to the minute"
    )

    def __str__(self) -> str:
        return self.name


class Scope(models.TextChoices):
    """What a credential may do at the endpoint; the words of the standard."""

    ALL = "all", _("Everything")
    WRITE = "statements/write", _("Send statements")
    READ = "statements/read", _("Read statements of every source")
    READ_MINE = "statements/read/mine", _("Read statements of its own source")
    STATE = "state", _("Read and write states of activities")
    PROFILE = "profile", _("Read and write profiles of agents and activities")
    DEFINE = "define", _("Say what an activity is called and what kind it is")
    RESULTS_WRITE = "results/write", _("Send the results of a school")
    RESULTS_READ = "results/read", _("Fetch what the bank holds of a school")
    SHARED_READ = "shared/read", _("Fetch data that another body shares by agreement")


class KeyPairQuerySet(models.QuerySet["KeyPair"]):
    def in_force(self, at: datetime) -> KeyPairQuerySet:
        return self.filter(Q(revoked_at=None) | Q(revoked_at__gt=at)).filter(
            Q(expires_at=None) | Q(expires_at__gt=at)
        )


class KeyPair(models.Model):
    """A key and the keyed hash of its secret. The secret is shown once and never stored."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="keys")
    key = models.CharField(max_length=40, unique=True)
    secret_hash = models.CharField(max_length=64)
    scopes = models.JSONField(help_text="list of Scope values")
    label = models.CharField(max_length=80, blank=True, help_text="what it is used for")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(
        null=True, blank=True, help_text="to the minute; empty: never used"
    )
    rotated_from = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="rotated_to",
        help_text="the key that this one replaces",
    )

    objects = KeyPairQuerySet.as_manager()


class SourceChange(models.Model):
    """What somebody changed of a source or of its keys, and when. Added only, never changed."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="changes")
    key = models.ForeignKey(KeyPair, models.PROTECT, null=True, related_name="changes")
    verb = models.CharField(max_length=30, help_text="edit, pause, resume, create, rotate, revoke")
    detail = models.JSONField(default=dict, help_text="field to [before, after]; never a secret")
    by = models.ForeignKey(
        "people.Person",
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="empty: from the shell of the machine",
    )
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(name="source_change_newest", fields=["source", "-id"])]


class SourceHour(models.Model):
    """What a source sent in an hour, and what became of it; written with each batch.

    The sums of one hour lie in several slots, so that writers of one source do not wait for each
    other; whoever reads adds them up.
    """

    source = models.ForeignKey(Source, models.PROTECT, related_name="hours", db_index=False)
    hour = models.DateTimeField(help_text="its first instant, in UTC")
    slot = models.PositiveSmallIntegerField()
    batches = models.BigIntegerField(default=0)
    received = models.BigIntegerField(default=0)
    accepted = models.BigIntegerField(default=0)
    duplicate = models.BigIntegerField(default=0)
    quarantined = models.BigIntegerField(default=0)
    lag_seconds = models.BigIntegerField(
        default=0, help_text="from what happened to its being received, over all accepted"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(name="source_hour_once", fields=["source", "hour", "slot"])
        ]


class SourceRefusal(models.Model):
    """How often a source was refused in an hour, by the code of the reason."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="refusals", db_index=False)
    hour = models.DateTimeField(help_text="its first instant, in UTC")
    code = models.CharField(max_length=60, help_text="of a Refusal, or a Reason of quarantine")
    count = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="source_refusal_once", fields=["source", "hour", "code"])
        ]


class Allowance(models.Model):
    """What a source with a rate limit may still send: one bucket for all processes."""

    source = models.OneToOneField(Source, models.PROTECT, related_name="allowance")
    left = models.BigIntegerField(help_text="1/1000 statement; below 0: sent in advance")
    filled_at = models.DateTimeField(help_text="up to when it was filled")
