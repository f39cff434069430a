"""One run of a build: what it plans, what it records, and what a table that fails leaves behind."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import translation

from tests.lake import worlds
from xueqiao.lake import build, engines, recipes
from xueqiao.lake.build import history, memory
from xueqiao.lake.duckdb import DuckDB
from xueqiao.lake.engine import OutOfMemory

pytestmark = pytest.mark.embedded


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """A small lake, built once; the tests below follow one another on it."""
    root, world = tmp_path_factory.mktemp("lake"), worlds.small()
    world.add_person(1, birth_year=1950, home_id=40)
    for month in (3, 4):
        world.add_statement(1, datetime(2024, month, 10, tzinfo=UTC))
    worlds.fill(root, world)
    return root, world


def ran(root, **options):
    with engines.opened(name="duckdb", memory="500MB", root=root) as engine:
        return build.run(root=root, engine=engine, at=worlds.AT, **options)


def test_a_run_is_planned_made_resumed_and_recorded(lake):
    root, world = lake
    planned = build.plan(root=root)
    assert [each.table for each in planned] == list(recipes.recipes())
    assert {each.rows for each in planned} == {None}

    stopped = ran(root, seconds=0, name="first")
    assert stopped.built == []
    assert set(stopped.left) == set(recipes.recipes())
    told = []
    outcome = ran(root, name="second", progress=lambda *facts: told.append(facts))
    assert {each.table for each in outcome.built} == set(recipes.recipes())
    assert [facts[1] for facts in told] == list(range(1, len(recipes.recipes()) + 1))

    rows = history.rows_of(root, "second")
    assert {row["table"] for row in rows} == set(recipes.recipes())
    assert {row["outcome"] for row in rows} == {history.MADE}
    assert rows == history.rows_of(root)
    assert rows[0]["engine"] == "duckdb"
    assert rows[0]["code"] == history.code_of(rows[0]["table"])
    assert build.plan(root=root) == ran(root).built == []

    world.add_statement(1, datetime(2024, 4, 11, tzinfo=UTC))
    worlds.fill(root, world)
    planned = {each.table: each for each in build.plan(root=root)}
    with translation.override("en"):
        assert str(planned["stage.reading"].reasons[0]) == "bronze.statement has new rows"
    assert planned["stage.reading"].is_certain
    # Two rows of April are read where one was, so two are expected where one was made.
    assert (planned["stage.reading"].reads_rows, planned["stage.reading"].rows) == (2, 2)
    made = {each.table: each.parts for each in ran(root).built}
    assert made.keys() <= planned.keys()
    for name, parts in made.items():
        assert planned[name].parts == parts or not planned[name].is_certain, name
    assert planned["learner_day"].parts == made["learner_day"] == ["2024-04"]


def test_a_table_that_fails_leaves_the_last_good_one_and_what_does_not_read_it_is_made(lake):
    root, world = lake
    ran(root)
    last = worlds.rows_of(root, "learner")
    world.add_person(2, birth_year=1960, home_id=41)
    world.add_statement(2, datetime(2024, 4, 12, tzinfo=UTC))
    worlds.fill(root, world)
    persons = Path(build.Reading(root).pin("bronze.person").file_uris()[0])
    kept = persons.read_bytes()
    persons.write_bytes(b"the disk gave back something else")

    outcome = ran(root, name="third")

    assert {each.table for each in outcome.failed} == {"learner", "stage.person"}
    assert outcome.skipped["learner_place"] == "learner"
    assert outcome.skipped["place_month"] == "stage.learner_as_of"
    assert "learner_day" in {each.table for each in outcome.built}
    assert worlds.rows_of(root, "learner") == last
    rows = {row["table"]: row for row in history.rows_of(root, "third")}
    assert rows["learner"]["outcome"] == history.FAILED
    assert rows["learner"]["why"]
    assert (rows["learner_place"]["outcome"], rows["learner_place"]["why"]) == (
        "skipped",
        "learner",
    )
    with translation.override("en"), pytest.raises(build.Incomplete) as refused:
        outcome.refuse_failures()
    assert refused.value.text.startswith("Tables that could not be made: ")
    with pytest.raises(build.Unbuilt):
        build.ready(root=root)

    persons.write_bytes(kept)
    mended = ran(root)
    assert {each.table for each in mended.built} == {"learner", "stage.person", *outcome.skipped}
    assert len(worlds.rows_of(root, "learner")) == len(last) + 1
    build.ready(root=root)


def test_the_newest_runs_are_read_without_those_before(tmp_path):
    outcomes = (history.MADE, history.MADE, history.FAILED)
    for day, outcome in enumerate(outcomes):
        row = {"run": f"run-{day}", "table": "learner", "outcome": outcome, "rows": day}
        history.append(tmp_path, [{**row, "started_at": worlds.AT + timedelta(days=day)}])

    assert [row["run"] for row in history.newest(tmp_path, most=2)] == ["run-1", "run-2"]
    assert history.last_made(tmp_path) == {"learner": worlds.AT + timedelta(days=1)}
    assert [row["rows"] for row in history.rows_of(tmp_path, "run-1")] == [1]


class Cramped(DuckDB):
    """An engine with memory for one query at a time; a second one beside it finds none left."""

    def __init__(self, root):
        super().__init__(memory="500MB", scratch=root / ".scratch")
        self.one, self.refused = threading.Lock(), []

    @contextmanager
    def job(self):
        if not self.one.acquire(blocking=False):
            self.refused.append(threading.get_ident())
            raise OutOfMemory("taken")
        with super().job() as job:
            # Long enough for a second table to begin beside it.
            time.sleep(0.02)
            try:
                yield job
            finally:
                self.one.release()


def test_a_table_that_does_not_fit_beside_others_is_made_alone(tmp_path):
    worlds.fill(tmp_path, worlds.small())
    engine = Cramped(tmp_path)
    outcome = build.run(root=tmp_path, engine=engine, at=worlds.AT)
    engine.close()
    assert engine.refused
    assert outcome.failed == []
    build.ready(root=tmp_path)


def test_a_query_that_eats_the_memory_is_answered_in_words(tmp_path):
    with (
        translation.override("en"),
        engines.opened(name="duckdb", memory="50MB", root=tmp_path) as engine,
        pytest.raises(OutOfMemory) as refused,
    ):
        engine.sql("select list(n order by n) as every from range(20000000) t(n)").read_all()
    assert refused.value.text.startswith("The lake needs more than 50MB of memory.")


def test_memory_is_shared_and_what_is_too_large_goes_alone():
    shared = memory.Memory(800)
    with shared.room(50):
        assert (shared.taken, shared.holding) == (400, 1)
        with shared.room(50):
            assert (shared.taken, shared.holding) == (800, 2)
    with shared.room(10**9):
        assert shared.taken == 800
    assert (shared.taken, shared.holding) == (0, 0)
