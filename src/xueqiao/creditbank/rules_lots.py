"""The moves of a credit lot and the order in which a reversal undoes. Plain Python, no Django."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

# From which states; where to ("" is the state that the lot had before, active or expired).
LOT_MOVES: Final[Mapping[str, tuple[frozenset[str], str]]] = {
    "freeze": (frozenset({"active", "expired"}), "frozen"),
    "release": (frozenset({"frozen"}), ""),
    "expire": (frozenset({"active"}), "expired"),
    "refresh": (frozenset({"active", "expired"}), "active"),
    "reverse": (frozenset({"frozen"}), "reversed"),
}


def may_move(verb: str, state: str) -> bool:
    """Whether a lot in this state takes the verb.

    >>> may_move("reverse", "frozen"), may_move("freeze", "reversed")
    (True, False)
    """
    return state in LOT_MOVES[verb][0]


def downstream(roots: Iterable[int], children: Callable[[set[int]], Iterable[int]]) -> set[int]:
    """The roots and everything made from them, however many steps away.

    Args:
        children: what was made directly from some; asked once for each generation.

    >>> made = {1: [2], 2: [3, 4], 9: [4]}
    >>> sorted(downstream([1], lambda some: [each for lot in some for each in made.get(lot, [])]))
    [1, 2, 3, 4]
    """
    found, fresh = set(roots), set(roots)
    while fresh:
        fresh = set(children(fresh)) - found
        found |= fresh
    return found
