"""Ladders: what a value becomes step by step, finest first, until it says nothing.

Each step is made from the one below, so two values that are alike stay alike further up: on that
rests the pruning in ``lattice``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

ANYTHING: Final = "*"
UNKNOWN: Final = "unknown"
NEVER: Final = "never"
WHOLE: Final = 1_000_000
"""The loss of a value that says nothing any more; all losses are millionths of it."""

# First ages of the bands. Those of a step are among those of the step below, and 14, 18 and 60,
# where the law changes, are among all.
FIVES: Final = (14, 18, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85)
TENS: Final = (14, 18, 30, 40, 50, 60, 70, 80)
CLASSES: Final = (14, 18, 60)
OLDEST: Final = 90
"""Whoever is older counts as so old also where single years are told."""


class Spot(NamedTuple):
    """One place of a register's tree. ``level``: 1 province … 5 village."""

    parent_id: int | None
    level: int
    code: str


@dataclass(frozen=True)
class Ladder:
    """One column that others may know of a person.

    Attributes:
        steps: codes of the steps, finest first; at the last one the value says nothing.
        climb: a value → what it is at each step.
    """

    name: str
    steps: tuple[str, ...]
    climb: Callable[[Any], tuple[str, ...]]


@dataclass(frozen=True)
class Coded:
    """A column at each step of its ladder, one number a unit; ``names`` says what numbers mean.

    Attributes:
        losses: what each unit loses at each step, in millionths.
    """

    ladder: Ladder
    codes: tuple[pa.Array, ...]
    names: tuple[tuple[str, ...], ...]
    losses: tuple[pa.Array, ...]


def band(age: int, firsts: Sequence[int]) -> str:
    """The band of an age.

    >>> band(67, FIVES), band(67, CLASSES), band(13, CLASSES), band(102, FIVES)
    ('65-69', '60+', '0-13', '85+')
    """
    first = max((each for each in firsts if each <= age), default=0)
    last = min((each for each in firsts if each > age), default=None)
    return f"{first}-{last - 1}" if last else f"{first}+"


def age_steps(age: int | None) -> tuple[str, ...]:
    """What an age becomes.

    >>> age_steps(67), age_steps(95)[0]
    (('67', '65-69', '60-69', '60+', '*'), '90+')
    """
    if age is None:
        return (UNKNOWN,) * 4 + (ANYTHING,)
    single = f"{OLDEST}+" if age >= OLDEST else str(age)
    return single, *(band(age, firsts) for firsts in (FIVES, TENS, CLASSES)), ANYTHING


def month_steps(day: date | None) -> tuple[str, ...]:
    """What a month becomes; None: it never was.

    >>> from datetime import date
    >>> month_steps(date(2026, 5, 1))
    ('2026-05', '2026-Q2', '2026', '*')
    """
    if day is None:
        return (NEVER,) * 3 + (ANYTHING,)
    return f"{day:%Y-%m}", f"{day.year}-Q{(day.month + 2) // 3}", str(day.year), ANYTHING


AGE: Final = Ladder("age", ("year", "five", "ten", "class", "any"), age_steps)
SEX: Final = Ladder("sex", ("code", "any"), lambda sex: (sex or "0", ANYTHING))


def months(name: str) -> Ladder:
    """The ladder of a month."""
    return Ladder(name, ("month", "quarter", "year", "any"), month_steps)


LEVELS: Final = ("province", "city", "county", "town", "village")


def homes(tree: Mapping[int, Spot], within: int) -> Ladder:
    """The ladder of a home within a place: levels below it, then the place as a whole.

    A home that is known less exactly than a step asks for stays what it is.

    Args:
        tree: the places of one register by number.
        within: the place of the extract, one of them.
    """
    below = range(len(LEVELS), tree[within].level, -1)

    def climb(home: int) -> tuple[str, ...]:
        found, spot = [], tree.get(home)
        # A place that has ended since: the register does not list it any more.
        if spot is None:
            return (*(UNKNOWN for _level in below), ANYTHING)
        for level in below:
            while spot.level > level and (above := tree.get(spot.parent_id or 0)):
                spot = above
            found.append(spot.code)
        return *found, ANYTHING

    return Ladder("home", (*(LEVELS[level - 1] for level in below), "any"), climb)


def coded(ladder: Ladder, values: pa.Array) -> Coded:
    """A column of single values at every step.

    The loss of a value is how many of the occurring values it may stand for: (m - 1) / (M - 1).
    """
    encoded = _flat(values).dictionary_encode(null_encoding="encode")
    climbed = [ladder.climb(each) for each in encoded.dictionary.to_pylist()]
    found = [_step([each[step] for each in climbed]) for step in range(len(ladder.steps))]
    return Coded(
        ladder,
        tuple(pa.array(numbers, pa.int64()).take(encoded.indices) for _n, numbers, _l in found),
        tuple(names for names, _numbers, _losses in found),
        tuple(pa.array(losses, pa.int64()).take(encoded.indices) for _n, _numbers, losses in found),
    )


def coded_sets(ladder: Ladder, sets: Sequence[tuple[Any, ...]]) -> Coded:
    """A column of sets, such as the months of a person, at every step.

    Two sets are alike at a step when their members become the same there. The loss of a set is the
    mean of its members'.
    """
    members = sorted({each for one in sets for each in one})
    climbed = {each: ladder.climb(each) for each in members}
    codes, names, losses = [], [], []
    for step in range(len(ladder.steps)):
        _names, _numbers, lost = _step([climbed[each][step] for each in members])
        loss = dict(zip(members, lost, strict=True))
        texts = [" ".join(sorted({climbed[each][step] for each in one})) for one in sets]
        known = tuple(sorted(set(texts)))
        at = {text: number for number, text in enumerate(known)}
        codes.append(pa.array([at[text] for text in texts], pa.int64()))
        names.append(known)
        losses.append(pa.array([sum(loss[m] for m in one) // len(one) for one in sets], pa.int64()))
    return Coded(ladder, tuple(codes), tuple(names), tuple(losses))


def _step(texts: list[str]) -> tuple[tuple[str, ...], list[int], list[int]]:
    """Names of the values at one step; the number and the loss of each base value."""
    counts: dict[str, int] = {}
    for text in texts:
        counts[text] = counts.get(text, 0) + 1
    names = tuple(sorted(counts))
    at = {text: number for number, text in enumerate(names)}
    others = max(1, len(texts) - 1)
    return names, [at[t] for t in texts], [(counts[t] - 1) * WHOLE // others for t in texts]


def _flat(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def climbed(ladder: Ladder, step: int, values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Values as text at one step."""
    encoded = _flat(values).dictionary_encode(null_encoding="encode")
    texts = [ladder.climb(each)[step] for each in encoded.dictionary.to_pylist()]
    return pa.array(texts, pa.string()).take(encoded.indices)
