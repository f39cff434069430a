"""The seat law after any interleaving: by hypothesis, by 16 writers, by kill -9."""

import os
import subprocess
import sys
import threading
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, connections, transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.hall import factories
from tests.hall.test_enrolment import law_holds
from xueqiao.hall import enrolment, offerings
from xueqiao.hall.models import Enrolment, EnrolmentState
from xueqiao.kernel import errors

AT = factories.AT
ROOT = Path(__file__).resolve().parents[2]
SEATS, PEOPLE = 5, 16


class SeatLaw(RuleBasedStateMachine):
    """People come and go, rooms grow and shrink; a plain list says what must be true."""

    def __init__(self):
        super().__init__()
        self.unit = transaction.atomic()
        self.unit.__enter__()

    @initialize(capacity=st.integers(0, 3))
    def open_class(self, capacity):
        self.offering = factories.offering(factories.county(), seats=capacity)
        self.learners = factories.people(5)
        self.capacity, self.line, self.step = capacity, [], 0

    @rule(who=st.integers(0, 4))
    def enrol(self, who):
        self.step += 1
        learner = self.learners[who]
        try:
            with transaction.atomic():
                enrolment.enrol(
                    offering_id=self.offering.pk,
                    person_id=learner.pk,
                    by_person_id=learner.pk,
                    at=AT + timedelta(seconds=self.step),
                    request_key=uuid.uuid4().hex,
                )
        except enrolment.AlreadyEnrolled:
            assert who in self.line
        else:
            assert who not in self.line
            self.line.append(who)

    @rule(who=st.integers(0, 4))
    def withdraw(self, who):
        live = Enrolment.objects.live().filter(person=self.learners[who]).first()
        assert (live is not None) == (who in self.line)
        if live:
            enrolment.withdraw(enrolment_id=live.pk, by_person_id=live.person_id, at=AT)
            self.line.remove(who)

    @rule(capacity=st.integers(0, 4))
    def resize(self, capacity):
        try:
            with transaction.atomic():
                offerings.set_capacity(offering_id=self.offering.pk, capacity=capacity, at=AT)
        except offerings.TooSmall:
            assert min(len(self.line), self.capacity) > capacity
        else:
            self.capacity = capacity

    @invariant()
    def the_first_in_line_have_the_seats(self):
        if not hasattr(self, "line"):
            return
        law_holds(self.offering)
        rows = Enrolment.objects.live().filter(offering=self.offering)
        by_person = dict(rows.values_list("person_id", "state"))
        assert [by_person[self.learners[who].pk] for who in self.line] == [
            "active" if place < self.capacity else "waiting" for place in range(len(self.line))
        ]

    def teardown(self):
        transaction.set_rollback(True)
        self.unit.__exit__(None, None, None)


@pytest.mark.django_db
def test_the_seat_law_holds_whatever_people_do():
    run_state_machine_as_test(
        SeatLaw, settings=settings(max_examples=40, stateful_step_count=20, deadline=None)
    )


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs many writers")
def test_sixteen_at_once_get_exactly_the_five_seats():
    offering = factories.offering(factories.county(), seats=SEATS)
    learners = factories.people(PEOPLE)
    gate, failed = threading.Barrier(PEOPLE), []

    def press(learner):
        try:
            gate.wait()
            for _twice in range(2):
                enrolment.enrol(
                    offering_id=offering.pk,
                    person_id=learner.pk,
                    by_person_id=learner.pk,
                    at=AT,
                    request_key=f"press:{learner.pk}",
                )
        except (errors.Refusal, Exception) as why:  # noqa: BLE001 - shown by the assertion
            failed.append(repr(why))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press, args=(learner,)) for learner in learners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    rows = Enrolment.objects.filter(offering=offering)
    assert rows.filter(state=EnrolmentState.ACTIVE).count() == SEATS
    waiting = rows.filter(state=EnrolmentState.WAITING).order_by("number")
    assert list(waiting.values_list("number", flat=True)) == list(range(1, PEOPLE - SEATS + 1))
    law_holds(offering)

    # The whole room leaves at once; everybody who waited moves up, one seat each.
    leaving = list(rows.filter(state=EnrolmentState.ACTIVE))
    gate = threading.Barrier(len(leaving))

    def leave(row):
        gate.wait()
        enrolment.withdraw(enrolment_id=row.pk, by_person_id=row.person_id, at=AT)
        connections.close_all()

    threads = [threading.Thread(target=leave, args=(row,)) for row in leaving]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(waiting.values_list("number", flat=True)) == list(
        range(SEATS + 1, PEOPLE - SEATS + 1)
    )
    law_holds(offering)


def environment(home):
    without = {k: v for k, v in os.environ.items() if k != "XUEQIAO_DATABASE_URL"}
    return {
        **without,
        "XUEQIAO_TEST_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
    }


def script(home, *arguments):
    return [sys.executable, "-m", "tests.hall.rush", *map(str, arguments)], {
        "cwd": ROOT,
        "env": environment(home),
        "text": True,
        "stdout": subprocess.PIPE,
    }


def run(home, *arguments):
    command, options = script(home, *arguments)
    return subprocess.run(command, check=True, **options).stdout.split()


@pytest.mark.slow
@pytest.mark.embedded
def test_four_processes_and_a_kill_lose_and_oversell_nothing(tmp_path):
    """Four press for 30 seats, two are killed; what was answered is there, and no more."""
    run(tmp_path, "prepare", 30, 80)
    answered = []
    command, options = script(tmp_path, "press")
    rushes = [subprocess.Popen([*command, str(n)], **options) for n in range(4)]
    for number, rush in enumerate(rushes):
        if number < 2:
            answered += [rush.stdout.readline().strip() for _line in range(3 + number)]
            rush.kill()
    for rush in rushes:
        answered += rush.communicate()[0].split()
    assert len(answered) > 40
    # The killed ones press again with the same keys.
    for number in range(2):
        answered += run(tmp_path, "press", number)
    state = run(tmp_path, "check")
    assert state == ["taken=30", "active=30", "waiting=50", "moves=30", "log=30"]
    assert set(run(tmp_path, "keys")) >= set(answered)
