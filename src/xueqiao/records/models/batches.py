"""Tables of intake: deliveries, batches, and what was not believed."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


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


class Reason(models.TextChoices):
    """Why an item lies in quarantine. Each is decided by one place: the mapping or the store."""

    INVALID = "invalid", _("Not a statement of the standard")
    CONFLICT = "conflict", _("Another statement has the same identifier")
    NOT_JSON = "not_json", _("Not readable as JSON")
    COLUMNS = "columns", _("Not as many columns as the heading")
    TIME_IMPOSSIBLE = "time_impossible", _("A date or time that does not exist")
    TIME_MISSING = "time_missing", _("No date")
    NOBODY = "nobody", _("Names no person")
    NOT_A_LEARNER = "not_a_learner", _("Done by a job of the platform, not by a person")
    EXPORT = "export", _("Made by reading the log itself")
    DESCRIPTION_EMPTY = "description_empty", _("The description is empty")
    TEXT_DAMAGED = "text_damaged", _("The text is damaged beyond reading")
    EVENT_UNKNOWN = "event_unknown", _("An event the mapping does not know")
    SCORE_MISSING = "score_missing", _("No score")
    SCORE_IMPOSSIBLE = "score_impossible", _("A score outside its range")
    REFERENCE_UNKNOWN = "reference_unknown", _("Refers to something the source did not describe")


class Quarantine(models.Model):
    """An item that was received and not believed, with its exact text, until it is repaired."""

    batch = models.ForeignKey(Batch, models.PROTECT, related_name="held")
    position = models.PositiveIntegerField(help_text="place in the batch, from 0")
    reason = models.CharField(max_length=30, choices=Reason)
    pointer = models.CharField(max_length=200, blank=True, help_text="JSON pointer or column")
    detail = models.TextField(blank=True)
    text = models.TextField(help_text="as received")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="quarantine_once", fields=["batch", "position"])
        ]
        indexes = [models.Index(fields=["reason", "id"])]
