"""Only the days that changed are made anew, and what stands there then is what a build makes."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.lake import lively, worlds
from xueqiao.lake import build, engines, extract, folding, recipes, tables
from xueqiao.lake.build import chunks
from xueqiao.lake.distinct import making
from xueqiao.lake.retention import lines

START = datetime(2024, 3, 1, tzinfo=UTC)
DATED = {"stage.reading", "stage.event", "stage.quarantine", "learner_day", "presence"}


@pytest.fixture
def large(monkeypatch):
    """Every part is large: more rows than a chunk has, files that nothing is put into."""
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 25)
    monkeypatch.setattr(chunks, "SMALL_ROWS", 0)
    monkeypatch.setattr(extract, "BATCH", 15)


def made(root):
    """Everything brought up to date: table → what was made of it."""
    with engines.opened(name="duckdb", memory="500MB", root=root) as engine:
        outcome = build.run(root=root, engine=engine, at=worlds.AT)
        outcome.refuse_failures()
        built = outcome.built + making.refresh(root=root, engine=engine, told=outcome.told)
    return {each.table: each for each in built}


def everything(root):
    found = {name: worlds.rows_of(root, name) for name in recipes.recipes()}
    for name in making.TABLES:
        rows = folding.columns_of(tables.Table(root, name), ["persons", "learners"])
        found[name] = sorted(map(str, rows.to_pylist()))
    return found


def busy():
    """The lively world and a month of three statements a day beside it."""
    world = lively.world()
    for number in range(93):
        world.add_statement(1 + number % 12, START + timedelta(hours=8 * number), source=1)
    return world


def files_of(root, name, part):
    table = tables.Table(root, recipes.location(name), is_parted=True)
    return {file for file in table.file_names() if tables.part_of(file) == part}


@pytest.mark.usefixtures("large")
def test_a_late_statement_makes_its_day_anew_and_leaves_the_files_of_other_days(tmp_path):
    world = busy()
    worlds.fill(tmp_path, world)
    made(tmp_path)
    before = {name: files_of(tmp_path, name, "2024-03") for name in sorted(DATED)}
    assert len(before["stage.event"]) > 2

    world.add_statement(3, START + timedelta(days=9, hours=1), source=2)
    worlds.fill(tmp_path, world)
    planned = {each.table: each for each in build.plan(root=tmp_path)}
    assert planned["stage.event"].shown_parts.startswith("2024-03-10")
    assert planned["stage.reading"].rows < 10 < planned["learner_month"].reads_rows
    found = made(tmp_path)

    day = {"2024-03": frozenset({date(2024, 3, 10)})}
    assert {name: found[name].changed for name in DATED} == dict.fromkeys(DATED, day)
    assert found["stage.event"].shown_parts == "2024-03-10"
    assert found["learner_month"].changed == {"2024-03": None}
    assert found["distinct.presence"].changed == day
    for name in DATED - {"stage.quarantine"}:
        after = files_of(tmp_path, name, "2024-03")
        assert len(before[name] - after) == 1
        assert len(before[name] & after) == len(before[name]) - 1


@pytest.mark.usefixtures("large")
def test_days_end_where_a_build_from_nothing_ends(tmp_path, monkeypatch):
    world, steps = busy(), tmp_path / "steps"
    worlds.fill(steps, world)
    made(steps)
    first = world.statement[70]
    # Two sources say the same, two seconds apart and over midnight; one is taken back.
    for source, after in ((2, 2), (3, 9), (2, 86_395)):
        world.add_statement(first["actor_id"], first["event_at"], source=source)
        world.statement[-1]["event_at"] += timedelta(seconds=after)
    world.add_statement(1, datetime(2024, 7, 1, tzinfo=UTC), voids=first["statement_id"])
    worlds.fill(steps, world)
    assert made(steps)["stage.event"].changed is not None
    # Another person for an actor, a class that ended, credit: each of its own days.
    world.actor[2] = world.actor[2] | {"learner_id": 8}
    ended = {"enrolment_id": 4, "result": "pass", "completed_at": datetime(2024, 3, 5, tzinfo=UTC)}
    world.completion.append(world.completion[0] | ended)
    world.lot.append(world.lot[0] | {"obtained": date(2024, 3, 7)})
    worlds.fill(steps, world)
    version = tables.Table(steps, "stage.event").version()
    found = made(steps)
    assert date(2024, 3, 5) in found["presence"].changed["2024-03"]
    assert all(on is not None for on in found["stage.event"].changed.values())
    assert found["distinct.presence"].changed == found["presence"].changed
    # The days of one person stand in no log, and are those of the months for a later build.
    months = ["2024-02", "2024-03", "2024-04"]
    assert found["stage.event"].shown_parts == ", ".join(months)
    changes = tables.Table(steps, "stage.event", is_parted=True).changes_since(version)
    assert changes == dict.fromkeys(months)

    monkeypatch.undo()
    worlds.fill(tmp_path / "once", world)
    made(tmp_path / "once")
    assert everything(steps) == everything(tmp_path / "once")


@pytest.mark.usefixtures("large")
def test_a_table_made_in_chunks_is_the_same_and_its_files_hold_days_on_end(tmp_path, monkeypatch):
    world = busy()
    worlds.fill(tmp_path, world)
    made(tmp_path)
    table = tables.Table(tmp_path, "stage.event", is_parted=True, days="day")
    files = files_of(tmp_path, "stage.event", "2024-03")
    spans = sorted((group.first, group.last) for name in files
                   for group in chunks.groups_of(table, name))  # fmt: skip
    assert len(spans) == len(files) > 2
    assert all(one[1] < other[0] for one, other in itertools.pairwise(spans))
    parts = everything(tmp_path)

    monkeypatch.undo()
    worlds.fill(tmp_path / "whole", world)
    made(tmp_path / "whole")
    assert parts == everything(tmp_path / "whole")


@pytest.mark.usefixtures("large")
def test_a_month_that_arrives_late_is_made_in_chunks_too(tmp_path):
    world = busy()
    worlds.fill(tmp_path, world)
    made(tmp_path)
    for number in range(120):
        at = datetime(2024, 9, 1, tzinfo=UTC) + timedelta(hours=6 * number)
        world.add_statement(1 + number % 12, at, source=1)
    worlds.fill(tmp_path, world)
    reading, recipe = build.Reading(tmp_path), recipes.recipes()["stage.reading"]
    days = frozenset(date(2024, 9, 1) + timedelta(number) for number in range(30))
    course, gone = chunks.of_days(reading, recipe, {"2024-09": days})
    assert gone == []
    assert len(course) == 5, "120 rows, 25 to a chunk"
    assert frozenset().union(*(chunk.of_days for chunk in course)) == days
    assert made(tmp_path)["stage.event"].rows == 120


@pytest.mark.usefixtures("large")
def test_the_first_and_the_last_day_of_the_calendar_are_days_like_others(tmp_path):
    """Programs send the first instant of their calendar where they know no date."""
    world = busy()
    world.add_statement(1, datetime(1, 1, 1, tzinfo=UTC), source=1)
    worlds.fill(tmp_path, world)
    before = made(tmp_path)["stage.reading"].rows
    world.add_statement(2, datetime(1, 1, 1, tzinfo=UTC), source=2)
    worlds.fill(tmp_path, world)
    changed = made(tmp_path)["stage.reading"].changed
    assert changed["0001-01"] == frozenset({date(1, 1, 1)})
    assert len(worlds.rows_of(tmp_path, "stage.reading")) == before + 1


@pytest.mark.usefixtures("large")
def test_what_comes_of_tables_without_parts_is_there_where_no_month_of_events_is(tmp_path):
    world = lively.world()
    lot = world.lot[0] | {"obtained": date(2030, 1, 5)}
    world.lot.append(lot)
    worlds.fill(tmp_path, world)
    lines.announce(root=tmp_path, lines={"presence": "2030-01"}, number=1, at=worlds.AT)
    made(tmp_path)
    days = {row["day"] for row in worlds.rows_of(tmp_path, "presence")}
    assert date(2030, 1, 5) in days


@pytest.mark.usefixtures("large")
def test_a_part_whose_files_lie_in_another_order_is_made_at_once(tmp_path):
    world = busy()
    for number in range(93):
        # Each arrives in a commit of its own, from both ends of the month inwards.
        world.statement[-1 - number]["event_at"] = START + timedelta(
            hours=8 * (number // 2 if number % 2 else 92 - number // 2)
        )
    worlds.fill(tmp_path, world)
    made(tmp_path)
    reading = build.Reading(tmp_path)
    course = chunks.of_parts(reading, recipes.recipes()["stage.reading"], ["2024-03"])
    assert [(chunk.parts, chunk.of_days) for chunk in course] == [(("2024-03",), None)]
