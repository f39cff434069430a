"""The SQL of all indicators against plain Python, on worlds that hypothesis makes up."""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.lake import worlds
from tests.monitor import evaluator
from xueqiao.lake import build, engines
from xueqiao.monitor import compute
from xueqiao.monitor.indicators import ALL

AS_OF = date(2026, 3, 2)
DAYS = st.dates(date(2023, 12, 1), date(2026, 6, 1))
KINDS = ["town_centre", "village_school", "elder_university", "community_college"]


def by_sql(root):
    """Values of all indicators as the evaluator writes them."""
    found = {}
    with engines.opened(name="duckdb", memory="500MB", root=root) as engine:
        compute.prepare(build.ready(root=root), engine, AS_OF)
        for indicator in ALL:
            for row in compute.evaluate(engine, indicator):
                register, place, _parent, period, have, want, samples, expected, reported = row
                key = indicator.code, register, place, period
                assert key not in found
                found[key] = (have, want, samples, expected, reported)
    return found


def instants(first, last):
    """Instants between two days, in UTC."""
    start, end = (datetime(*day) for day in (first, last))  # noqa: DTZ001 - bounds have no zone
    return st.datetimes(start, end, timezones=st.just(UTC))


@st.composite
def grown(draw):
    """A province in two registers, an ended county, people, classes, money."""
    world = worlds.World()
    shape = draw(st.lists(st.integers(0, 3), min_size=3, max_size=14))
    parents, levels = {1: None}, {1: 1}
    for number, choice in enumerate(shape, 2):
        above = sorted((p for p in parents if levels[p] < 5), key=lambda p: (levels[p], p))
        parent = above[min(choice * len(above) // 4, len(above) - 1)]
        parents[number], levels[number] = parent, levels[parent] + 1
    worlds.tree(world, "nbs", parents, levels, as_of=date(2023, 6, 30))
    zones = draw(st.sets(st.sampled_from(sorted(parents)[1:])))
    known = {p: q for p, q in parents.items() if levels[p] < 5 and not inside(p, parents, zones)}
    worlds.tree(world, "mca", known, {p: levels[p] for p in known})
    ended(draw, world, parents, levels)
    places = st.sampled_from([None, *sorted(parents), *sorted(parents)])
    institutions(draw, world, parents, known)
    people(draw, world, places)
    classes(draw, world)
    for place in {1} | draw(st.sets(st.sampled_from(sorted(parents)), max_size=4)):
        for age, residents in ((0, 7), (15, 11), (60, draw(st.integers(0, 5)))):
            world.population.append(
                {
                    "place_id": place,
                    "census": 2020,
                    "sex": "1",
                    "age_from": age,
                    "age_to": None,
                    "is_remainder": False,
                    "residents": residents,
                }
            )
        if draw(st.booleans()):
            world.budget.append(
                {
                    "place_id": place,
                    "year": draw(st.integers(2024, 2026)),
                    "line": "x",
                    "fen": draw(st.integers(0, 10**6)),
                    "is_sample": draw(st.booleans()),
                }
            )
    return world


def inside(place, parents, zones):
    while place is not None:
        if place in zones:
            return True
        place = parents[place]
    return False


def ended(draw, world, parents, levels):
    """A county that ended before the cut-off: its ground lies in a sibling's."""
    counties = sorted(place for place, level in levels.items() if level == 3)
    if counties and draw(st.booleans()):
        into, gone = counties[0], 99
        above, depth = into, 1
        while above is not None:
            world.closure.append(
                {
                    "register": "nbs",
                    "ancestor_id": above,
                    "descendant_id": gone,
                    "depth": depth,
                    "carried": True,
                    "valid_from": date(2020, 1, 1),
                    "valid_to": None,
                }
            )
            above, depth = parents[above], depth + 1
        world.population.append(
            {
                "place_id": gone,
                "census": 2020,
                "sex": "2",
                "age_from": 60,
                "age_to": None,
                "is_remainder": False,
                "residents": 4,
            }
        )
        world.add_person(900, birth_year=1950, home_id=gone)
        world.add_statement(900, datetime(2024, 5, 1, tzinfo=UTC))


def institutions(draw, world, parents, known):
    for number in range(1, draw(st.integers(1, 9))):
        start = draw(DAYS)
        end = draw(st.one_of(st.none(), st.integers(1, 600).map(lambda n: start + timedelta(n))))  # noqa: B023
        world.institution.append(
            {
                "institution_id": number,
                "code": str(number),
                "kind": draw(st.sampled_from(KINDS)),
                "serves_elders": draw(st.booleans()),
                "is_sample": draw(st.booleans()),
                "valid_from": start,
                "valid_to": end,
            }
        )
        place = draw(st.sampled_from(sorted(parents)))
        for register, listed in (("nbs", parents), ("mca", known)):
            if place in listed:
                world.seat.append(
                    {
                        "institution_id": number,
                        "register": register,
                        "place_id": place,
                        "valid_from": date(2020, 1, 1),
                        "valid_to": None,
                    }
                )


def people(draw, world, places):
    for number in range(1, draw(st.integers(2, 7))):
        world.add_person(
            number,
            birth_year=draw(st.sampled_from([None, 1950, 1964, 1965, 1990, 2008, 2009, 2010])),
            home_id=draw(places),
            is_sample=draw(st.booleans()),
        )
        if draw(st.booleans()):
            opened = draw(instants((2023, 11, 1), (2026, 5, 1)))
            world.account.append({"learner_id": 2 * number, "opened_at": opened})
    world.actor.append({"actor_id": 50, "learner_id": 101})
    actors = [row["actor_id"] for row in world.actor]
    names = []
    for _ in range(draw(st.integers(4, 20))):
        at = draw(instants((2023, 12, 30), (2025, 1, 3)))
        names.append(
            world.add_statement(
                draw(st.sampled_from(actors)),
                at,
                verb=draw(st.sampled_from([worlds.READ, worlds.READ, worlds.REGISTERED])),
                source=draw(st.integers(1, 2)),
                registration=draw(st.sampled_from([None, "r1", "r2"])),
                voids=draw(st.sampled_from([*[None] * 12, *names])),
            )
        )


def classes(draw, world):
    for number in range(1, draw(st.integers(1, 8))):
        world.offering.append(
            {
                "offering_id": number,
                "code": str(number),
                "is_sample": draw(st.booleans()),
                "institution_id": draw(st.integers(1, 9)),
                "starts_on": date(2024, 1, 1),
                "ends_on": date(2024, 6, 1),
                "course_id": None,
                "place_id": 1,
                "for_elders": False,
                "state": "published",
            }
        )
        world.enrolment.append(
            {
                "enrolment_id": number,
                "offering_id": number,
                "learner_id": 2,
                "state": "active",
                "asked_at": datetime(2024, 1, 1, tzinfo=UTC),
                "ended_at": None,
                "enrolled_at": datetime(2024, 1, 1, tzinfo=UTC),
            }
        )
        if draw(st.booleans()):
            world.completion.append(
                {
                    "enrolment_id": number,
                    "studied_credits_hundredths": 100,
                    "result": draw(st.sampled_from(["pass", "distinction", "fail", "withdrawn"])),
                    "completed_at": draw(instants((2024, 1, 1), (2026, 1, 1))),
                }
            )


def twice_told():
    """Two sources of one moment, of two too far apart to be one, and of both sides of midnight."""
    world = worlds.small()
    world.add_person(1, birth_year=1950, home_id=40)
    for day, second, apart in ((3, 0, 0), (5, 0, 11), (7, 16 * 3600 - 3, 5)):
        at = datetime(2024, 1, day, tzinfo=UTC) + timedelta(seconds=second)
        world.add_statement(1, at, source=1)
        world.add_statement(1, at + timedelta(seconds=apart), source=2)
    return world


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(grown())
@example(twice_told())
def test_sql_and_plain_python_agree_on_any_world(world):
    with tempfile.TemporaryDirectory() as folder:
        worlds.fill(Path(folder), world)
        worlds.make(Path(folder))
        assert by_sql(Path(folder)) == evaluator.evaluate(world, AS_OF)
