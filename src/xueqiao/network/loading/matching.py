"""Which units of two registers are the same place.

Provinces, cities and counties: the same code. Towns never by code alone, because the registers give
the same nine digits to different towns: first the same name in the same county, then a name that is
left once on both sides in the same city, then the same code in the same county where both are left.
Whatever remains stays apart. See docs/decisions/0010.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from xueqiao.network import rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from xueqiao.network.loading.files import Unit

TOWN = 4


def same_places(first: dict[str, Unit], second: dict[str, Unit]) -> dict[str, str]:
    """Codes of the second register to codes of the first, for the units that are the same place."""
    pairs = {code: code for code, unit in second.items() if unit.level < TOWN and code in first}
    towns = [unit for unit in first.values() if unit.level == TOWN]
    others = [unit for unit in second.values() if unit.level == TOWN]
    for key in (_county_and_name, _city_and_name, _county_and_code):
        found = _pair(towns, others, key)
        pairs.update(found)
        taken = set(found.values())
        towns = [unit for unit in towns if unit.code not in taken]
        others = [unit for unit in others if unit.code not in found]
    return pairs


def plain_name(name: str) -> str:
    """A name without the mark of a register.

    >>> plain_name("春江镇（撤销）")
    '春江镇'
    """
    return name.replace(rules.DISSOLVED_MARK, "")


def _pair(
    towns: Iterable[Unit], others: Iterable[Unit], key: Callable[[Unit], tuple[str, str]]
) -> dict[str, str]:
    """Pairs of units with an equal key that stands once on each side: other code to first code."""
    left, right = _by_key(towns, key), _by_key(others, key)
    return {
        units[0].code: left[each][0].code
        for each, units in right.items()
        if len(units) == 1 and len(left.get(each, ())) == 1
    }


def _by_key(
    units: Iterable[Unit], key: Callable[[Unit], tuple[str, str]]
) -> dict[tuple[str, str], list[Unit]]:
    found = defaultdict(list)
    for unit in units:
        found[key(unit)].append(unit)
    return found


def _county_and_name(unit: Unit) -> tuple[str, str]:
    return unit.parent, plain_name(unit.name)


def _city_and_name(unit: Unit) -> tuple[str, str]:
    return unit.parent[: rules.CODE_LENGTHS[2]], plain_name(unit.name)


def _county_and_code(unit: Unit) -> tuple[str, str]:
    return unit.parent, unit.code
