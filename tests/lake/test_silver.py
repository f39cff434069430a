"""Silver: what a statement means, in one form and one unit, and what is not believed."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tests.lake import lively, worlds
from xueqiao.lake import codes, engines, events
from xueqiao.records import rules

pytestmark = pytest.mark.embedded

NOON = datetime(2024, 3, 10, 4, tzinfo=UTC)
ADL = "http://adlnet.gov/expapi/verbs/"
ASSESSMENT = "http://adlnet.gov/expapi/activities/assessment"
VIDEO = "https://w3id.org/xapi/video/"
UNIT = "https://w3id.org/xapi/cmi5/result/extensions/progress"
COMPLETED, PLAYED, STRANGE, PASSED = 10, 11, 12, 13
COURSE, WORK, FILM = 1, 2, 3


@pytest.fixture
def world():
    world = worlds.small()
    world.verb += [
        {"verb_id": COMPLETED, "iri": f"{ADL}completed", "counts": True},
        {"verb_id": PLAYED, "iri": f"{VIDEO}verbs/played", "counts": True},
        {"verb_id": STRANGE, "iri": "https://school.example/verbs/pondered", "counts": False},
        {"verb_id": PASSED, "iri": f"{ADL}passed", "counts": True},
    ]
    world.activity += [
        {"activity_id": COURSE, "iri": "https://school.example/1", "type": ""},
        {"activity_id": WORK, "iri": "https://school.example/2", "type": ASSESSMENT},
        {"activity_id": FILM, "iri": "https://school.example/3", "type": f"{VIDEO}activity-type"},
    ]
    world.add_person(1, birth_year=1950, home_id=40)
    return world


def say(world, *, verb=COMPLETED, thing=COURSE, at=NOON, result=None, text=None, **more):
    """One statement; its text holds the result."""
    name = world.add_statement(1, at, verb=verb, **more)
    row = world.statement[-1]
    row["activity_id"], row["stored_at"] = thing, worlds.AT
    row["text"] = text or json.dumps({"id": name, "result": result} if result else {"id": name})
    return name


def built(tmp_path, world, *columns):
    worlds.fill(tmp_path, world)
    worlds.make(tmp_path)
    return {
        row["event_id"]: tuple(row[name] for name in columns)
        for row in worlds.rows_of(tmp_path, "stage.event")
    }


def held(tmp_path):
    rows = worlds.rows_of(tmp_path, "stage.quarantine")
    return {(row["event_id"], row["reason"], row["is_left_out"]) for row in rows}


def test_a_family_follows_from_the_verb_and_what_it_was_done_to(tmp_path, world):
    ids = [
        say(world, verb=COMPLETED, thing=COURSE),
        say(world, verb=COMPLETED, thing=WORK),
        say(world, verb=PLAYED, thing=FILM),
        say(world, verb=STRANGE, thing=COURSE),
        say(world, verb=PASSED, thing=None),
    ]
    assert built(tmp_path, world, "family", "is_completion", "is_success", "is_counted") == {
        ids[0]: ("completion", True, None, True),
        ids[1]: ("assessment", True, None, True),
        ids[2]: ("video", None, None, True),
        ids[3]: ("other", None, None, False),
        ids[4]: ("assessment", None, True, True),
    }


MEASURED = {
    "PT1M30.5S": ({"duration": "PT1M30.5S"}, (91, None, None)),
    "P1D": ({"duration": "P1D"}, (86400, None, None)),
    "PT0,5H": ({"duration": "PT0,5H"}, (1800, None, None)),
    "scaled": ({"score": {"scaled": 0.785}}, (None, 79, None)),
    "below nought": ({"score": {"scaled": -0.25}}, (None, -25, None)),
    "raw of most": ({"score": {"raw": 45, "min": 20, "max": 70}}, (None, 50, None)),
    "raw alone": ({"score": {"raw": 45}}, (None, None, None)),
    "film": ({"extensions": {f"{VIDEO}extensions/progress": 0.472}}, (None, None, 47)),
    "unit": ({"extensions": {UNIT: 60}}, (None, None, 60)),
}


def test_units_are_one(tmp_path, world):
    ids = {say(world, result=result): wanted for result, wanted in MEASURED.values()}
    found = built(tmp_path, world, "seconds", "score_hundredths", "progress_hundredths")
    assert found == ids
    assert held(tmp_path) == set()


UNBELIEVED = {
    "years": ({"duration": "P1Y"}, "duration_impossible"),
    "no duration": ({"duration": "an hour"}, "duration_impossible"),
    "empty duration": ({"duration": "P"}, "duration_impossible"),
    "two days": ({"duration": "PT48H"}, "duration_impossible"),
    "above the whole": ({"score": {"scaled": 1.2}}, "score_impossible"),
    "above the most": ({"score": {"raw": 12, "max": 10}}, "score_impossible"),
    "no number": ({"score": {"scaled": "good"}}, "score_impossible"),
    "further than the end": ({"extensions": {UNIT: 120}}, "progress_impossible"),
    "lost letters": ({"response": "caf\ufffd"}, "text_damaged"),
}


def test_a_value_that_cannot_be_is_left_away_and_says_so(tmp_path, world):
    ids = {say(world, result=result): reason for result, reason in UNBELIEVED.values()}
    found = built(tmp_path, world, "seconds", "score_hundredths", "progress_hundredths")
    assert {name: values for name, values in found.items() if any(values)} == {}
    assert set(found) == set(ids)
    assert held(tmp_path) == {(name, reason, False) for name, reason in ids.items()}


def test_a_time_that_cannot_be_and_a_text_nobody_can_read_make_no_event(tmp_path, world):
    good = say(world)
    wrong = {
        say(world, at=worlds.AT + timedelta(days=2)): "time_future",
        say(world, at=datetime(1970, 1, 1, tzinfo=UTC)): "time_impossible",
        say(world, text='{"id": '): "not_json",
    }
    nobody = say(world)
    world.statement[-1]["actor_id"] = None

    assert set(built(tmp_path, world, "family")) == {good}
    assert held(tmp_path) == {
        *((name, reason, True) for name, reason in wrong.items()),
        (nobody, "nobody", True),
    }


def test_what_two_sources_say_within_ten_seconds_counts_once(tmp_path, world):
    """Whoever was known first is believed; a second source's own repeats and others stay apart."""
    kept = say(world, source=1, at=NOON)
    same = say(world, source=2, at=NOON + timedelta(seconds=10))
    also = say(world, source=3, at=NOON - timedelta(seconds=3))
    later = say(world, source=2, at=NOON + timedelta(seconds=11))
    other = say(world, source=2, at=NOON, thing=WORK)
    again = say(world, source=1, at=NOON + timedelta(seconds=1))

    assert built(tmp_path, world, "duplicate_of", "is_counted") == {
        kept: (None, True),
        same: (again, False),
        also: (kept, False),
        later: (again, False),
        other: (None, True),
        again: (None, True),
    }


def test_a_flood_of_equal_events_from_two_sources_is_told_apart_quickly(tmp_path, world):
    for number in range(3000):
        say(world, source=1 + number % 2, at=NOON + timedelta(minutes=number))
    found = built(tmp_path, world, "duplicate_of")
    assert len(found) == 3000
    assert set(found.values()) == {(None,)}


def test_a_changed_kind_of_activity_reopens_only_its_months(tmp_path, world):
    say(world, thing=COURSE, at=NOON)
    moved = say(world, thing=WORK, at=NOON + timedelta(days=60))
    built(tmp_path, world)
    world.activity[1]["type"] = ""
    worlds.fill(tmp_path, world)

    made = {each.table: each.parts for each in worlds.make(tmp_path)}

    assert made["stage.event"] == ["2024-05"]
    assert "stage.reading" not in made
    assert built(tmp_path, world, "family")[moved] == ("completion",)


def test_the_code_table_classes_every_verb_that_records_know_and_only_into_families():
    rows = codes.rows(codes.FAMILY, "families.csv")
    assert {row["family"] for row in rows} == set(codes.FAMILIES)
    known = {row["verb"] for row in rows}
    assert (rules.COUNTED_VERBS | rules.NOT_COUNTED_VERBS).keys() - known == {f"{ADL}voided"}
    keys = [(row["verb"], row["activity_type"], row["valid_from"]) for row in rows]
    assert len(keys) == len(set(keys))


def test_events_are_counted_by_source_with_what_is_held(tmp_path, world):
    world.source += [{"source_id": n, "code": f"s{n}", "is_sample": False} for n in (1, 2, 3)]
    say(world, source=1, result={"duration": "PT1M", "score": {"scaled": 0.5}})
    say(world, source=2, at=NOON + timedelta(seconds=5), verb=PLAYED)
    say(world, source=2, at=NOON + timedelta(seconds=5), result={"duration": "P1Y"})
    say(world, source=3, at=datetime(1970, 1, 1, tzinfo=UTC))
    built(tmp_path, world)

    with engines.opened(name="duckdb", memory="500MB", root=tmp_path) as engine:
        found = events.by_source(root=tmp_path, engine=engine)

    nothing = {"score_hundredths": 0, "progress_hundredths": 0, "duplicates": 0}
    assert found == {
        "s1": {
            "events": {"completion": 1}, "counted": 1, "completions": 1, "seconds": 60,
            "learner_days": 1, **nothing, "score_hundredths": 50, "held": {},
        },
        "s2": {
            "events": {"completion": 1, "video": 1}, "counted": 1, "completions": 1, "seconds": 0,
            "learner_days": 1, **nothing, "duplicates": 1, "held": {"duration_impossible": 1},
        },
        "s3": {"events": {}, "held": {"time_impossible": 1}},
    }  # fmt: skip


def test_every_statement_is_an_event_or_says_why_not(tmp_path):
    world = lively.world()
    worlds.fill(tmp_path, world)
    worlds.make(tmp_path)
    events_made = {row["event_id"] for row in worlds.rows_of(tmp_path, "stage.event")}
    held_rows = worlds.rows_of(tmp_path, "stage.quarantine")
    left_out = {row["log_id"] for row in held_rows if row["is_left_out"]}
    voided = {row["voids"] for row in world.statement} - {None}

    def became(log_id, row):
        if row["voids"] or row["statement_id"] in voided:
            return "voids" if row["voids"] else "voided"
        if log_id in left_out:
            return "left out"
        return "event" if row["statement_id"] in events_made else "lost"

    found = Counter(became(log_id, row) for log_id, row in enumerate(world.statement, 1))
    assert set(found) == {"voids", "voided", "left out", "event"}
    repeated = len(world.statement) - len({row["statement_id"] for row in world.statement})
    assert found["event"] - repeated == len(events_made)
