"""Enrolment: into a class or onto its waiting list, and out again.

One invariant in the schema and one conditional UPDATE keep a class from being oversold
(docs/decisions/0032-seats.md); nothing is counted and nothing retried.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.hall import events, rules, seats
from xueqiao.hall.models import (
    Bucket,
    Completion,
    Enrolment,
    EnrolmentState,
    Offering,
    OfferingState,
)
from xueqiao.hall.offerings import NoSuchOffering, no_such_text
from xueqiao.kernel import clock, errors, tables
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.people.models import Person


class EnrolmentClosed(errors.Refusal):
    """The class is not published, or the instant lies outside its enrolment window."""

    code = "enrolment.closed"


class AlreadyEnrolled(errors.Refusal):
    """The person is already in the class or on its waiting list."""

    code = "enrolment.already"


class Clash(errors.Refusal):
    """Another class of the person meets at the same hours."""

    code = "enrolment.clash"


class KeyReused(errors.Refusal):
    """The request key already belongs to another enrolment."""

    code = "enrolment.key_reused"


class NoSuchEnrolment(errors.Refusal):
    """There is no enrolment under this number."""

    code = "enrolment.unknown"
    status = 404


class Finished(errors.Refusal):
    """The enrolment has a result, which is evidence; it can no longer be withdrawn."""

    code = "enrolment.finished"


@transaction.atomic
def enrol(
    *,
    offering_id: int,
    person_id: int,
    by_person_id: int,
    at: datetime,
    request_key: str,
    kind: str = "general",
) -> Enrolment:
    """Give a person a seat, or the next place on the waiting list when the class is full.

    The answer's ``state`` says which; ``queries.position`` says how many stand before. A repeated
    call with the same key changes nothing and returns the first answer.

    Args:
        offering_id: the class.
        person_id: the learner.
        request_key: one for each click, unique over all enrolments.
        by_person_id: who acts: the learner, a helper for the learner's home, or who runs the class.
        at: aware; decides whether the window is open.
        kind: the bucket, such as ``general``.

    Raises:
        NoSuchOffering: no such class, or it has no such bucket.
        EnrolmentClosed: not published, or outside the window.
        AlreadyEnrolled: the person has or awaits a seat there.
        Clash: a seat in another class at the same hours.
        KeyReused: the key belongs to another person's or class's enrolment.
        rights.NotAllowed: the acting person may not enrol this learner.
    """
    # The person is locked first: two clicks of one person are decided one after the other.
    person = _person(person_id)
    earlier = Enrolment.objects.filter(request_key=request_key).first()
    if earlier:
        return _same_or_refuse(earlier, offering_id, person_id)
    offering = _offering(offering_id)
    _check_may_act(person, by_person_id, offering, at)
    _check_open(offering, at)
    _check_free(offering, person_id)
    bucket = Bucket.objects.filter(offering=offering, kind=kind).first()
    if bucket is None:
        raise NoSuchOffering(no_such_text(f"{offering.code}/{kind}"))
    has_seat, number = _seat_or_number(bucket.pk)
    made = Enrolment.objects.create(
        offering=offering, bucket=bucket, person_id=person_id, number=number, asked_at=at,
        state=EnrolmentState.ACTIVE if has_seat else EnrolmentState.WAITING,
        enrolled_at=at if has_seat else None, by_person_id=by_person_id, request_key=request_key,
    )  # fmt: skip
    if has_seat:
        seats.record(made, amount=1, reason="enrolled", at=at, by_person_id=by_person_id)
        events.tell([events.enrolled(made)])
    return made


@transaction.atomic
def withdraw(*, enrolment_id: int, by_person_id: int, at: datetime) -> Enrolment:
    """Take a person out of a class or off its waiting list; a freed seat goes to who waits longest.

    Withdrawing twice changes nothing.

    Raises:
        NoSuchEnrolment: no such enrolment.
        Finished: the enrolment already has a result.
        rights.NotAllowed: the acting person may not withdraw this learner.
    """
    found = Enrolment.objects.filter(pk=enrolment_id).first()
    if found is None:
        raise NoSuchEnrolment(_("There is no enrolment {id}.").format(id=enrolment_id))
    seats.lock([found.bucket_id])
    found = Enrolment.objects.select_related("offering__institution", "person").get(pk=found.pk)
    _check_may_act(found.person, by_person_id, found.offering, at)
    if found.state == EnrolmentState.WITHDRAWN:
        return found
    if Completion.objects.filter(enrolment=found).exists():
        raise Finished(_("This class is finished and has a result, so it cannot be withdrawn."))
    had_seat = found.state == EnrolmentState.ACTIVE
    found.state, found.ended_at = EnrolmentState.WITHDRAWN, at
    found.save(update_fields=["state", "ended_at", "updated_at"])
    events.tell([events.withdrawn(found)])
    if had_seat:
        seats.give_back(found, at=at, by_person_id=by_person_id)
    return found


def _seat_or_number(bucket_id: int) -> tuple[bool, int | None]:
    """A seat, or the next number of the waiting list; a seat that came free meanwhile is tried."""
    while True:
        if seats.take(bucket_id=bucket_id):
            return True, None
        if number := seats.queue(bucket_id=bucket_id):
            return False, number


def _person(person_id: int) -> Person:
    # Named by string: only the people app imports its own models.
    people = tables.rows("people.Person")
    person: Person = people.select_for_update(no_key=True).get(pk=person_id)
    return person


def _offering(offering_id: int) -> Offering:
    found = Offering.objects.select_related("institution").filter(pk=offering_id).first()
    if found is None or found.state == OfferingState.DRAFT:
        raise NoSuchOffering(no_such_text(offering_id))
    return found


def _same_or_refuse(earlier: Enrolment, offering_id: int, person_id: int) -> Enrolment:
    if (earlier.offering_id, earlier.person_id) == (offering_id, person_id):
        return earlier
    raise KeyReused(_("This request was already used for another enrolment. Reload the page."))


def _check_may_act(person: Person, by_person_id: int, offering: Offering, at: datetime) -> None:
    if by_person_id == person.pk:
        return
    day = clock.local_date(at)
    people = tables.rows("people.Person")
    acting = people.get(pk=by_person_id)
    if Offering.objects.run_by(acting, day).filter(pk=offering.pk).exists():
        return
    if person.home_id is None:
        raise rights.NotAllowed(rights.not_allowed_text())
    rights.check(acting, rights.ENROL_FOR_OTHERS, day, place_id=person.home_id)


def _check_open(offering: Offering, at: datetime) -> None:
    if offering.state == OfferingState.PUBLISHED and offering.enrol_from <= at < offering.enrol_to:
        return
    text = _("Enrolment for “{title}” is open from {first} to {last}. Choose another class.")
    raise EnrolmentClosed(
        text.format(
            title=offering.title,
            first=clock.written(clock.local_date(offering.enrol_from)),
            last=clock.written(clock.local_date(offering.enrol_to)),
        )
    )


def _check_free(offering: Offering, person_id: int) -> None:
    asked = _hours(offering)
    live = Enrolment.objects.live().filter(person_id=person_id).select_related("offering")
    for other in live.filter(offering__ends_on__gte=offering.starts_on):
        if other.offering_id == offering.pk:
            raise AlreadyEnrolled(
                _("Already in “{title}” or on its waiting list. See My learning.").format(
                    title=offering.title
                )
            )
        if rules.clash(asked, _hours(other.offering)):
            text = _("“{title}” meets at the same hours as “{other}”. Withdraw from one of them.")
            raise Clash(text.format(title=offering.title, other=other.offering.title))


def _hours(offering: Offering) -> rules.Hours:
    return rules.Hours(
        offering.starts_on,
        offering.ends_on,
        offering.weekday,
        offering.from_minute,
        offering.to_minute,
    )
