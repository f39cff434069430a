"""Contracts before stage: what breaks one is not promoted, what was good is served on."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest

from tests.lake import worlds
from xueqiao.lake import build, contracts, engines, recipes, schemas, tables
from xueqiao.lake.contracts import decided, gate, odcs
from xueqiao.lake.contracts.contract import Contract, Measure, delta_type
from xueqiao.lake.contracts.shipped import in_force, shipped
from xueqiao.lake.sources import Snapshot

pytestmark = pytest.mark.embedded
DAY = datetime(2024, 3, 10, 4, tzinfo=UTC)
PLATFORM = "school"


@pytest.fixture
def world():
    world = worlds.small()
    world.add_person(1, birth_year=1950, home_id=40)
    world.add_person(2, birth_year=2001, home_id=42)
    world.source.append({"source_id": 1, "code": PLATFORM, "is_sample": False})
    send(world, 1, [DAY, DAY + timedelta(days=25)])
    return world


def send(world, batch, instants, received=worlds.AT, **more):
    """Statements of one batch."""
    world.batch.append(
        {
            "batch_id": batch, "source_id": 1, "received_at": received, "received": len(instants),
            "accepted": len(instants), "duplicate": 0, "quarantined": 0,
        }
    )  # fmt: skip
    for instant in instants:
        world.add_statement(1, instant, **more)
        world.statement[-1] |= {"batch_id": batch, "stored_at": received}


READ_HERE = {"learner", "stage.reading", "stage.quarantine", "stage.event"}


def needed():
    """The recipes that these tests read, with all that those read, in order."""
    found = set(READ_HERE)
    for recipe in reversed(recipes.recipes().values()):
        found |= set(recipe.reads) if recipe.name in found else set()
    return [recipe for recipe in recipes.recipes().values() if recipe.name in found]


def promote(root):
    """The part of a build that these tests look at: the gate, stage and one mart."""
    with engines.opened(name="duckdb", memory="500MB", root=root) as engine:
        reading = build.gated(root, contracts.checked(root=root, engine=engine, at=worlds.AT))
        return {
            recipe.name: made.parts
            for recipe in needed()
            if (made := build.refresh(reading, recipe, engine, lambda _stored: nullcontext()))
        }


def days(root):
    return [row["day"] for row in worlds.rows_of(root, "stage.event")]


def held(root):
    return [(row["batch_id"], row["rule"]) for row in worlds.rows_of(root, "quality.held")]


def verdict(root, table):
    found = {each.table: each for each in gate.verdicts(root)}[table]
    return found.state, [(each["kind"], each["column"]) for each in found.breaches]


def agree(root, *agreed, decisions=()):
    """Publish contracts and decisions as governance does."""
    decided.publish(
        root=root,
        contracts=[
            {
                "name": each.name, "version": each.version, "approved_at": worlds.AT,
                "document": odcs.text(odcs.document(each)),
            }
            for each in agreed
        ],
        decisions=[
            {"subject": subject, "number": number, "verdict": word, "decided_at": worlds.AT}
            for subject, number, word in decisions
        ],
    )  # fmt: skip


def fill_with(root, world, name, change):
    """Extract with one source changed overnight; ``change`` gets its schema and rows."""
    kept = [each for each in world.sources() if each.table != f"bronze.{name}"]
    schema, rows = change(getattr(schemas, name.upper()), getattr(world, name))
    odd = Snapshot(f"bronze.{name}", schema, lambda: rows, lambda: [str(schema), str(rows)])
    worlds.extract.extract(root=root, of=[*kept, odd], at=worlds.AT)


def without(column):
    def change(schema, rows):
        kept = [each for each in schema if each.name != column]
        return pa.schema(kept), [{k: v for k, v in row.items() if k != column} for row in rows]

    return change


def as_text(column):
    def change(schema, rows):
        fields = [pa.field(f.name, pa.string()) if f.name == column else f for f in schema]
        return pa.schema(fields), [{**row, column: str(row[column])} for row in rows]

    return change


def with_value(column, value):
    return lambda schema, rows: (schema, [{**rows[0], column: value}, *rows[1:]])


FAR = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "breach"),
    [
        (without("sex"), ("column_gone", "sex")),
        (as_text("birth_year"), ("type_changed", "birth_year")),
        (with_value("sex", "7"), ("code_unknown", "sex")),
        (with_value("is_sample", None), ("null", "is_sample")),
        (lambda schema, rows: (schema, [*rows, rows[0]]), ("twice", "learner_id")),
    ],
    ids=["column gone", "type changed", "code unknown", "nothing there", "key twice"],
)
def test_a_table_that_breaks_its_contract_is_read_as_it_was(tmp_path, world, change, breach):
    worlds.fill(tmp_path, world)
    promote(tmp_path)
    before = worlds.rows_of(tmp_path, "learner")
    world.add_person(3, birth_year=1990, home_id=41)
    send(world, 2, [DAY])
    fill_with(tmp_path, world, "person", change)

    made = promote(tmp_path)

    assert verdict(tmp_path, "bronze.person") == ("stopped", [breach])
    # What does not need the table goes on, and the marts are whole and served.
    assert "stage.event" in made
    assert worlds.rows_of(tmp_path, "learner") == before
    reading = build.gated(tmp_path, contracts.pins(tmp_path))
    newest = tables.Table(tmp_path, "bronze.person").version()
    assert reading.pin("bronze.person").version() == newest - 1
    assert promote(tmp_path) == {}

    worlds.fill(tmp_path, world)
    promote(tmp_path)
    assert verdict(tmp_path, "bronze.person") == ("passed", [])
    assert len(worlds.rows_of(tmp_path, "learner")) == 3


def test_a_stopped_table_stays_stopped_where_its_check_fails(tmp_path, world, monkeypatch):
    worlds.fill(tmp_path, world)
    promote(tmp_path)
    before = worlds.rows_of(tmp_path, "learner")
    fill_with(tmp_path, world, "person", with_value("sex", "7"))
    promote(tmp_path)
    stopped = verdict(tmp_path, "bronze.person")
    judge = gate.judge

    def failing(table, *given, **more):
        if table.name == "bronze.person":
            raise OSError("cannot be read")
        return judge(table, *given, **more)

    monkeypatch.setattr(gate, "judge", failing)
    assert promote(tmp_path) == {}
    assert verdict(tmp_path, "bronze.person") == stopped == ("stopped", [("code_unknown", "sex")])
    assert "bronze.person" in contracts.pins(tmp_path)
    assert worlds.rows_of(tmp_path, "learner") == before


def test_a_clock_in_the_future_stops_a_table(tmp_path, world):
    world.account.append({"learner_id": 2, "opened_at": DAY})
    worlds.fill(tmp_path, world)
    promote(tmp_path)
    world.account[0]["opened_at"] = FAR
    worlds.fill(tmp_path, world)
    promote(tmp_path)
    assert verdict(tmp_path, "bronze.account") == ("stopped", [("in_future", "opened_at")])


def test_half_the_rows_stop_a_table_until_a_steward_lets_them_through(tmp_path, world):
    for person in range(100, 300):
        world.add_person(person, birth_year=1960, home_id=40)
    worlds.fill(tmp_path, world)
    promote(tmp_path)
    del world.person[90:]
    worlds.fill(tmp_path, world)
    promote(tmp_path)
    assert verdict(tmp_path, "bronze.person") == ("stopped", [("few", "")])
    assert len(worlds.rows_of(tmp_path, "learner")) == 202

    version = tables.Table(tmp_path, "bronze.person").version()
    agree(tmp_path, decisions=[("bronze.person", version, decided.RELEASE)])
    promote(tmp_path)

    assert verdict(tmp_path, "bronze.person")[0] == "allowed"
    assert len(worlds.rows_of(tmp_path, "learner")) == 90


def test_a_table_that_never_kept_its_contract_is_refused(tmp_path, world):
    world.person[0]["sex"] = "x"
    worlds.fill(tmp_path, world)
    with pytest.raises(contracts.NothingGood) as refused:
        promote(tmp_path)
    assert refused.value.code == "lake.nothing_good"
    assert "bronze.person" in refused.value.text


def test_a_batch_of_a_wrong_clock_waits_and_the_others_go_on(tmp_path, world):
    send(world, 2, [FAR] * 20)
    send(world, 3, [DAY] * 19 + [FAR])
    send(world, 4, [FAR] * 19)
    worlds.fill(tmp_path, world)
    promote(tmp_path)
    # One of twenty is within what is allowed, and nineteen are no flood where nothing was agreed:
    # these rows alone go into stage's quarantine.
    assert held(tmp_path) == [(2, "not_in_future")]
    assert len(days(tmp_path)) == 21
    assert len(worlds.rows_of(tmp_path, "stage.quarantine")) == 20

    agree(tmp_path, decisions=[("batch", 2, decided.REJECT)])
    promote(tmp_path)
    assert held(tmp_path) == [(2, "not_in_future")]
    agree(tmp_path, decisions=[("batch", 2, decided.RELEASE)])
    made = promote(tmp_path)
    assert made["stage.reading"] == ["2099-01"]
    assert held(tmp_path) == []
    assert len(worlds.rows_of(tmp_path, "stage.quarantine")) == 40


def of_source(**terms):
    return Contract(f"source.{PLATFORM}", 1, least_percent=0, **terms)


def test_an_unknown_verb_is_held_until_the_contract_names_it(tmp_path, world):
    agree(tmp_path, of_source(verbs=("http://example.org/read",)))
    send(world, 2, [DAY] * 4, verb=worlds.REGISTERED)
    worlds.fill(tmp_path, world)
    promote(tmp_path)
    assert held(tmp_path) == [(2, "verb_agreed")]
    assert worlds.rows_of(tmp_path, "quality.held")[0]["value"] == "http://example.org/registered"

    both = ("http://example.org/read", "http://example.org/registered")
    agree(tmp_path, replace(of_source(verbs=both), version=2))
    promote(tmp_path)

    assert held(tmp_path) == []
    assert len(days(tmp_path)) == 6


def test_a_contract_may_allow_what_the_rules_do_not(tmp_path, world):
    send(world, 2, [FAR] * 20)
    worlds.fill(tmp_path, world)
    promote(tmp_path)
    assert held(tmp_path) == [(2, "not_in_future")]
    agree(tmp_path, of_source(measures={"not_in_future": Measure(100)}))
    promote(tmp_path)
    assert held(tmp_path) == []


def test_half_the_volume_of_a_source_waits_for_somebody(tmp_path, world):
    start = datetime(2026, 2, 9, 4, tzinfo=UTC)
    for day in range(20):
        when = start + timedelta(days=day)
        send(world, 10 + day, [when] * (40 if day == 18 else 120), received=when)
    worlds.fill(tmp_path, world)
    promote(tmp_path)
    assert held(tmp_path) == []

    agree(tmp_path, replace(of_source(), least_percent=50))
    promote(tmp_path)

    assert held(tmp_path) == [(28, "volume")]
    fallen = (start + timedelta(days=18)).date()
    assert fallen not in days(tmp_path)
    row = worlds.rows_of(tmp_path, "quality.held")[0]
    assert (row["checked"], row["failed"], row["value"]) == (120, 80, fallen.isoformat())


def test_each_statement_is_asked_once(tmp_path, world):
    def asked():
        rows = worlds.rows_of(tmp_path, "quality.score")
        return sum(row["checked"] for row in rows if row["rule"] == "rows")

    worlds.fill(tmp_path, world)
    promote(tmp_path)
    assert asked() == 2
    send(world, 2, [DAY, DAY, DAY])
    worlds.fill(tmp_path, world)
    promote(tmp_path)
    promote(tmp_path)
    assert asked() == 5


def test_scores_equal_a_recount_by_hand(tmp_path, world):
    send(world, 2, [DAY, FAR, datetime(1970, 1, 1, tzinfo=UTC)])
    world.statement[-1]["text"] = '{"a": "d\ufffdm"}'
    world.statement[-2]["text"] = ""
    worlds.fill(tmp_path, world)
    promote(tmp_path)
    rows = worlds.rows_of(tmp_path, "quality.score")
    totals = {row["rule"]: (row["checked"], row["failed"]) for row in rows if not row["batch_id"]}
    assert totals == {
        "rows": (5, 0),
        "identifier_formed": (5, 0),
        "activity_given": (5, 0),
        "actor_given": (5, 0),
        "not_in_future": (5, 1),
        "not_before_2000": (5, 1),
        "text_sound": (5, 1),
        "verb_known": (5, 0),
        "actor_known": (5, 0),
        "person_matched": (5, 0),
        "batch_known": (5, 0),
        "received_in_a_day": (5, 4),
        "copied_in_a_day": (5, 0),
        "text_readable": (5, 1),
    }
    assert {row["day"] for row in rows} == {date(2026, 3, 2)}


@pytest.mark.parametrize("name", sorted(shipped()))
def test_a_shipped_contract_promises_what_is_extracted(name):
    schema = getattr(schemas, name.removeprefix("bronze.").upper())
    have = {each.name: delta_type(each.type) for each in schema}
    promised = {each.name: each.type for each in shipped()[name].columns}
    assert promised.items() <= have.items()


@pytest.mark.parametrize("name", sorted(shipped()))
def test_a_contract_comes_back_from_its_document(name):
    one = shipped()[name]
    text = odcs.text(odcs.document(one))
    assert odcs.read(text) == one
    assert text.startswith("apiVersion: v3.1.0\nkind: DataContract\n")


UNFIT = {
    "nothing": "",
    "no yaml": "a: [",
    "a list": "- 1",
    "aliases": "a: &a [x]\nb: *a",
    "no kind": "apiVersion: v3.1.0\nid: x\nversion: '1'\nstatus: active",
    "two tables": (
        "apiVersion: v3.1.0\nkind: DataContract\nid: x\nversion: 1.0.0\nstatus: active\n"
        "schema: [{name: a}, {name: b}]"
    ),
    "below nought": (
        "apiVersion: v3.1.0\nkind: DataContract\nid: x\nversion: 1.0.0\nstatus: active\n"
        "schema: [{name: a}]\ncustomProperties: [{property: leastPercent, value: -1}]"
    ),
    "too long": "x" * 300_000,
}


@pytest.mark.parametrize("what", sorted(UNFIT))
def test_what_is_no_contract_is_refused_in_words(what):
    with pytest.raises(odcs.ContractUnreadable) as refused:
        odcs.read(UNFIT[what])
    assert refused.value.pointer == "document"
    assert len(refused.value.text) > 20


def test_contracts_approved_go_before_those_shipped(tmp_path):
    assert in_force(tmp_path) == shipped()
    agree(tmp_path, replace(shipped()["bronze.person"], version=2, least_percent=10))
    assert in_force(tmp_path)["bronze.person"].version == 2
