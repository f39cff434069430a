"""The workbench: within grants, within limits, and written down."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from dataclasses import replace
from datetime import timedelta

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.governance import lakes
from tests.governance.conftest import AT, settled
from tests.world_parts import places
from xueqiao.governance import datasets, grants, readings
from xueqiao.governance.models import LakeReading, QueryRun
from xueqiao.governance.workbench import costs, results, running, saved, scope, telling
from xueqiao.lake.sandbox import process, starting
from xueqiao.people import roles

LEARNERS = "select learner_id from learner_day"


def learners(run):
    return set(pq.read_table(results.file(run))["learner_id"].to_pylist())


def test_a_grant_opens_the_rows_of_its_place_and_no_other(office):
    office.grant("learner_day", place=office.where.county)
    assert learners(office.run(LEARNERS)) == lakes.living("village")


def test_the_province_has_those_of_no_known_place_and_a_county_has_not(office):
    office.grant("learner_day", place=office.where.province)
    assert learners(office.run(LEARNERS)) == lakes.living("village", "sibling", None)


def test_grants_for_two_places_add_up_and_each_table_keeps_its_own(office):
    office.grant("learner_day", place=office.where.county)
    office.grant("learner_day", "learner_month", place=office.where.sibling)
    assert learners(office.run(LEARNERS)) == lakes.living("village", "sibling")
    months = office.run("select distinct learner_id from learner_month")
    assert learners(months) == lakes.living("sibling")


def test_a_role_elsewhere_lends_no_purpose_here(office):
    roles.grant(
        person_id=office.analyst.pk, kind="province", place_id=office.where.hunan.pk,
        institution_id=None, valid_from=places.SINCE, at=AT,
    )  # fmt: skip
    assert "audit" in grants.may_ask_for(office.analyst, AT.date(), office.where.hunan.pk)
    with pytest.raises(grants.PurposeNotYours):
        office.grant("learner_day", purpose="audit")


@pytest.mark.parametrize(
    "sql",
    ["with x as (select * from learner_day) select count(*) from x", "from stage.event"],
)
def test_rows_of_persons_need_a_grant_for_the_purpose(office, sql):
    office.grant("learner_day", purpose="research")
    with pytest.raises(costs.TableNotGranted):
        office.run(sql)
    assert not QueryRun.objects.exists()


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("select * from read_text('/etc/passwd')", "forbidden"),
        ("select * from '{file}'", "forbidden"),
        ("select * from read_parquet('{file}')", "forbidden"),
        ("select * from glob('/**')", "forbidden"),
        ("copy (select 1) to '/tmp/out.csv'", "not_one_select"),
        ("attach '/tmp/other.db'", "not_one_select"),
        ("set memory_limit = '90GB'", "not_one_select"),
        ("install httpfs", "not_one_select"),
        ("select 1; select 2", "not_one_select"),
        ("create table t as select 1", "not_one_select"),
        ("pivot learner_day on day", "not_one_select"),
        ("select nothing from nowhere", "query"),
    ],
)
def test_nothing_but_tables_can_be_reached(office, sql, code):
    """In this process, which is quicker: the refusals are DuckDB's and the parser's."""
    tables = datasets.filled()
    order = {
        "sql": sql.replace("{file}", tables["learner_day"].files[0].path),
        "tables": [scope.given(table).order() for table in tables.values()],
    }
    with duckdb.connect() as own, pytest.raises(Exception) as why:  # noqa: PT011 - told below
        process.plan(own, order, None)
    assert process.told(why.value)["code"] == code


def test_what_cannot_be_planned_is_refused_in_words(office):
    with pytest.raises(telling.QueryForbidden):
        office.run("select * from read_text('/etc/passwd')", purpose="")
    with pytest.raises(costs.NothingAsked):
        office.run("  ", purpose="")


def test_the_files_of_a_narrowed_table_cannot_be_opened_beside_it(office):
    """Planning sees no files at all; here the plan is passed by, as if it had let the query in."""
    office.grant("learner_day", place=office.where.county)
    seen = scope.of(office.analyst, "statistics", AT.date())
    inputs, keep = seen.inputs(["learner_day"])
    sql = f"select * from read_parquet('{inputs[0].files[0]}')"
    question = scope_question(sql, inputs, keep, seen)
    outcome = straight(question)
    assert (outcome["state"], outcome["code"]) == ("failed", "forbidden")


def scope_question(sql, inputs, keep, seen):
    return starting.Question(sql=sql, tables=inputs, keep=keep, helpers=seen.helpers())


def straight(question, **limits):
    folder = costs.folder() / f"straight-{time.monotonic_ns()}"
    given = replace(costs.limits(), **limits)
    starting.start(folder=folder, what="run", question=question, limits=given)
    return starting.awaited(folder, 20)


@pytest.mark.parametrize(
    ("sql", "limits", "code"),
    [
        ("select count(*) from range(1000000000000)", {"seconds": 0.5}, "time"),
        (
            "select list(md5(range::varchar)) from range(3000000)",
            {"memory": "40MB", "spill": "1MB"},
            "memory",
        ),
    ],
)
def test_a_greedy_query_gets_its_answer(office, sql, limits, code):
    outcome = straight(
        scope_question(sql, [], {}, scope.of(office.analyst, "", AT.date())), **limits
    )
    assert (outcome["state"], outcome["code"]) == ("failed", code)


def test_a_long_result_is_cut_and_says_so(office):
    question = scope_question(
        "select * from range(100000)", [], {}, scope.of(office.analyst, "", AT.date())
    )
    outcome = straight(question, rows=30_000)
    assert (outcome["rows"], outcome["is_cut"]) == (30_000, True)


def test_the_cost_is_told_before_anything_is_read(office):
    office.grant("learner_day")
    seen = scope.of(office.analyst, "statistics", AT.date())
    few = costs.of("select sum(activities) from learner_day", seen)
    all_ = costs.of("select * from learner_day", seen)
    assert (few.tables, few.rows) == (["learner_day"], 2 * lakes.LEARNERS)
    assert few.scans[0].columns == ("activities",)
    assert 0 < few.size_bytes < all_.size_bytes < seen.tables["learner_day"].size_bytes
    assert not QueryRun.objects.exists()


def test_each_reading_of_persons_is_one_line_of_a_chain(office):
    grant = office.grant("learner_day")
    run = office.run(LEARNERS)
    readings.note(
        by=office.analyst, at=AT, what="file", purpose="audit", tables=["x"], rows=1, detail={}
    )
    first, second = LakeReading.objects.order_by("number")
    assert (first.number, second.number) == (1, 2)
    assert (first.by, first.purpose, first.grants) == (office.analyst, "statistics", [grant.pk])
    assert (first.tables, first.rows) == (["learner_day"], run.rows)
    assert first.detail["sql"] == LEARNERS
    assert readings.check() is None


def test_a_query_that_failed_read_nothing(office):
    office.grant("learner_day")
    run = office.run("select learner_id, error('no') from learner_day")
    assert (run.state, run.failure_code) == ("failed", "lake.query_faulty")
    assert not LakeReading.objects.exists()
    assert not running.folder(run).exists()


@pytest.mark.parametrize(
    "sql",
    [
        "select error(string_agg(learner_id::varchar, ' ')) from learner_day",
        "select ('L' || learner_id)::integer from learner_day",
    ],
)
def test_a_failure_quotes_no_value_of_a_row(office, sql):
    office.grant("learner_day")
    run = office.run(sql)
    assert (run.state, run.failure_code) == ("failed", "lake.query_faulty")
    assert "try_cast" in run.failure
    assert not re.search("[0-9]", run.failure)


def test_a_grant_that_ends_closes_what_was_read_under_it(office):
    grant = office.grant("learner_day")
    run = office.run(LEARNERS)
    page = results.page(run=run, by=office.analyst, first=80, at=AT)
    assert (len(page.rows), page.has_more) == (4, False)
    grants.end(grant=grant, by=office.second, note="study over", at=AT)
    with pytest.raises(results.GrantOver):
        results.page(run=run, by=office.analyst, first=0, at=AT)
    with pytest.raises(costs.TableNotGranted):
        office.run(LEARNERS)


def test_a_run_can_be_cancelled_and_few_run_at_once(office):
    slow = "select count(*) from range(1000000000000)"
    runs = [
        running.ask(by=office.analyst, sql=slow, purpose="", shape="rows", at=AT)
        for _ in range(running.MOST_EACH)
    ]
    with pytest.raises(running.TooManyRuns):
        running.ask(by=office.analyst, sql=slow, purpose="", shape="rows", at=AT)
    for run in runs:
        running.cancel(run=run, by=office.analyst, at=AT)
    outcomes = [costs_outcome(run) for run in runs]
    assert [outcome["code"] for outcome in outcomes] == ["cancelled"] * 2
    assert QueryRun.objects.running().count() == 0


def costs_outcome(run):
    return starting.awaited(running.folder(run), 10)


def test_a_process_that_was_killed_leaves_a_failed_run(office):
    slow = "select count(*) from range(1000000000000)"
    run = running.ask(by=office.analyst, sql=slow, purpose="", shape="rows", at=AT)
    os.kill(int(run.worker.split("/")[1]), signal.SIGKILL)
    run = settled(run)
    assert (run.state, run.failure_code) == ("failed", "lake.query_died")


def test_open_tables_need_no_grant_and_results_are_their_askers_for_a_while(office, settings):
    run = office.run("select count(*) as n from place", purpose="")
    assert (run.state, run.is_personal, run.grants) == ("done", False, [])
    assert not LakeReading.objects.exists()
    order = json.loads((running.folder(run) / "order.json").read_text())
    assert settings.SECRET_KEY not in json.dumps(order)
    assert {table["name"] for table in order["tables"]} == {"place"}
    with pytest.raises(running.RunOfAnother):
        results.page(run=run, by=office.province, first=0, at=AT)
    with pytest.raises(running.RunOfAnother):
        running.cancel(run=run, by=office.province, at=AT)
    assert running.work(now=AT + running.KEPT - timedelta(seconds=1)) == 0
    assert running.work(now=AT + running.KEPT) == 1
    run.refresh_from_db()
    assert (run.state, running.folder(run).exists()) == ("expired", False)


def test_saved_queries_are_shared_by_choice_and_removed_by_their_owner(office):
    for title, is_shared in (("mine", False), ("ours", True)):
        saved.keep(by=office.analyst, title=title, sql="select 1", is_shared=is_shared, at=AT)
    saved.keep(by=office.analyst, title="ours", sql="select 2", is_shared=True, at=AT)
    open_ = saved.SavedQuery.objects.open_to(office.province)
    assert [(each.title, each.sql) for each in open_] == [("ours", "select 2")]
    with pytest.raises(saved.QueryOfAnother):
        saved.remove(query=open_[0], by=office.province)
    saved.remove(query=open_[0], by=office.analyst)
    assert not saved.SavedQuery.objects.open_to(office.province).exists()
