"""A new version run over what was converted: who gains, who loses, for whom a door opens."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from tests.creditbank import factories as bank
from tests.creditbank.rulebook import factories
from tests.creditbank.rulebook.bodies import DAY, body, patient
from xueqiao.creditbank import completions, conversion, rules, standards
from xueqiao.creditbank.models import ConversionRule, CreditLot, RuleVersion, Simulation
from xueqiao.creditbank.rulebook import making, rules_simulation, simulation
from xueqiao.creditbank.rulebook.rules_simulation import Form, Held, Past

AT = factories.AT
BORN = 1980


def held(amount, number=1, **facts):
    given = {"unit_code": "U", "source_kind": "formal", "field": "IT", "level": 5}
    lot = rules.LotFacts(**{**given, **facts}, obtained=DAY, valid_to=None, hops=0, is_active=True)
    return Held(number, lot, amount)


def form(total=8000, worth=5000, **changes):
    return Form(body(**changes), rules.Destination(5), {"ELECTIVE": worth}, total)


def past(amount, granted, elsewhere=0):
    return Past(DAY, (held(amount),), granted, elsewhere)


def test_the_same_rule_changes_nothing():
    assert rules_simulation.replay(form(), BORN, [past(600, 300)]) == (300, "")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"value": {"kind": "ratio", "numerator": 2}}, (1200, "ratio")),
        ({"sources": [{"source_kinds": ["prior"]}]}, (0, "other_source")),
        ({"age_to": 30}, (0, "too_aged")),
        ({"limits": [{"on": "rule", "hundredths": 250}]}, (250, "cap")),
        ({"limits": [{"on": "application", "hundredths": 120}]}, (120, "cap")),
        ({"limits": [{"on": "programme", "numerator": 1, "denominator": 16}]}, (200, "cap")),
        ({"residence_minimum_hundredths": 7500}, (200, "cap")),
        ({"cardinality": {"kind": "sum", "at_least_hundredths": 700}}, (0, "unfilled")),
    ],
    ids=["ratio", "source", "age", "rule", "application", "programme", "residence", "unfilled"],
)
def test_every_change_has_its_reason(changes, expected):
    one = Past(DAY, (held(600),), 300, 300)
    assert rules_simulation.replay(form(**changes), BORN, [one]) == expected


@patient
@given(st.lists(st.integers(2, 1000), max_size=6), st.integers(1, 4000), st.integers(1, 9))
def test_no_cap_is_passed_however_often_a_learner_asked(amounts, limit, numerator):
    one = form(
        limits=[{"on": "rule", "hundredths": limit}],
        value={"kind": "ratio", "numerator": numerator, "denominator": 2},
    )
    made, _why = rules_simulation.replay(one, BORN, [past(each, each // 2) for each in amounts])
    full = sum(each * numerator // 2 for each in amounts)
    assert made == min(full, limit, 5000)


@pytest.fixture
def history(db):
    """Two learners with the same module: one has converted it, the other one has not yet."""
    standards.load()
    bank.institution()
    where = bank.places()
    officer = bank.provincial(where.province)
    lots = {}
    for number, name in enumerate(("converted", "waiting"), 1):
        who = bank.person(name, where.county)
        entry = bank.completed(who, number, module="CCC", credits=6000)
        completions.recognise(entries=[entry], now=AT)
        lots[name] = CreditLot.objects.get(person=who)
    version = RuleVersion.objects.get(rule__code="R-OULAD-AS-IT")
    asked = conversion.request(
        request_key="1", person=lots["converted"].person, by=lots["converted"].person,
        version_id=version.pk, uses=[conversion.Use(lots["converted"].pk, 1800)], at=AT,
    )  # fmt: skip
    conversion.approve(conversion=asked, by=officer, at=AT)
    return officer, version, lots


def says(version, **changes):
    days = {"valid_from": date(2027, 1, 1), "valid_to": None}
    return making.Says(body={**version.body, **changes}, reserve_days=60, source="拟修订", **days)


def simulated(history, at=AT, **changes):
    officer, version, _lots = history
    rule = ConversionRule.objects.get(pk=version.rule_id)
    made = making.draft(rule=rule, says=says(version, **changes), by=officer, at=at)
    asked = simulation.ask(version=made, since=date(2026, 1, 1), until=AT.date(), by=officer, at=at)
    return simulation.run(simulation=asked, at=at)


def found(row):
    names = ("person__name", "conversions", "before_hundredths", "after_hundredths", "reason")
    return list(row.rows.order_by("person__name").values_list(*names))


def test_a_higher_ratio_shows_who_gains(history):
    row = simulated(history, value={"kind": "ratio", "numerator": 2, "denominator": 3})
    assert (row.state, row.done, row.total) == ("done", 2, 2)
    assert found(row) == [("converted", 1, 1000, 1200, "ratio")]
    assert simulation.summary(row) == simulation.Summary(1, 200, 0, 0, 0, 0, 0)


def test_a_narrower_pattern_shows_who_loses_and_for_whom_a_door_closes(history):
    row = simulated(history, sources=[{"source_kinds": ["prior"]}])
    assert found(row) == [
        ("converted", 1, 1000, 0, "other_source"), ("waiting", 0, 3040, 0, "closed"),
    ]  # fmt: skip
    assert simulation.summary(row) == simulation.Summary(0, 0, 1, 1000, 0, 0, 1)


def test_asked_again_it_is_the_same_and_counts_nobody_twice(history):
    officer, _version, _lots = history
    row = simulated(history)
    again = simulation.ask(version=row.version, since=row.since, until=row.until, by=officer, at=AT)
    assert again == row
    assert simulation.step(number=row.pk, at=AT) is False
    assert row.rows.count() == 1


def test_a_stopped_simulation_goes_on_where_it_was(history, monkeypatch):
    monkeypatch.setattr(simulation, "BATCH", 1)
    officer, version, _lots = history
    rule = ConversionRule.objects.get(pk=version.rule_id)
    made = making.draft(rule=rule, says=says(version), by=officer, at=AT)
    row = simulation.ask(version=made, since=AT.date(), until=AT.date(), by=officer, at=AT)
    assert simulation.step(number=row.pk, at=AT) is True
    row.refresh_from_db()
    assert (row.state, row.done, row.total) == ("running", 1, 2)
    assert simulation.work(now=AT) == 1
    assert simulation.run(simulation=row, at=AT).done == 2


def test_a_version_that_is_changed_meanwhile_ends_its_simulation(history):
    officer, version, _lots = history
    rule = ConversionRule.objects.get(pk=version.rule_id)
    made = making.draft(rule=rule, says=says(version), by=officer, at=AT)
    row = simulation.ask(version=made, since=AT.date(), until=AT.date(), by=officer, at=AT)
    making.revise(version=made, says=says(version, level_gap=2), by=officer, at=AT)
    simulation.run(simulation=row, at=AT)
    assert row.state == Simulation.State.FAILED
    assert row.problem


def test_impossible_days_are_refused(history):
    officer, version, _lots = history
    rule = ConversionRule.objects.get(pk=version.rule_id)
    made = making.draft(rule=rule, says=says(version), by=officer, at=AT)
    for since, until in ((AT.date(), AT.date() + timedelta(days=1)), (AT.date(), date(2026, 1, 1))):
        with pytest.raises(simulation.DaysImpossible):
            simulation.ask(version=made, since=since, until=until, by=officer, at=AT)


def test_more_learners_need_no_more_queries(history):
    """A batch asks the same number of times for two learners and for five."""
    _officer, _version, lots = history
    few = queries_of(history)
    for number in range(3, 6):
        who = bank.person(f"more {number}", lots["waiting"].person.home)
        entry = bank.completed(who, number, module="CCC", credits=6000)
        completions.recognise(entries=[entry], now=AT)
    assert queries_of(history, value={"kind": "ratio", "numerator": 1, "denominator": 3}) == few


def queries_of(history, **changes):
    officer, version, _lots = history
    rule = ConversionRule.objects.get(pk=version.rule_id)
    drafted = rule.versions.filter(state="draft").first()
    if drafted is None:
        made = making.draft(rule=rule, says=says(version, **changes), by=officer, at=AT)
    else:
        made = making.revise(version=drafted, says=says(version, **changes), by=officer, at=AT)
    row = simulation.ask(version=made, since=AT.date(), until=AT.date(), by=officer, at=AT)
    with CaptureQueriesContext(connection) as counted:
        simulation.step(number=row.pk, at=AT)
    return len(counted)
