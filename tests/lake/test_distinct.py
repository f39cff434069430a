"""Distinct persons from bitmaps: as many as a recount finds, for any place, period and kind."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lake import worlds
from xueqiao.lake import build, engines
from xueqiao.lake.distinct import bitmaps, counts, making

pytestmark = pytest.mark.embedded
FIRST, LAST = date(2024, 1, 1), date(2024, 5, 31)
PLACES = (1, 10, 20, 22, 30, 31, 32, 40, 41, 42)


def refresh(root):
    with engines.opened(name="duckdb", memory="500MB", root=root) as engine:
        return making.refresh(root=root, engine=engine)


def many():
    """Sixty learners at home on every level, nowhere, and unlinked; 400 statements."""
    world = worlds.small()
    for person in range(1, 61):
        home = (*PLACES, None)[person * 7 % 11]
        world.add_person(person, birth_year=1940 + person if person % 5 else None, home_id=home)
    world.actor.append({"actor_id": 99, "learner_id": 199})
    for number in range(400):
        day = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=number * 37 % 3600)
        world.add_statement(99 if number % 40 == 0 else 1 + number * 17 % 60, day)
    return world


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    root = tmp_path_factory.mktemp("lake")
    worlds.fill(root, many())
    worlds.make(root)
    refresh(root)
    with engines.opened(name="duckdb", memory="500MB", root=root) as engine:
        reading = build.ready(root=root)
        for name in ("presence", "learner_place", "learner", "closure", "place"):
            reading.attach(engine, name)
        yield root, engine


def recounted(engine, register, place_id, period, born_until):
    place = (
        f"""learner_id in (
            select learner_id from learner_place home
            join closure on closure.register = home.register
                        and closure.descendant_id = home.place_id
            where home.register = '{register}' and ancestor_id = {place_id}
        )"""
        if place_id
        else "true"
    )
    born = f"birth_year <= {born_until}" if born_until else "true"
    query = f"""
        select count(distinct learner_id) as n from presence join learner using (learner_id)
        where kind = 'active' and {place} and {born}
          and day between '{period.since}' and '{period.until}'
    """
    return engine.sql(query).read_all()["n"][0].as_py()


@settings(max_examples=60, deadline=None)
@given(
    register=st.sampled_from(["nbs", "mca"]),
    place_id=st.sampled_from([*PLACES, None]),
    days=st.lists(st.dates(FIRST, LAST), min_size=2, max_size=2).map(sorted),
    born_until=st.sampled_from([None, 1960, 1980]),
)
def test_any_place_and_period_counts_as_a_recount_does(lake, register, place_id, days, born_until):
    root, engine = lake
    period = counts.Period(*days)
    found = counts.persons(
        root=root, register=register, place_id=place_id, period=period, born_until=born_until
    )
    assert found == recounted(engine, register, place_id, period, born_until)


def test_all_places_of_a_level_count_as_each_alone(lake):
    root, _engine = lake
    period = counts.Period.month(2024, 2)
    for level, places in ((1, [1]), (3, [20, 22]), (5, [40, 41, 42])):
        found = counts.persons_below(root=root, register="nbs", level=level, period=period)
        assert found == {
            place: counts.persons(root=root, register="nbs", place_id=place, period=period)
            for place in places
        }


def test_a_new_day_makes_only_its_month_and_a_new_home_no_presence(tmp_path):
    world = many()
    worlds.fill(tmp_path, world)
    worlds.make(tmp_path)
    assert {made.table: made.parts for made in refresh(tmp_path)} == {
        "distinct.presence": None,
        "distinct.home": None,
        "distinct.trait": None,
    }
    assert refresh(tmp_path) == []

    world.add_statement(1, datetime(2024, 3, 31, 16, tzinfo=UTC))
    worlds.fill(tmp_path, world)
    worlds.make(tmp_path)
    assert [(made.table, made.parts) for made in refresh(tmp_path)] == [
        ("distinct.presence", ["2024-04"])
    ]

    day = counts.Period(date(2024, 4, 1), date(2024, 4, 1))
    here = {"root": tmp_path, "register": "nbs", "period": day}
    before = {place: counts.persons(**here, place_id=place) for place in (20, 22, 1)}
    world.person[0]["home_id"] = 42 if world.person[0]["home_id"] not in {22, 32, 42} else 40
    worlds.fill(tmp_path, world)
    worlds.make(tmp_path)
    made = refresh(tmp_path)
    assert [each.table for each in made if each.parts != []] == ["distinct.home", "distinct.trait"]
    after = {place: counts.persons(**here, place_id=place) for place in (20, 22, 1)}
    assert 2 in counts.members(root=tmp_path, period=day)
    assert sorted((after[20] - before[20], after[22] - before[22])) == [-1, 1]
    assert after[1] == before[1]


def test_files_are_equal_byte_for_byte_in_two_lakes(lake, tmp_path):
    def files(root):
        return sorted(each.read_bytes() for each in root.glob("distinct/**/*.parquet"))

    worlds.fill(tmp_path, many())
    worlds.make(tmp_path)
    refresh(tmp_path)
    assert files(tmp_path) == files(lake[0])


def test_questions_without_an_answer_say_why(tmp_path):
    with pytest.raises(counts.NoBitmaps):
        counts.members(root=tmp_path, period=counts.Period.month(2024, 2))
    with pytest.raises(counts.BackwardPeriod):
        counts.Period(date(2024, 2, 2), date(2024, 2, 1))


def test_a_learner_number_beyond_32_bits_is_refused_and_not_cut(tmp_path):
    world = worlds.small()
    world.add_person(2**31, home_id=40)
    worlds.fill(tmp_path, world)
    worlds.make(tmp_path)
    with pytest.raises(bitmaps.NumberTooLarge):
        refresh(tmp_path)


@pytest.mark.parametrize("offset", [0, 3])
def test_a_slice_of_a_column_gives_its_own_numbers(offset):
    column = pa.array(range(10), pa.int64()).slice(offset, 4)
    assert list(bitmaps.numbers_of(column)) == [offset, offset + 1, offset + 2, offset + 3]
