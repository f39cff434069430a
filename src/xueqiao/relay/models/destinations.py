"""Tables of destinations: who gets statements, which, and what became of each shipment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from datetime import datetime


class DestinationKind(models.TextChoices):
    """What stands at the other end."""

    STORE = "store", _("Learning record store")
    WEBHOOK = "webhook", _("Webhook")


class Authentication(models.TextChoices):
    """How a destination knows us. A webhook is signed besides."""

    NONE = "none", _("None")
    BASIC = "basic", _("Key and secret (HTTP Basic)")
    BEARER = "bearer", _("Bearer token")


class Destination(models.Model):
    """Where statements are sent that pass its filter, and how far it has read.

    ``xid`` and ``row`` are its position in the statements; they move in the transaction that writes
    the shipments of what lies before them.
    """

    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=DestinationKind)
    url = models.CharField(
        max_length=500, help_text="of the endpoint; a store's without the resource"
    )
    authentication = models.CharField(
        max_length=10, choices=Authentication, default=Authentication.NONE
    )
    sealed = models.TextField(blank=True, help_text="its secrets, sealed (kernel/sealing.py)")
    wanted = models.JSONField(default=dict, help_text="see rules.passes")
    most_statements = models.PositiveSmallIntegerField(default=100, help_text="of one shipment")
    xid = models.BigIntegerField(default=0)
    row = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    paused_at = models.DateTimeField(null=True)
    paused_why = models.TextField(blank=True, help_text="empty where a person paused it")
    sent_statements = models.BigIntegerField(default=0)
    last_sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="destination_portion",
                condition=Q(most_statements__gte=1, most_statements__lte=500),
            )
        ]


class ShipmentState(models.TextChoices):
    """What became of a shipment."""

    WAITING = "waiting", _("Waiting")
    SENT = "sent", _("Sent")
    DEAD = "dead", _("Given up")


class ShipmentQuerySet(models.QuerySet["Shipment"]):
    def due(self, at: datetime) -> ShipmentQuerySet:
        return self.filter(state=ShipmentState.WAITING, next_try_at__lte=at)


class Shipment(models.Model):
    """Statements that go to one destination in one request.

    ``key`` is made of the first statement, so a shipment is written once and its message has one
    id however often it is tried. A refused one is halved until what is refused stands alone.
    """

    destination = models.ForeignKey(Destination, models.CASCADE, related_name="shipments")
    key = models.UUIDField(help_text="the id of the message")
    uuids = models.JSONField(help_text="of its statements, in order")
    state = models.CharField(max_length=10, choices=ShipmentState, default=ShipmentState.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    answered = models.PositiveSmallIntegerField(null=True, help_text="HTTP status, last try")
    why = models.TextField(blank=True, help_text="what the last try met")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = ShipmentQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(name="shipment_once", fields=["destination", "key"])]
        indexes = [
            models.Index(
                name="shipment_due",
                fields=["destination", "id"],
                condition=Q(state="waiting"),
            ),
            models.Index(fields=["destination", "state", "id"]),
        ]
