"""Appointments: given, withdrawn, taken up, missed. A slot is never oversold.

The place in a slot is taken by one conditional UPDATE, and the table's constraint refuses more than
there are, whatever runs beside it. Locks are taken in the order person's rows, slot, appointment.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.service import finder, rules
from xueqiao.service.models import Appointment, ServiceNode, Slot

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.db.models import QuerySet

    from xueqiao.people.models import Person

State = Appointment.State


class SlotFull(errors.Refusal):
    """Every place of the slot is taken."""

    code = "service.slot_full"


class SlotUnknown(errors.Refusal):
    """The node gives no appointments at this time: closed, too near, too far, or walk-in only."""

    code = "service.slot_unknown"
    status = 422


class TooManyAppointments(errors.Refusal):
    """The person has as many open appointments as one may have."""

    code = "service.too_many_appointments"


class AppointmentOver(errors.Refusal):
    """The appointment was withdrawn, taken up or missed."""

    code = "service.appointment_over"


class BookingReused(errors.Refusal):
    """The key belongs to an appointment of somebody else or at another time."""

    code = "service.booking_reused"


def book(
    *, node: ServiceNode, kind: str, starts_at: datetime, person: Person, by: Person, at: datetime,
    request_key: str, note: str = "",
) -> Appointment:  # fmt: skip
    """Give somebody an appointment, once for each request key.

    A person who already has this slot gets that appointment.

    Args:
        by: the person, or a helper for them.

    Raises:
        SlotUnknown, SlotFull, TooManyAppointments, BookingReused, rights.NotAllowed.
    """
    try:
        return _book(node, kind, starts_at, person, by, at, request_key, note)
    except IntegrityError:
        # The same form was sent twice at one moment; the second look finds the first's row.
        return _book(node, kind, starts_at, person, by, at, request_key, note)


@transaction.atomic
def _book(  # noqa: PLR0917 - the arguments of ``book``
    node: ServiceNode, kind: str, starts_at: datetime, person: Person, by: Person, at: datetime,
    request_key: str, note: str,
) -> Appointment:  # fmt: skip
    found = Appointment.objects.select_related("slot").filter(request_key=request_key).first()
    if found:
        return _same_or_refuse(found, node, starts_at, person)
    if by != person:
        _may_for(by, person, at)
    slot = _slot(node, kind, starts_at, at)
    mine = Appointment.objects.filter(person=person)
    held = mine.filter(slot=slot, state__in=[State.BOOKED, State.ARRIVED]).first()
    if held:
        return held
    if mine.filter(state=State.BOOKED, slot__ends_at__gt=at).count() >= rules.MOST_OPEN:
        text = _("You have {n} open appointments. Withdraw one, or keep one before booking more.")
        raise TooManyAppointments(text.format(n=rules.MOST_OPEN))
    free = Slot.objects.filter(pk=slot.pk, taken__lt=F("places"))
    if not free.update(taken=F("taken") + 1):
        text = _("{when} is full. Choose another time.")
        raise SlotFull(text.format(when=_shown(slot.starts_at)), pointer="slot")
    return Appointment.objects.create(
        slot=slot, person=person, request_key=request_key, note=note[:200], booked_by=by,
        booked_at=at, state_since=at,
    )  # fmt: skip


@transaction.atomic
def withdraw(*, appointment: Appointment, by: Person, at: datetime) -> Appointment:
    """Give an appointment up; its place is free again. A repeated call changes nothing.

    Raises:
        AppointmentOver: it was taken up, missed, or its time is over.
        rights.NotAllowed.
    """
    locked = _locked(appointment)
    if by.pk != locked.person_id:
        _may_for(by, locked.person, at)
    if locked.state == State.WITHDRAWN:
        return locked
    if locked.state != State.BOOKED or locked.slot.ends_at <= at:
        text = _("This appointment is over: {state}. Book a new one if you need one.")
        raise AppointmentOver(text.format(state=locked.get_state_display()))
    Slot.objects.filter(pk=locked.slot_id).update(taken=F("taken") - 1)
    return _become(locked, State.WITHDRAWN, at)


@transaction.atomic
def arrive(*, appointment: Appointment, at: datetime) -> Appointment:
    """Somebody took their appointment up; the queue gives them a ticket. Raises AppointmentOver."""
    locked = _locked(appointment)
    if locked.state == State.ARRIVED:
        return locked
    if locked.state != State.BOOKED:
        text = _("This appointment is over: {state}. Draw a number instead.")
        raise AppointmentOver(text.format(state=locked.get_state_display()))
    return _become(locked, State.ARRIVED, at)


def miss_due(*, now: datetime) -> int:
    """Mark the appointments that nobody took up. Returns how many. Run by a job."""
    due = Appointment.objects.filter(
        state=State.BOOKED, slot__starts_at__lt=now - rules.GRACE, slot__ends_at__lt=now
    )
    return due.update(state=State.MISSED, state_since=now)


def mine(person: Person, *, at: datetime) -> QuerySet[Appointment]:
    """A person's appointments that are still to come, soonest first. One query."""
    rows = Appointment.objects.filter(person=person, state=State.BOOKED, slot__ends_at__gt=at)
    return rows.select_related("slot__node__place").order_by("slot__starts_at", "pk")


def past(person: Person, *, at: datetime) -> QuerySet[Appointment]:
    """Those that are over, latest first."""
    rows = Appointment.objects.filter(person=person).exclude(
        state=State.BOOKED, slot__ends_at__gt=at
    )
    return rows.select_related("slot__node").order_by("-slot__starts_at", "-pk")


def soon(person: Person, *, at: datetime) -> QuerySet[Appointment]:
    """Those of today and tomorrow: what the account page reminds of."""
    end = clock.start_of(clock.local_date(at) + timedelta(days=2))
    return mine(person, at=at).filter(slot__starts_at__lt=end)


def of_day(node: ServiceNode, day: date) -> QuerySet[Appointment]:
    """The appointments of a node on a day, by time."""
    start, end = clock.start_of(day), clock.start_of(day + timedelta(days=1))
    rows = Appointment.objects.filter(
        slot__node=node, slot__starts_at__gte=start, slot__starts_at__lt=end
    )
    related = ("slot", "person", "ticket")
    return rows.select_related(*related).order_by("slot__starts_at", "pk")


def _slot(node: ServiceNode, kind: str, starts_at: datetime, at: datetime) -> Slot:
    """The row of a slot that the node's hours give; made when its first appointment is."""
    there = Slot.objects.filter(node=node, kind=kind, starts_at=starts_at).first()
    day = clock.local_date(starts_at)
    read = finder.with_days(ServiceNode.objects.in_force(day).filter(pk=node.pk), day).first()
    services = read.services.all() if read else []
    offered = next((each for each in services if each.kind == kind), None)
    times: dict[datetime, datetime] = {}
    if read and offered and offered.places and rules.may_book(starts_at, at):
        times = dict(rules.slots(day, finder.days(read, day, 1)[0].spans, offered.minutes))
    if starts_at not in times:
        text = _("{node} gives no appointments at {when}. Choose one of the times shown.")
        raise SlotUnknown(text.format(node=node.name, when=_shown(starts_at)), pointer="slot")
    if there:
        return there
    assert offered is not None
    row = {"ends_at": times[starts_at], "places": offered.places}
    return Slot.objects.get_or_create(node=node, kind=kind, starts_at=starts_at, defaults=row)[0]


def _same_or_refuse(
    found: Appointment, node: ServiceNode, starts_at: datetime, person: Person
) -> Appointment:
    slot = found.slot
    if (slot.node_id, slot.starts_at, found.person_id) == (node.pk, starts_at, person.pk):
        return found
    raise BookingReused(_("This form was used for another appointment. Open the page anew."))


def _may_for(by: Person, person: Person, at: datetime) -> None:
    """Refuse unless the helper's places reach the person's home."""
    if person.home_id is None:
        raise rights.NotAllowed(rights.not_allowed_text())
    day = clock.local_date(at)
    rights.check(by, rights.SERVICE_COUNTER, day, place_id=person.home_id)


def _locked(appointment: Appointment) -> Appointment:
    rows = Appointment.objects.select_for_update(of=("self",)).select_related("slot", "person")
    return rows.get(pk=appointment.pk)


def _become(appointment: Appointment, state: Appointment.State, at: datetime) -> Appointment:
    appointment.state, appointment.state_since = state, at
    appointment.save(update_fields=["state", "state_since"])
    return appointment


def _shown(instant: datetime) -> str:
    return date_format(timezone.localtime(instant), "DATETIME_FORMAT")
