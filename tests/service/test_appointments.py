"""Appointments: no slot is sold twice, whatever happens beside it."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as some
from hypothesis.extra.django import TestCase

from tests.creditbank import factories as bank
from tests.service import factories
from tests.service.factories import AT
from xueqiao.kernel import errors
from xueqiao.people import rights
from xueqiao.service import appointments, finder, nodes
from xueqiao.service.models import Appointment, ServiceNode, Slot

State = Appointment.State


def slots(point):
    node = finder.with_days(ServiceNode.objects.filter(pk=point.node.pk), AT.date()).get()
    return finder.free_slots(node, kind="recognition", at=AT)


def book(point, who, *, key="k", slot=None, by=None, at=AT):
    return appointments.book(
        node=point.node, kind="recognition", starts_at=(slot or slots(point)[0]).starts_at,
        person=who, by=by or who, at=at, request_key=key,
    )  # fmt: skip


@pytest.fixture
def point(db):
    return factories.point()


def people(point, count):
    return [bank.person(f"居民{n}", point.town) for n in range(count)]


def test_slots_are_the_whole_half_hours_that_are_still_to_come(point):
    first = slots(point)[0]
    # 10:00 now; half an hour ahead at least.
    assert (first.starts_at - AT, first.ends_at - first.starts_at, first.left) == (
        timedelta(minutes=30), timedelta(minutes=30), 2,
    )  # fmt: skip


def test_a_slot_of_two_takes_two(point):
    one, two, three = people(point, 3)
    slot = slots(point)[0]
    first = book(point, one, key="1", slot=slot)
    assert book(point, one, key="1", slot=slot) == first
    assert book(point, one, key="again", slot=slot) == first
    book(point, two, key="2", slot=slot)
    with pytest.raises(appointments.SlotFull):
        book(point, three, key="3", slot=slot)
    assert slots(point)[0].starts_at > slot.starts_at
    appointments.withdraw(appointment=first, by=one, at=AT)
    appointments.withdraw(appointment=first, by=one, at=AT)
    assert book(point, three, key="3", slot=slot).state == State.BOOKED
    assert Slot.objects.get().taken == 2


@pytest.mark.parametrize("shift", [timedelta(minutes=5), timedelta(days=-1), timedelta(days=60)])
def test_a_time_that_is_not_offered_is_refused(point, shift):
    slot = slots(point)[0]
    with pytest.raises(appointments.SlotUnknown):
        appointments.book(
            node=point.node, kind="recognition", starts_at=slot.starts_at + shift,
            person=point.learner, by=point.learner, at=AT, request_key="k",
        )  # fmt: skip


def test_a_closed_day_gives_no_appointments_and_a_booked_day_does_not_close(point):
    slot = slots(point)[-1]
    day = slot.starts_at.date()
    held = book(point, point.learner, slot=slot)
    close = {"node": point.node, "day": day, "reason": "停电", "by": point.officer, "at": AT}
    with pytest.raises(nodes.NodeInUse):
        nodes.close_day(**close)
    appointments.withdraw(appointment=held, by=point.learner, at=AT)
    nodes.close_day(**close)
    with pytest.raises(appointments.SlotUnknown):
        book(point, point.learner, key="later", slot=slot)


def test_one_person_holds_three_at_most(point):
    free = slots(point)
    for n in range(3):
        book(point, point.learner, key=str(n), slot=free[n])
    with pytest.raises(appointments.TooManyAppointments):
        book(point, point.learner, key="4", slot=free[4])


def test_a_helper_books_for_people_of_their_places_only(point):
    assert book(point, point.learner, by=point.helper).booked_by == point.helper
    stranger = bank.person("外地人", point.elsewhere)
    with pytest.raises(rights.NotAllowed):
        book(point, stranger, key="2", by=point.helper)
    with pytest.raises(rights.NotAllowed):
        appointments.withdraw(appointment=Appointment.objects.get(), by=stranger, at=AT)


def test_a_key_of_another_appointment_is_refused(point):
    book(point, point.learner, key="same")
    with pytest.raises(appointments.BookingReused):
        book(point, people(point, 1)[0], key="same")


def test_who_does_not_come_has_missed_it(point):
    held = book(point, point.learner)
    assert appointments.miss_due(now=held.slot.ends_at) == 0
    later = held.slot.ends_at + timedelta(minutes=31)
    assert appointments.miss_due(now=later) == 1
    held.refresh_from_db()
    assert held.state == State.MISSED
    with pytest.raises(appointments.AppointmentOver):
        appointments.withdraw(appointment=held, by=point.learner, at=later)


class SlotsHold(TestCase):
    @settings(max_examples=15, deadline=None)
    @given(some.lists(some.tuples(some.integers(0, 4), some.booleans()), max_size=14))
    def test_taken_is_the_number_of_open_appointments(self, moves):
        """Whatever people book and withdraw, the counter is the truth and within the places."""
        point = factories.point()
        who, slot = people(point, 5), slots(point)[0]
        held = {}
        for number, (which, is_booking) in enumerate(moves):
            try:
                if is_booking:
                    held[which] = book(point, who[which], key=str(number), slot=slot)
                elif which in held:
                    appointments.withdraw(appointment=held[which], by=who[which], at=AT)
            except appointments.SlotFull:
                pass
        open_ = Appointment.objects.filter(state=State.BOOKED).count()
        taken = sum(Slot.objects.values_list("taken", flat=True))
        assert taken == open_ <= 2


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one writer in at a time")
@pytest.mark.django_db(transaction=True)
def test_eight_people_at_one_moment_get_two_places():
    point = factories.point()
    who, slot = people(point, 8), slots(point)[0]
    answers, ready = [None] * 8, threading.Barrier(8)

    def run(number):
        try:
            ready.wait()
            answers[number] = book(point, who[number], key=str(number), slot=slot).state
        except errors.Refusal as why:
            answers[number] = why.code
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(8)]
    [each.start() for each in threads]
    [each.join() for each in threads]
    assert sorted(answers) == ["booked"] * 2 + ["service.slot_full"] * 6
    assert Slot.objects.get().taken == 2
