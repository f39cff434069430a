"""The checks of rules, held against trying everything."""

from fractions import Fraction
from itertools import permutations, product
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.creditbank.rulebook.bodies import DAY, body, made, patient, rule
from xueqiao.creditbank import rules
from xueqiao.creditbank.rulebook import rules_lint as lint

NODES = "ABCDE"
RATIOS = st.builds(Fraction, st.integers(1, 6), st.integers(1, 6))
GRAPHS = st.dictionaries(st.tuples(st.sampled_from(NODES), st.sampled_from(NODES)), RATIOS)


def gain(edges, cycle):
    """The product along a closed walk, or 0 where an edge is missing."""
    steps = zip(cycle, cycle[1:] + cycle[:1], strict=True)
    return prod((edges.get(step, Fraction(0)) for step in steps), start=Fraction(1))


def some_cycle_gains(edges):
    """By trying every cycle that passes no node twice."""
    return any(
        gain(edges, list(cycle)) > 1
        for size in range(1, len(NODES) + 1)
        for cycle in permutations(NODES, size)
    )


@patient
@given(GRAPHS)
def test_a_gaining_cycle_is_found_exactly_when_there_is_one(edges):
    found = lint.gaining(edges)
    assert (found is not None) == some_cycle_gains(edges)
    if found:
        assert gain(edges, found) > 1


def test_a_circle_at_par_gains_nothing_and_a_hair_above_does():
    par = {("A", "B"): Fraction(3, 7), ("B", "A"): Fraction(7, 3)}
    assert lint.gaining(par) is None
    above = {**par, ("B", "A"): Fraction(7 * 10**12 + 1, 3 * 10**12)}
    assert sorted(lint.gaining(above)) == ["A", "B"]


def circular(code, back, numerator, **more):
    """A rule that takes converted credit of one field and makes credit of another."""
    return rule(
        code, programme=code, gives=(code,), level_gap=0, hop_limit=3,
        sources=[{"source_kinds": ["converted"], "fields": [back]}],
        value={"kind": "ratio", "numerator": numerator, "denominator": 4}, **more,
    )  # fmt: skip


def test_rules_that_feed_each_other_may_not_gain():
    one, two = circular("X", "Y", 5), circular("Y", "X", 4)
    assert set(lint.gaining_cycle([one, two])) == {"X", "Y"}
    (found,) = [each for each in lint.check(one, [two], {}) if each.code == "gaining_cycle"]
    assert (found.rules, found.is_error) == (("X", "Y"), True)
    assert lint.gaining_cycle([one, circular("Y", "X", 3)]) is None


def test_a_rule_that_takes_no_converted_credit_is_in_no_circle():
    one = circular("X", "Y", 8)
    two = rule("Y", programme="Y", gives=("Y",), value={"kind": "ratio", "numerator": 2})
    assert lint.gaining_cycle([one, two]) is None


def test_a_rule_that_feeds_itself_may_not_gain():
    assert lint.gaining_cycle([circular("X", "X", 5)]) == ["X"]
    assert lint.gaining_cycle([circular("X", "X", 4)]) is None


FIXED = {
    "value": {"kind": "fixed"},
    "targets": [{"code": "ELECTIVE", "credit_hundredths": 300}],
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"value": {"kind": "ratio", "numerator": 5, "denominator": 9}}, Fraction(5, 9)),
        (
            {**FIXED,
             "cardinality": {"kind": "all"},
             "sources": [{"at_least_hundredths": 200}, {"at_least_hundredths": 400}]},
            Fraction(1, 2),
        ),
        (
            {**FIXED,
             "cardinality": {"kind": "k_of_n", "k": 1},
             "sources": [{"at_least_hundredths": 200}, {"at_least_hundredths": 400}]},
            Fraction(3, 2),
        ),
    ],
)  # fmt: skip
def test_the_rate_is_the_best_that_the_rule_gives(changes, expected):
    assert lint.rate(rule(**changes)) == expected


UNITS, KINDS, FIELDS = ("U1", "U2"), ("formal", "prior"), ("IT", "CARE")
SOME = {
    "units": st.sets(st.sampled_from(UNITS)), "source_kinds": st.sets(st.sampled_from(KINDS)),
    "fields": st.sets(st.sampled_from(FIELDS)),
}  # fmt: skip
PATTERNS = st.builds(
    lambda low, high, **sets: body(
        sources=[{
            **{name: sorted(found) for name, found in sets.items()},
            **({"level_from": low} if low else {}),
            **({"level_to": max(low, high)} if high else {}),
        }]
    ).sources[0],
    st.integers(0, 3), st.integers(0, 3), **SOME,
)  # fmt: skip
EVERY_LOT = [
    rules.LotFacts(unit, kind, field, level, DAY, None, 0, is_active=True)
    for unit, kind, field, level in product((*UNITS, "U3"), KINDS, (*FIELDS, "ART"), range(7))
]


def fits(lot, pattern):
    whole = body()
    alone = rules.Body((pattern,), whole.cardinality, whole.targets, whole.value, level_gap=9)
    return not rules.misfit(lot, alone, rules.Destination(5), DAY)


@patient
@given(PATTERNS, PATTERNS)
def test_patterns_overlap_exactly_when_some_lot_fits_both(one, other):
    both = any(fits(lot, one) and fits(lot, other) for lot in EVERY_LOT)
    assert lint.overlap(one, other) == both


@patient
@given(PATTERNS, st.integers(1, 5), st.integers(0, 3))
def test_a_pattern_can_be_met_exactly_when_some_lot_meets_it(pattern, level, gap):
    """A unit is known at one level and field, so that only lots of it exist."""
    known = {
        "U1": lint.UnitFacts(frozenset({2}), frozenset({"IT"}), is_in_force=True),
        "U2": lint.UnitFacts(frozenset({4}), frozenset({"CARE"}), is_in_force=False),
    }
    there = [
        lot
        for lot in EVERY_LOT
        if lot.unit_code == "U3" or (lot.unit_code, lot.level, lot.field) == ("U1", 2, "IT")
    ]
    whole = body()
    one = rules.Body((pattern,), whole.cardinality, whole.targets, whole.value, level_gap=gap)
    where = rules.Destination(level)
    met = any(not rules.misfit(lot, one, where, DAY) for lot in there)
    assert lint.can_be_met(pattern, lint.Rule("R", "P", one, where, {}, 1), known) == met


def codes(found):
    return [(each.code, each.path) for each in found]


def test_equal_left_sides_need_a_priority():
    one, two = rule("R-1"), rule("R-2", value={"kind": "ratio", "numerator": 2})
    assert ("needs_priority", "$.priority") in codes(lint.check(one, [two], {}))
    first = rule("R-1", priority=1)
    assert codes(lint.check(first, [two], {})) == []
    assert codes(lint.check(one, [rule("R-3", programme="P-2")], {})) == []
    overlapping = rule("R-4", sources=[{"level_from": 5}])
    (found,) = lint.check(one, [overlapping], {})
    assert (found.code, found.is_error) == ("overlap", False)


def test_what_nothing_can_meet_is_found():
    retired = {"U1": lint.UnitFacts(frozenset({5}), frozenset({"IT"}), is_in_force=False)}
    found = codes(lint.check(rule(sources=[{"units": ["U1"]}]), [], retired))
    assert found == [("unreachable", "$.sources[0]"), ("retired_unit", "$.sources[0].units")]
    unknown = codes(lint.check(rule(sources=[{"units": ["U9"]}]), [], {}))
    assert ("unknown_unit", "$.sources[0].units") in unknown
    low = rule(sources=[{"level_to": 3}], level_gap=1)
    assert codes(lint.check(low, [], {})) == [("unreachable", "$.sources[0]")]
    own = rule(sources=[{"source_kinds": ["converted"]}])
    assert codes(lint.check(own, [], {})) == [("unreachable", "$.sources[0]")]
    one_of_two = rule(
        sources=[{"level_to": 3, "at_least_hundredths": 100}, {"at_least_hundredths": 100}],
        cardinality={"kind": "k_of_n", "k": 1},
    )
    assert codes(lint.check(one_of_two, [], {})) == []


def test_a_cap_below_the_least_value_is_found():
    fixed = {
        **FIXED, "sources": [{"at_least_hundredths": 100}], "cardinality": {"kind": "all"},
    }  # fmt: skip
    low = rule(**fixed, limits=[{"on": "rule", "hundredths": 299}])
    assert codes(lint.check(low, [], {})) == [("cap_too_low", "$.limits[0]")]
    enough = rule(**fixed, limits=[{"on": "rule", "hundredths": 300}])
    assert codes(lint.check(enough, [], {})) == []
    share = rule(**fixed, limits=[{"on": "application", "numerator": 1, "denominator": 100}])
    assert codes(lint.check(share, [], {})) == [("cap_too_low", "$.limits[0]")]
    resident = rule(**fixed, residence_minimum_hundredths=7800)
    assert codes(lint.check(resident, [], {})) == [
        ("cap_too_low", "$.residence_minimum_hundredths")
    ]
    poor = rule(**fixed, worth=200)
    assert codes(lint.check(poor, [], {})) == [("cap_too_low", "$.targets[0]")]


def test_made_lots_are_like_those_that_conversion_writes():
    assert made().source_kind == lint.CONVERTED
