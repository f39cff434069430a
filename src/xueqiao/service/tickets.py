"""The queue of a day: numbers drawn, called, served, passed over.

The row of the day is the queue's lock, so numbers are given without gaps and no number is called to
two counters. Called is first whose time came first: an appointment at its time, else the drawing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.kernel import clock, errors
from xueqiao.service import appointments, finder, rules
from xueqiao.service.models import NodeStaff, QueueDay, ServiceNode, Ticket

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from xueqiao.people.models import Person
    from xueqiao.service.models import Appointment

State = Ticket.State


class NodeClosedNow(errors.Refusal):
    """Nobody draws a number while the node is closed."""

    code = "service.node_closed"


class NobodyWaits(errors.Refusal):
    """The queue is empty."""

    code = "service.nobody_waits"


class NotAtThisCounter(errors.Refusal):
    """Only the staff of a node call its numbers."""

    code = "service.not_staff"
    status = 403


class TicketOver(errors.Refusal):
    """The number was served or passed over, or is not called yet."""

    code = "service.ticket_over"


class CounterMissing(errors.Refusal):
    """Which counter calls was not said."""

    code = "service.counter_missing"
    status = 422


@dataclass(frozen=True)
class Board:
    """What a display shows: numbers only, no names."""

    called: list[Ticket]
    waiting: int
    last_number: int


@transaction.atomic
def draw(
    *, node: ServiceNode, kind: str, at: datetime, request_key: str, person: Person | None = None,
    appointment: Appointment | None = None,
) -> Ticket:  # fmt: skip
    """Draw a number, once for each request key. With an appointment its time decides the order.

    Raises:
        NodeClosedNow: the node does not serve now, and there is no appointment.
        appointments.AppointmentOver.
    """
    queue = _queue(node, at)
    found = Ticket.objects.filter(request_key=request_key).first()
    if found is None and appointment is not None:
        found = Ticket.objects.filter(appointment=appointment).first()
    if found:
        return found
    day = clock.local_date(at)
    read = finder.with_days(ServiceNode.objects.filter(pk=node.pk), day).get()
    if appointment is None and not finder.is_open(read, at):
        text = _("{node} is closed now. Its hours today: {hours}.")
        hours = finder.days(read, day, 1)[0].text or _("closed")
        raise NodeClosedNow(text.format(node=node.name, hours=hours))
    due = at
    if appointment is not None:
        appointment = appointments.arrive(appointment=appointment, at=at)
        kind, person, due = appointment.slot.kind, appointment.person, appointment.slot.starts_at
    queue.last_number += 1
    queue.save(update_fields=["last_number"])
    return Ticket.objects.create(
        queue=queue, number=queue.last_number, kind=kind, request_key=request_key, person=person,
        appointment=appointment, due_at=due, state_since=at, drawn_at=at,
    )  # fmt: skip


@transaction.atomic
def call_next(*, node: ServiceNode, counter: str, by: Person, at: datetime) -> Ticket:
    """Call the number whose time came first to a counter.

    Raises:
        NobodyWaits, NotAtThisCounter, CounterMissing.
    """
    _at_counter(node, by, at)
    counter = counter.strip()[:20]
    if not counter:
        raise CounterMissing(_("Write the number of your counter."), pointer="counter")
    queue = _queue(node, at)
    waiting = queue.tickets.filter(state=State.WAITING)
    first = waiting.filter(due_at__lte=at).order_by("due_at", "number").first()
    # Somebody who is early for an appointment is called when nobody else waits.
    first = first or waiting.order_by("due_at", "number").first()
    if first is None:
        raise NobodyWaits(_("Nobody waits. The next number appears here when it is drawn."))
    first.state, first.counter, first.calls = State.CALLED, counter, 1
    first.state_since, first.served_by = at, by
    first.save(update_fields=["state", "counter", "calls", "state_since", "served_by"])
    return first


@transaction.atomic
def call_again(*, ticket: Ticket, by: Person, at: datetime) -> Ticket:
    """Call a number once more; after ``rules.CALLS`` calls it counts as not come.

    Raises:
        TicketOver, NotAtThisCounter.
    """
    locked = _locked(ticket, by, at, State.CALLED)
    if locked.calls >= rules.CALLS:
        return _passed_over(locked, at)
    locked.calls += 1
    locked.state_since = at
    locked.save(update_fields=["calls", "state_since"])
    return locked


@transaction.atomic
def serve(*, ticket: Ticket, by: Person, at: datetime) -> Ticket:
    """The person came to the counter. Raises TicketOver, NotAtThisCounter."""
    locked = _locked(ticket, by, at, State.CALLED, State.SERVING)
    return locked if locked.state == State.SERVING else _become(locked, State.SERVING, at)


@transaction.atomic
def finish(*, ticket: Ticket, by: Person, at: datetime) -> Ticket:
    """The visit is over. Raises TicketOver, NotAtThisCounter."""
    locked = _locked(ticket, by, at, State.CALLED, State.SERVING, State.DONE)
    return locked if locked.state == State.DONE else _become(locked, State.DONE, at)


@transaction.atomic
def pass_over(*, ticket: Ticket, by: Person, at: datetime) -> Ticket:
    """Nobody came to the counter. Raises TicketOver, NotAtThisCounter."""
    locked = _locked(ticket, by, at, State.CALLED, State.NO_SHOW)
    return locked if locked.state == State.NO_SHOW else _passed_over(locked, at)


@transaction.atomic
def take_back(*, ticket: Ticket, by: Person, at: datetime) -> Ticket:
    """Somebody who was passed over came after all: they wait again, at the end.

    Raises:
        TicketOver, NotAtThisCounter.
    """
    locked = _locked(ticket, by, at, State.NO_SHOW, State.WAITING)
    if locked.state == State.WAITING:
        return locked
    locked.due_at, locked.counter, locked.calls = at, "", 0
    locked.save(update_fields=["due_at", "counter", "calls"])
    return _become(locked, State.WAITING, at)


def board(node: ServiceNode, at: datetime) -> Board:
    """What waits and what is called today. 3 queries."""
    queue = QueueDay.objects.filter(node=node, day=clock.local_date(at)).first()
    if queue is None:
        return Board([], 0, 0)
    shown = queue.tickets.filter(state__in=[State.CALLED, State.SERVING])
    waiting = queue.tickets.filter(state=State.WAITING).count()
    return Board(list(shown.order_by("-state_since", "-pk")), waiting, queue.last_number)


def of_day(node: ServiceNode, at: datetime) -> QuerySet[Ticket]:
    """All numbers of today, in the order in which they are called."""
    rows = Ticket.objects.filter(queue__node=node, queue__day=clock.local_date(at))
    return rows.order_by("due_at", "number")


def of_person(person: Person, at: datetime) -> list[tuple[Ticket, int]]:
    """Somebody's numbers of today that wait or are called, each with how many come before."""
    rows = Ticket.objects.filter(
        person=person, queue__day=clock.local_date(at), state__in=[State.WAITING, State.CALLED]
    )
    found = rows.select_related("queue__node").order_by("pk")
    return [(each, ahead_of(each) if each.state == State.WAITING else 0) for each in found]


def ahead_of(ticket: Ticket) -> int:
    """How many wait that will be called before this number."""
    waiting = Ticket.objects.filter(queue=ticket.queue_id, state=State.WAITING)
    earlier = waiting.filter(due_at__lt=ticket.due_at)
    same = waiting.filter(due_at=ticket.due_at, number__lt=ticket.number)
    return earlier.count() + same.count()


def _queue(node: ServiceNode, at: datetime) -> QueueDay:
    QueueDay.objects.get_or_create(node=node, day=clock.local_date(at))
    return QueueDay.objects.select_for_update().get(node=node, day=clock.local_date(at))


def _at_counter(node: ServiceNode, by: Person, at: datetime) -> None:
    day = clock.local_date(at)
    if not NodeStaff.objects.in_force(day).filter(node=node, person=by).exists():
        text = _("Only the staff of {node} call its numbers. Ask its office to be added.")
        raise NotAtThisCounter(text.format(node=node.name))


def _locked(ticket: Ticket, by: Person, at: datetime, *fitting: str) -> Ticket:
    rows = Ticket.objects.select_for_update(of=("self",)).select_related("queue__node")
    locked = rows.get(pk=ticket.pk)
    _at_counter(locked.queue.node, by, at)
    if locked.state not in fitting:
        text = _("Number {number}: {state}. Look at the list again.")
        number = rules.ticket(locked.number)
        raise TicketOver(text.format(number=number, state=locked.get_state_display()))
    return locked


def _passed_over(ticket: Ticket, at: datetime) -> Ticket:
    return _become(ticket, State.NO_SHOW, at)


def _become(ticket: Ticket, state: Ticket.State, at: datetime) -> Ticket:
    ticket.state, ticket.state_since = state, at
    ticket.save(update_fields=["state", "state_since"])
    return ticket
