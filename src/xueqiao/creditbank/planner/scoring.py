"""What a plan is worth, by the very rules that execute it; or that it cannot be carried out."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING

from xueqiao.creditbank import rules
from xueqiao.creditbank.planner.problem import Score, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from xueqiao.creditbank.planner.problem import Lot, Problem, Rule

Offers = tuple[int, "Mapping[int, int]"]


def step(rule: Rule, offers: Mapping[int, int]) -> Step | None:
    """What asking under a rule with these offers gives; None where the rule refuses."""
    asked = [
        rules.Offer(lot_id, amount, rule.fits[lot_id])
        for lot_id, amount in sorted(offers.items())
        if amount
    ]
    try:
        filled = rules.fill(rule.body, asked, rule.worth)
    except rules.Unfilled:
        return None
    return Step(rule.rule_id, dict(offers), filled.used, filled.granted)


def score(
    problem: Problem, steps: Sequence[Step], direct: Mapping[tuple[int, str], int]
) -> Score | None:
    """The score of a plan; None where a limit does not let it pass."""
    lots = {lot.lot_id: lot for lot in problem.lots}
    ruled = {rule.rule_id: rule for rule in problem.rules}
    if not (
        _rights_hold(lots, steps, direct)
        and _parts_hold(problem, steps, direct)
        and _rules_hold(lots, ruled, steps)
        and _whole_holds(problem, lots, ruled, steps, direct)
    ):
        return None
    top = problem.top_level
    cost: dict[str, int] = defaultdict(int)
    for lot_id, weight in _weighed(ruled, steps, direct):
        cost["level"] += weight * (top - lots[lot_id].level)
        cost["lot"] += weight * (lots[lot_id].rank + 1)
    ranked = sum(ruled[each.rule_id].rank * each.made_hundredths for each in steps)
    credits = sum(each.made_hundredths for each in steps) + sum(direct.values())  # noqa: A001
    return Score(credits, cost["level"], ranked, cost["lot"])


def made_by(rule: Rule, each: Step) -> dict[int, int]:
    """What each lot makes in a step of a rule by ratio."""
    value = rule.body.value
    found = {}
    left = each.made_hundredths
    for lot_id, used in each.used.items():
        found[lot_id] = min(rules.scaled(used, value.numerator, value.denominator), left)
        left -= found[lot_id]
    return found


def kinds_of(problem_lots: Mapping[int, Lot], rule: Rule, each: Step) -> dict[str, Fraction]:
    """What a step counts against limits by source kind.

    A fixed value counts whole against every kind that it uses: what of it is whose cannot be said.
    """
    found: dict[str, Fraction] = defaultdict(Fraction)
    if rule.body.is_fixed:
        used = {kind for lot_id in each.used for kind in problem_lots[lot_id].kinds}
        return dict.fromkeys(used, Fraction(each.made_hundredths))
    for lot_id, made in made_by(rule, each).items():
        for kind, share in problem_lots[lot_id].kinds.items():
            found[kind] += share * made
    return dict(found)


def _weighed(
    ruled: Mapping[int, Rule], steps: Iterable[Step], direct: Mapping[tuple[int, str], int]
) -> Iterable[tuple[int, int]]:
    for (lot_id, _part), amount in direct.items():
        yield lot_id, amount
    for each in steps:
        rule = ruled[each.rule_id]
        yield from (each.used if rule.body.is_fixed else made_by(rule, each)).items()


def _rights_hold(
    lots: Mapping[int, Lot], steps: Iterable[Step], direct: Mapping[tuple[int, str], int]
) -> bool:
    taken: dict[int, int] = defaultdict(int)
    for (lot_id, part), amount in direct.items():
        if part not in lots[lot_id].parts:
            return False
        taken[lot_id] += amount
    for each in steps:
        for lot_id, amount in each.offers.items():
            taken[lot_id] += amount
    return all(amount <= lots[lot_id].free_hundredths for lot_id, amount in taken.items())


def _parts_hold(
    problem: Problem, steps: Iterable[Step], direct: Mapping[tuple[int, str], int]
) -> bool:
    counted: dict[str, int] = defaultdict(int)
    converted: dict[str, int] = defaultdict(int)
    given = [item for each in steps for item in each.granted.items()]
    for code, amount in given:
        for name in (code, *problem.parts[code].above):
            converted[name] += amount
            counted[name] += amount
    for (_lot, code), amount in direct.items():
        for name in (code, *problem.parts[code].above):
            counted[name] += amount
    unmet = sum(max(part.least - counted[code], 0) for code, part in problem.parts.items())
    whole = sum(amount for _code, amount in given) + sum(direct.values())
    return whole + unmet <= problem.total and all(
        counted[code] <= part.worth and converted[code] <= part.convertible
        for code, part in problem.parts.items()
    )


def _rules_hold(lots: Mapping[int, Lot], ruled: Mapping[int, Rule], steps: Sequence[Step]) -> bool:
    for each in steps:
        rule, made = ruled[each.rule_id], each.made_hundredths
        rooms = [room for room in (rule.room, rule.application_room) if room is not None]
        if any(made > room for room in rooms):
            return False
        by_kind = kinds_of(lots, rule, each)
        if any(by_kind.get(kind, 0) > room for kind, room in rule.kind_rooms.items()):
            return False
    before = 0
    for each in steps:
        before += each.made_hundredths
        room = ruled[each.rule_id].programme_room
        if room is not None and before > room:
            return False
    return True


def _whole_holds(
    problem: Problem, lots: Mapping[int, Lot], ruled: Mapping[int, Rule], steps: Sequence[Step],
    direct: Mapping[tuple[int, str], int],
) -> bool:  # fmt: skip
    converted = sum(each.made_hundredths for each in steps)
    standing = sum(amount for (lot, _p), amount in direct.items() if lots[lot].is_converted)
    below = sum(
        amount for (lot, _p), amount in direct.items() if lots[lot].level < problem.floor_level
    ) + (converted if problem.programme_level < problem.floor_level else 0)
    kinds: dict[str, Fraction] = defaultdict(Fraction)
    for each in steps:
        for kind, counted in kinds_of(lots, ruled[each.rule_id], each).items():
            kinds[kind] += counted
    for (lot, _part), amount in direct.items():
        for kind, share in lots[lot].kinds.items():
            kinds[kind] += share * amount
    return (
        converted <= problem.convertible
        and converted + standing <= problem.converted_most
        and (not problem.floor_level or below <= problem.below_floor_most)
        and all(kinds[kind] <= most for kind, most in problem.kind_limits.items())
    )
