"""Ladders, the search for the least loss, cutting of numbers: laws that hold for any rows."""

from __future__ import annotations

import itertools
from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xueqiao.lake.anonymity import capping, checking, ladders, lattice
from xueqiao.lake.anonymity.ladders import Spot

pytestmark = pytest.mark.embedded
# A province, two cities, three counties with two towns each; one county without towns.
TREE = {
    1: Spot(None, 1, "32"),
    **{city: Spot(1, 2, f"32{city:02}") for city in (2, 3)},
    **{county: Spot(2 + county % 2, 3, f"32{county:04}") for county in (4, 5, 6, 7)},
    **{town: Spot(4 + town % 3, 4, f"32{town:07}") for town in range(8, 14)},
}
HOMES = (7, *range(8, 14))
MONTHS = tuple(date(2025, month, 1) for month in range(1, 13))
PERSONS = st.lists(
    st.tuples(
        st.sampled_from(HOMES),
        st.none() | st.integers(14, 100),
        st.sets(st.sampled_from(MONTHS[:4]), min_size=1, max_size=3),
        st.sampled_from("ab"),
    ),
    min_size=1,
    max_size=40,
)


def units(people):
    homes = ladders.coded(ladders.homes(TREE, 1), pa.array([p[0] for p in people], pa.int64()))
    ages = ladders.coded(ladders.AGE, pa.array([p[1] for p in people], pa.int64()))
    months = ladders.coded_sets(ladders.months("month"), [tuple(sorted(p[2])) for p in people])
    learners = pa.array(range(len(people)), pa.int64())
    return lattice.Units(learners, (homes, ages, months), {"s": pa.array([p[3] for p in people])})


def hidden(people, node, k, diversity):
    """Who is well hidden at some steps, by plain loops; and the loss of each."""
    homes, climbs = ladders.homes(TREE, 1), []
    for home, age, months, sensitive in people:
        told = (
            homes.climb(home)[node[0]],
            ladders.age_steps(age)[node[1]],
            frozenset(ladders.month_steps(each)[node[2]] for each in months),
        )
        climbs.append((told, sensitive))
    good = []
    for told, _sensitive in climbs:
        alike = [each for each in climbs if each[0] == told]
        good.append(len(alike) >= k and len({each[1] for each in alike}) >= diversity)
    return good


@given(
    ages=st.tuples(*[st.integers(14, 120)] * 2),
    days=st.tuples(*[st.sampled_from(MONTHS)] * 2),
    homes=st.tuples(*[st.sampled_from(HOMES)] * 2),
)
def test_what_is_alike_stays_alike_further_up(ages, days, homes):
    for climb, pair in (
        (ladders.age_steps, ages),
        (ladders.month_steps, days),
        (ladders.homes(TREE, 1).climb, homes),
    ):
        one, two = map(climb, pair)
        alike = [a == b for a, b in zip(one, two, strict=True)]
        assert alike == sorted(alike), (one, two)
        assert alike[-1], "at the last step nothing is told"


@settings(max_examples=25, deadline=None)
@given(people=PERSONS, k=st.integers(1, 6), diversity=st.integers(1, 2))
def test_the_search_finds_the_least_loss_of_all_combinations(people, k, diversity):
    """Against every node, looked at by plain loops and added up from the ladders."""
    given_ = units(people)
    most, best = len(people) * lattice.LEFT_OUT_PERCENT // 100, None
    for node in itertools.product(*(range(len(c.codes)) for c in given_.columns)):
        good = hidden(people, node, k, diversity)
        if good.count(False) > most or not any(good):
            continue
        lost = [
            sum(c.losses[step][n].as_py() for c, step in zip(given_.columns, node, strict=True))
            for n in range(len(people))
        ]
        loss = sum(
            one if stays else 3 * ladders.WHOLE for one, stays in zip(lost, good, strict=True)
        )
        best = min(best or (loss, node), (loss, node))
    if best is None:
        with pytest.raises(lattice.NoWayError):
            lattice.search(given_, k=k, diversity=diversity)
        return
    found = lattice.search(given_, k=k, diversity=diversity)
    assert (found.loss, found.steps) == best
    assert found.kept.to_pylist() == hidden(people, found.steps, k, diversity)


def test_the_search_says_what_is_lacking():
    alone = [(8, 30, {MONTHS[0]}, "a")] * 4
    for k, diversity, column in ((5, 1, ""), (4, 2, "s")):
        with pytest.raises(lattice.NoWayError) as why:
            lattice.search(units(alone), k=k, diversity=diversity)
        assert why.value.column == column


@given(
    values=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 1000)), min_size=30),
    k=st.integers(1, 5),
)
def test_the_highest_number_left_is_one_that_k_persons_reach(values, k):
    learners, numbers = [pa.chunked_array([list(each)]) for each in zip(*values, strict=True)]
    persons = {learner for learner, _number in values}
    if len(persons) < k:
        return
    cut = capping.cap(numbers, learners, k=k)
    reaching = {learner for learner, number in values if number >= cut.cap}
    assert len(reaching) >= k
    assert len({learner for learner, number in values if number > cut.cap}) < k
    assert cut.values.to_pylist() == [min(number, cut.cap) for _learner, number in values]


def test_whoever_can_be_followed_is_known_by_all_rows():
    rows = pa.table(
        {"who": [1, 1, 2, 2, 3], "month": ["a", "b", "a", "b", "a"], "s": list("xyxxx")}
    )
    given_ = {"person": "who", "known": ["month"], "sensitive": []}
    assert checking.reached(rows, follows=True, **given_).sizes == (1, 2)
    assert checking.reached(rows, follows=False, **given_).sizes == (2, 3)
    found = checking.reached(rows, person="who", known=["month"], sensitive=["s"], follows=False)
    assert (found.values, found.most_alike) == ({"s": 1}, {"s": 100})
