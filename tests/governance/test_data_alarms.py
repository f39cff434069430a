"""An alarm is one cause: opened once, closed when the cause is gone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.creditbank.factories import person
from tests.lake import worlds
from xueqiao.governance import alarms
from xueqiao.governance.models import DataAlarm, DataAlarmKind
from xueqiao.kernel import clock
from xueqiao.lake import engines, mending, tables
from xueqiao.lake.contracts import decided, gate, odcs
from xueqiao.lake.contracts.contract import Contract
from xueqiao.lake.quality import monitors, setbacks

pytestmark = pytest.mark.django_db
LATE = {("late", "school"): {"since": "2026-03-01T00:00:00+00:00", "hours": 24}}


def test_a_cause_opens_one_alarm_and_its_end_closes_it():
    now = clock.now()
    assert alarms.watch(causes=LATE, now=now) == (1, 0)
    assert alarms.watch(causes=LATE, now=now) == (0, 0)
    assert alarms.watch(causes={}, now=now) == (0, 1)
    assert alarms.watch(causes=LATE, now=now) == (1, 0)
    assert DataAlarm.objects.count() == 2


def test_the_first_who_looks_after_it_stays_written_down():
    alarms.watch(causes=LATE, now=clock.now())
    alarm = alarms.waiting().get()
    alarms.acknowledge(alarm=alarm, by=person("An"), at=clock.now())
    alarms.acknowledge(alarm=alarm, by=person("Bo"), at=clock.now())
    assert not alarms.waiting().exists()
    alarm.refresh_from_db()
    assert alarm.closed_at is None
    assert alarm.acknowledged_by.name == "An"


@pytest.mark.parametrize("kind", DataAlarmKind.values)
def test_every_kind_has_its_sentence(kind):
    assert "{" not in alarms.text(DataAlarm(kind=kind, subject="x", facts={}))


def test_a_silent_source_is_a_cause_and_an_empty_lake_is_none(settings, tmp_path):
    settings.LAKE = tmp_path
    assert alarms.run(now=worlds.AT) == (0, 0)
    assert list(tmp_path.iterdir()) == []
    world = worlds.World()
    world.source.append({"source_id": 1, "code": "school", "is_sample": False})
    world.batch.append(
        {
            "batch_id": 1, "source_id": 1, "received_at": worlds.AT, "received": 1, "accepted": 1,
            "duplicate": 0, "quarantined": 0,
        }
    )  # fmt: skip
    worlds.fill(tmp_path, world)
    agreed = Contract("source.school", 1, latest_hours=24)
    decided.publish(
        root=tmp_path,
        contracts=[
            {
                "name": agreed.name, "version": 1, "approved_at": worlds.AT,
                "document": odcs.text(odcs.document(agreed)),
            }
        ],
        decisions=[],
    )  # fmt: skip
    assert monitors.causes(tmp_path, at=worlds.AT + timedelta(hours=24)) == {}
    assert monitors.causes(tmp_path, at=worlds.AT + timedelta(hours=25)) == {
        ("late", "school"): {"since": worlds.AT.isoformat(), "hours": 24}
    }


def test_scores_that_always_fail_are_a_cause_until_one_check_goes_well(settings, tmp_path):
    settings.LAKE = tmp_path
    world = worlds.small()
    world.add_statement(1, worlds.AT)
    worlds.fill(tmp_path, world)
    verbs = tables.Table(tmp_path, "bronze.verb")
    lost = verbs.path / verbs.file_names()[0]
    kept = lost.rename(tmp_path / "kept")
    cause = ("unscored", "bronze.statement")
    for number in range(setbacks.MANY):
        assert cause not in monitors.causes(tmp_path, at=worlds.AT)
        check(tmp_path, worlds.AT + timedelta(hours=number))
    facts = monitors.causes(tmp_path, at=worlds.AT)[cause]
    assert (facts["times"], facts["since"]) == (setbacks.MANY, worlds.AT.isoformat())
    text = alarms.text(DataAlarm(kind="unscored", subject=cause[1], facts=facts))
    assert "3 checks in a row" in text
    assert f"2026-03-02 16:00 ({facts['error']})" in text

    kept.rename(lost)
    check(tmp_path, worlds.AT + timedelta(hours=setbacks.MANY))
    assert cause not in monitors.causes(tmp_path, at=worlds.AT)


def check(root, at):
    """What a build does before all else: the gate, and the rules on the rows that arrived."""
    with engines.opened(name="duckdb", memory="500MB", root=root) as engine:
        gate.checked(root=root, engine=engine, at=at)


def test_a_lost_file_is_a_cause_until_it_is_mended(settings, tmp_path):
    settings.LAKE = tmp_path
    world = worlds.small()
    worlds.fill(tmp_path, world)
    table = tables.Table(tmp_path, "bronze.listing")
    (table.path / table.file_names()[0]).unlink()
    assert alarms.causes(now=worlds.AT)[("lost", "bronze.listing")] == {"files": 1}

    mending.mend(root=tmp_path, of=world.sources(), at=worlds.AT)
    assert ("lost", "bronze.listing") not in alarms.causes(now=worlds.AT)
