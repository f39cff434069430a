"""What was known of a person on the day of an event: moves, ages, corrections."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tests.lake import worlds

pytestmark = pytest.mark.embedded

ALWAYS = date(1, 1, 1)
EAST, WEST = 40, 41
MOVED = date(2024, 3, 11)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """One who moved between events, one who did not, an agent nobody linked; built once."""
    world, root = worlds.small(), tmp_path_factory.mktemp("lake")
    world.add_person(1, birth_year=1964, home_id=WEST)
    world.add_person(2, birth_year=2011, home_id=EAST)
    world.actor.append({"actor_id": 3, "learner_id": 101})
    world.add_former_home(1, EAST, MOVED)
    world.add_statement(1, datetime(2023, 12, 31, 15, 59, tzinfo=UTC))
    for actor_id, month, day in ((1, 3, 10), (1, 3, 11), (1, 5, 2), (2, 12, 31), (3, 5, 2)):
        world.add_statement(actor_id, datetime(2024, month, day, 4, tzinfo=UTC))
    built(root, world)
    return root, world


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


def lived(root, part):
    """How many learners of a month each place of the register nbs has."""
    return {
        row["place_id"]: row["learners"]
        for row in worlds.rows_of(root, "place_month")
        if (row["register"], row["part"]) == ("nbs", part)
    }


def test_a_person_has_a_row_for_each_residence(lake):
    rows = worlds.rows_of(lake[0], "stage.person")
    spans = [(row["home_id"], row["valid_from"], row["valid_to"], row["is_current"])
             for row in rows if row["learner_id"] == 2]  # fmt: skip
    assert sorted(spans) == [(EAST, ALWAYS, MOVED, False), (WEST, MOVED, None, True)]


def test_each_event_finds_the_home_of_its_day_once(lake):
    spans = worlds.rows_of(lake[0], "stage.learner_as_of")
    events = worlds.rows_of(lake[0], "stage.event")
    homes = [
        [span["home_id"] for span in spans
         if (span["learner_id"], span["part"]) == (event["learner_id"], event["part"])
         and span["valid_from"] <= event["day"] < span["valid_to"]]
        for event in sorted(events, key=lambda row: row["event_id"])
    ]  # fmt: skip
    assert homes == [[EAST], [EAST], [WEST], [WEST], [EAST], [None]]


def test_the_age_class_is_that_of_the_year_of_the_event(lake):
    root, _world = lake
    assert then(root, 2, "age", "age_class") == [
        ("2023-12-01", "59", "adult"), ("2024-03-01", "60", "elder"),
        ("2024-03-11", "60", "elder"), ("2024-05-01", "60", "elder"),
    ]  # fmt: skip
    assert then(root, 4, "age", "age_class") == [("2024-12-01", "13", "child")]
    assert then(root, 101, "age", "sex") == [("2024-05-01", "None", "0")]


def test_a_place_has_the_learners_who_lived_there_when_the_month_ended(lake):
    months = [lived(lake[0], part) for part in ("2023-12", "2024-03", "2024-05", "2024-12")]
    assert months == [{EAST: 1}, {WEST: 1}, {WEST: 1, None: 1}, {EAST: 1}]


def test_a_correction_reopens_that_person_s_months_and_a_move_changes_no_earlier_one(lake):
    root, world = lake
    world.person[1] |= {"birth_year": 1950, "home_id": WEST}
    world.add_former_home(2, EAST, date(2025, 1, 1))

    parts = built(root, world)

    assert parts["stage.learner_as_of"] == parts["place_month"] == ["2024-12"]
    assert then(root, 4, "home_id", "age_class") == [("2024-12-01", str(EAST), "elder")]
    assert lived(root, "2024-12") == {EAST: 1}
