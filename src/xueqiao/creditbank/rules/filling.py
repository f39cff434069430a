"""What a rule makes of some credit: what is used of each lot, what each target gets.

Whole hundredths. What is not needed stays in its lot, so nothing is lost by rounding.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from xueqiao.creditbank.rules.amounts import needed, scaled, split

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xueqiao.creditbank.rules.body import Body


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be used of a lot at most, and the numbers of the patterns that the lot fits."""

    lot_id: int
    amount_hundredths: int
    patterns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Filled:
    """Used of each lot, made by each lot, granted to each target; all in 1/100 credit.

    ``made`` and ``granted`` have the same sum.
    """

    used: dict[int, int]
    made: dict[int, int]
    granted: dict[str, int]

    @property
    def total_hundredths(self) -> int:
        return sum(self.granted.values())


class Unfilled(ValueError):  # noqa: N818 - an answer to the caller, not a mistake
    """The offers do not meet the left side.

    Attributes:
        code: ``nothing``, ``too_little``, ``patterns_unmet``; or ``too_much``: more than the
            targets take, and the rule does not cut it.
        room, asked: with ``too_much``, in 1/100 credit.
    """

    def __init__(self, code: str, *, room: int = 0, asked: int = 0) -> None:
        super().__init__(code)
        self.code, self.room, self.asked = code, room, asked


def fill(body: Body, offers: Sequence[Offer], worth: Mapping[str, int]) -> Filled:
    """Apply a rule to offers, in their order.

    Args:
        offers: each lot once; every one fits at least one pattern.
        worth: what each part of the programme is worth, by code.

    Raises:
        Unfilled: nothing is offered, less than the left side asks, or more than is taken.
    """
    if not offers or any(offer.amount_hundredths <= 0 for offer in offers):
        raise Unfilled("nothing")
    return _fixed(body, offers) if body.is_fixed else _by_ratio(body, offers, worth)


def target_limit(body: Body, number: int, worth: Mapping[str, int]) -> int:
    """What a target takes at most under a rule."""
    target = body.targets[number]
    whole = worth[target.code]
    return whole if target.credit_hundredths is None else min(whole, target.credit_hundredths)


def met(body: Body, offers: Sequence[Offer]) -> bool:
    """Whether what is offered meets the left side."""
    if body.cardinality.kind == "sum":
        brought = sum(offer.amount_hundredths for offer in offers)
        return brought >= body.cardinality.at_least_hundredths
    return _choice(body, offers) is not None


def _by_ratio(body: Body, offers: Sequence[Offer], worth: Mapping[str, int]) -> Filled:
    value = body.value
    room = sum(target_limit(body, number, worth) for number in range(len(body.targets)))
    if not met(body, offers):
        raise Unfilled("too_little" if body.cardinality.kind == "sum" else "patterns_unmet")
    used, made = {}, {}
    for offer in offers:
        makes = scaled(offer.amount_hundredths, value.numerator, value.denominator)
        if value.kind == "smaller":
            makes = min(makes, room)
        if makes:
            used[offer.lot_id] = needed(makes, value.numerator, value.denominator)
            made[offer.lot_id] = makes
            room -= makes
    if not made:
        raise Unfilled("nothing")
    if room < 0:
        total = sum(made.values())
        raise Unfilled("too_much", room=room + total, asked=total)
    return Filled(used, made, _over_targets(body, sum(made.values()), worth))


def _over_targets(body: Body, total: int, worth: Mapping[str, int]) -> dict[str, int]:
    """Fill the targets in their order."""
    granted = {}
    for number, target in enumerate(body.targets):
        part = min(total, target_limit(body, number, worth))
        if part:
            granted[target.code] = part
        total -= part
    return granted


def _fixed(body: Body, offers: Sequence[Offer]) -> Filled:
    granted = {target.code: target.credit_hundredths or 0 for target in body.targets}
    used = _exactly(body, offers)
    lots = list(used)
    made = split(sum(granted.values()), [used[lot] for lot in lots])
    return Filled(used, dict(zip(lots, made, strict=True)), granted)


def _exactly(body: Body, offers: Sequence[Offer]) -> dict[int, int]:
    used: dict[int, int] = defaultdict(int)
    if body.cardinality.kind == "sum":
        left = body.cardinality.at_least_hundredths
        for offer in offers:
            part = min(left, offer.amount_hundredths)
            left -= part
            if part:
                used[offer.lot_id] = part
        if left:
            raise Unfilled("too_little")
        return dict(used)
    chosen = _choice(body, offers)
    if chosen is None:
        raise Unfilled("patterns_unmet")
    for (lot_id, _pattern), amount in sorted(chosen.items()):
        used[lot_id] += amount
    return dict(used)


def _choice(body: Body, offers: Sequence[Offer]) -> dict[tuple[int, int], int] | None:
    """Amounts by lot and pattern that meet as many patterns as are asked, the first ones first."""
    count = len(body.sources)
    k = count if body.cardinality.kind == "all" else body.cardinality.k or count
    for chosen in combinations(range(count), k):
        needs = {number: body.sources[number].at_least_hundredths for number in chosen}
        found = share_out(offers, needs)
        if found is not None:
            return found
    return None


def share_out(
    offers: Sequence[Offer], needs: Mapping[int, int]
) -> dict[tuple[int, int], int] | None:
    """Give every need exactly what it asks, from lots that fit it; None when that cannot be.

    A flow from lots to patterns, grown along augmenting paths; a lot may serve several patterns
    with parts of it.
    """
    free = {offer.lot_id: offer.amount_hundredths for offer in offers}
    fits = {
        number: [offer.lot_id for offer in offers if number in offer.patterns] for number in needs
    }
    flow: dict[tuple[int, int], int] = defaultdict(int)
    for number, need in needs.items():
        missing = need
        while missing:
            pushed = _augment(number, missing, fits, free, flow)
            if not pushed:
                return None
            missing -= pushed
    return {pair: amount for pair, amount in flow.items() if amount}


def _augment(
    start: int, need: int, fits: Mapping[int, list[int]], free: dict[int, int],
    flow: dict[tuple[int, int], int],
) -> int:  # fmt: skip
    """Give a need some of what it lacks, moving earlier gifts if that helps; how much, or 0."""
    # By which pattern a lot was reached, and from which lot a pattern would give back.
    reached: dict[int, int] = {}
    gives_back: dict[int, int] = {}
    queue = [start]
    while queue:
        pattern = queue.pop(0)
        for lot in fits[pattern]:
            if lot in reached:
                continue
            reached[lot] = pattern
            if free[lot] > 0:
                return _push(start, lot, need, (reached, gives_back), free, flow)
            for other in fits:
                if other != start and other not in gives_back and flow.get((lot, other)):
                    gives_back[other] = lot
                    queue.append(other)
    return 0


def _push(  # noqa: PLR0917 - the parts of the flow
    start: int, lot: int, need: int, tree: tuple[dict[int, int], dict[int, int]],
    free: dict[int, int], flow: dict[tuple[int, int], int],
) -> int:  # fmt: skip
    reached, gives_back = tree
    takes, returns, at = [(lot, reached[lot])], [], reached[lot]
    while at != start:
        giver = gives_back[at]
        returns.append((giver, at))
        takes.append((giver, reached[giver]))
        at = reached[giver]
    amount = min([need, free[lot], *(flow[pair] for pair in returns)])
    free[lot] -= amount
    for pair in takes:
        flow[pair] += amount
    for pair in returns:
        flow[pair] -= amount
    return amount
