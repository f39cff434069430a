"""Tables of intake: deliveries, batches, and what was not believed."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xueqiao.records.reasons import Reason


class Delivery(models.Model):
    """One file handed over, known by its content: under another name it is the same delivery."""

    source = models.ForeignKey("records.Source", models.PROTECT, related_name="deliveries")
    name = models.CharField(max_length=200)
    digest = models.CharField(
        max_length=64, help_text="SHA-256 of the bytes and of the mapping's version"
    )
    items = models.PositiveIntegerField(
        default=0, help_text="facts found in it, once it is finished"
    )
    received_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="delivery_once", fields=["source", "digest"])]


class Batch(models.Model):
    """What arrived in one transaction, and what became of it: nothing is unaccounted for."""

    source = models.ForeignKey("records.Source", models.PROTECT, related_name="batches")
    delivery = models.ForeignKey(Delivery, models.PROTECT, null=True, related_name="batches")
    batch_key = models.CharField(
        max_length=160, help_text="what makes the batch one for its source"
    )
    digest = models.CharField(max_length=64, help_text="SHA-256 of its items, to tell a reused key")
    received_at = models.DateTimeField()
    received = models.PositiveIntegerField(default=0)
    accepted = models.PositiveIntegerField(default=0)
    duplicate = models.PositiveIntegerField(
        default=0, help_text="equal to a statement already held"
    )
    quarantined = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="batch_once", fields=["source", "batch_key"]),
            models.CheckConstraint(
                name="batch_adds_up",
                condition=Q(received=F("accepted") + F("duplicate") + F("quarantined")),
            ),
        ]


class HeldState(models.TextChoices):
    """What became of an item in quarantine. The first two count as quarantined in its batch."""

    OPEN = "open", _("Waits for repair")
    DISMISSED = "dismissed", _("Looked at and left out")
    ACCEPTED = "accepted", _("Repaired and accepted")
    DUPLICATE = "duplicate", _("Repaired; was held already")


class QuarantineQuerySet(models.QuerySet["Quarantine"]):
    def waiting(self) -> QuarantineQuerySet:
        """What somebody should look at."""
        return self.filter(state=HeldState.OPEN)

    def held(self) -> QuarantineQuerySet:
        """What counts as quarantined in its batch."""
        return self.filter(state__in=[HeldState.OPEN, HeldState.DISMISSED])


class Quarantine(models.Model):
    """An item that was received and not believed, with its exact text. Kept when it is repaired.

    ``reason``, ``pointer`` and ``detail`` are those of the last try. A repair moves the item from
    quarantined to accepted or duplicate in the batch it arrived in (decision 69).
    """

    batch = models.ForeignKey(Batch, models.PROTECT, related_name="held")
    position = models.PositiveIntegerField(help_text="place in the batch, from 0")
    reason = models.CharField(max_length=30, choices=Reason)
    pointer = models.CharField(max_length=200, blank=True, help_text="JSON pointer or column")
    detail = models.TextField(blank=True)
    text = models.TextField(help_text="as received")
    form = models.CharField(
        max_length=60, blank=True, help_text="how the text is read; empty: a statement as JSON"
    )
    state = models.CharField(max_length=10, choices=HeldState, default=HeldState.OPEN)
    mended = models.TextField(blank=True, help_text="the text of the last repair; empty: none")

    objects = QuarantineQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="quarantine_once", fields=["batch", "position"])
        ]
        indexes = [
            models.Index(fields=["reason", "id"]),
            models.Index(fields=["state", "reason", "id"]),
        ]


class Repair(models.Model):
    """One try to mend an item in quarantine, and what came of it. Appended, never changed."""

    held = models.ForeignKey(Quarantine, models.PROTECT, related_name="repairs")
    at = models.DateTimeField()
    by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    text = models.TextField(help_text="as it was tried; empty where it was left out")
    rule = models.JSONField(null=True, help_text="the rule, where many were mended at once")
    state = models.CharField(max_length=10, choices=HeldState, help_text="what came of it")
    reason = models.CharField(max_length=30, choices=Reason, blank=True)
    detail = models.TextField(blank=True)
