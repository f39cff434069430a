"""The whole way of every column: database, bronze, stage, marts; up- and downstream of any of them.

Made from the recipes in force and the meanings of bronze, without a lake and without a database.
What lies above the lake (indicators, charts) is added by ``Graph.with_queries``.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING

from xueqiao.lake import meanings
from xueqiao.lake.lineage.columns import ROWS, Column, Edge, Kind, Unreadable, read
from xueqiao.lake.recipes import recipes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


@dataclass(frozen=True)
class Graph:
    """Tables with their columns in order, and the edges between columns.

    Attributes:
        unread: queries whose columns could not be followed, with the reason; a test keeps it empty.
    """

    tables: Mapping[str, tuple[str, ...]]
    edges: tuple[Edge, ...]
    unread: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def into(self) -> dict[Column, list[Edge]]:
        """The edges that end in a column."""
        return _by((edge.target, edge) for edge in self.edges)

    @cached_property
    def out_of(self) -> dict[Column, list[Edge]]:
        """The edges that begin in a column."""
        return _by((edge.source, edge) for edge in self.edges)

    def columns(self) -> Iterator[Column]:
        """Every column of every table."""
        for table, names in self.tables.items():
            yield from (Column(table, name) for name in names)

    def upstream(self, start: Iterable[Column], *, conditions: bool = False) -> list[Edge]:
        """All edges on the ways into some columns, nearest first.

        Args:
            conditions: also what decides which rows there are, for every table on the way.
        """
        return self._walk(start, self.into, conditions=conditions, ahead=False)

    def downstream(self, start: Iterable[Column], *, conditions: bool = False) -> list[Edge]:
        """All edges on the ways out of some columns, nearest first."""
        return self._walk(start, self.out_of, conditions=conditions, ahead=True)

    def of_table(self, table: str) -> list[Column]:
        """The columns of a table with its rows."""
        return [*(Column(table, name) for name in self.tables[table]), Column(table, ROWS)]

    def with_queries(
        self, queries: Mapping[str, str], more: Mapping[str, tuple[str, ...]]
    ) -> Graph:
        """This graph with more tables made by SQL over its own ones.

        Args:
            queries: the SQL by the name of the table that it makes.
            more: tables that the SQL may read besides, with their columns.
        """
        known = {**self.tables, **more}
        made = {name: read(sql, target=name, schema=known) for name, sql in queries.items()}
        tables = {**self.tables, **{name: each.columns for name, each in made.items()}}
        edges = [
            edge for each in made.values() for edge in each.edges if edge.source.table in tables
        ]
        return Graph(tables, (*self.edges, *edges), self.unread)

    def with_edges(self, tables: Mapping[str, tuple[str, ...]], edges: Iterable[Edge]) -> Graph:
        """This graph with more tables and edges."""
        return Graph({**self.tables, **tables}, (*self.edges, *edges), self.unread)

    def _walk(
        self,
        start: Iterable[Column],
        steps: Mapping[Column, list[Edge]],
        *,
        conditions: bool,
        ahead: bool,
    ) -> list[Edge]:
        waiting, seen, found = list(start), set(), dict[Edge, None]()
        while waiting:
            column = waiting.pop(0)
            if column in seen:
                continue
            seen.add(column)
            for edge in steps.get(column, []):
                if edge.target.name != ROWS or conditions:
                    found[edge] = None
                    waiting.append(edge.target if ahead else edge.source)
            if conditions:
                waiting.extend(self._rows(column, ahead=ahead))
        return list(found)

    def _rows(self, column: Column, *, ahead: bool) -> list[Column]:
        """Which rows a table has matters to all of its columns."""
        if not ahead:
            return [Column(column.table, ROWS)]
        if column.name == ROWS:
            return [Column(column.table, name) for name in self.tables.get(column.table, ())]
        return []


@cache
def lake() -> Graph:
    """From the database to the marts, as the recipes in force make them."""
    bronze = meanings.bronze()
    tables: dict[str, tuple[str, ...]] = {}
    edges: list[Edge] = []
    for name, table in bronze.items():
        tables[name] = tuple(table.columns)
        for source, target in table.origins():
            edges.append(Edge(source, Column(name, target), Kind.IDENTITY))
    unread: dict[str, str] = {}
    for name, recipe in recipes().items():
        try:
            made = read(recipe.sql, target=name, schema=known(tables))
        except Unreadable as why:
            unread[name], tables[name] = str(why), ()
            continue
        tables[name] = made.columns
        edges += made.edges
    origins: dict[str, dict[str, None]] = defaultdict(dict)
    for edge in edges:
        if edge.source.table not in tables:
            origins[edge.source.table][edge.source.name] = None
    database = {name: tuple(names) for name, names in origins.items()}
    return Graph({**database, **meanings.others(), **tables}, tuple(edges), unread)


def known(tables: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The tables that a recipe may read: those made before it, and those that no recipe makes."""
    return {**meanings.others(), **tables}


def _by(pairs: Iterable[tuple[Column, Edge]]) -> dict[Column, list[Edge]]:
    found: dict[Column, list[Edge]] = defaultdict(list)
    for column, edge in pairs:
        found[column].append(edge)
    return dict(found)
