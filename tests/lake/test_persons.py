"""What was known of a person on the day of an event: moves, ages, corrections."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tests.lake import worlds

pytestmark = pytest.mark.embedded

ALWAYS = date(1, 1, 1)
EAST, WEST = 40, 41
MOVED = date(2024, 3, 11)


@pytest.fixture
def world():
    """One who moved between two events, one who did not, an agent whom nobody linked."""
    world = worlds.small()
    world.add_person(1, birth_year=1964, home_id=WEST)
    world.add_person(2, birth_year=2011, home_id=EAST)
    world.actor.append({"actor_id": 3, "learner_id": 101})
    world.add_former_home(1, EAST, MOVED)
    for actor_id, month, day in ((1, 3, 10), (1, 3, 11), (1, 5, 2), (2, 12, 31), (3, 5, 2)):
        world.add_statement(actor_id, datetime(2024, month, day, 4, tzinfo=UTC))
    return world


def built(root, world):
    worlds.fill(root, world)
    return {each.table: each.parts for each in worlds.make(root)}


def then(root, learner_id, *columns):
    rows = worlds.rows_of(root, "stage.learner_as_of")
    return sorted(
        tuple(str(row[name]) for name in ("valid_from", *columns))
        for row in rows
        if row["learner_id"] == learner_id
    )


def test_a_person_has_a_row_for_each_residence(tmp_path, world):
    built(tmp_path, world)
    rows = worlds.rows_of(tmp_path, "stage.person")
    spans = [(row["home_id"], row["valid_from"], row["valid_to"], row["is_current"])
             for row in rows if row["learner_id"] == 2]  # fmt: skip
    assert sorted(spans) == [(EAST, ALWAYS, MOVED, False), (WEST, MOVED, None, True)]


def test_each_event_finds_the_home_of_its_day_once(tmp_path, world):
    built(tmp_path, world)
    spans = worlds.rows_of(tmp_path, "stage.learner_as_of")
    events = worlds.rows_of(tmp_path, "stage.event")
    homes = [
        [span["home_id"] for span in spans
         if (span["learner_id"], span["part"]) == (event["learner_id"], event["part"])
         and span["valid_from"] <= event["day"] < span["valid_to"]]
        for event in sorted(events, key=lambda row: row["event_id"])
    ]  # fmt: skip
    assert homes == [[EAST], [WEST], [WEST], [EAST], [None]]


def test_the_age_class_is_that_of_the_year_of_the_event(tmp_path, world):
    world.add_statement(1, datetime(2023, 12, 31, 15, 59, tzinfo=UTC))
    built(tmp_path, world)
    assert then(tmp_path, 2, "age", "age_class") == [
        ("2023-12-01", "59", "adult"), ("2024-03-01", "60", "elder"),
        ("2024-03-11", "60", "elder"), ("2024-05-01", "60", "elder"),
    ]  # fmt: skip
    assert then(tmp_path, 4, "age", "age_class") == [("2024-12-01", "13", "child")]
    assert then(tmp_path, 101, "age", "sex") == [("2024-05-01", "None", "0")]


def test_a_correction_reopens_the_months_of_that_person_only(tmp_path, world):
    built(tmp_path, world)
    world.person[1]["birth_year"] = 1950
    parts = built(tmp_path, world)
    assert parts["stage.learner_as_of"] == ["2024-12"]
    assert then(tmp_path, 4, "age_class") == [("2024-12-01", "elder")]


def test_a_move_leaves_earlier_days_as_they_were(tmp_path, world):
    built(tmp_path, world)
    world.add_former_home(2, EAST, date(2025, 1, 1))
    world.person[1]["home_id"] = WEST
    before = then(tmp_path, 4, "home_id")
    built(tmp_path, world)
    assert then(tmp_path, 4, "home_id") == before == [("2024-12-01", str(EAST))]


def test_a_place_keeps_the_learners_who_lived_there_then(tmp_path, world):
    built(tmp_path, world)
    counted = [
        (str(row["month"]), row["place_id"], row["learners"], row["activities"])
        for row in worlds.rows_of(tmp_path, "place_month")
        if row["register"] == "nbs"
    ]
    assert sorted(counted, key=str) == [
        ("2024-03-01", WEST, 1, 2), ("2024-05-01", WEST, 1, 1), ("2024-05-01", None, 1, 1),
        ("2024-12-01", EAST, 1, 1),
    ]  # fmt: skip
    world.add_former_home(2, EAST, date(2025, 1, 1))
    world.person[1]["home_id"] = WEST
    built(tmp_path, world)
    places = {row["place_id"] for row in worlds.rows_of(tmp_path, "place_month")
              if row["part"] == "2024-12" and row["register"] == "nbs"}  # fmt: skip
    assert places == {EAST}
