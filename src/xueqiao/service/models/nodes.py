"""Tables of the network of service points: nodes, what they offer, hours, closed days, staff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.people.models import Person


class NodeKind(models.TextChoices):
    """The three levels of certification services 认证服务机构."""

    CENTRE = "centre", _("Management centre")
    BRANCH = "branch", _("Sub-centre")
    POINT = "point", _("Certification point")


class ServiceKind(models.TextChoices):
    """What people come for."""

    ACCOUNT = "account", _("Opening an account")
    IDENTITY = "identity", _("Identity check")
    RECOGNITION = "recognition", _("Recognition of learning outcomes")
    CONVERSION = "conversion", _("Conversion of credit")
    CERTIFICATE = "certificate", _("Certificates and transcripts")
    ADVICE = "advice", _("Advice")


class ServiceNodeQuerySet(models.QuerySet["ServiceNode"]):
    def in_force(self, day: date) -> ServiceNodeQuerySet:
        return self.filter(Q(valid_to=None) | Q(valid_to__gt=day), valid_from__lte=day)

    def kept_by(self, person: Person | None, day: date) -> ServiceNodeQuerySet:
        """The nodes that somebody may set up: those of their places and institution."""
        return self.filter(_reach(person, rights.SERVICE_NODES, day))

    def served_by(self, person: Person | None, day: date) -> ServiceNodeQuerySet:
        """The nodes at whose counter somebody works: as staff of that day, with a helper's role."""
        if not rights.allows(person, rights.SERVICE_COUNTER, day):
            return self.none()
        staff = NodeStaff.objects.in_force(day).filter(person=person)
        return self.in_force(day).filter(pk__in=staff.values("node_id"))


def _reach(person: Person | None, policy: rights.Policy, day: date) -> Q:
    return rights.within(person, policy, day, place="place_id", institution="institution_id")


class ServiceNode(models.Model):
    """A body that serves people 认证服务机构: the management centre, a sub-centre or a point."""

    code = models.CharField(
        max_length=40, unique=True, help_text="in addresses: letters, digits, -"
    )
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160, blank=True)
    kind = models.CharField(max_length=8, choices=NodeKind)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="below")
    institution = models.ForeignKey(
        "network.Institution", models.PROTECT, null=True, related_name="+"
    )
    place = models.ForeignKey("network.Place", models.PROTECT, related_name="+")
    address = models.CharField(max_length=200)
    phone = models.CharField(max_length=40, blank=True)
    note = models.CharField(max_length=300, blank=True, help_text="how to get there, lift, ramp …")
    is_sample = models.BooleanField(default=False)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True, help_text="first day it no longer serves")

    objects = ServiceNodeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="service_node_ends_after_start",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
            ),
            models.CheckConstraint(
                name="service_node_below_one",
                condition=Q(kind="centre", parent__isnull=True)
                | (~Q(kind="centre") & Q(parent__isnull=False)),
            ),
        ]
        indexes = [models.Index(fields=["place"])]


class NodeService(models.Model):
    """What a node offers, how long one visit takes, and how many people it takes at once."""

    node = models.ForeignKey(ServiceNode, models.CASCADE, related_name="services")
    kind = models.CharField(max_length=12, choices=ServiceKind)
    minutes = models.PositiveSmallIntegerField(help_text="of one visit: the length of a slot")
    places = models.PositiveSmallIntegerField(help_text="appointments at one time; 0: walk-in only")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="node_service_once", fields=["node", "kind"]),
            models.CheckConstraint(
                name="node_service_takes_time", condition=Q(minutes__gte=5, minutes__lte=240)
            ),
        ]


class NodeHours(models.Model):
    """Hours of one weekday; a lunch break is two rows. Times of Asia/Shanghai."""

    node = models.ForeignKey(ServiceNode, models.CASCADE, related_name="hours")
    weekday = models.PositiveSmallIntegerField(help_text="1 Monday … 7 Sunday")
    opens = models.TimeField()
    closes = models.TimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="node_hours_once", fields=["node", "weekday", "opens"]),
            models.CheckConstraint(
                name="node_hours_fit",
                condition=Q(closes__gt=F("opens"), weekday__gte=1, weekday__lte=7),
            ),
        ]


class NodeClosed(models.Model):
    """A day on which a node is closed against its hours, with the reason."""

    node = models.ForeignKey(ServiceNode, models.CASCADE, related_name="closed_days")
    day = models.DateField()
    reason = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(name="node_closed_once", fields=["node", "day"])]


class NodeStaffQuerySet(models.QuerySet["NodeStaff"]):
    def in_force(self, day: date) -> NodeStaffQuerySet:
        return self.filter(Q(valid_to=None) | Q(valid_to__gt=day), valid_from__lte=day)


class NodeStaff(models.Model):
    """Somebody who works at a node, from one day to another."""

    node = models.ForeignKey(ServiceNode, models.PROTECT, related_name="staff")
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    added_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")

    objects = NodeStaffQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="node_staff_once", fields=["node", "person"], condition=Q(valid_to=None)
            ),
        ]
