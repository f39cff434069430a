"""Finished rows looked at once more, with dicts and sets and none of the code that made them."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa


@dataclass(frozen=True)
class Reached:
    """What rows hold.

    Attributes:
        sizes: persons of each class, smallest first.
        values: fewest values of each sensitive column in a class.
        most_alike: for each sensitive column the highest share, in percent rounded up, that one
            value has in a class.
    """

    sizes: tuple[int, ...]
    values: Mapping[str, int]
    most_alike: Mapping[str, int]

    @property
    def k(self) -> int:
        """Persons of the smallest class; 0 without rows."""
        return self.sizes[0] if self.sizes else 0


def reached(
    rows: pa.Table, *, person: str, known: Sequence[str], sensitive: Sequence[str], follows: bool
) -> Reached:
    """Count the persons who are alike in all that others may know of them.

    Args:
        person: the column that names persons.
        known: columns that others may know.
        follows: rows of a person can be told to be the same person's; then all of them together
            are what others may know. Otherwise each row is looked at alone.
    """
    lines = rows.select([person, *known, *sensitive]).to_pylist()
    whole: dict[Any, set[tuple[Any, ...]]] = defaultdict(set)
    for line in lines:
        whole[line[person]].add(tuple(line[name] for name in known))
    persons: dict[Any, set[Any]] = defaultdict(set)
    told: dict[Any, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for line in lines:
        own = tuple(line[name] for name in known)
        alike = frozenset(whole[line[person]]) if follows else own
        persons[alike].add(line[person])
        for name in sensitive:
            told[alike][name].append(line[name])
    return Reached(
        tuple(sorted(len(each) for each in persons.values())),
        {name: min((len(set(t[name])) for t in told.values()), default=0) for name in sensitive},
        {name: max((_share(t[name]) for t in told.values()), default=0) for name in sensitive},
    )


def _share(values: list[Any]) -> int:
    most = max(Counter(values).values())
    return -(-100 * most // len(values))
