"""The log and the cursor: nothing is lost and nothing comes twice, while others write."""

import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db import connection, transaction

from tests.records import factories as f
from xueqiao.kernel import clock, cursor
from xueqiao.records import exports, log
from xueqiao.records.models import LogEntry, Reader, Statement


def append(key, kind="test.happened"):
    log.append(kind=kind, key=key, event_at=clock.now(), payload={"key": key})


@pytest.mark.django_db(transaction=True)
def test_a_reader_gets_each_event_once_in_order_and_goes_on_where_it_was():
    for number in range(5):
        append(f"a:{number}")
    append("a:0")
    append("other", kind="test.other")
    seen = []

    def follow(limit):
        return log.follow(
            reader="test", rows=log.entries("test.happened"), limit=limit,
            work=lambda rows: seen.extend(row.key for row in rows),
        )  # fmt: skip

    assert [follow(2), follow(2), follow(2), follow(2)] == [2, 2, 1, 0]
    append("a:5")
    assert follow(2) == 1
    assert seen == [f"a:{number}" for number in range(6)]


@pytest.mark.django_db(transaction=True)
def test_a_reader_whose_work_fails_stays_where_it_was():
    append("a:0")

    def fail(rows):
        LogEntry.objects.create(kind="test.work", key="1", event_at=clock.now(), payload={})
        raise RuntimeError

    with pytest.raises(RuntimeError):
        log.follow(reader="test", rows=log.entries("test.happened"), work=fail)

    assert not LogEntry.objects.filter(kind="test.work").exists()
    assert not Reader.objects.filter(name="test").exists()


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'")
@pytest.mark.django_db(transaction=True)
def test_eight_writers_with_late_commits_lose_no_event():
    """Rows become visible out of order; a cursor on the id alone loses a third of them here."""
    writers, each = 8, 60
    running, seen, naive = threading.Event(), [], []
    running.set()

    def write(number):
        chance = random.Random(number)
        for turn in range(each):
            with transaction.atomic():
                append(f"{number}:{turn}")
                time.sleep(chance.uniform(0, 0.01))
        connection.close()

    def read():
        last = 0
        while True:
            was_running = running.is_set()
            found = log.follow(
                reader="test", rows=log.entries("test.happened"), limit=50,
                work=lambda rows: seen.extend(row.key for row in rows),
            )  # fmt: skip
            for row in LogEntry.objects.filter(pk__gt=last).order_by("pk"):
                naive.append(row.key)
                last = row.pk
            if not found and not was_running:
                connection.close()
                return

    with ThreadPoolExecutor(writers + 1) as pool:
        reader = pool.submit(read)
        list(pool.map(write, range(writers)))
        running.clear()
        reader.result(timeout=60)

    expected = sorted(f"{number}:{turn}" for number in range(writers) for turn in range(each))
    assert sorted(seen) == expected
    assert len(naive) < len(expected), "the writers did not overlap, so this test showed nothing"


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'")
@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_runs_holds_back_only_what_came_after_it():
    append("before")
    held, release = threading.Event(), threading.Event()

    def write_late():
        with transaction.atomic():
            append("slow")
            held.set()
            release.wait(20)
        connection.close()

    def read():
        found = cursor.after(log.entries("test.happened"), log.position("nobody"))
        return [row.key for row in found]

    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(write_late)
        held.wait(20)
        append("after")
        assert read() == ["before"]
        release.set()
        late.result()
    assert read() == ["before", "slow", "after"]


@pytest.mark.django_db(transaction=True)
def test_the_lake_reads_statements_by_cursor_to_the_end():
    sent = [f.statement() for _ in range(25)]
    for start in range(0, 25, 10):
        f.store(*sent[start : start + 10])
    place, rows = cursor.Position(), []
    while found := exports.STATEMENTS.after(place, 7):
        rows += found
        place = cursor.Position(*found[-1][:2])

    assert exports.STATEMENTS.names[:3] == ("xid", "id", "uuid")
    assert [str(uuid.UUID(row[2])) for row in rows] == [each["id"] for each in sent]
    assert rows[0][-1] == Statement.objects.first().text


@pytest.mark.django_db(transaction=True)
def test_the_cursor_starts_in_the_index_at_its_position():
    """Otherwise reading a table to its end costs the square of its length."""
    f.store(*(f.statement() for _ in range(300)))
    last = Statement.objects.latest("pk")
    rows = cursor.after(Statement.objects.all(), cursor.Position(last.xid, last.pk - 5))
    if connection.vendor == "postgresql":
        with connection.cursor() as run:
            run.execute("analyze records_statement")
            run.execute("set enable_seqscan = off")
    plan = rows.explain()
    assert "statement_cursor" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan
    assert rows.count() == 5


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'")
@pytest.mark.django_db(transaction=True)
def test_a_transaction_of_another_database_holds_nothing_back():
    options = connection.get_connection_params() | {"dbname": "postgres"}
    known = ("host", "port", "user", "password", "dbname")
    with psycopg.connect(**{name: options[name] for name in known if name in options}) as other:
        other.execute("select pg_current_xact_id()")
        append("here")
        found = cursor.after(log.entries("test.happened"), cursor.Position())
        assert [row.key for row in found] == ["here"]
