"""The plan as a mixed integer programme: columns are amounts, rows are rights, caps and rules.

Every row says what ``scoring`` checks; whole numbers throughout, so a solution is carried out as
it stands. Docs: docs/decisions/0114-planner-as-integer-programme.md
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xueqiao.creditbank import rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from xueqiao.creditbank.planner.problem import Lot, Problem, Rule

Terms = dict[int, float]
FREE = float("inf")


@dataclass
class Model:
    """Columns from 0 to their upper bound, and rows between two bounds.

    Attributes:
        offers: column of what is offered of a lot under a rule; several add up.
        made: column of what a lot makes, where it is not worked out from the offer.
        direct: column of what counts as it stands, by lot and part.
        objectives: credits to be maximised, then three costs to be minimised.
    """

    upper: list[float] = field(default_factory=list)
    rows: list[tuple[float, float, Terms]] = field(default_factory=list)
    offers: dict[tuple[int, int], list[int]] = field(default_factory=lambda: defaultdict(list))
    made: dict[tuple[int, int], int] = field(default_factory=dict)
    direct: dict[tuple[int, str], int] = field(default_factory=dict)
    objectives: tuple[Terms, ...] = field(
        default_factory=lambda: tuple(defaultdict(float) for _each in range(4))
    )
    right: dict[int, Terms] = field(default_factory=lambda: defaultdict(dict))
    counted: dict[str, Terms] = field(default_factory=lambda: defaultdict(dict))
    converted: dict[str, Terms] = field(default_factory=lambda: defaultdict(dict))
    kinds: dict[str, Terms] = field(default_factory=lambda: defaultdict(dict))
    whole: dict[str, Terms] = field(default_factory=lambda: defaultdict(dict))
    before: list[tuple[int, Terms]] = field(default_factory=list)

    def column(self, upper: float) -> int:
        self.upper.append(upper)
        return len(self.upper) - 1

    def row(self, low: float, high: float, terms: Mapping[int, float]) -> None:
        if terms:
            self.rows.append((low, high, dict(terms)))

    def count(self, terms: Terms, code: str, above: Iterable[str], *, is_new: bool) -> None:
        """Let an amount count in a part and in all above it."""
        for name in (code, *above):
            _add(self.counted[name], terms)
            if is_new:
                _add(self.converted[name], terms)
        _add(self.objectives[0], terms)

    def weigh(self, column: int, lot: Lot, top_level: int) -> None:
        """Let an amount cost by its lot's level and rank."""
        self.objectives[1][column] += top_level - lot.level
        self.objectives[3][column] += lot.rank + 1


def build(problem: Problem) -> Model:
    """The model of a problem."""
    model = Model()
    lots = {lot.lot_id: lot for lot in problem.lots}
    for lot in problem.lots:
        _direct(model, problem, lot)
    ordered = sorted(problem.rules, key=order_of)
    for rule in ordered:
        fitting = [lots[lot_id] for lot_id in sorted(rule.fits) if lots[lot_id].free_hundredths]
        if fitting:
            made = (_fixed if rule.body.is_fixed else _ratio)(model, problem, rule, fitting)
            _limit(model, rule, made)
    for lot_id, terms in model.right.items():
        model.row(0, lots[lot_id].free_hundredths, terms)
    _limit_whole(model, problem)
    return model


def order_of(rule: Rule) -> tuple[bool, int, int, int]:
    """The order in which to ask: first under rules that look at what was converted before."""
    room = rule.programme_room
    return (room is None, room or 0, rule.rank, rule.rule_id)


def _direct(model: Model, problem: Problem, lot: Lot) -> None:
    for code in lot.parts:
        column = model.column(min(lot.free_hundredths, problem.parts[code].worth))
        model.direct[lot.lot_id, code] = column
        model.right[lot.lot_id][column] = 1
        model.count({column: 1}, code, problem.parts[code].above, is_new=False)
        model.weigh(column, lot, problem.top_level)
        for kind, share in lot.kinds.items():
            model.kinds[kind][column] = float(share)
        if lot.is_converted:
            model.whole["converted"][column] = 1
        if lot.level < problem.floor_level:
            model.whole["below"][column] = 1


def _ratio(model: Model, problem: Problem, rule: Rule, fitting: Sequence[Lot]) -> Terms:
    """Columns of offered and made credit for each lot; the terms of what is made together."""
    value = rule.body.value
    made: Terms = {}
    asks = asks_for_more(rule)
    used = model.column(1) if asks else None
    before: int | None = None
    for lot in fitting:
        offer = makes = model.column(lot.free_hundredths)
        if value.numerator != value.denominator or may_cut(rule):
            cut = model.column(1) if may_cut(rule) else None
            makes = _made(model, rule, lot, offer, cut)
            _follow(model, makes, cut, before)
            before = cut
        made[makes] = 1.0
        model.offers[rule.rule_id, lot.lot_id].append(offer)
        model.made[rule.rule_id, lot.lot_id] = makes
        model.right[lot.lot_id][offer] = 1
        if used is not None:
            model.row(-FREE, 0, {offer: 1, used: -lot.free_hundredths})
        model.weigh(makes, lot, problem.top_level)
        for kind, share in lot.kinds.items():
            model.kinds[kind][makes] = float(share)
    room = sum(rules.target_limit(rule.body, n, rule.worth) for n in range(len(rule.body.targets)))
    if before is not None:
        model.row(0, FREE, {**made, before: -room})
    if used is not None:
        _require(model, rule, fitting, used)
    model.row(0, room, made)
    for kind, most in rule.kind_rooms.items():
        of_kind = {column: model.kinds[kind].get(column, 0) for column in made}
        model.row(0, most, {column: share for column, share in of_kind.items() if share})
    _over_targets(model, problem, rule, made)
    _rank(model, rule, made)
    return made


def asks_for_more(rule: Rule) -> bool:
    """Whether a rule by ratio asks for a certain amount, or for certain lots together."""
    how = rule.body.cardinality
    return how.kind != "sum" or how.at_least_hundredths > 1


def is_exact(rule: Rule) -> bool:
    """Whether less cannot always be made by offering less, so that an offer makes all it can."""
    return asks_for_more(rule) or rule.body.value.numerator > rule.body.value.denominator


def may_cut(rule: Rule) -> bool:
    """Whether more may be offered than the targets take, and be cut to that."""
    return rule.body.value.kind == "smaller" and is_exact(rule)


def _follow(model: Model, makes: int, cut: int | None, before: int | None) -> None:
    """Lots fill the targets in their order: behind the one that is cut, none makes anything."""
    if cut is not None and before is not None:
        model.row(0, FREE, {cut: 1, before: -1})
        most = model.upper[makes]
        model.row(-FREE, most, {makes: 1, before: most})


def _made(model: Model, rule: Rule, lot: Lot, offer: int, cut: int | None) -> int:
    """The column of what an offer makes: times the ratio, rounded down."""
    value = rule.body.value
    makes = model.column(rules.scaled(lot.free_hundredths, value.numerator, value.denominator))
    rate = {offer: float(value.numerator), makes: -float(value.denominator)}
    model.row(0, FREE, rate)
    if is_exact(rule):
        if cut is not None:
            rate[cut] = -float(value.numerator * lot.free_hundredths)
        model.row(-FREE, value.denominator - 1, rate)
    return makes


def _require(model: Model, rule: Rule, fitting: Sequence[Lot], used: int) -> None:
    """What has to be offered wherever a rule by ratio is used at all."""
    how = rule.body.cardinality
    columns = {lot.lot_id: model.offers[rule.rule_id, lot.lot_id][0] for lot in fitting}
    if how.kind == "sum":
        together = dict.fromkeys(columns.values(), 1.0)
        model.row(0, FREE, {**together, used: -how.at_least_hundredths})
        return
    met = _choose(model, rule, used)
    serving: dict[int, Terms] = defaultdict(dict)
    for lot in fitting:
        split = {}
        for pattern in rule.fits[lot.lot_id]:
            column = model.column(lot.free_hundredths)
            serving[pattern][column] = split[column] = 1.0
        model.row(-FREE, 0, {**split, columns[lot.lot_id]: -1})
    for pattern, chosen in met.items():
        least = rule.body.sources[pattern].at_least_hundredths
        model.row(0, FREE, {**serving[pattern], chosen: -least})


def _fixed(model: Model, problem: Problem, rule: Rule, fitting: Sequence[Lot]) -> Terms:
    """A switch for the rule, and columns of what it uses of each lot for each pattern."""
    granted = {target.code: target.credit_hundredths or 0 for target in rule.body.targets}
    used = model.column(1)
    needs: dict[int | None, tuple[int, int]]
    if rule.body.cardinality.kind == "sum":
        needs = {None: (used, rule.body.cardinality.at_least_hundredths)}
    else:
        needs = {
            pattern: (chosen, rule.body.sources[pattern].at_least_hundredths)
            for pattern, chosen in _choose(model, rule, used).items()
        }
    by_kind: dict[str, dict[int, Lot]] = defaultdict(dict)
    for pattern, (chosen, least) in needs.items():
        serving: Terms = {}
        for lot in fitting:
            if pattern is None or pattern in rule.fits[lot.lot_id]:
                column = model.column(min(lot.free_hundredths, least))
                serving[column] = 1.0
                model.offers[rule.rule_id, lot.lot_id].append(column)
                model.right[lot.lot_id][column] = 1
                model.weigh(column, lot, problem.top_level)
                for kind in lot.kinds:
                    by_kind[kind][column] = lot
        if serving:
            model.row(0, 0, {**serving, chosen: -least})
        else:
            model.row(0, 0, {chosen: 1})
    _kinds_of_fixed(model, problem, by_kind, sum(granted.values()))
    for code, amount in granted.items():
        model.count({used: amount}, code, problem.parts[code].above, is_new=True)
    made = {used: float(sum(granted.values()))}
    _rank(model, rule, made)
    return made


def _kinds_of_fixed(
    model: Model, problem: Problem, by_kind: Mapping[str, Mapping[int, Lot]], granted: int
) -> None:  # fmt: skip
    """A fixed value counts whole against every limited kind of which something is used."""
    for kind in problem.kind_limits:
        columns = by_kind.get(kind)
        if columns:
            touched = model.column(1)
            model.kinds[kind][touched] = granted
            for column, lot in columns.items():
                model.row(-FREE, 0, {column: 1, touched: -lot.free_hundredths})


def _choose(model: Model, rule: Rule, used: int) -> dict[int, int]:
    """A switch for each pattern that has to be met when the rule is used."""
    how, count = rule.body.cardinality, len(rule.body.sources)
    if how.kind == "all":
        return dict.fromkeys(range(count), used)
    chosen = {pattern: model.column(1) for pattern in range(count)}
    model.row(0, 0, {**dict.fromkeys(chosen.values(), 1.0), used: -(how.k or count)})
    return chosen


def _over_targets(model: Model, problem: Problem, rule: Rule, made: Terms) -> None:
    """What is made fills the targets in their order."""
    targets = rule.body.targets
    if len(targets) == 1:
        code = targets[0].code
        model.count(made, code, problem.parts[code].above, is_new=True)
        return
    limits = [rules.target_limit(rule.body, n, rule.worth) for n in range(len(targets))]
    given = [model.column(limit) for limit in limits]
    model.row(0, 0, {**made, **dict.fromkeys(given, -1.0)})
    for number, target in enumerate(targets):
        part = problem.parts[target.code]
        model.count({given[number]: 1}, target.code, part.above, is_new=True)
        if number:
            begun = model.column(1)
            model.row(-FREE, 0, {given[number]: 1, begun: -limits[number]})
            model.row(0, FREE, {given[number - 1]: 1, begun: -limits[number - 1]})


def _rank(model: Model, rule: Rule, made: Terms) -> None:
    for column, amount in made.items():
        model.objectives[2][column] += rule.rank * amount


def _limit(model: Model, rule: Rule, made: Terms) -> None:
    """The rule's own limits, and the programme's where the rule looks at them."""
    for room in (rule.room, rule.application_room):
        if room is not None:
            model.row(0, room, made)
    _add(model.whole["new"], made)
    if rule.programme_room is not None:
        # Rules come in the order in which they are asked for: this one sees what came before.
        used = model.column(1)
        most = sum(model.upper[column] * amount for column, amount in made.items())
        model.row(-FREE, 0, {**made, used: -most})
        everything = sum(model.upper[c] * abs(v) for c, v in model.whole["new"].items())
        model.row(-FREE, rule.programme_room + everything, {**model.whole["new"], used: everything})


def _limit_whole(model: Model, problem: Problem) -> None:
    for code, part in problem.parts.items():
        model.row(0, part.worth, model.counted[code])
        model.row(0, part.convertible, model.converted[code])
    everything = dict(model.objectives[0])
    for code, part in problem.parts.items():
        if part.least:
            met = model.column(part.least)
            model.row(0, FREE, {**model.counted[code], met: -1})
            everything[met] = -1.0
    unmet = sum(part.least for part in problem.parts.values())
    model.row(-FREE, problem.total - unmet, everything)
    new = model.whole["new"]
    model.row(0, problem.convertible, new)
    model.row(0, problem.converted_most, {**new, **model.whole["converted"]})
    below = model.whole["below"]
    if problem.programme_level < problem.floor_level:
        below = {**below, **new}
    if problem.floor_level:
        model.row(0, problem.below_floor_most, below)
    for kind, most in problem.kind_limits.items():
        model.row(0, most, model.kinds[kind])


def _add(into: Terms, terms: Mapping[int, float]) -> None:
    for column, amount in terms.items():
        into[column] = into.get(column, 0) + amount
