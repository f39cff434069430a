"""The definitions in force, by theme, and by code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xueqiao.monitor.indicators import creditbank, funds, network, participation, quality

if TYPE_CHECKING:
    from xueqiao.monitor.indicator import Indicator

ALL: tuple[Indicator, ...] = (
    network.TOWN_CENTRES,
    network.VILLAGE_POINTS,
    network.TOWN_ELDER_BODIES,
    network.CITY_ELDER_UNIVERSITIES,
    participation.ELDERS_YEARLY,
    participation.RESIDENTS_YEARLY,
    participation.ATTENDANCES,
    quality.COMPLETION,
    creditbank.ACCOUNTS,
    funds.PER_RESIDENT,
)
BY_CODE: dict[str, Indicator] = {indicator.code: indicator for indicator in ALL}
assert len(BY_CODE) == len(ALL)
