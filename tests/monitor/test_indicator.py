"""Definitions: units that fit, texts in both languages, marts that exist, exact values."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction

import pytest
from django.utils import translation

from xueqiao.lake import recipes
from xueqiao.monitor import indicator, queries
from xueqiao.monitor.indicator import Counted, Measure, MixedUnits, RollUp, Target, Unit
from xueqiao.monitor.indicators import ALL, BY_CODE, network, participation


def test_attendances_over_persons_are_no_percentage():
    attendances = BY_CODE["P09"].numerator
    with pytest.raises(MixedUnits) as refused:
        replace(BY_CODE["P03"], numerator=attendances)
    assert "P03 counts ATTENDANCES over PERSONS" in str(refused.value)


@pytest.mark.parametrize(
    ("above", "below", "unit", "fits"),
    [
        (Counted.PERSONS, Counted.PERSONS, Unit.PERCENT, True),
        (Counted.PLACES, Counted.PERSONS, Unit.PERCENT, False),
        (Counted.FEN, Counted.FEN, Unit.PERCENT, False),
        (Counted.FEN, Counted.PERSONS, Unit.YUAN_PER_PERSON, True),
        (Counted.PERSONS, Counted.PERSONS, Unit.YUAN_PER_PERSON, False),
        (Counted.ATTENDANCES, None, Unit.ATTENDANCES, True),
        (Counted.ATTENDANCES, Counted.PERSONS, Unit.ATTENDANCES, False),
        (Counted.PERSONS, None, Unit.PERCENT, False),
    ],
)
def test_only_these_units_fit(above, below, unit, fits):
    def measure(counts):
        return Measure(counts=counts, sql="select 1", rolls_up=RollUp.SUM) if counts else None

    changed = {"numerator": measure(above), "denominator": measure(below), "unit": unit}
    if fits:
        replace(BY_CODE["P03"], **changed)
    else:
        with pytest.raises(MixedUnits):
            replace(BY_CODE["P03"], **changed)


def test_values_are_exact_and_judged_exactly():
    assert network.TOWN_CENTRES.value(1234, 1244) == Fraction(30850, 311)
    assert BY_CODE["F01"].value(500, 1) == 5
    more_than = Target(value=Fraction(25), strictly=True)
    assert not more_than.is_met(Fraction(25))
    assert more_than.is_met(Fraction(25) + Fraction(1, 10**9))
    assert participation.ELDERS_YEARLY.value(1, 4) == 25


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.code)
def test_each_definition_speaks_both_languages_and_names_its_source(one):
    for text in (one.title, one.meaning):
        with translation.override("en"):
            english = str(text)
        with translation.override("zh-hans"):
            chinese = str(text)
        assert english != chinese
        assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)
    assert one.source


def test_the_ten_codes_are_in_force():
    codes = ["N02", "N03", "N05", "N06", "P01", "P03", "P09", "Q02", "X01", "F01"]
    assert [one.code for one in queries.definitions()] == codes
    assert all(queries.definition(code).code == code for code in codes)
    with pytest.raises(queries.UnknownIndicator):
        queries.definition("N99")


def test_a_definition_reads_marts_that_exist():
    marts = {name for name in recipes.recipes() if "." not in name} | {"years", "latest_year"}
    for one in ALL:
        measures = [one.numerator.sql, one.completeness]
        measures += [one.denominator.sql] if one.denominator else []
        for sql in measures:
            words = sql.replace("(", " ").replace(")", " ").split()
            read = {
                after
                for word, after in itertools.pairwise(words)
                if word in {"from", "join"} and after != "select"
            }
            assert read <= marts, one.code


def test_the_classes_of_a_definition_are_documented():
    assert all(kind.__doc__ for kind in (indicator.Indicator, indicator.Measure, indicator.Target))
