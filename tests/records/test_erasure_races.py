"""Erasure beside writers on PostgreSQL: what was on its way goes too, what comes later stays."""

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from tests.records import erasing
from tests.records import factories as f
from xueqiao.kernel import clock
from xueqiao.records.erasure import execution
from xueqiao.records.models import Actor, Erasure, Statement

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="two writers at once: PostgreSQL"),
    pytest.mark.django_db(transaction=True),
]
WEI = "account|https://school.example|wei"


def in_thread(work):
    def run():
        try:
            return work()
        finally:
            connection.close()

    return ThreadPoolExecutor(1).submit(run)


def test_a_statement_that_was_on_its_way_is_erased_too():
    f.store(f.statement())
    asked = erasing.approved(erasing.by_person(WEI))
    with transaction.atomic():
        f.store(f.statement())
        running = in_thread(lambda: execution.run(erasure=asked, at=clock.now()))
        time.sleep(1)
        assert not running.done() or running.result().state == "running"
    running.result(timeout=30)
    erasing.carried_out(Erasure.objects.get(pk=asked.pk))
    assert Erasure.objects.get(pk=asked.pk).state == "done"
    assert Statement.objects.count() == 0


def test_writers_who_repeat_an_id_while_it_is_erased_do_not_bring_it_back():
    made = [f.statement() for _ in range(200)]
    f.store(*made)
    asked = erasing.approved(erasing.by_ids(*made))
    ending = threading.Event()

    def write():
        while not ending.is_set():
            f.store(*made)
            f.store(*[f.statement(timestamp=clock.now().isoformat()) for _ in range(5)])

    writers = [in_thread(write) for _ in range(2)]
    done = execution.run(erasure=asked, at=clock.now())
    while done.state != "done":
        done = execution.run(erasure=done, at=clock.now())
    time.sleep(0.5)
    ending.set()
    for each in writers:
        each.result(timeout=60)
    keys = {uuid.UUID(each["id"]) for each in made}
    assert not Statement.objects.filter(uuid__in=keys).exists()
    assert done.done["statements"] == 200
    assert Statement.objects.count() > 0


def test_a_person_who_learns_while_being_erased_keeps_what_is_new():
    f.store(*[f.statement() for _ in range(50)])
    asked = erasing.approved(erasing.by_person(WEI))
    ending, accepted = threading.Event(), []

    def write():
        while not ending.is_set():
            at = clock.now()
            each = f.statement(timestamp=at.isoformat())
            f.store(each)
            accepted.append((at, each["id"]))

    writer = in_thread(write)
    time.sleep(0.3)
    done = execution.run(erasure=asked, at=clock.now())
    while done.state != "done":
        done = execution.run(erasure=done, at=clock.now())
    time.sleep(0.3)
    ending.set()
    writer.result(timeout=60)
    held = {str(each) for each in Statement.objects.values_list("uuid", flat=True)}
    assert held == {key for at, key in accepted if key in held}
    assert {key for at, key in accepted if at > done.finished_at} <= held
    assert set(Statement.objects.values_list("actor__ifi", flat=True)) <= {WEI}
    assert not Actor.objects.filter(
        pk__in=Statement.objects.values("actor"), ifi__startswith="erased"
    )
