import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from xueqiao.kernel import bulk
from xueqiao.people.models import Person
from xueqiao.records.models import LogEntry

pytestmark = pytest.mark.django_db
COLUMNS = ("kind", "key", "event_at", "recorded_at", "payload")
AT = datetime(2026, 9, 1, 8, 30, 0, 5, tzinfo=timezone(timedelta(hours=8)))


def entry(key, payload=None):
    return ("test", key, AT, AT, payload or {})


def test_what_is_written_is_what_is_read():
    payload = {"文": "学分 “1.5”\n", "n": [1, None, True], "deep": {"a": {}}}
    bulk.insert(LogEntry, COLUMNS, [entry("a", payload), entry("b")])
    found = LogEntry.objects.order_by("pk").values_list("kind", "key", "event_at", "payload")
    at = datetime(2026, 9, 1, 0, 30, 0, 5, tzinfo=UTC)
    assert list(found) == [("test", "a", at, payload), ("test", "b", at, {})]


def test_rows_read_as_if_the_orm_had_written_them():
    key = uuid.uuid4()
    columns = (
        "key",
        "name",
        "name_en",
        "sex",
        "is_sample",
        "birth_year",
        "opened_at",
        "identity_hash",
        "updated_at",
    )
    bulk.insert(Person, columns, [(key, "王芳", "", "2", True, None, AT, "", AT)])
    assert Person.objects.filter(key=key, is_sample=True, birth_year=None, opened_at=AT).exists()


def test_a_conflict_stops_everything_or_is_left_out():
    bulk.insert(LogEntry, COLUMNS, [entry("a", {"n": 1})])
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert(LogEntry, COLUMNS, [entry("b"), entry("a", {"n": 2})])
    bulk.insert(LogEntry, COLUMNS, [entry("a", {"n": 2}), entry("c")], ignore_conflicts=True)
    found = LogEntry.objects.order_by("key").values_list("key", "payload")
    assert list(found) == [("a", {"n": 1}), ("c", {})]


def test_no_rows_are_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        bulk.insert(LogEntry, COLUMNS, [])


def test_numbers_are_nobody_elses():
    bulk.insert(LogEntry, COLUMNS, [entry("a")])
    first, second = bulk.numbers(LogEntry, 2)
    rows = [(number, *entry(f"n{number}")) for number in (first, second)]
    bulk.insert(LogEntry, ("id", *COLUMNS), rows)
    third = LogEntry.objects.create(kind="test", key="z", event_at=AT, payload={})
    ids = list(LogEntry.objects.order_by("pk").values_list("pk", flat=True))
    assert len(set(ids)) == 4
    assert third.pk > second > first > ids[0]


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite keeps text of any length")
def test_text_that_is_too_long_is_refused_not_cut():
    with pytest.raises(DatabaseError), transaction.atomic():
        bulk.insert(LogEntry, COLUMNS, [entry("x" * 121)])
