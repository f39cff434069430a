"""What pages ask of the hall. Every query costs the same whatever the number of rows."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import (
    Case,
    Count,
    F,
    IntegerField,
    OuterRef,
    QuerySet,
    Subquery,
    Sum,
    When,
)
from django.db.models.functions import Coalesce

from xueqiao.hall.models import Bucket, Enrolment, EnrolmentState, Offering, OfferingQuerySet
from xueqiao.kernel import tables

if TYPE_CHECKING:
    from xueqiao.people.models import Person


def with_seats(offerings: OfferingQuerySet) -> QuerySet[Offering]:
    """Offerings with ``capacity``, ``taken``, ``left`` and ``waiting`` over all their buckets."""
    buckets = Bucket.objects.filter(offering=OuterRef("pk")).order_by().values("offering")
    waiting = (
        Enrolment.objects.filter(offering=OuterRef("pk"), state=EnrolmentState.WAITING)
        .order_by()
        .values("offering")
        .annotate(n=Count("pk"))
        .values("n")
    )
    return offerings.select_related("institution", "place", "course").annotate(
        capacity=Subquery(buckets.annotate(n=Sum("capacity")).values("n")),
        taken=Subquery(buckets.annotate(n=Sum("taken")).values("n")),
        left=F("capacity") - F("taken"),
        waiting=Coalesce(Subquery(waiting), 0),
    )


def near(place_id: int | None) -> OfferingQuerySet:
    """Published offerings in a place or below it, in any register's tree; all for None."""
    offerings = Offering.objects.published()
    if place_id is None:
        return offerings
    # Named by string: only the network app imports its own models.
    closure = tables.rows("network.Closure")
    below = closure.filter(ancestor_id=place_id).values("descendant_id")
    return offerings.filter(place_id__in=below)


def starting_soon(place_id: int | None, day: date, *, days: int = 60) -> QuerySet[Offering]:
    """Published offerings near a place that start within some days, first first, with seats."""
    soon = near(place_id).filter(starts_on__gte=day, starts_on__lt=day + timedelta(days=days))
    return with_seats(soon).order_by("starts_on", "pk")


def open_now(place_id: int | None, at: datetime) -> QuerySet[Offering]:
    """Published offerings near a place in which one can enrol at an instant, with seats."""
    return with_seats(near(place_id).open_at(at)).order_by("starts_on", "pk")


def of_course(course_id: int, day: date) -> QuerySet[Offering]:
    """Published offerings of a course that have not ended, with seats."""
    running = Offering.objects.published().filter(course_id=course_id, ends_on__gte=day)
    return with_seats(running).order_by("starts_on", "pk")


def my_classes(person: Person) -> QuerySet[Enrolment]:
    """The classes of a person, newest first, each with its offering, result and ``position``."""
    return (
        with_position(Enrolment.objects.own(person))
        .select_related(
            "offering__institution", "offering__place", "offering__course", "completion"
        )
        .order_by("-offering__starts_on", "-pk")
    )


def with_position(enrolments: QuerySet[Enrolment]) -> QuerySet[Enrolment]:
    """Enrolments with ``position``: the true place on the waiting list, from 1; 0: not waiting."""
    before = (
        Enrolment.objects.filter(
            bucket=OuterRef("bucket"), state=EnrolmentState.WAITING, number__lte=OuterRef("number")
        )
        .order_by()
        .values("bucket")
        .annotate(n=Count("pk"))
        .values("n")
    )
    waits = When(state=EnrolmentState.WAITING, then=Coalesce(Subquery(before), 0))
    return enrolments.annotate(position=Case(waits, default=0, output_field=IntegerField()))


def position(enrolment_id: int) -> int:
    """The true place on the waiting list, from 1; 0 for who does not wait."""
    row: Any = with_position(Enrolment.objects.filter(pk=enrolment_id)).get()
    return int(row.position)


def roster(person: Person | None, offering_id: int, day: date) -> QuerySet[Enrolment]:
    """Who sits and waits in a class, for those who run it: seats first, then the waiting list."""
    rows = Enrolment.objects.on_roster_of(person, day).filter(offering_id=offering_id)
    return (
        with_position(rows)
        .select_related("person", "completion", "bucket")
        .order_by("state", F("number").asc(nulls_first=True), "asked_at", "pk")
    )
