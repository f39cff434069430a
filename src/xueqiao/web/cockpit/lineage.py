"""The last step of every column: which figure of the cockpit shows which indicator."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from xueqiao.lake.lineage.columns import Column, Edge, Kind
from xueqiao.monitor import lineage, queries

if TYPE_CHECKING:
    from xueqiao.lake.lineage.graph import Graph

PREFIX = "chart."
TILES, PLACES, YEARS = "tiles", "places", "years"
SHOWN = ("numerator", "denominator", "samples", "expected", "reported")
"""What a figure shows of an indicator: the value, its parts, how complete and how real it is."""


@cache
def whole() -> Graph:
    """Database to charts; each figure of the board is a table, each indicator a column of it."""
    known = lineage.with_indicators()
    codes = tuple(each.code for each in queries.definitions())
    charts = {f"{PREFIX}{figure}": codes for figure in (TILES, PLACES, YEARS)}
    edges = [
        Edge(Column(f"{lineage.PREFIX}{code}", column), Column(chart, code), Kind.TRANSFORMATION)
        for chart in charts
        for code in codes
        for column in SHOWN
    ]
    return known.with_edges(charts, edges)
