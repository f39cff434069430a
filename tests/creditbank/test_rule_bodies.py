"""What a rule may say, what it makes of credit, and which lots fit it. No database."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.creditbank.programmes import body
from xueqiao.creditbank import rules

DAY = date(2014, 7, 1)
LOT = rules.LotFacts(
    unit_code="U", unit_version="1", source_kind="certificate", field="it", level=5,
    obtained=date(2010, 1, 1), valid_to=None, hops=0, is_active=True, issuer="ISSUER",
    certificate_type="1X-WEB", certificate_level=2, score_hundredths=7500,
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"sources": []}, "$.sources"),
        ({"targets": []}, "$.targets"),
        ({"targets": [{"code": "T"}, {"code": "T"}]}, "$.targets"),
        ({"cardinality": {"kind": "k_of_n", "k": 2}}, "$.cardinality.k"),
        ({"cardinality": {"kind": "some"}}, "$.cardinality.kind"),
        ({"value": {"kind": "ratio", "numerator": 0}}, "$.value.numerator"),
        ({"value": {"kind": "fixed"}}, "$.cardinality.at_least_hundredths"),
        ({"age_from": 60, "age_to": 18}, "$.age_to"),
        ({"sources": [{"level_from": 6, "level_to": 4}]}, "$.sources[0].level_to"),
        ({"limits": [{"on": "rule"}]}, "$.limits[0]"),
        ({"limits": [{"on": "rule", "numerator": 1}]}, "$.limits[0]"),
        ({"limits": [{"on": "source_kind", "hundredths": 1}]}, "$.limits[0].source_kind"),
        ({"sources": [{"colour": "red"}]}, "$.sources[0]"),
        ({"level_gap": 1.5}, "$.level_gap"),
    ],
)
def test_what_is_no_rule_is_refused_with_its_place(change, path):
    with pytest.raises(rules.BodyWrong, match="at `") as refused:
        body(**change)
    assert f"`{path}`" in str(refused.value)


def test_the_normal_form_is_one():
    full = {
        "sources": [{"units": ["U"], "at_least_hundredths": 1, "level_from": 3}],
        "cardinality": {"kind": "sum", "at_least_hundredths": 1},
        "targets": [{"code": "T", "credit_hundredths": None}],
        "value": {"kind": "ratio", "numerator": 5, "denominator": 9}, "level_gap": 0,
        "field_map": {}, "effect": "credit",
    }  # fmt: skip
    short = rules.write(rules.read(full))
    assert short == {
        "sources": [{"units": ["U"], "level_from": 3}], "cardinality": {"kind": "sum"},
        "targets": [{"code": "T"}], "value": {"kind": "ratio", "numerator": 5, "denominator": 9},
    }  # fmt: skip
    assert rules.write(rules.read(short)) == short


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({}, ""),
        ({"units": ["V"]}, "other_unit"),
        ({"units": ["U"], "unit_versions": ["2"]}, "other_version"),
        ({"source_kinds": ["formal"]}, "other_source"),
        ({"certificate_types": ["1X-CARE"]}, "other_certificate"),
        ({"certificate_types": ["1X-WEB"], "certificate_level_from": 3}, "certificate_too_low"),
        ({"certificate_level_from": 2, "score_from_hundredths": 7600}, "score_too_low"),
        ({"issuers": ["OTHER"]}, "other_issuer"),
        ({"fields": ["care"]}, "other_field"),
        ({"level_from": 6}, "level_too_low"),
        ({"level_to": 4}, "level_too_high"),
        ({"obtained_within_years": 4}, "too_old"),
        ({"obtained_within_years": 5}, ""),
    ],
)
def test_a_lot_misfits_for_the_first_thing_that_it_lacks(asked, why):
    assert rules.misfit(LOT, body(sources=[asked]), rules.Destination(5), DAY) == why


def test_of_several_patterns_the_closest_gives_the_reason():
    both = body(sources=[{"units": ["V"]}, {"units": ["U"], "score_from_hundredths": 9000}])
    assert rules.misfit(LOT, both, rules.Destination(5), DAY) == "score_too_low"
    either = body(sources=[{"units": ["V"]}, {"units": ["U"]}])
    assert rules.misfit(LOT, either, rules.Destination(5), DAY) == ""
    assert rules.patterns_met(LOT, either, DAY) == (1,)


def test_levels_and_fields_are_those_of_the_programme():
    care = rules.Destination(6, frozenset({"care"}))
    assert rules.misfit(LOT, body(), care, DAY) == "level_too_low"
    assert rules.misfit(LOT, body(level_gap=1), care, DAY) == "other_field"
    mapped = body(level_gap=1, field_map={"it": ["care"]})
    assert rules.misfit(LOT, mapped, care, DAY) == ""


def test_ages_are_counted_by_the_year_of_birth():
    grown = body(age_from=18, age_to=60)
    found = [rules.age_misfit(grown, year, DAY) for year in (1997, 1996, 1954, 1953, None)]
    assert found == ["too_young", "", "", "too_aged", "age_unknown"]
    assert rules.age_misfit(body(), None, DAY) == ""


def fill(found, *offers, **worth):
    asked = [rules.Offer(n, amount, fits) for n, (amount, fits) in enumerate(offers, start=1)]
    filled = rules.fill(found, asked, worth or {"T": 1000, "S": 1000})
    return filled.used, filled.made, filled.granted


def test_a_ratio_rounds_down_lot_by_lot_and_leaves_the_rest():
    found = body(value={"kind": "ratio", "numerator": 5, "denominator": 9})
    assert fill(found, (101, (0,)), (100, (0,))) == ({1: 101, 2: 99}, {1: 56, 2: 55}, {"T": 111})


def test_several_targets_are_filled_in_their_order():
    found = body(targets=[{"code": "T", "credit_hundredths": 300}, {"code": "S"}])
    assert fill(found, (500, (0,)))[2] == {"T": 300, "S": 200}
    with pytest.raises(rules.Unfilled) as refused:
        fill(found, (500, (0,)), T=300, S=100)
    assert (refused.value.code, refused.value.room, refused.value.asked) == ("too_much", 400, 500)


def test_the_smaller_value_cuts_and_leaves_the_rest():
    found = body(value={"kind": "smaller", "numerator": 1, "denominator": 2})
    assert fill(found, (500, (0,)), (500, (0,)), T=300) == (
        {1: 500, 2: 100}, {1: 250, 2: 50}, {"T": 300},
    )  # fmt: skip


def test_a_fixed_value_needs_every_pattern_and_uses_exactly_what_it_asks():
    found = body(
        sources=[{"at_least_hundredths": 300}, {"at_least_hundredths": 200}],
        cardinality={"kind": "all"}, value={"kind": "fixed"},
        targets=[{"code": "T", "credit_hundredths": 400}, {"code": "S", "credit_hundredths": 100}],
    )  # fmt: skip
    # The first lot was given to the first pattern; it moves to the second, which only it fits.
    assert fill(found, (250, (0, 1)), (400, (0,))) == (
        {1: 250, 2: 250}, {1: 250, 2: 250}, {"T": 400, "S": 100},
    )  # fmt: skip
    with pytest.raises(rules.Unfilled) as refused:
        fill(found, (150, (0, 1)), (400, (0,)))
    assert refused.value.code == "patterns_unmet"


def test_k_of_n_takes_the_first_patterns_that_can_be_met():
    found = body(
        sources=[{"at_least_hundredths": 100} for _n in range(3)],
        cardinality={"kind": "k_of_n", "k": 2}, value={"kind": "fixed"},
        targets=[{"code": "T", "credit_hundredths": 150}],
    )  # fmt: skip
    assert fill(found, (100, (0,)), (100, (2,)), (100, (2,)))[0] == {1: 100, 2: 100}
    with pytest.raises(rules.Unfilled):
        fill(found, (100, (0,)), (100, (0,)))


def test_a_sum_asks_for_so_much_of_whatever_fits():
    found = body(cardinality={"kind": "sum", "at_least_hundredths": 500})
    with pytest.raises(rules.Unfilled) as refused:
        fill(found, (300, (0,)), (199, (0,)))
    assert refused.value.code == "too_little"
    assert fill(found, (300, (0,)), (200, (0,)))[2] == {"T": 500}


@given(st.integers(0, 10_000), st.lists(st.integers(0, 50), min_size=1).filter(any))
def test_a_split_adds_up_and_is_fair(amount, weights):
    parts = rules.split(amount, weights)
    assert sum(parts) == amount
    total = sum(weights)
    assert all(abs(p - amount * w / total) < 1 for p, w in zip(parts, weights, strict=True))


@given(
    st.lists(st.tuples(st.integers(1, 9), st.sets(st.integers(0, 2), min_size=1)), max_size=4),
    st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9)),
)
def test_credit_is_shared_out_exactly_when_it_can_be(lots, needs):
    """Hall's condition, tried on every set of needs, decides whether all can be met."""
    offers = [rules.Offer(n, amount, tuple(fits)) for n, (amount, fits) in enumerate(lots)]
    found = rules.filling.share_out(offers, dict(enumerate(needs)))
    subsets = [{n for n in range(3) if mask >> n & 1} for mask in range(1, 8)]
    possible = all(
        sum(amount for amount, fits in lots if fits & chosen) >= sum(needs[n] for n in chosen)
        for chosen in subsets
    )
    assert (found is not None) == possible
    if found is not None:
        given_to = [sum(a for (_lot, n), a in found.items() if n == need) for need in range(3)]
        assert tuple(given_to) == needs
        for number, (amount, fits) in enumerate(lots):
            taken = {n: a for (lot, n), a in found.items() if lot == number}
            assert sum(taken.values()) <= amount
            assert set(taken) <= fits
