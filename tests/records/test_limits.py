"""How much a source may send, what it is told when it sends more, and how it is counted."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from tests.records import factories as f
from xueqiao.kernel import clock
from xueqiao.records import counts, health, limits, rules
from xueqiao.records.models import Source, SourceHour, SourceRefusal

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _nothing_taken():
    """Numbers of sources come again from test to test; what was taken for them must not."""
    limits._taken.clear()
    yield
    limits._taken.clear()


def limited(**changes):
    source = f.source()
    Source.objects.filter(pk=source.pk).update(**changes)
    source.refresh_from_db()
    return source


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(0, 40)), max_size=60))
def test_a_bucket_never_gives_more_than_its_limit_allows(steps):
    """However it is asked: what was given stays under a full bucket and what flowed in."""
    limit, left, given_out, now = 60, 60 * rules.PARTS, 0, 0
    for size, seconds in steps:
        left = rules.filled(left, limit, timedelta(seconds=seconds))
        now += seconds
        portion, wait = rules.portion(left, limit, 5)
        assert (portion == 0) == (wait > 0)
        if wait:
            assert rules.portion(rules.filled(left, limit, timedelta(seconds=wait)), limit, 5)[0]
            continue
        left -= size * rules.PARTS
        given_out += size
        assert given_out - size <= limit + now * limit // 60


@pytest.mark.django_db
def test_a_source_is_let_in_by_its_limit_and_told_when_to_come_again():
    source = limited(rate_limit=120)

    def sends(at, count):
        limits.admit(source, at=at)
        limits.spend(source, count)

    sends(NOON, 300)
    with pytest.raises(limits.TooFast) as why:
        sends(NOON, 1)
    # 300 sent where 120 were there: 180 in advance, of 2 a second, and one more to send.
    assert why.value.retry_after_seconds == 91
    with pytest.raises(limits.TooFast):
        sends(NOON + timedelta(seconds=90), 1)
    sends(NOON + timedelta(seconds=91), 1)


@pytest.mark.django_db
def test_a_source_within_its_limit_rarely_asks_the_database():
    source = limited(rate_limit=60_000)
    with CaptureQueriesContext(connection) as asked:
        for _ in range(40):
            limits.admit(source, at=NOON)
            limits.spend(source, 100)
    fetched = [each for each in asked if each["sql"].lower().startswith("update")]
    assert len(fetched) == 1


@pytest.mark.django_db
def test_a_source_without_a_limit_asks_nothing():
    source = f.source()
    with CaptureQueriesContext(connection) as asked:
        limits.admit(source, at=NOON)
        limits.spend(source, 100_000)
    assert len(asked) == 0


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="writers are serial on SQLite")
@pytest.mark.django_db(transaction=True)
def test_many_writers_together_get_no_more_than_the_limit():
    """Each thread has a process's own portion, as far as the bucket is concerned."""
    source, got, guard = limited(rate_limit=600), [], threading.Lock()

    def take():
        try:
            for _ in range(30):
                portion, _wait = limits._fetch(source, 0, NOON)
                with guard:
                    got.append(portion)
        finally:
            connections.close_all()

    writers = [threading.Thread(target=take) for _ in range(4)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert sum(got) == 600


@pytest.mark.django_db
def test_too_much_is_answered_429_with_the_seconds_to_wait_and_counted(client):
    limited(rate_limit=2)
    headers = f.key()
    assert f.post(client, [f.statement() for _ in range(3)], headers).status_code == 200

    answer = f.post(client, f.statement(), headers)

    assert (answer.status_code, answer.json()["code"]) == (429, "records.too_fast")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert client.get("/xapi/statements", headers=headers).status_code == 200, "reading goes on"
    assert list(SourceRefusal.objects.values_list("code", "count")) == [("records.too_fast", 1)]


@pytest.mark.django_db
def test_a_paused_source_is_told_to_come_again_and_loses_nothing(client):
    limited(paused_at=clock.now())
    answer = f.post(client, f.statement(), f.key())
    assert (answer.status_code, answer.json()["code"]) == (429, "records.source_paused")
    assert answer.headers["Retry-After"] == "300"


@pytest.mark.django_db
def test_a_request_over_the_sources_size_is_a_413(client):
    limited(most_bytes=1000)
    headers = f.key()
    assert f.post(client, f.statement(), headers).status_code == 200
    answer = f.post(client, [f.statement() for _ in range(10)], headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "records.request_too_large")


@pytest.mark.django_db
def test_what_a_source_sent_is_counted_by_the_hour_with_its_reasons(client):
    source, now = f.source(), clock.now()
    at = f"{now - timedelta(seconds=40):%Y-%m-%dT%H:%M:%S}Z"
    first, broken = f.statement(timestamp=at), f.statement(verb={"id": "none"})
    f.store(first, f.statement(timestamp=at), of=source)
    f.store(first, broken, of=source)
    f.post(client, broken, f.key(of=source))

    found = health.annotated(Source.objects.all(), at=clock.now()).get()

    sums = {"received": 4, "accepted": 2, "duplicate": 1, "quarantined": 1}
    for hour in (counts.EVER, counts.hour_of(clock.now())):
        rows = SourceHour.objects.filter(hour=hour).values(*sums)
        assert {name: sum(row[name] for row in rows) for name in sums} == sums
    assert {name: getattr(found, f"ever_{name}") for name in sums} == sums
    assert (found.last_hour, found.day_received) == (4, 4)
    assert 40 <= health.lag_seconds(found) <= 60
    assert health.refusals(found) == {"records.statement_invalid": 1, "invalid": 1}
    [newest, *earlier] = health.by_hour(source, at=clock.now(), hours=24)
    assert {name: newest[name] for name in sums} == sums
    assert (len(earlier), {row["received"] for row in earlier}) == (23, {0})
    last = Source.objects.get().last_received_at
    assert now <= last <= clock.now()


@pytest.mark.django_db
def test_silence_is_told_after_its_time_and_not_of_a_paused_source():
    source = limited(silent_after_seconds=600, last_received_at=NOON)
    assert health.silent_since(source, NOON + timedelta(minutes=11)) is None
    assert health.silent_since(source, NOON + timedelta(minutes=11, seconds=1)) == NOON
    source.paused_at = NOON
    assert health.silent_since(source, NOON + timedelta(days=1)) is None


@pytest.mark.django_db
def test_the_health_of_many_sources_costs_as_much_as_of_one(django_assert_num_queries):
    for count in (1, 3):
        for number in range(count):
            f.store(f.statement(), of=f.source(f"school-{number}"))
        with django_assert_num_queries(2):
            assert len(health.annotated(Source.objects.all(), at=clock.now())) == count


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="writers are serial on SQLite")
@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_lose_no_count_and_refuse_no_batch():
    """Eight writers of two sources, with shared learners and some items in quarantine."""
    faults, pair = [], [f.source("one"), f.source("two")]

    def write(number):
        try:
            for turn in range(12):
                good = [f.statement() for _ in range(3)]
                f.store(*good, f.statement(verb={"id": "none"}), of=pair[(number + turn) % 2])
        except Exception as why:  # noqa: BLE001 - told by the main thread
            faults.append(why)
        finally:
            connections.close_all()

    writers = [threading.Thread(target=write, args=[number]) for number in range(8)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert faults == []
    for row in health.annotated(Source.objects.all(), at=clock.now()):
        assert (row.ever_received, row.ever_accepted, row.ever_quarantined) == (192, 144, 48)
        assert sum(health.refusals(row).values()) == 48
        assert sum(each["received"] for each in health.by_hour(row, at=clock.now(), hours=2)) == 192
