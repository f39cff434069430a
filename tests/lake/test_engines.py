"""Every table and indicator is the same on every engine, to the last row and the last byte."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from django.utils import translation

from tests.lake import lively, sparks, worlds
from xueqiao.lake import build, days, engine, engines, recipes, spark, tables
from xueqiao.monitor import compute
from xueqiao.monitor.indicators import ALL

pytestmark = pytest.mark.embedded

AS_OF = date(2026, 3, 2)
RECIPES = recipes.recipes()


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """A lake in which every table has rows, built by DuckDB."""
    root = tmp_path_factory.mktemp("lake")
    worlds.fill(root, lively.world())
    worlds.make(root)
    return root


@pytest.fixture(scope="module")
def duckdb(lake):
    with engines.opened(name="duckdb", memory="500MB", root=lake) as opened:
        yield opened


@pytest.fixture(scope="module", params=["sail", *sparks.WHERE_ASKED_FOR])
def other(request, lake):
    """Sail inside this process, or Apache Spark with two worker processes."""
    if request.param == "sail":
        with engines.opened(name="sail", memory="", root=lake) as opened:
            yield opened
        return
    with (
        sparks.cluster() as address,
        engines.opened(name="spark", memory="", root=lake, address=address) as opened,
    ):
        yield opened


def made(lake, opened, recipe) -> pa.Table:
    reading = build.Reading(lake)
    with opened.job() as job:
        for name in recipe.reads:
            reading.attach(job, name)
        return job.sql(f"select * from (\n{recipe.sql}\n) order by all").read_all()


@pytest.mark.parametrize("name", RECIPES)
def test_a_table_is_the_same_on_every_engine(lake, duckdb, other, name):
    ours, theirs = made(lake, duckdb, RECIPES[name]), made(lake, other, RECIPES[name])
    assert theirs.schema == ours.schema
    assert theirs.to_pylist() == ours.to_pylist()


PLANS = re.compile("BLOCKWISE_NL_JOIN|NESTED_LOOP_JOIN|IE_JOIN|PIECEWISE_MERGE_JOIN")


@pytest.mark.parametrize("name", RECIPES)
def test_no_table_is_made_by_comparing_every_two_rows(lake, duckdb, name):
    """Joins are by equal keys, whatever else they ask: the work grows as the rows do."""
    reading = build.Reading(lake)
    with duckdb.job() as job:
        for read in RECIPES[name].reads:
            reading.attach(job, read)
        plan = job.sql("explain " + RECIPES[name].sql).read_all()
    assert not PLANS.findall(str(plan["explain_value"].to_pylist()))


def test_the_world_of_this_test_leaves_no_table_empty(lake):
    counts = tables.row_counts(lake)
    assert {name for name in map(recipes.location, RECIPES) if not counts[name]} <= sparks.EMPTY


@pytest.fixture(scope="module")
def evaluated(lake, duckdb):
    compute.prepare(build.ready(root=lake), duckdb, AS_OF)
    return {one.code: compute.evaluate(duckdb, one) for one in ALL}


@pytest.fixture(scope="module")
def prepared(lake, other):
    compute.prepare(build.ready(root=lake), other, AS_OF)
    return other


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.code)
def test_an_indicator_is_the_same_on_every_engine(evaluated, prepared, one):
    assert evaluated[one.code]
    assert compute.evaluate(prepared, one) == evaluated[one.code]


def test_a_lake_built_by_another_engine_has_the_same_files(lake, other, tmp_path):
    worlds.fill(tmp_path, lively.world())
    build.build(root=tmp_path, engine=other, at=worlds.AT)
    for name in map(recipes.location, RECIPES):
        assert files(tmp_path, name) == files(lake, name), name
    build.ready(root=tmp_path)


def files(root, name):
    found = tables.Table(root, name).opened().file_uris()
    return sorted((tables.part_of(file), Path(file).read_bytes()) for file in found)


def test_a_job_has_names_of_its_own(other, duckdb):
    rows = [pa.table({"n": [number]}) for number in range(3)]
    for opened in (duckdb, other):
        opened.register("place_of_test", rows[0])
        with opened.job() as first, opened.job() as second:
            first.register("place_of_test", rows[1])
            second.register("place_of_test", rows[2])
            found = [
                each.sql("select n from place_of_test").read_all()["n"].to_pylist()
                for each in (opened, first, second)
            ]
        assert found == [[0], [1], [2]]


def test_some_days_of_a_table_are_the_same_on_every_engine(lake, duckdb, other):
    some = {date(2024, 2, 1), date(2024, 2, 3)}
    reading = build.Reading(lake)
    for name, key in (("bronze.statement", "statement_id"), ("stage.event", "event_id")):
        column, found = recipes.days_of(name), []
        for opened in (duckdb, other):
            with opened.job() as job:
                reading.attach(job, name, parts=["2024-02"], of_days=frozenset(some))
                query = f"select {key}, {column} from {name} order by all"
                found.append(job.sql(query).read_all().to_pylist())
        assert found[0] == found[1]
        assert {days.local(row[column]) for row in found[0]} == some


def test_an_empty_table_has_its_columns(other):
    schema = pa.schema([("a", pa.int64()), ("at", pa.timestamp("us", tz="UTC"))])
    other.attach("nothing_of_test", files=[], schema=schema, is_parted=False)
    found = other.sql("select * from nothing_of_test").read_all()
    assert (found.schema, found.num_rows) == (schema, 0)


def test_a_large_answer_comes_in_batches_of_one_size(other):
    rows = pa.table({"n": pa.array(range(300_000), pa.int64())})
    other.register("many_of_test", rows)
    found = list(other.sql("select * from (select n from many_of_test) order by all"))
    assert [batch.num_rows for batch in found] == [engine.BATCH_ROWS, engine.BATCH_ROWS, 54_240]
    assert pa.Table.from_batches(found).equals(rows)


def test_a_query_that_fails_there_is_refused_in_words(other):
    other.register("zero_of_test", pa.table({"n": [1, 0]}))
    with translation.override("en"), pytest.raises(spark.EngineFailed) as refused:
        other.sql("select 1 // n as q, error('no') as e from zero_of_test").read_all()
    assert refused.value.text.startswith(f"The engine at {other.address} did not carry out")


def test_a_server_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(spark.EngineAway) as refused:
        spark.connected(f"sc://127.0.0.1:{sparks.free_port()}")
    assert refused.value.code == "lake.engine_away"


def test_an_engine_nobody_knows_is_refused(tmp_path):
    with (
        pytest.raises(engines.UnknownEngine),
        engines.opened(name="abacus", memory="", root=tmp_path),
    ):
        pass
