"""Why a lot, or the rest of one, does not count in a plan: one reason for each, in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy

from xueqiao.creditbank import matching, rules
from xueqiao.creditbank.planner import model, reading, scoring

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from xueqiao.creditbank.models import CreditLot
    from xueqiao.creditbank.planner.problem import Answer, Part, Rule
    from xueqiao.creditbank.planner.reading import Case

REASONS = {
    **matching.REASONS,
    "no_rule": gettext_lazy("no rule in force takes it into this programme"),
    "used_up": gettext_lazy("it already counts for a qualification of this kind"),
    "not_needed": gettext_lazy("the qualification is complete without it"),
    "part_full": gettext_lazy("the part of the programme in which it counts is full"),
    "programme_full": gettext_lazy(
        "the programme takes no more converted credit; the rest has to be earned there"
    ),
    "rule_full": gettext_lazy("the rule that takes it allows no more"),
    "kind_full": gettext_lazy("the qualification takes no more credit of this kind"),
    "below_floor": gettext_lazy("the qualification asks for credit of a higher level"),
    "needs_more": gettext_lazy("the rule that takes it asks for other credit together with it"),
    "remainder": gettext_lazy("so little is left that the rule makes nothing of it"),
    "better_used": gettext_lazy("other credit that counts in its place brings more"),
}


@dataclass(frozen=True)
class Uncounted:
    """A lot of which something does not count: how much, in 1/100 credit, and why."""

    lot: CreditLot
    left_hundredths: int
    code: str

    @property
    def text(self) -> str:
        return str(REASONS[self.code])


def uncounted(case: Case, answer: Answer, day: date) -> list[Uncounted]:
    """Every lot that does not count, or not whole, with its reason; oldest first."""
    taken: Counter[int] = Counter()
    for step in answer.steps:
        taken.update(step.used)
    for (lot_id, _part), amount in answer.direct.items():
        taken[lot_id] += amount
    room = _Room(case, answer)
    found = []
    for lot in sorted(case.lots.values(), key=lambda each: (each.obtained, each.pk)):
        left = case.free[lot.pk] - taken[lot.pk]
        if not reading.is_usable(lot, day):
            code = "lapsed" if lot.valid_to and day >= lot.valid_to else "not_active"
            found.append(Uncounted(lot, lot.amount_hundredths, code))
        elif case.free[lot.pk] <= 0:
            found.append(Uncounted(lot, lot.amount_hundredths, "used_up"))
        elif left > 0:
            found.append(Uncounted(lot, left, _why(case, room, lot, left, day)))
    return found


class _Room:
    """What a plan leaves free under each limit, in 1/100 credit."""

    def __init__(self, case: Case, answer: Answer) -> None:
        problem = case.problem
        self.ruled = {rule.rule_id: rule for rule in problem.rules}
        self.used_rules = {step.rule_id for step in answer.steps}
        self.made = {step.rule_id: step.made_hundredths for step in answer.steps}
        converted: Counter[str] = Counter()
        for step in answer.steps:
            for code, amount in step.granted.items():
                converted.update(dict.fromkeys((code, *problem.parts[code].above), amount))
        counted = converted.copy()
        for (_lot, code), amount in answer.direct.items():
            counted.update(dict.fromkeys((code, *problem.parts[code].above), amount))
        self.parts = {
            code: (part.worth - counted[code], part.convertible - converted[code])
            for code, part in problem.parts.items()
        }
        new = sum(self.made.values())
        by_id = {lot.lot_id: lot for lot in problem.lots}
        standing = sum(amount for (lot, _p), amount in answer.direct.items()
                       if by_id[lot].is_converted)  # fmt: skip
        self.whole = problem.total - new - sum(answer.direct.values())
        self.unmet = sum(max(part.least - counted[code], 0) for code, part in problem.parts.items())
        self.converted = min(problem.convertible - new, problem.converted_most - new - standing)
        self.kinds = _kinds_left(case, answer)
        below = sum(
            amount for (lot, _p), amount in answer.direct.items()
            if by_id[lot].level < problem.floor_level
        ) + (new if problem.programme_level < problem.floor_level else 0)  # fmt: skip
        self.below = problem.below_floor_most - below


def _kinds_left(case: Case, answer: Answer) -> dict[str, float]:
    problem = case.problem
    lots = {lot.lot_id: lot for lot in problem.lots}
    ruled = {rule.rule_id: rule for rule in problem.rules}
    left = {kind: float(most) for kind, most in problem.kind_limits.items()}
    for step in answer.steps:
        for kind, counted in scoring.kinds_of(lots, ruled[step.rule_id], step).items():
            if kind in left:
                left[kind] -= float(counted)
    for (lot_id, _part), amount in answer.direct.items():
        for kind, share in lots[lot_id].kinds.items():
            if kind in left:
                left[kind] -= float(share * amount)
    return left


def _why(case: Case, room: _Room, lot: CreditLot, left: int, day: date) -> str:
    fitting = [rule for rule in case.problem.rules if lot.pk in rule.fits]
    direct = reading.stands_in(lot, case.requirements, case.qualification)
    if not fitting and not direct:
        return _misfit(case, lot, day)
    if room.whole <= 0:
        return "not_needed"
    kinds = next(each.kinds for each in case.problem.lots if each.lot_id == lot.pk)
    if any(room.kinds.get(kind, 1) <= 0 for kind in kinds):
        return "kind_full"
    if direct and case.problem.floor_level > lot.level.number and room.below <= 0:
        return "below_floor"
    whys = [_full(room.parts, code, case.problem.parts[code], 0) for code in direct]
    whys += [_under(case, room, rule, left) for rule in sorted(fitting, key=lambda r: r.rank)]
    return next((why for why in whys if why), "better_used")


def _under(case: Case, room: _Room, rule: Rule, left: int) -> str:
    """Why a lot that fits a rule is not used under it, as a code; "" when nothing is in the way."""
    made, body = room.made.get(rule.rule_id, 0), rule.body
    rooms = [each for each in (rule.room, rule.application_room) if each is not None]
    is_used = rule.rule_id in room.used_rules
    parts = case.problem.parts
    fulls = [_full(room.parts, target.code, parts[target.code], 1) for target in body.targets]
    makes = rules.scaled(left, body.value.numerator, body.value.denominator)
    checks = (
        ("programme_full", room.converted <= 0),
        ("rule_full", any(made >= each for each in rooms) or (body.is_fixed and is_used)),
        ("part_full", any(fulls)),
        ("needs_more", not is_used and (body.is_fixed or model.asks_for_more(rule))),
        ("remainder", not body.is_fixed and not makes),
    )
    return next((code for code, applies in checks if applies), "")


def _full(parts: Mapping[str, tuple[int, int]], code: str, part: Part, which: int) -> str:
    full = any(min(parts[name][0], parts[name][which]) <= 0 for name in (code, *part.above))
    return "part_full" if full else ""


def _misfit(case: Case, lot: CreditLot, day: date) -> str:
    """The reason of the rules that come closest; those for other ages come last."""
    whys = [why for why in case.misfits[lot.pk].values() if why]
    if whys:
        order = list(REASONS)
        return max(whys, key=order.index)
    if case.misfits[lot.pk]:
        body = next(iter(case.misfits[lot.pk]))
        return rules.age_misfit(case.rules[body].body, case.person.birth_year, day) or "no_rule"
    return "no_rule"
