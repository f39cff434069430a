"""Shares of amounts: whole hundredths of a credit, rounded down, nothing lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def scaled(amount_hundredths: int, numerator: int, denominator: int) -> int:
    """A share of an amount, rounded down to a hundredth.

    >>> scaled(6000, 5, 9)
    3333
    """
    return amount_hundredths * numerator // denominator


def needed(granted_hundredths: int, numerator: int, denominator: int) -> int:
    """The least source amount whose scaled value is the granted one; the rest stays in its lot.

    >>> needed(3333, 5, 9), scaled(needed(3333, 5, 9), 5, 9)
    (6000, 3333)
    """
    return -(-granted_hundredths * denominator // numerator)


def split(amount_hundredths: int, weights: Sequence[int]) -> list[int]:
    """An amount divided by weights into whole parts that add up to it again.

    Each part is the difference of two rounded running sums, so none is off by more than 0.01.

    >>> split(1000, [1, 1, 1]), split(7, [0, 5])
    ([333, 333, 334], [0, 7])
    """
    total, seen, given = sum(weights), 0, 0
    parts = []
    for weight in weights:
        seen += weight
        upto = amount_hundredths * seen // total
        parts.append(upto - given)
        given = upto
    return parts
