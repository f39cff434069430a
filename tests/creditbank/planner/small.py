"""Small planning problems at random, and every plan there is for them."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

from hypothesis import strategies as st

from xueqiao.creditbank import rules
from xueqiao.creditbank.planner import scoring
from xueqiao.creditbank.planner.model import order_of
from xueqiao.creditbank.planner.problem import Lot, Part, Problem, Rule

KINDS = ("formal", "prior")
MOST_PLANS = 4000


@st.composite
def bodies(draw, patterns):
    kind = draw(st.sampled_from(("fixed", "ratio", "smaller")))
    numerator, denominator = draw(st.sampled_from(((1, 1), (1, 2), (2, 3), (3, 2))))
    if kind == "smaller":
        numerator, denominator = min(numerator, denominator), max(numerator, denominator)
    how = draw(st.sampled_from(("sum", "all", "k_of_n")))
    least = 2 if kind == "fixed" else draw(st.sampled_from((1, 1, 2)))
    targets = draw(st.sampled_from((("A",), ("B",), ("A", "B"))))
    credits = draw(st.integers(1, 3))  # noqa: A001
    return rules.Body(
        sources=tuple(rules.Pattern(at_least_hundredths=least) for _n in range(patterns)),
        cardinality=rules.Cardinality(
            kind=how, k=draw(st.integers(1, patterns)) if how == "k_of_n" else None,
            at_least_hundredths=least,
        ),
        targets=tuple(
            rules.Target(code, credits if kind == "fixed" or draw(st.booleans()) else None)
            for code in targets
        ),
        value=rules.Value(kind=kind, numerator=numerator, denominator=denominator),
    )  # fmt: skip


@st.composite
def problems(draw):
    count = draw(st.integers(1, 3))
    lots = tuple(
        Lot(
            lot_id=number + 1, free_hundredths=draw(st.sampled_from((4, 3, 2, 1, 0))),
            level=draw(st.integers(3, 5)), rank=number,
            kinds={draw(st.sampled_from(KINDS)): Fraction(1)},
            parts=draw(st.sampled_from(((), (), ("A",)))), is_converted=draw(st.booleans()),
        )
        for number in range(count)
    )  # fmt: skip
    worth = {"A": draw(st.sampled_from((6, 5, 3, 2))), "B": draw(st.sampled_from((6, 4, 2, 1)))}
    # Wide limits come first: hypothesis shrinks towards them.
    limit = st.sampled_from((9, 9, 9, 5, 3, 2, 1, 0))
    room = st.sampled_from((None, None, None, 4, 2, 1))
    found = []
    for number in range(draw(st.integers(1, 2))):
        patterns = draw(st.integers(1, 2))
        some = st.sampled_from(((0,), (patterns - 1,), tuple(range(patterns))))
        fits = {
            lot.lot_id: draw(some) for lot in lots if draw(st.sampled_from((True, True, False)))
        }
        body = draw(bodies(patterns))
        kind_rooms = {} if body.is_fixed else draw(st.sampled_from(({}, {"prior": 1})))
        found.append(
            Rule(
                rule_id=number + 1, rank=number + 1, body=body, fits=fits, worth=worth,
                room=draw(room), kind_rooms=kind_rooms, application_room=draw(room),
                programme_room=draw(room),
            )
        )  # fmt: skip
    above = draw(st.sampled_from(((), ("A",))))
    return Problem(
        lots=lots, rules=tuple(found),
        parts={
            "A": Part(worth["A"], draw(limit), least=draw(st.integers(0, 2))),
            "B": Part(worth["B"], draw(limit), above=above),
        },
        total=draw(st.integers(3, 9)), convertible=draw(limit),
        converted_most=draw(limit),
        kind_limits=draw(st.sampled_from(({}, {"prior": 2}))),
        floor_level=draw(st.sampled_from((0, 4))), below_floor_most=draw(limit),
        programme_level=draw(st.integers(3, 5)),
    )  # fmt: skip


def plans(problem):
    """How many plans there are, and all of them."""
    slots = [(rule, lot_id) for rule in problem.rules for lot_id in sorted(rule.fits)]
    direct = [(lot.lot_id, part) for lot in problem.lots for part in lot.parts]
    free = {lot.lot_id: lot.free_hundredths for lot in problem.lots}
    ranges = [range(free[lot] + 1) for _rule, lot in slots] + [
        range(free[lot] + 1) for lot, _part in direct
    ]
    count = 1
    for each in ranges:
        count *= len(each)
    return count, (_plan(problem, slots, direct, amounts) for amounts in product(*ranges))


def _plan(problem, slots, direct, amounts):
    offers: dict[int, dict[int, int]] = {}
    for (rule, lot_id), amount in zip(slots, amounts, strict=False):
        if amount:
            offers.setdefault(rule.rule_id, {})[lot_id] = amount
    standing = dict(zip(direct, amounts[len(slots) :], strict=True))
    steps = []
    for rule in sorted(problem.rules, key=order_of):
        if rule.rule_id in offers:
            step = scoring.step(rule, offers[rule.rule_id])
            if step is None:
                return None
            steps.append(step)
    return steps, {key: amount for key, amount in standing.items() if amount}


def best_by_trying_everything(problem):
    """The best score of all plans."""
    _count, every = plans(problem)
    scores = [scoring.score(problem, *plan) for plan in every if plan is not None]
    return max((score.order for score in scores if score is not None), default=None)
