"""Checks of conversion rules before they are published. Plain Python, exact.

A rule set must not make credit out of going round in circles, must say which of two equal rules
goes first, and must not hold rules that can never be used.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

from xueqiao.creditbank import rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from xueqiao.creditbank.rules import Body, Destination, Pattern

# Any day: whether a converted lot fits does not hang on it, for it is made on the day itself.
SOME_DAY = date(2000, 1, 1)
CONVERTED = "converted"


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """What is known of a unit's code: level and field of its versions, and whether one holds."""

    levels: frozenset[int]
    fields: frozenset[str]
    is_in_force: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as the checks see it.

    Attributes:
        code: of the rule, unique in the set.
        worth: 1/100 credit of each part of the programme, by code.
        made: the lots that it makes, one for each target.
        total_hundredths: of the programme.
    """

    code: str
    programme: str
    body: Body
    destination: Destination
    worth: Mapping[str, int]
    total_hundredths: int
    made: tuple[rules.LotFacts, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One thing that a check found.

    Attributes:
        code: ``gaining_cycle``, ``needs_priority``, ``overlap``, ``unreachable``, ``unknown_unit``,
            ``retired_unit``, ``cap_too_low``.
        rules: the codes of the rules that it is about, the checked one first.
        path: JSON path in the body of the first rule, or "".
        values: what the sentence about it names.
    """

    code: str
    rules: tuple[str, ...]
    path: str = ""
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_error(self) -> bool:
        """Whether the rule may not go on; the others are for the maker to read."""
        return self.code not in {"overlap", "retired_unit"}


def check(rule: Rule, others: Sequence[Rule], units: Mapping[str, UnitFacts]) -> list[Finding]:
    """Everything that is to be said about a rule among the others in force, errors first."""
    cycle = gaining_cycle([rule, *others])
    found = [*reaching(rule, units), *amounts(rule)]
    if cycle:
        at = cycle.index(rule.code) if rule.code in cycle else 0
        found.append(Finding("gaining_cycle", tuple(cycle[at:] + cycle[:at])))
    for other in others:
        found += beside(rule, other)
    return sorted(found, key=lambda each: not each.is_error)


def rate(rule: Rule) -> Fraction:
    """The most credit that a rule gives for a credit that it uses."""
    body, value = rule.body, rule.body.value
    if not body.is_fixed:
        return Fraction(value.numerator, value.denominator)
    asked = sorted(each.at_least_hundredths for each in body.sources)
    how = body.cardinality
    if how.kind == "sum":
        used = how.at_least_hundredths
    else:
        used = sum(asked if how.kind == "all" else asked[: how.k or 0])
    return Fraction(sum(each.credit_hundredths or 0 for each in body.targets), used)


def feeds(source: Rule, sink: Rule) -> bool:
    """Whether credit made by one rule can be used by another."""
    return any(not rules.misfit(lot, sink.body, sink.destination, SOME_DAY) for lot in source.made)


def gaining_cycle(rule_set: Sequence[Rule]) -> list[str] | None:
    """The codes of rules that, applied round and round, make more credit than goes in; or None."""
    takers = [rule for rule in rule_set if rule.body.hop_limit > 1]
    edges = {
        (a.code, b.code): rate(b) for a in takers for b in takers if rate(b) > 0 and feeds(a, b)
    }
    return gaining(edges)


def gaining(edges: Mapping[tuple[str, str], Fraction]) -> list[str] | None:
    """A cycle of a graph along which the product of the edges is above 1, or None.

    Bellman–Ford on the negative logarithm of the ratio, carried out exactly: the products
    themselves are compared, as fractions.
    """
    nodes = sorted({node for edge in edges for node in edge})
    best = dict.fromkeys(nodes, Fraction(1))
    came_from: dict[str, str] = {}
    changed = ""
    for _round in nodes:
        changed = ""
        for (start, end), ratio in edges.items():
            if best[start] * ratio > best[end]:
                best[end], came_from[end], changed = best[start] * ratio, start, end
        if not changed:
            return None
    return _cycle(came_from, changed, len(nodes)) if changed else None


def _cycle(came_from: Mapping[str, str], last: str, count: int) -> list[str]:
    # So many steps back from a node that still changed, one certainly stands on the cycle.
    for _step in range(count):
        last = came_from[last]
    found, at = [last], came_from[last]
    while at != last:
        found.append(at)
        at = came_from[at]
    return found[::-1]


def beside(rule: Rule, other: Rule) -> Iterable[Finding]:
    """What is to be said of two rules into one programme, where the learner has no choice of it."""
    if rule.programme != other.programme or rule.code == other.code:
        return
    mine, theirs = rule.body, other.body
    both = (rule.code, other.code)
    same_left = set(mine.sources) == set(theirs.sources) and mine.cardinality == theirs.cardinality
    same_right = (mine.value, mine.targets) == (theirs.value, theirs.targets)
    if same_left and not same_right and mine.priority == theirs.priority:
        yield Finding("needs_priority", both, "$.priority")
    elif mine.priority == theirs.priority and any(
        overlap(a, b) for a in mine.sources for b in theirs.sources
    ):
        yield Finding("overlap", both, "$.sources")


def overlap(one: Pattern, other: Pattern) -> bool:
    """Whether some lot could fit both patterns."""
    for name in (
        "units",
        "unit_versions",
        "certificate_types",
        "issuers",
        "source_kinds",
        "fields",
    ):
        mine, theirs = set(getattr(one, name)), set(getattr(other, name))
        if mine and theirs and not mine & theirs:
            return False
    low = max(one.level_from or 0, other.level_from or 0)
    tops = [each.level_to for each in (one, other) if each.level_to is not None]
    return not tops or low <= min(tops)


def reaching(rule: Rule, units: Mapping[str, UnitFacts]) -> Iterable[Finding]:
    """Units that are unknown or retired, patterns and rules that no credit can ever meet."""
    closed = []
    for number, pattern in enumerate(rule.body.sources):
        path = f"$.sources[{number}]"
        for code in pattern.units:
            known = units.get(code)
            if known is None or not known.is_in_force:
                kind = "unknown_unit" if known is None else "retired_unit"
                yield Finding(kind, (rule.code,), f"{path}.units", {"unit": code})
        if not can_be_met(pattern, rule, units):
            closed.append(number)
    how, count = rule.body.cardinality, len(rule.body.sources)
    least = {"all": count, "k_of_n": how.k or 0, "sum": 1}[how.kind]
    if count - len(closed) < least:
        yield Finding("unreachable", (rule.code,), f"$.sources[{closed[0]}]")


def can_be_met(pattern: Pattern, rule: Rule, units: Mapping[str, UnitFacts]) -> bool:
    """Whether there can be a lot that fits a pattern and counts in the programme."""
    floor = max(rule.destination.level - rule.body.level_gap, pattern.level_from or 0)
    if pattern.level_to is not None and pattern.level_to < floor:
        return False
    if set(pattern.source_kinds) == {CONVERTED} and rule.body.hop_limit <= 1:
        return False
    if not pattern.units:
        return not pattern.fields or any(_field_counts(each, rule) for each in pattern.fields)
    return any(_unit_can(units.get(code), pattern, rule, floor) for code in pattern.units)


def _unit_can(unit: UnitFacts | None, pattern: Pattern, rule: Rule, floor: int) -> bool:
    if unit is None or not unit.is_in_force:
        return False
    top = pattern.level_to
    levels = [level for level in unit.levels if level >= floor and (top is None or level <= top)]
    fields = [
        name
        for name in unit.fields
        if (not pattern.fields or name in pattern.fields) and _field_counts(name, rule)
    ]
    return bool(levels and fields)


def _field_counts(name: str, rule: Rule) -> bool:
    wanted = rule.destination.fields
    mapped = rule.body.field_map.get(name, ())
    return "" in wanted or name in wanted or any(each in wanted for each in mapped)


def amounts(rule: Rule) -> Iterable[Finding]:
    """Limits under which the rule can never give the least that it would give."""
    least = smallest(rule)
    for number, limit in enumerate(rule.body.limits):
        allowed = limit.allows(rule.total_hundredths)
        if allowed < least:
            values = {"allowed": str(allowed), "least": str(least)}
            yield Finding("cap_too_low", (rule.code,), f"$.limits[{number}]", values)
    residence = rule.body.residence_minimum_hundredths or 0
    if rule.total_hundredths - residence < least:
        values = {"allowed": str(rule.total_hundredths - residence), "least": str(least)}
        yield Finding("cap_too_low", (rule.code,), "$.residence_minimum_hundredths", values)
    over: dict[str, int] = defaultdict(int)
    for target in rule.body.targets:
        over[target.code] += target.credit_hundredths or 0
    for number, target in enumerate(rule.body.targets):
        if over[target.code] > rule.worth.get(target.code, 0):
            worth = str(rule.worth.get(target.code, 0))
            values = {"allowed": worth, "least": str(over[target.code])}
            yield Finding("cap_too_low", (rule.code,), f"$.targets[{number}]", values)


def smallest(rule: Rule) -> int:
    """The least that a rule gives when it gives anything, in 1/100 credit."""
    body, value, how = rule.body, rule.body.value, rule.body.cardinality
    if body.is_fixed:
        return sum(each.credit_hundredths or 0 for each in body.targets)
    if how.kind == "sum":
        least = how.at_least_hundredths
    else:
        asked = sorted(each.at_least_hundredths for each in body.sources)
        least = sum(asked if how.kind == "all" else asked[: how.k or 0])
    return max(rules.scaled(least, value.numerator, value.denominator), 1)
