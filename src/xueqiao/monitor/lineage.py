"""The way of every column on to the indicators: the lake's graph with the definitions on top."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from xueqiao.lake.lineage import graph
from xueqiao.monitor import compute
from xueqiao.monitor.indicators import ALL

if TYPE_CHECKING:
    from xueqiao.lake.lineage.graph import Graph

PREFIX = "indicator."
# The calendar that the computation makes itself: no data of anybody.
CALENDAR = {"years": ("period", "day"), "latest_year": ("period", "day")}


@cache
def with_indicators() -> Graph:
    """Database to indicators; each indicator is a table ``indicator.N02``."""
    queries = {f"{PREFIX}{each.code}": compute.statement(each) for each in ALL}
    return graph.lake().with_queries(queries, CALENDAR)
