"""What is old enough goes and stays away; what was counted of it, and what is held, stays."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lake import erasing, worlds
from xueqiao.lake import build, commits, extract, facts, mending, recipes, reconcile, tables
from xueqiao.lake.distinct import counts, making
from xueqiao.lake.recipes import location
from xueqiao.lake.retention import carrying, lines, looking, scope
from xueqiao.lake.retention.held import Held

pytestmark = pytest.mark.embedded
LATER = worlds.AT + timedelta(days=60)
LINE = "2024-01"
WANTED = {scope.LOG: LINE}
NOTHING = Held()
SUMS = ("place_month", "resource_use", "class_session")
WEI, LI = 1, 2


def make_world():
    """Wei of village 40 and Li of village 41 in four months, two of them before the line."""
    world = worlds.small()
    world.is_keyed = True
    for person, home in ((WEI, 40), (LI, 41)):
        world.add_person(person, birth_year=1950, home_id=home)
    for year, month in ((2022, 11), (2023, 2), (2024, 3), (2024, 4)):
        for person in (WEI, LI):
            at = datetime(year, month, 10, person, tzinfo=UTC)
            world.add_statement(person, at, source=person, registration=f"r{person}")
    # A clock that is wrong: the voiding bears an earlier month than what it voids.
    world.add_statement(
        LI, datetime(2023, 2, 11, tzinfo=UTC), voids=world.statement[5]["statement_id"]
    )
    for each in (WEI, LI):
        world.source.append({"source_id": each, "code": f"s{each}", "is_sample": False})
    return world


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    root = tmp_path_factory.mktemp("built")
    worlds.fill(root, make_world())
    erasing.make(root)
    return root


@pytest.fixture
def lake(tmp_path, built):
    """A lake of its own for each test: the same files, copied."""
    return shutil.copytree(built, tmp_path / "lake")


@pytest.fixture(scope="module")
def gone(tmp_path_factory, built):
    """The same after everything before the line was given up; what was told of it beside."""
    root = shutil.copytree(built, tmp_path_factory.mktemp("gone") / "lake")
    return root, give_up(root)


@pytest.fixture
def after(tmp_path, gone):
    """A lake of its own for each test, from which the old months have gone."""
    return shutil.copytree(gone[0], tmp_path / "after")


def give_up(root, wanted=WANTED, *, held=NOTHING, number=1, told=None):
    found = {}

    def note(going):
        if told:
            told(going)
        found[going.table] = going

    with erasing.engines.opened(name="duckdb", memory=erasing.MEMORY, root=root) as engine:
        carrying.carry_out(
            root=root, engine=engine, wanted=scope.with_along(wanted), held=lambda: held,
            number=number, memory=erasing.MEMORY, at=LATER, told=note,
        )  # fmt: skip
    return found


def months(root, name):
    return sorted({row["part"] for row in worlds.rows_of(root, name)})


def sums(root):
    return {name: worlds.rows_of(root, name) for name in SUMS}


def test_old_months_go_with_all_that_names_persons_and_the_sums_stay(built, gone):
    (lake, found), before = gone, sums(built)
    assert "2022-11" in months(built, "place_month")
    wanted = scope.with_along(WANTED)
    with looking.searching(root=built, memory=erasing.MEMORY, held=NOTHING) as engine:
        dry = looking.look(root=built, engine=engine, wanted=wanted, held=NOTHING)

    assert {each.table: each for each in dry if each.rows} == found
    assert found[scope.LOG].parts == {"2022-11": 2, "2023-02": 2}
    assert (found[scope.LOG].needed, found[scope.LOG].held) == (1, 0)
    assert found[scope.LOG].size_bytes > 0
    for name in wanted.keys() & recipes.recipes().keys():
        assert all(month >= LINE for month in months(lake, name)), name
    assert sums(lake) == before
    presence = tables.Table(lake, making.TABLES[0], is_parted=True)
    assert {tables.part_of(name) for name in presence.file_names()} == {"2024-03", "2024-04"}
    kept = {"root": lake, "register": "nbs", "place_id": 40}
    assert counts.persons(**kept, period=counts.Period.month(2024, 3)) == 1
    with pytest.raises(counts.GivenUp):
        counts.persons(**kept, period=counts.Period(date(2023, 2, 1), date(2024, 3, 31)))
    assert build.plan(root=lake) == []
    # No earlier version can be read.
    log = tables.Table(lake, location(scope.LOG), is_parted=True)
    assert not commits.is_whole(log, log.opened(1))


def test_a_voiding_stays_as_long_as_what_it_voids(after):
    voided = make_world().statement[5]["statement_id"]
    assert worlds.rows_of(after, "stage.voided") == [{"event_id": voided}]
    assert voided not in {row["event_id"] for row in worlds.rows_of(after, "stage.event")}
    give_up(after, {scope.LOG: "2025-01"}, number=2)
    assert worlds.rows_of(after, scope.LOG) == worlds.rows_of(after, "stage.voided") == []


def test_a_replay_brings_nothing_back_and_counts_nothing_again(built, after):
    world, old = make_world(), before_the_line(built)
    # Late news of a month that was given up is left out; that of another is counted.
    world.add_statement(WEI, datetime(2023, 2, 12, tzinfo=UTC))
    world.add_statement(WEI, datetime(2024, 3, 12, tzinfo=UTC))
    (log,) = [each for each in worlds.fill(after, world) if each.table == scope.LOG]
    assert log.rows == 1
    worlds.make(after)
    assert before_the_line(after) == old
    assert sums(after) != sums(built)

    # The whole log once more, into a table that was lost.
    shutil.rmtree(after / "bronze/statement")
    worlds.fill(after, world)
    assert months(after, scope.LOG) == ["2024-03", "2024-04"]
    worlds.make(after)
    assert before_the_line(after) == old
    assert all(month >= LINE for month in months(after, "learner_day"))


def before_the_line(root):
    return {name: [r for r in rows if r["part"] < LINE] for name, rows in sums(root).items()}


def test_sums_stay_when_their_table_is_made_anew_by_other_sql(built, after):
    mending.drop_made(root=after, names=[location(name) for name in SUMS])
    assert {each.table: each.parts for each in worlds.make(after)} == dict.fromkeys(SUMS)
    assert sums(after) == sums(built)


@pytest.mark.parametrize(
    ("held", "stays"),
    [
        (Held(actors=frozenset({LI})), {LI}),
        (Held(places=frozenset({30})), {WEI}),
        (Held(places=frozenset({22}), learners=frozenset({2 * WEI, 2 * LI})), {WEI, LI}),
    ],
    ids=["actor", "place above", "persons"],
)
def test_a_hold_wins_over_the_term_until_it_ends(lake, held, stays):
    rows = worlds.rows_of(lake, "learner_day")
    mine = [row for row in rows if row["part"] >= LINE or row["learner_id"] // 2 in stays]

    found = give_up(lake, held=held)

    assert worlds.rows_of(lake, "learner_day") == mine
    log = [row for row in worlds.rows_of(lake, scope.LOG) if row["part"] < LINE]
    assert {row["actor_id"] for row in log} == stays | {LI}, "a voiding of Li stays anyway"
    assert found["learner_day"].held == 2 * len(stays)
    assert found["learner_day"].rows == 4 - 2 * len(stays)
    if stays == {LI}:
        give_up(lake, number=2)
        assert all(row["part"] >= LINE for row in worlds.rows_of(lake, "learner_day"))


def test_a_table_that_is_held_keeps_everything_and_a_source_its_rows(lake):
    events = worlds.rows_of(lake, "stage.event")
    held = Held(tables=frozenset({"stage.event"}), sources=frozenset({WEI}))

    found = give_up(lake, held=held)

    assert worlds.rows_of(lake, "stage.event") == events
    assert (found["stage.event"].rows, found["stage.event"].held) == (0, 4)
    assert "stage.event" not in lines.of(lake)
    assert lines.of(lake)["learner_day"] == LINE
    assert found[scope.LOG].parts == {"2022-11": 1, "2023-02": 1}


@pytest.mark.parametrize("tables_done", [0, 3])
def test_what_was_killed_between_two_commits_is_finished_by_the_next_call(lake, tables_done):
    before, seen = sums(lake), []

    def die(going):
        seen.append(going)
        if len(seen) > tables_done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        give_up(lake, told=die)
    # In between nothing is made anew and nothing taken in, whatever runs.
    assert lines.of(lake)[scope.LOG] == LINE
    worlds.fill(lake, make_world())
    worlds.make(lake)
    assert sums(lake) == before

    again = give_up(lake)

    assert sums(lake) == before
    assert all(month >= LINE for month in months(lake, "learner_day"))
    # Each table was told once as it went: those that had gone are not told again.
    assert again.keys().isdisjoint(each.table for each in seen[:tables_done])
    whole = {each.table: each for each in seen[:tables_done]} | again
    assert whole[scope.LOG].rows == 4
    assert all(not each.rows for each in give_up(lake).values())


def test_a_lost_file_is_mended_without_what_was_given_up(after):
    log = tables.Table(after, location(scope.LOG), is_parted=True)
    assert reconcile.rows_of(after, [1], LINE) == {1: 4}
    for name in log.file_names():
        (log.path / name).unlink()

    mending.mend(root=after, of=make_world().sources(), at=LATER)

    assert months(after, scope.LOG) == ["2024-03", "2024-04"]
    assert len(worlds.rows_of(after, scope.LOG)) == 4
    assert reconcile.rows_of(after, [1], LINE) == {1: 4}


def test_earlier_versions_of_rows_and_old_records_of_runs_go(tmp_path):
    world, history = make_world(), "bronze.person_change"
    for month, year in ((1, 1950), (2, 1951), (3, 1952)):
        world.person[0]["birth_year"] = year
        at = datetime(2025, month, 1, 4, tzinfo=UTC)
        extract.extract(root=tmp_path, of=world.sources(), at=at)
    worlds.make(tmp_path)
    people = worlds.rows_of(tmp_path, "bronze.person")

    # What was so until February ended before the line, what was so until March did not.
    found = give_up(tmp_path, {history: "2025-03", "runs.build": "2026-04"})

    assert found[history].rows == 1
    left = [(r["learner_id"], r["birth_year"]) for r in worlds.rows_of(tmp_path, history)]
    assert sorted(left) == [(2, 1951), (2, 1952), (4, 1950)]
    # The present is folded from what is left as it was.
    tables.Table(tmp_path, "bronze.person").mark({"sequence": 0})
    extract.extract(root=tmp_path, of=world.sources(), at=LATER)
    assert worlds.rows_of(tmp_path, "bronze.person") == people
    assert found["runs.build"].rows > 0
    assert tables.Table(tmp_path, "runs.build").rows() == 0


@settings(max_examples=8, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from(["2023-01", "2024-01", "2024-07"])),
        max_size=6,
    )
)
def test_a_line_only_moves_forward(tmp_path_factory, moves):
    root, expected = tmp_path_factory.mktemp("lines"), {}
    for number, (name, month) in enumerate(moves):
        moved = lines.announce(root=root, lines={name: month}, number=number, at=LATER)
        assert bool(moved) == (month > expected.get(name, ""))
        expected[name] = max(month, expected.get(name, ""))
    assert lines.of(root) == expected


def test_what_names_persons_never_outlives_what_it_is_made_of():
    """Each parted table below the log goes along or is a sum; none that is not parted counts it."""
    along, staying = scope.along(scope.LOG), scope.staying(scope.LOG)
    assert sorted([*along, *staying]) == sorted(scope.below(scope.LOG))
    assert set(staying) == {*SUMS}
    parted = {scope.LOG, *scope.below(scope.LOG)}
    unparted = [
        each.name for each in recipes.recipes().values()
        if not each.is_parted and parted & set(each.reads)
    ]  # fmt: skip
    assert unparted == ["stage.voided"]
    for name in facts.names():
        assert bool(scope.way(name)) != bool(scope.why_not(name)), name
