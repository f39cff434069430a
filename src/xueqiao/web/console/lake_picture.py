"""The picture of a lineage: boxes of tables from left to right, lines between their columns.

Plain numbers for one SVG; every box and column in it is a link, so the keyboard walks it.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xueqiao.web.console import lake_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xueqiao.lake.lineage.columns import Column, Edge

WIDE, BETWEEN = 226, 60
HEAD, LINE, GAP, MARGIN = 48, 24, 22, 12
LETTERS = 30
"""Narrow letters in a box; one of Chinese is twice as wide."""


@dataclass(frozen=True)
class Spot:
    """A column inside a box; ``y`` is the middle of its line."""

    column: Column
    name: str
    meaning: str
    y: int
    chosen: bool


@dataclass
class Box:
    """One table."""

    table: str
    title: str
    floor: str
    x: int
    y: int
    spots: list[Spot] = field(default_factory=list)

    @property
    def height(self) -> int:
        return HEAD + LINE * len(self.spots) + 6


@dataclass(frozen=True)
class Line:
    """A way from one column to another, as a path of SVG."""

    path: str
    direct: bool
    words: str


@dataclass(frozen=True)
class Picture:
    """All of it; pixels."""

    width: int
    height: int
    boxes: list[Box]
    lines: list[Line]
    box_width: int = WIDE


def draw(edges: list[Edge], chosen: Iterable[Column]) -> Picture:
    """Lay the tables of some edges out by how far they are from the database."""
    chosen = set(chosen)
    columns: dict[str, dict[Column, None]] = defaultdict(dict)
    for column in [*chosen, *(end for edge in edges for end in (edge.source, edge.target))]:
        columns[column.table][column] = None
    rank = _ranks(list(columns), edges)
    boxes = _boxes(columns, rank, chosen)
    at = {spot.column: (box.x, spot.y) for box in boxes for spot in box.spots}
    return Picture(
        width=max((box.x for box in boxes), default=0) + WIDE + MARGIN,
        height=max((box.y + box.height for box in boxes), default=0) + MARGIN,
        boxes=boxes,
        lines=[_line(edge, at) for edge in edges],
    )


def _ranks(tables: list[str], edges: list[Edge]) -> dict[str, int]:
    """How many steps each table lies behind the first ones: its longest way."""
    before: dict[str, set[str]] = defaultdict(set)
    for edge in edges:
        if edge.source.table != edge.target.table:
            before[edge.target.table].add(edge.source.table)
    rank: dict[str, int] = {}

    def of(table: str) -> int:
        if table not in rank:
            rank[table] = 0
            rank[table] = 1 + max((of(each) for each in before[table]), default=-1)
        return rank[table]

    for table in tables:
        of(table)
    return rank


def _boxes(
    columns: dict[str, dict[Column, None]], rank: dict[str, int], chosen: set[Column]
) -> list[Box]:
    boxes: list[Box] = []
    bottom: dict[int, int] = defaultdict(lambda: MARGIN)
    for table in sorted(columns, key=lambda each: (rank[each], each)):
        step = rank[table]
        box = Box(
            table,
            _short(lake_names.title(table)),
            lake_names.floor(table),
            MARGIN + step * (WIDE + BETWEEN),
            bottom[step],
        )
        for number, column in enumerate(sorted(columns[table])):
            y = box.y + HEAD + LINE * number + LINE // 2
            words = lake_names.meaning(column)
            box.spots.append(
                Spot(column, _short(lake_names.plain(words)), words, y, column in chosen)
            )
        bottom[step] += box.height + GAP
        boxes.append(box)
    return boxes


def _line(edge: Edge, at: dict[Column, tuple[int, int]]) -> Line:
    (left, y), (right, below) = at[edge.source], at[edge.target]
    start, end = left + WIDE, right
    bend = max(30, abs(end - start) // 2)
    path = f"M{start} {y} C{start + bend} {y} {end - bend} {below} {end} {below}"
    words = f"{edge.source} → {edge.target}: {lake_names.step(edge.kind)}"
    return Line(path, edge.kind.is_direct, words)


def _short(text: str) -> str:
    """What fits into a box.

    >>> _short("可公开" * 9)
    '可公开可公开可公开可公开可公…'
    """
    width, kept = 0, ""
    for letter in text:
        width += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if width >= LETTERS and len(kept) + 1 < len(text):
            return f"{kept}…"
        kept += letter
    return kept
