"""Tables of visits: slots and their appointments, days of a queue and their tickets."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xueqiao.service.models.nodes import ServiceKind


class Slot(models.Model):
    """A time for which appointments are given. ``taken`` never exceeds ``places``."""

    node = models.ForeignKey("service.ServiceNode", models.PROTECT, related_name="slots")
    kind = models.CharField(max_length=12, choices=ServiceKind)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    places = models.PositiveSmallIntegerField()
    taken = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="slot_once", fields=["node", "kind", "starts_at"]),
            models.CheckConstraint(name="slot_not_oversold", condition=Q(taken__lte=F("places"))),
            models.CheckConstraint(name="slot_takes_time", condition=Q(ends_at__gt=F("starts_at"))),
        ]


class Appointment(models.Model):
    """A person's appointment for a slot. Never deleted; withdrawn, its place is free again."""

    class State(models.TextChoices):
        BOOKED = "booked", _("Booked")
        ARRIVED = "arrived", _("Arrived")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        MISSED = "missed", _("Missed")

    slot = models.ForeignKey(Slot, models.PROTECT, related_name="appointments")
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="appointments")
    request_key = models.CharField(max_length=120, unique=True)
    state = models.CharField(max_length=10, choices=State, default=State.BOOKED)
    note = models.CharField(
        max_length=200, blank=True, help_text="what the person wants to bring up"
    )
    booked_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    booked_at = models.DateTimeField()
    state_since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="appointment_once",
                fields=["slot", "person"],
                condition=Q(state__in=["booked", "arrived"]),
            ),
        ]
        indexes = [models.Index(fields=["person", "state"])]


class QueueDay(models.Model):
    """One day of a node's queue: the last number that was given. Its row is the queue's lock."""

    node = models.ForeignKey("service.ServiceNode", models.PROTECT, related_name="queue_days")
    day = models.DateField()
    last_number = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(name="queue_day_once", fields=["node", "day"])]


class Ticket(models.Model):
    """A number in the queue of one day 排队号. An appointment is called at its time."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        CALLED = "called", _("Called")
        SERVING = "serving", _("Being served")
        DONE = "done", _("Served")
        NO_SHOW = "no_show", _("Did not come")

    queue = models.ForeignKey(QueueDay, models.PROTECT, related_name="tickets")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=ServiceKind)
    request_key = models.CharField(max_length=120, unique=True)
    person = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    appointment = models.OneToOneField(
        Appointment, models.PROTECT, null=True, related_name="ticket"
    )
    due_at = models.DateTimeField(help_text="the appointment's time, or when the number was drawn")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    state_since = models.DateTimeField()
    counter = models.CharField(
        max_length=20, blank=True, help_text="to which counter it was called"
    )
    calls = models.PositiveSmallIntegerField(default=0)
    drawn_at = models.DateTimeField()
    served_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="ticket_number_once", fields=["queue", "number"]),
            models.CheckConstraint(
                name="ticket_called_to_a_counter",
                condition=Q(state__in=["waiting", "no_show"]) | ~Q(counter=""),
            ),
        ]
        indexes = [models.Index(fields=["queue", "state"])]
