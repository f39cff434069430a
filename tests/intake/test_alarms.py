"""Alarms: opened once for each cause, closed when it is gone."""

import uuid
from datetime import timedelta

import pytest

from tests.records import factories as f
from xueqiao.intake import alarms, connections
from xueqiao.intake.models import Alarm, Connection
from xueqiao.kernel import clock
from xueqiao.people.models import Person
from xueqiao.records.models import Source, SourceHour

pytestmark = pytest.mark.django_db
NOW = clock.start_of(clock.now().date()) + timedelta(hours=10, days=2)


def states():
    rows = Alarm.objects.order_by("pk").values_list("kind", "closed_at")
    return [(kind, closed is not None) for kind, closed in rows]


def heard(source, at, silent_after=3600):
    Source.objects.filter(pk=source.pk).update(
        last_received_at=at, silent_after_seconds=silent_after
    )


def test_a_silent_source_is_told_once_and_its_next_arrival_ends_it():
    source = f.source()
    heard(source, NOW - timedelta(minutes=50))
    assert alarms.watch(now=NOW) == (0, 0)
    later = NOW + timedelta(minutes=20)
    assert alarms.watch(now=later) == (1, 0)
    assert alarms.watch(now=later) == (0, 0)
    assert "Nothing has come since" in alarms.text(Alarm.objects.get())

    heard(source, later)
    assert alarms.watch(now=later) == (0, 1)
    assert alarms.watch(now=later + timedelta(hours=2)) == (1, 0)
    assert states() == [("silent", True), ("silent", False)]


def test_a_paused_source_and_one_without_a_limit_may_be_silent():
    for code, change in (("a", {"paused_at": NOW}), ("b", {"silent_after_seconds": None})):
        source = f.source(code)
        heard(source, NOW - timedelta(days=9))
        Source.objects.filter(pk=source.pk).update(**change)
    assert alarms.watch(now=NOW) == (0, 0)


def days_of(source, *received):
    """What came on the days before today, yesterday last."""
    today = clock.start_of(clock.local_date(NOW))
    for back, count in enumerate(reversed(received), start=1):
        for slot, part in enumerate((count // 2, count - count // 2)):
            SourceHour.objects.update_or_create(
                source=source, hour=today - timedelta(days=back, hours=-9), slot=slot,
                defaults={"received": part},
            )  # fmt: skip


def test_a_day_far_below_the_usual_is_told_with_its_numbers():
    falling, steady, small = f.source("a"), f.source("b"), f.source("c")
    days_of(falling, *[1000] * 12, 90)
    days_of(steady, *[1000] * 12, 400)
    days_of(small, *[50] * 12, 0)
    assert alarms.watch(now=NOW) == (1, 0)
    alarm = Alarm.objects.get()
    assert alarm.source_id == falling.pk
    assert (alarm.facts["received"], alarm.facts["usual"]) == (90, 1000)
    assert "90" in alarms.text(alarm)
    days_of(falling, 800)
    assert alarms.watch(now=NOW) == (0, 1)


def test_a_connection_that_keeps_failing_is_told_until_it_works():
    made = connections.create(
        source=f.source(), kind="upload", name="Marks", values={}, at=clock.now()
    )
    Connection.objects.filter(pk=made.pk).update(failures=2)
    assert alarms.watch(now=NOW) == (0, 0)
    Connection.objects.filter(pk=made.pk).update(failures=3)
    assert alarms.watch(now=NOW) == (1, 0)
    assert "Marks" in alarms.text(Alarm.objects.get())
    connections.pause(connection=made, at=NOW)
    assert alarms.watch(now=NOW) == (0, 1)


def test_an_alarm_is_acknowledged_once():
    heard(f.source(), NOW - timedelta(days=1))
    alarms.watch(now=NOW)
    first, second = (
        Person.objects.create(key=uuid.uuid4(), name=name, opened_at=NOW) for name in ("a", "b")
    )
    for by in (first, second):
        alarms.acknowledge(alarm=Alarm.objects.get(), by=by, at=NOW)
    assert Alarm.objects.get().acknowledged_by == first
