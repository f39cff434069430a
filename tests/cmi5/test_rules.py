"""When parts are satisfied and which verb may come: laws over made-up courses and sessions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xueqiao.cmi5 import rules
from xueqiao.cmi5.rules import Branch, Breach, Mode, MoveOn, Run
from xueqiao.cmi5.vocabulary import OF_UNITS, Verb

AT = datetime(2026, 9, 1, tzinfo=UTC)
V = Verb


@pytest.mark.parametrize(
    ("move_on", "met"),
    [
        ("Passed", "passed both"),
        ("Completed", "completed both"),
        ("CompletedAndPassed", "both"),
        ("CompletedOrPassed", "completed passed both"),
        ("NotApplicable", "nothing completed passed both"),
    ],
)
def test_each_criterion_asks_for_its_verbs(move_on, met):
    found = [
        name
        for name, completed, passed in [
            ("nothing", False, False),
            ("completed", True, False),
            ("passed", False, True),
            ("both", True, True),
        ]
        if rules.is_met(move_on, completed=completed, passed=passed, waived=False)
    ]
    assert " ".join(found) == met


@given(st.sampled_from(list(MoveOn)), st.booleans(), st.booleans())
def test_a_waived_unit_is_satisfied(move_on, completed, passed):
    assert rules.is_met(move_on, completed=completed, passed=passed, waived=True)


@st.composite
def courses(draw):
    """Branches of a course whose blocks are never empty, as the schema asks, and units met."""
    rows, open_blocks = [], [None]
    for number in range(1, draw(st.integers(1, 25)) + 1):
        parent = draw(st.sampled_from(open_blocks))
        is_block = draw(st.booleans())
        rows.append(Branch(number, parent, is_block))
        if is_block:
            open_blocks.append(number)
    parents = {row.parent for row in rows}
    # A block without parts becomes a unit.
    rows = [row._replace(is_block=row.is_block and row.number in parents) for row in rows]
    met = {row.number for row in rows if not row.is_block and draw(st.booleans())}
    return rows, met


def units_under(rows, block):
    children = [row for row in rows if row.parent == block]
    return {
        unit
        for row in children
        for unit in (units_under(rows, row.number) if row.is_block else {row.number})
    }


@given(courses())
def test_a_block_is_satisfied_when_all_units_in_it_are(course):
    rows, met = course
    done, is_whole = rules.satisfied(rows, met)
    blocks = [row.number for row in rows if row.is_block]
    assert sorted(done) == [each for each in blocks if units_under(rows, each) <= met]
    assert is_whole == (units_under(rows, None) <= met)


@given(courses())
def test_inner_blocks_come_before_those_around_them(course):
    rows, met = course
    done, _whole = rules.satisfied(rows, met)
    parent = {row.number: row.parent for row in rows}
    assert all(
        parent[each] not in done or done.index(each) < done.index(parent[each]) for each in done
    )


@given(courses(), st.randoms())
def test_more_units_never_make_less_satisfied(course, chance):
    rows, _met = course
    order = [row.number for row in rows if not row.is_block]
    chance.shuffle(order)
    seen, said, so_far = set(), [], set()
    for unit in order:
        so_far.add(unit)
        done, _whole = rules.satisfied(rows, so_far)
        assert seen <= set(done)
        said += [each for each in done if each not in seen]
        seen = set(done)
    assert sorted(said) == sorted(row.number for row in rows if row.is_block)
    assert rules.satisfied(rows, so_far)[1]


def walk(*verbs, run=None):
    """The breaches of verbs that come a second apart."""
    run, found = run or Run(), []
    for second, verb in enumerate(verbs):
        at = AT + timedelta(seconds=second)
        breach = rules.admit(run, verb, at)
        found.append(breach)
        if breach is None:
            run = rules.after(run, verb, at)
    return found


I, C, P, F, T, OWN = V.INITIALIZED, V.COMPLETED, V.PASSED, V.FAILED, V.TERMINATED, ""  # noqa: E741


@pytest.mark.parametrize(
    ("verbs", "breach"),
    [
        ([OWN], Breach.NOT_INITIALIZED),
        ([C], Breach.NOT_INITIALIZED),
        ([T], Breach.NOT_INITIALIZED),
        ([I, I], Breach.TWICE),
        ([I, C, C], Breach.TWICE),
        ([I, P, P], Breach.TWICE),
        ([I, F, F], Breach.TWICE),
        ([I, F, P], Breach.JUDGED),
        ([I, P, F], Breach.FAILED_AFTER_PASSED),
        ([I, T, T], Breach.TERMINATED),
        ([I, T, OWN], Breach.TERMINATED),
        ([I, T, C], Breach.TERMINATED),
    ],
)
def test_what_may_not_come(verbs, breach):
    assert walk(*verbs) == [None] * (len(verbs) - 1) + [breach]


@pytest.mark.parametrize("verbs", [[I, OWN, P, OWN, C, T], [I, C, F, T], [I, T], [I, F, C, OWN, T]])
def test_what_may_come(verbs):
    assert walk(*verbs) == [None] * len(verbs)


@pytest.mark.parametrize(
    ("run", "verb", "breach"),
    [
        (Run(completed=True), C, Breach.ALREADY),
        (Run(passed=True), P, Breach.ALREADY),
        (Run(passed=True), F, Breach.FAILED_AFTER_PASSED),
        (Run(mode=Mode.BROWSE), C, Breach.MODE),
        (Run(mode=Mode.REVIEW), P, Breach.MODE),
        (Run(mode=Mode.REVIEW), F, Breach.MODE),
        (Run(mode=Mode.REVIEW), OWN, None),
        (Run(mode=Mode.BROWSE), T, None),
        (Run(completed=True), P, None),
        (Run(passed=True), C, None),
    ],
)
def test_what_the_registration_and_the_mode_let_through(run, verb, breach):
    assert walk(I, verb, run=run) == [None, breach]


def test_the_timestamp_orders_and_not_the_arrival():
    run = rules.after(Run(), I, AT)
    run = rules.after(run, OWN, AT + timedelta(minutes=2))
    assert rules.admit(run, OWN, AT - timedelta(seconds=1)) is Breach.ORDER
    assert rules.admit(run, OWN, AT + timedelta(minutes=1)) is None
    assert rules.admit(run, T, AT + timedelta(minutes=1)) is Breach.ORDER
    assert rules.admit(run, T, AT + timedelta(minutes=2)) is None


@given(st.lists(st.lists(st.sampled_from([*OF_UNITS, ""]), max_size=8), max_size=5))
def test_no_order_of_verbs_breaks_the_laws_of_a_registration(sessions):
    """Whatever sessions say, what gets through keeps the rules of section 9.3."""
    completed = passed = False
    said = []
    for verbs in sessions:
        run, kept = Run(completed=completed, passed=passed), []
        for second, verb in enumerate(verbs):
            at = AT + timedelta(seconds=second)
            if rules.admit(run, verb, at) is None:
                run = rules.after(run, verb, at)
                kept.append(verb)
        defined = [verb for verb in kept if verb]
        assert len(defined) == len(set(defined))
        assert not kept or kept[0] == I
        assert T not in kept or kept[-1] == T
        assert not {P, F} <= set(kept)
        completed, passed, said = run.completed, run.passed, said + kept
    assert said.count(C) <= 1
    assert said.count(P) <= 1
    assert P not in said or F not in said[said.index(P) :]
