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


class Scope(models.TextChoices):
    """What a key pair may do at the endpoint; the words of the standard."""

    ALL = "all", _("Everything")
    WRITE = "statements/write", _("Send statements")
    READ = "statements/read", _("Read statements of every source")
    READ_MINE = "statements/read/mine", _("Read statements of its own source")


class KeyPairQuerySet(models.QuerySet["KeyPair"]):
    def in_force(self, at: datetime) -> KeyPairQuerySet:
        return self.filter(revoked_at=None).filter(Q(expires_at=None) | Q(expires_at__gt=at))


class KeyPair(models.Model):
    """A key and the keyed hash of its secret. The secret is shown once and never stored."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="keys")
    key = models.CharField(max_length=40, unique=True)
    secret_hash = models.CharField(max_length=64)
    scopes = models.JSONField(help_text="list of Scope values")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = KeyPairQuerySet.as_manager()
