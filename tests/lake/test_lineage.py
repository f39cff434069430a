"""Lineage: what the SQL says, through every kind of query, up to the charts."""

from __future__ import annotations

import pytest
from django.apps import apps
from sqlglot import exp, parse_one

from xueqiao.lake import extract, facts, meanings, reconcile
from xueqiao.lake.build import history
from xueqiao.lake.contracts import decided, gate
from xueqiao.lake.distinct import making
from xueqiao.lake.erasure import carrying
from xueqiao.lake.lineage import graph
from xueqiao.lake.lineage.columns import ROWS, Column, Kind, Unreadable, read
from xueqiao.lake.quality import holding, scoring, setbacks
from xueqiao.lake.recipes import recipes
from xueqiao.monitor.indicators import ALL
from xueqiao.web.cockpit import lineage

pytestmark = pytest.mark.embedded
SCHEMA = {"bronze.a": ("id", "x", "y", "day"), "bronze.b": ("id", "z"), "m": ("id", "n")}


def into(sql, column, *, table="made"):
    found = read(sql, target=table, schema=SCHEMA)
    return {(str(e.source), e.kind.value) for e in found.edges if e.target == Column(table, column)}


@pytest.mark.parametrize(
    ("sql", "column", "sources"),
    [
        ("select x from bronze.a", "x", {("bronze.a.x", "IDENTITY")}),
        ("select x + 1 as v from bronze.a", "v", {("bronze.a.x", "TRANSFORMATION")}),
        (
            "with c as (select id, x + y as s from bronze.a) select sum(s) as v from c",
            "v",
            {("bronze.a.x", "AGGREGATION"), ("bronze.a.y", "AGGREGATION")},
        ),
        (
            "select id from bronze.a union all select id * 2 from bronze.b",
            "id",
            {("bronze.a.id", "IDENTITY"), ("bronze.b.id", "TRANSFORMATION")},
        ),
        (
            "select id, z from bronze.a join bronze.b using (id)",
            "id",
            {("bronze.a.id", "IDENTITY"), ("bronze.b.id", "IDENTITY")},
        ),
        ("select count(*) as n from bronze.a", "n", {("bronze.a.*", "AGGREGATION")}),
        (
            "select (select max(z) from bronze.b) as top from bronze.a",
            "top",
            {("bronze.b.z", "TRANSFORMATION")},
        ),
        ("select * from (select * from bronze.b) inner_one", "z", {("bronze.b.z", "IDENTITY")}),
        ("select 1 as one from bronze.a", "one", set()),
    ],
)
def test_every_output_column_is_followed(sql, column, sources):
    assert into(sql, column) == sources


def test_what_decides_about_rows_goes_into_the_rows():
    sql = """
        select x, count(*) filter (y > 0) as n from bronze.a a
        join bronze.b b on b.id = a.id
        where a.day is not null and a.id in (select id from m)
        group by x
    """
    assert into(sql, ROWS) == {
        ("bronze.a.day", "FILTER"),
        ("bronze.a.id", "FILTER"),
        ("bronze.a.id", "JOIN"),
        ("bronze.b.id", "JOIN"),
        ("bronze.a.x", "GROUP_BY"),
        ("m.id", "FILTER"),
    }
    assert into(sql, "n") == {
        ("bronze.a.y", "CONDITIONAL"),
        ("bronze.a.*", "AGGREGATION"),
        ("bronze.b.*", "AGGREGATION"),
    }


def test_a_query_with_an_unknown_name_is_refused():
    with pytest.raises(Unreadable, match="made"):
        read("select nothing_known from bronze.a", target="made", schema=SCHEMA)


def test_every_recipe_and_indicator_is_read_and_no_column_comes_from_nowhere():
    whole = lineage.whole()
    assert whole.unread == {}
    constant = {
        ("indicator", "samples"),  # census and registers are no sample: nought
        ("indicator", "denominator"),  # counts have none
        ("indicator", "expected"),
        ("indicator", "reported"),
    }
    lost = [
        str(column)
        for column in whole.columns()
        if column.table in recipes() or column.table.startswith("indicator.")
        if column not in whole.into
        if (column.table.partition(".")[0], column.name) not in constant
        if not is_constant(column)
    ]
    assert not lost, lost


def is_constant(column):
    """Columns whose value is a literal of the SQL, or a year of the calendar."""
    if column.table.startswith("indicator."):
        return column.name == "period"
    query = parse_one(recipes()[column.table].sql, dialect="duckdb")
    made = [each for select in query.find_all(exp.Select) for each in select.selects]
    same = [each for each in made if each.alias_or_name == column.name]
    named = {inner.name for each in same for inner in each.find_all(exp.Column)}
    return named <= {column.name}


def test_bronze_comes_from_columns_that_the_database_has():
    have = {
        model._meta.db_table: {field.column for field in model._meta.fields}
        for model in apps.get_models()
    }
    unknown = [
        str(edge.source)
        for edge in graph.lake().edges
        if edge.target.table.startswith("bronze.")
        if edge.source.name not in have.get(edge.source.table, ())
    ]
    assert unknown == []


def test_a_birth_year_is_followed_from_the_database_to_the_charts():
    whole = lineage.whole()
    found = whole.downstream([Column("people_person", "birth_year")], conditions=True)
    reached = {edge.target.table for edge in found}
    assert {"bronze.person", "learner", "indicator.P01", "indicator.P03", "chart.places"} <= reached
    assert "indicator.F01" not in reached
    back = whole.upstream([Column("chart.years", "P01")], conditions=True)
    assert Column("people_person", "birth_year") in {edge.source for edge in back}


def test_values_of_an_indicator_reach_each_chart():
    whole = lineage.whole()
    for indicator in ALL:
        found = whole.downstream([Column(f"indicator.{indicator.code}", "numerator")])
        assert {str(e.target) for e in found} == {
            f"chart.{chart}.{indicator.code}" for chart in ("tiles", "places", "years")
        }


def test_the_kinds_of_two_steps_are_those_of_the_stronger():
    sql = "with c as (select sum(x) as s, id from bronze.a group by id) select s + 1 as v from c"
    assert into(sql, "v") == {("bronze.a.x", Kind.AGGREGATION.value)}


def test_every_column_of_every_table_has_a_meaning_and_a_level():
    missing = {name: meanings.undescribed(name, facts.columns(name)) for name in facts.names()}
    assert {name: columns for name, columns in missing.items() if columns} == {}
    for name in facts.names():
        described = meanings.described(name, facts.columns(name))
        assert described.zh != described.en
        assert all(each.zh != each.en for each in described.columns.values())


def test_tables_without_sql_have_the_columns_that_are_written():
    written = {
        history.TABLE: history.COLUMNS, extract.RUNS: extract.RUN_COLUMNS,
        carrying.RUNS: carrying.RUN_COLUMNS, gate.GATE: gate.COLUMNS,
        holding.HELD: holding.COLUMNS, scoring.SCORE: scoring.COLUMNS,
        setbacks.SETBACK: setbacks.COLUMNS,
        reconcile.RUNS: reconcile.COLUMNS, decided.DECISION: decided.DECISION_COLUMNS,
        "distinct.presence": making.PRESENCE,
        "distinct.home": making.HOME, "distinct.trait": making.TRAIT,
    }  # fmt: skip
    assert {name: list(facts.columns(name)) for name in written} == {
        name: schema.names for name, schema in written.items()
    }


def test_no_file_of_meanings_describes_a_table_or_column_that_is_not_there():
    known = set(facts.names())
    for file in [*meanings.HERE.glob("*/*.yaml"), *meanings.WITHOUT_SQL.glob("*/*.yaml")]:
        floor = file.parent.name
        name = file.stem if floor == "marts" else f"{floor}.{file.stem}"
        assert name in known, file
        extra = set(meanings._file(name).get("columns") or ()) - set(facts.columns(name))
        assert extra == set(), file
