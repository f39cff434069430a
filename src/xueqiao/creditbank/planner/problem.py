"""The planner's question and its answer: plain values, whole hundredths of a credit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from xueqiao.creditbank.rules import Body


@dataclass(frozen=True, slots=True)
class Lot:
    """A lot that may count.

    Attributes:
        free_hundredths: what of its right in the qualification's scope is still free.
        rank: 0 for the oldest; ties by id.
        kinds: source kind -> share of the lot; of converted credit the kinds behind it.
        parts: codes of the parts in which it counts as it stands.
        is_converted: it came from a conversion into this programme.
    """

    lot_id: int
    free_hundredths: int
    level: int
    rank: int
    kinds: Mapping[str, Fraction]
    parts: tuple[str, ...] = ()
    is_converted: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule in force into the programme, with the room that its own limits leave.

    Attributes:
        rule_id: of the version.
        rank: 1 for the rule to be preferred; counting without a rule is 0.
        fits: numbers of the patterns that each lot fits; no lot that misfits is named.
        worth: what each part of the programme is worth.
        room: under its own cap; None: it has none. ``kind_rooms`` likewise by source kind.
        application_room: what one application may make.
        programme_room: what the programme may hold by conversion when this rule is used.
    """

    rule_id: int
    rank: int
    body: Body
    fits: Mapping[int, tuple[int, ...]]
    worth: Mapping[str, int]
    room: int | None = None
    kind_rooms: Mapping[str, int] = field(default_factory=dict)
    application_room: int | None = None
    programme_room: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the programme.

    Attributes:
        worth: what counts in it at most. ``convertible``: what of that may still be converted.
        least: what the qualification asks of it.
        above: the codes of all parts that it lies in.
    """

    worth: int
    convertible: int
    least: int = 0
    above: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Everything that decides what counts towards one qualification.

    Attributes:
        total: what the qualification asks for.
        convertible: room under the programme's caps for further conversion.
        converted_most: of the total, what may be converted credit at all (total - residence).
        kind_limits: of the total, by source kind.
        floor_level, below_floor_most: of the total, what may lie below a level.
    """

    lots: tuple[Lot, ...]
    rules: tuple[Rule, ...]
    parts: Mapping[str, Part]
    total: int
    convertible: int
    converted_most: int
    kind_limits: Mapping[str, int] = field(default_factory=dict)
    floor_level: int = 0
    below_floor_most: int = 0
    programme_level: int = 0

    @property
    def top_level(self) -> int:
        """One above the highest level of the lots: what a lot's distance is measured from."""
        return max((lot.level for lot in self.lots), default=0) + 1


@dataclass(frozen=True, slots=True)
class Step:
    """One conversion to ask for: what is offered of each lot, and what it gives in each part."""

    rule_id: int
    offers: Mapping[int, int]
    used: Mapping[int, int]
    granted: Mapping[str, int]

    @property
    def made_hundredths(self) -> int:
        return sum(self.granted.values())


@dataclass(frozen=True, slots=True)
class Score:
    """How good a plan is: more credit first, then less of each cost, in this order.

    Costs are sums over what is counted, in 1/100 credit times a weight. A ratio and a lot that
    counts as it stands weigh what is made; a fixed rule weighs what it uses of each lot.

    Attributes:
        credits: that count, in 1/100 credit.
        level: by how far each lot lies below one above the learner's highest.
        rule: by the rank of the rule.
        lot: by the rank of the lot, the oldest counting 1.
    """

    credits: int
    level: int
    rule: int
    lot: int

    @property
    def order(self) -> tuple[int, int, int, int]:
        """The larger the better."""
        return (self.credits, -self.level, -self.rule, -self.lot)


@dataclass(frozen=True, slots=True)
class Answer:
    """The best plan found.

    Attributes:
        steps: in the order in which to ask for them.
        direct: what counts as it stands, by lot and part.
        proven: how many of the four parts of the score are proven to be the best.
    """

    steps: tuple[Step, ...]
    direct: Mapping[tuple[int, str], int]
    score: Score
    proven: int
