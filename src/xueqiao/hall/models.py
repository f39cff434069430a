"""Tables of the hall: offerings, seats, enrolments, completions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xueqiao.kernel.cursor import XidField
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date, datetime

    from xueqiao.people.models import Person


class OfferingState(models.TextChoices):
    """Whether an offering may be seen and enrolled in; dates decide the rest."""

    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")
    CANCELLED = "cancelled", _("Cancelled")


class EnrolmentState(models.TextChoices):
    """Where an enrolment stands. A person has at most one that is waiting or active in a class."""

    WAITING = "waiting", _("On the waiting list")
    ACTIVE = "active", _("Enrolled")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Result(models.TextChoices):
    """How an enrolment ended."""

    DISTINCTION = "distinction", _("Distinction")
    PASS = "pass", _("Passed")
    FAIL = "fail", _("Not passed")
    WITHDRAWN = "withdrawn", _("Withdrawn")


LIVE = Q(state__in=[EnrolmentState.WAITING, EnrolmentState.ACTIVE])


class OfferingQuerySet(models.QuerySet["Offering"]):
    def published(self) -> OfferingQuerySet:
        return self.filter(state=OfferingState.PUBLISHED)

    def open_at(self, instant: datetime) -> OfferingQuerySet:
        """Published offerings whose enrolment window holds the instant."""
        return self.published().filter(enrol_from__lte=instant, enrol_to__gt=instant)

    def run_by(self, person: Person | None, day: date) -> OfferingQuerySet:
        """Offerings a person runs: as the teacher, or by a manager's role for its institution."""
        if person is None:
            return self.none()
        # A subquery: an institution sits in the tree of each register, and a join repeats it.
        managed = Offering.objects.filter(
            rights.within(
                person,
                rights.RUN_CLASSES,
                day,
                place="institution__seats__place_id",
                institution="institution_id",
            )
        )
        return self.filter(Q(teacher=person) | Q(pk__in=managed.values("pk")))


class Offering(models.Model):
    """A class that can be joined: what, by whom, where, when, for how much.

    ``module_code`` and ``presentation`` name the standard that a completion is recognised under.
    Lessons are weekly; an offering without a weekday has no fixed hours and clashes with nothing.
    """

    code = models.CharField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    course = models.ForeignKey("catalog.Course", models.PROTECT, null=True, related_name="+")
    institution = models.ForeignKey("network.Institution", models.PROTECT, related_name="+")
    place = models.ForeignKey("network.Place", models.PROTECT, related_name="+")
    venue = models.CharField(max_length=120, blank=True)
    teacher = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    teacher_name = models.CharField(max_length=120, blank=True)
    term = models.CharField(max_length=20, help_text="2026秋, 2013J")
    module_code = models.CharField(max_length=40, blank=True)
    presentation = models.CharField(max_length=20, blank=True)
    starts_on = models.DateField()
    ends_on = models.DateField(help_text="the last day")
    weekday = models.PositiveSmallIntegerField(null=True, help_text="ISO: 1 is Monday")
    from_minute = models.PositiveSmallIntegerField(null=True, help_text="minutes after midnight")
    to_minute = models.PositiveSmallIntegerField(null=True, help_text="minutes after midnight")
    enrol_from = models.DateTimeField()
    enrol_to = models.DateTimeField(help_text="the first instant at which enrolment is closed")
    fee_fen = models.PositiveIntegerField(default=0, help_text="1/100 yuan; 0 is free")
    credit_hundredths = models.PositiveIntegerField(
        default=0, help_text="credit that the class announces for passing; 0: none announced"
    )
    for_elders = models.BooleanField(default=False)
    state = models.CharField(max_length=12, choices=OfferingState, default=OfferingState.PUBLISHED)
    is_sample = models.BooleanField(default=False)
    updated_at = models.DateTimeField(
        auto_now=True, help_text="for audit and the lake's extraction"
    )

    objects = OfferingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="offering_ends_after_start", condition=Q(ends_on__gte=F("starts_on"))
            ),
            models.CheckConstraint(
                name="offering_enrolment_window", condition=Q(enrol_to__gt=F("enrol_from"))
            ),
            models.CheckConstraint(
                name="offering_hours_whole",
                condition=Q(weekday__isnull=True, from_minute__isnull=True, to_minute__isnull=True)
                | Q(
                    weekday__range=(1, 7),
                    from_minute__isnull=False,
                    to_minute__gt=F("from_minute"),
                    to_minute__lte=24 * 60,
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["state", "starts_on"]),
            models.Index(fields=["institution", "starts_on"]),
            models.Index(fields=["updated_at"]),
        ]


class Bucket(models.Model):
    """Seats of an offering for one way in: everybody, the counter, first-timers.

    The database keeps ``taken`` between 0 and ``capacity``, whatever the code does. Law:
    ``taken`` = Σ ``SeatMove.amount`` = number of active enrolments; and while anybody waits,
    ``taken`` = ``capacity``.
    """

    offering = models.ForeignKey(Offering, models.PROTECT, related_name="buckets")
    kind = models.CharField(max_length=20, default="general")
    capacity = models.PositiveIntegerField()
    taken = models.PositiveIntegerField(default=0)
    last_number = models.PositiveIntegerField(default=0, help_text="of the waiting list")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="bucket_once", fields=["offering", "kind"]),
            models.CheckConstraint(
                name="bucket_never_oversold", condition=Q(taken__gte=0, taken__lte=F("capacity"))
            ),
        ]


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    def live(self) -> EnrolmentQuerySet:
        return self.filter(LIVE)

    def own(self, person: Person | None) -> EnrolmentQuerySet:
        return self.filter(person=person) if person else self.none()

    def on_roster_of(self, person: Person | None, day: date) -> EnrolmentQuerySet:
        """Enrolments in the classes that a person runs."""
        return self.filter(offering__in=Offering.objects.run_by(person, day).values("pk"))


class Enrolment(models.Model):
    """A person's place in a class, or on its waiting list."""

    offering = models.ForeignKey(Offering, models.PROTECT, related_name="enrolments")
    bucket = models.ForeignKey(Bucket, models.PROTECT, related_name="enrolments")
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=EnrolmentState)
    number = models.PositiveIntegerField(
        null=True, help_text="order on the waiting list; null for who never waited"
    )
    asked_at = models.DateTimeField()
    enrolled_at = models.DateTimeField(null=True, help_text="when the seat was given")
    ended_at = models.DateTimeField(null=True, help_text="when it was withdrawn")
    by_person = models.ForeignKey(
        "people.Person",
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="who enrolled; null: a load from another system",
    )
    request_key = models.CharField(max_length=80, unique=True)
    updated_at = models.DateTimeField(
        auto_now=True, help_text="for audit and the lake's extraction"
    )

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="enrolment_once", fields=["offering", "person"], condition=LIVE
            ),
            models.UniqueConstraint(
                name="enrolment_number_once",
                fields=["bucket", "number"],
                condition=Q(number__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["person", "state"]),
            models.Index(fields=["offering", "state"]),
            models.Index(fields=["updated_at", "id"]),
        ]


class SeatMove(models.Model):
    """A seat taken (+1) or given back (−1) by one enrolment. Never updated, never deleted."""

    xid = XidField()
    bucket = models.ForeignKey(Bucket, models.PROTECT, related_name="moves")
    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="moves")
    amount = models.SmallIntegerField()
    reason = models.CharField(max_length=20, help_text="enrolled, promoted, withdrawn, loaded")
    moved_at = models.DateTimeField()
    by_person = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(name="seat_move_is_one_seat", condition=Q(amount__in=[-1, 1])),
            models.UniqueConstraint(name="seat_move_once", fields=["enrolment", "amount"]),
        ]
        indexes = [models.Index(fields=["xid", "id"])]


class Completion(models.Model):
    """How an enrolment ended, with the credit studied for. Never updated.

    ``studied_credits_hundredths`` is what the learner studied for, whatever the result; the credit
    bank decides what of it is posted.
    """

    xid = XidField()
    enrolment = models.OneToOneField(Enrolment, models.PROTECT, related_name="completion")
    result = models.CharField(max_length=12, choices=Result)
    completed_at = models.DateTimeField()
    studied_credits_hundredths = models.PositiveIntegerField()
    by_person = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    request_key = models.CharField(max_length=80, unique=True)
    recorded_at = models.DateTimeField(auto_now_add=True, help_text="for audit only")

    class Meta:
        indexes = [models.Index(fields=["xid", "id"])]
