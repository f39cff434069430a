"""Gold of learning itself: courses, meetings, assessments, resources, demand for classes."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.lake import worlds

pytestmark = pytest.mark.embedded
ADL = "http://adlnet.gov/expapi/verbs/"
ANSWERED, ATTENDED, COMPLETED, PROGRESSED, READ = 10, 11, 12, 13, worlds.READ
BOOK, QUIZ, MEETING, COURSE = 1, 2, 3, 4
WEI, LAN = 1, 2
ENROLMENT = "00000000-0000-0000-0000-0000000000aa"
MARCH = datetime(2024, 3, 4, 2, tzinfo=UTC)


def say(world, who, verb, thing, at, *result, registration=None):
    name = world.add_statement(who, at, verb=verb, registration=registration)
    world.statement[-1]["activity_id"] = thing
    world.statement[-1]["text"] = json.dumps({"id": name, "result": (result or ({},))[0]})


def score(of_hundred, *, success=None):
    result = {"score": {"scaled": of_hundred / 100}, "duration": "PT2M"}
    return result if success is None else {**result, "success": success}


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    root, world = tmp_path_factory.mktemp("lake"), worlds.small()
    words = {ANSWERED: "answered", ATTENDED: "attended", COMPLETED: "completed"}
    for verb_id, word in {**words, PROGRESSED: "progressed"}.items():
        world.verb.append({"verb_id": verb_id, "iri": ADL + word, "counts": True})
    for person, home in ((WEI, 40), (LAN, 42)):
        world.add_person(person, birth_year=1960, home_id=home)
    in_course = {"registration": ENROLMENT}
    far = "https://w3id.org/xapi/cmi5/result/extensions/progress"
    say(world, WEI, PROGRESSED, COURSE, MARCH, {"extensions": {far: 40}}, **in_course)
    next_day = MARCH + timedelta(days=1)
    say(world, WEI, PROGRESSED, COURSE, next_day, {"extensions": {far: 30}}, **in_course)
    april = MARCH + timedelta(days=30)
    say(world, WEI, COMPLETED, COURSE, april, {"completion": True}, **in_course)
    for who in (WEI, LAN):
        say(world, who, ATTENDED, MEETING, MARCH, {"duration": "PT1H30M"})
        say(world, who, ANSWERED, QUIZ, MARCH, score(50, success=False))
        say(world, who, READ, BOOK, MARCH)
    say(world, WEI, ANSWERED, QUIZ, next_day, score(90, success=True))
    say(world, WEI, READ, BOOK, next_day)
    # At 16:30 UTC the next day has begun in Shanghai, and with it another month.
    say(world, LAN, READ, BOOK, datetime(2024, 3, 31, 16, 30, tzinfo=UTC))
    demand(world)
    worlds.fill(root, world)
    worlds.make(root)
    return root


def demand(world):
    offering = {
        "offering_id": 1, "code": "C1", "course_id": None, "institution_id": 7, "place_id": 20,
        "starts_on": date(2024, 9, 1), "ends_on": date(2024, 12, 1), "for_elders": False,
        "state": "published", "is_sample": False,
    }  # fmt: skip
    world.offering += [offering, {**offering, "offering_id": 2, "code": "C2"}]
    world.offering.append({**offering, "offering_id": 3, "code": "C3", "state": "draft"})
    for number, state in enumerate(("active", "waiting", "waiting", "withdrawn"), 1):
        world.enrolment.append(
            {
                "enrolment_id": number, "offering_id": 1, "learner_id": 2 * number, "state": state,
                "asked_at": MARCH, "enrolled_at": None, "ended_at": None,
            }
        )  # fmt: skip


def columns(root, name, *names):
    return [tuple(row[each] for each in names) for row in worlds.rows_of(root, name)]


def test_progress_is_the_furthest_of_the_month_and_completion_what_the_source_says(lake):
    facts = ("part", "events", "days", "progress_hundredths", "is_completed", "last_day")
    assert columns(lake, "course_progress", *facts) == [
        ("2024-03", 2, 2, 40, False, date(2024, 3, 5)),
        ("2024-04", 1, 1, None, True, date(2024, 4, 3)),
    ]


def test_a_meeting_counts_who_came_and_how_long_they_stayed(lake):
    facts = ("activity_id", "day", "learners", "seconds")
    assert columns(lake, "class_session", *facts) == [(MEETING, date(2024, 3, 4), 2, 10_800)]


def test_an_assessment_keeps_the_best_and_the_worst_mark_of_each_learner(lake):
    facts = ("learner_id", "events", "marks", "best_hundredths", "worst_hundredths", "is_passed")
    assert columns(lake, "assessment", *facts) == [
        (2 * WEI, 2, 2, 90, 50, True),
        (2 * LAN, 1, 1, 50, 50, False),
    ]


def test_the_use_of_a_resource_counts_learners_once_a_month_in_the_local_month(lake):
    rows = columns(lake, "resource_use", "activity_id", "part", "uses", "learners", "returned")
    assert [row for row in rows if row[0] == BOOK] == [
        (BOOK, "2024-03", 3, 2, 1),
        (BOOK, "2024-04", 1, 1, 0),
    ]


def test_days_say_how_long_learning_took(lake):
    facts = ("learner_id", "day", "activities", "seconds")
    assert columns(lake, "learner_day", *facts)[:2] == [
        (2 * WEI, date(2024, 3, 4), 4, 5_520),
        (2 * WEI, date(2024, 3, 5), 3, 120),
    ]


def test_a_family_is_a_kind_of_presence(lake):
    rows = set(columns(lake, "presence", "kind", "learner_id", "day"))
    assert ("did:offline", 2 * LAN, date(2024, 3, 4)) in rows
    assert ("did:assessment", 2 * WEI, date(2024, 3, 5)) in rows
    assert ("did:assessment", 2 * LAN, date(2024, 3, 5)) not in rows


def test_demand_of_a_class_tells_seats_from_waiting_and_leaves_drafts_out(lake):
    facts = ("offering_id", "seated", "waiting", "left_again")
    assert columns(lake, "class_demand", *facts) == [(1, 1, 2, 1), (2, 0, 0, 0)]
