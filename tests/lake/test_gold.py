"""Gold: what each mart says of a small world, and that an increment costs by its own rows."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tests.lake import worlds

pytestmark = pytest.mark.embedded
ENROLLED, CLOSED = datetime(2024, 2, 5, tzinfo=UTC), datetime(2024, 6, 20, tzinfo=UTC)


def join(world, enrolment_id, person_id, *, enrolled=ENROLLED, closed=CLOSED, result="pass"):
    """A seat in the class of institution 7, and how it ended."""
    world.enrolment.append(
        {
            "enrolment_id": enrolment_id,
            "offering_id": 1,
            "learner_id": 2 * person_id,
            "state": "active",
            "asked_at": enrolled,
            "enrolled_at": enrolled,
            "ended_at": None,
        }
    )
    if result:
        world.completion.append(
            {
                "enrolment_id": enrolment_id,
                "result": result,
                "completed_at": closed,
                "studied_credits_hundredths": 200,
            }
        )


def earn(world, person_id, obtained, amount_hundredths=150):
    world.lot.append(
        {
            "learner_id": 2 * person_id,
            "institution_id": 7,
            "source_kind": "formal",
            "obtained": obtained,
            "amount_hundredths": amount_hundredths,
        }
    )


@pytest.fixture
def world():
    world = worlds.small()
    world.add_person(1, birth_year=1950, home_id=40)
    world.add_person(2, birth_year=2001, home_id=42)
    world.add_person(3, birth_year=1990)
    for actor, day in ((1, 9), (1, 10), (1, 10), (2, 10), (3, 11)):
        world.add_statement(actor, datetime(2024, 3, day, tzinfo=UTC))
    world.add_statement(1, datetime(2024, 4, 1, tzinfo=UTC))
    world.offering.append(
        {
            "offering_id": 1,
            "code": "C1",
            "course_id": None,
            "institution_id": 7,
            "place_id": 20,
            "starts_on": date(2024, 2, 1),
            "ends_on": date(2024, 6, 30),
            "for_elders": False,
            "state": "published",
            "is_sample": False,
        }
    )
    join(world, 1, 1)
    join(world, 2, 2, result="fail")
    earn(world, 1, date(2024, 6, 20))
    return world


def gold(root, world, name):
    worlds.fill(root, world)
    worlds.make(root)
    return worlds.rows_of(root, name)


def test_presence_holds_each_kind_of_a_day_once(tmp_path, world):
    rows = gold(tmp_path, world, "presence")
    found = {(row["kind"], row["learner_id"], row["day"].isoformat()) for row in rows}
    assert len(rows) == len(found)
    assert {each for each in found if not each[0].startswith("did:")} == {
        ("active", 2, "2024-03-09"),
        ("active", 2, "2024-03-10"),
        ("active", 4, "2024-03-10"),
        ("active", 6, "2024-03-11"),
        ("active", 2, "2024-04-01"),
        ("enrolled", 2, "2024-02-05"),
        ("enrolled", 4, "2024-02-05"),
        ("completed", 2, "2024-06-20"),
        ("credited", 2, "2024-06-20"),
    }


def test_a_place_adds_up_its_own_learners_and_those_without_a_home_stand_apart(tmp_path, world):
    rows = gold(tmp_path, world, "place_month")
    march = [
        (row["place_id"], row["learners"], row["days"], row["activities"])
        for row in rows
        if row["register"] == "nbs" and row["part"] == "2024-03"
    ]
    assert sorted(march, key=str) == [(40, 1, 2, 3), (42, 1, 1, 1), (None, 1, 1, 1)]


def test_an_institution_counts_seats_ends_and_credit_in_their_own_months(tmp_path, world):
    rows = gold(tmp_path, world, "institution_month")
    assert [tuple(row.values()) for row in rows] == [
        (7, date(2024, 2, 1), 2, 2, 0, 0, 0, "2024-02"),
        (7, date(2024, 6, 1), 0, 0, 2, 1, 150, "2024-06"),
    ]


def test_a_new_day_costs_only_its_month(tmp_path, world):
    gold(tmp_path, world, "presence")
    world.add_person(9, birth_year=1970, home_id=41)
    world.add_statement(9, datetime(2024, 5, 3, tzinfo=UTC))
    join(world, 3, 2, enrolled=datetime(2024, 5, 3, tzinfo=UTC), result="")
    worlds.fill(tmp_path, world)

    made = {each.table: each.parts for each in worlds.make(tmp_path)}

    assert made["presence"] == made["place_month"] == made["institution_month"] == ["2024-05"]


def test_a_seat_given_back_leaves_its_month_and_no_other(tmp_path, world):
    gold(tmp_path, world, "presence")
    world.enrolment[1]["enrolled_at"] = datetime(2024, 1, 31, 16, tzinfo=UTC)
    world.enrolment[0]["enrolled_at"] = None
    worlds.fill(tmp_path, world)

    made = {each.table: each.parts for each in worlds.make(tmp_path)}

    assert made["presence"] == ["2024-02"]
    enrolled = [row for row in worlds.rows_of(tmp_path, "presence") if row["kind"] == "enrolled"]
    assert [(row["learner_id"], row["day"]) for row in enrolled] == [(4, date(2024, 2, 1))]
