"""The queue: numbers without gaps, called in the order of their time, to one counter each."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from tests.creditbank import factories as bank
from tests.service import factories
from tests.service.factories import AT
from tests.service.test_appointments import book
from xueqiao.kernel import errors
from xueqiao.people.models import RoleKind
from xueqiao.service import nodes, tickets
from xueqiao.service.models import Ticket

State = Ticket.State


@pytest.fixture
def point(db):
    return factories.point()


def draw(point, key, at=AT, **more):
    return tickets.draw(node=point.node, kind="account", at=at, request_key=key, **more)


def call(point, at=AT, counter="1"):
    return tickets.call_next(node=point.node, counter=counter, by=point.helper, at=at)


def test_numbers_are_drawn_once_and_called_in_order(point):
    first, second = draw(point, "a"), draw(point, "b")
    assert (first.number, second.number) == (1, 2)
    assert draw(point, "a") == first
    assert tickets.ahead_of(second) == 1
    assert [call(point).number, call(point).number] == [1, 2]
    with pytest.raises(tickets.NobodyWaits):
        call(point)


def test_an_appointment_is_called_at_its_time_before_who_drew_later(point):
    held = book(point, point.learner)
    walk_in = draw(point, "walk-in")
    early = draw(point, "mine", at=AT + timedelta(minutes=1), appointment=held)
    assert (early.kind, early.person, early.due_at) == (
        "recognition", point.learner, held.slot.starts_at,
    )  # fmt: skip
    assert draw(point, "twice", appointment=held) == early
    late = draw(point, "late", at=AT + timedelta(minutes=45))
    at = AT + timedelta(minutes=50)
    assert [call(point, at).number for _ in range(3)] == [
        walk_in.number, early.number, late.number,
    ]  # fmt: skip


def test_who_is_early_is_called_when_nobody_else_waits(point):
    held = book(point, point.learner)
    mine = draw(point, "mine", appointment=held)
    assert call(point, AT + timedelta(minutes=1)) == mine


def test_nobody_draws_a_number_while_the_node_is_closed(point):
    with pytest.raises(tickets.NodeClosedNow):
        draw(point, "k", at=datetime(2026, 9, 1, 13, tzinfo=UTC))


def test_three_calls_and_the_number_is_passed_over_but_may_come_back(point):
    first = draw(point, "a")
    called = call(point)
    moves = {"ticket": called, "by": point.helper, "at": AT}
    tickets.call_again(**moves)
    tickets.call_again(**moves)
    assert tickets.call_again(**moves).state == State.NO_SHOW
    with pytest.raises(tickets.TicketOver):
        tickets.serve(**moves)
    draw(point, "b")
    tickets.take_back(ticket=first, by=point.helper, at=AT + timedelta(minutes=5))
    assert [call(point, AT + timedelta(hours=1)).number for _ in range(2)] == [2, 1]


def test_a_visit_from_call_to_end(point):
    draw(point, "a")
    called = call(point, counter="3")
    board = tickets.board(point.node, AT)
    assert ([each.number for each in board.called], board.waiting) == ([1], 0)
    tickets.serve(ticket=called, by=point.helper, at=AT)
    assert tickets.finish(ticket=called, by=point.helper, at=AT).state == State.DONE
    assert tickets.board(point.node, AT).called == []


def test_only_staff_of_the_node_call(point):
    draw(point, "a")
    other = bank.officer("别处的受理员", RoleKind.HELPER, point.town)
    with pytest.raises(tickets.NotAtThisCounter):
        tickets.call_next(node=point.node, counter="1", by=other, at=AT)
    with pytest.raises(tickets.CounterMissing):
        call(point, counter=" ")


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one writer in at a time")
@pytest.mark.django_db(transaction=True)
def test_two_counters_never_call_one_number():
    point = factories.point()
    helpers = [point.helper]
    for n in range(3):
        who = bank.officer(f"受理员{n}", RoleKind.HELPER, point.town)
        nodes.add_staff(node=point.node, person_id=who.pk, valid_from=bank.SINCE, by=None, at=AT)
        helpers.append(who)
    ready, drawn, called = threading.Barrier(4), [], []

    def run(number):
        try:
            ready.wait()
            drawn.extend(draw(point, f"{number}:{n}").number for n in range(3))
            ready.wait()
            for _ in range(3):
                found = tickets.call_next(
                    node=point.node, counter=str(number), by=helpers[number], at=AT
                )
                called.append(found.number)
        except errors.Refusal as why:
            called.append(why.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(4)]
    [each.start() for each in threads]
    [each.join() for each in threads]
    assert sorted(drawn) == sorted(called) == list(range(1, 13))
