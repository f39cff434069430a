"""The columns that one query makes, and from which columns of which tables each of them comes.

The query is parsed and its names are resolved (sqlglot); then every output column is followed
through subqueries, unions and common table expressions to columns of tables. Kinds are those of
OpenLineage: a *direct* one hands a value on, an *indirect* one decides: inside an expression about
its value, elsewhere about which rows there are. Rows themselves are the column ``*``: ``count(*)``
comes from it, filters and joins go into it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from sqlglot import exp, parse_one
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROWS = "*"
"""The name of the column that stands for the rows of a table."""


class Kind(StrEnum):
    """How a column gets into another one; the strongest last."""

    IDENTITY = "IDENTITY"
    TRANSFORMATION = "TRANSFORMATION"
    AGGREGATION = "AGGREGATION"
    FILTER = "FILTER"
    JOIN = "JOIN"
    GROUP_BY = "GROUP_BY"
    SORT = "SORT"
    WINDOW = "WINDOW"
    CONDITIONAL = "CONDITIONAL"

    @property
    def is_direct(self) -> bool:
        """Whether values are handed on."""
        return self in _STRENGTH


_STRENGTH = {Kind.IDENTITY: 0, Kind.TRANSFORMATION: 1, Kind.AGGREGATION: 2}


class Column(NamedTuple):
    """A column of a table; ``*`` for its rows."""

    table: str
    name: str

    def __str__(self) -> str:
        return f"{self.table}.{self.name}"


class Edge(NamedTuple):
    """One column gets into another."""

    source: Column
    target: Column
    kind: Kind


class Unreadable(ValueError):  # noqa: N818 - says what is wrong with the query
    """A query whose columns cannot be followed. For the programmer."""


Found = dict[tuple[Column, Kind], None]
"""Sources with their kinds, in the order in which they are met; a set that keeps its order."""


@dataclass(frozen=True)
class Read:
    """What one query makes: its columns in order, and all that gets into them."""

    columns: tuple[str, ...]
    edges: tuple[Edge, ...]


def read(sql: str, *, target: str, schema: Mapping[str, Iterable[str]]) -> Read:
    """Follow every column of a query.

    Args:
        sql: one SELECT in DuckDB's dialect.
        target: the name of the table that it makes.
        schema: the columns of every table it may read, by the name that SQL uses.

    Raises:
        Unreadable: a name cannot be resolved.
    """
    flat: dict[str, object] = {
        _flat(name): dict.fromkeys(names, "text") for name, names in schema.items()
    }
    try:
        query = qualify(
            _named_flat(parse_one(sql, dialect="duckdb")),
            schema=flat,
            dialect="duckdb",
            quote_identifiers=False,
            identify=False,
        )
        scope = build_scope(query)
    except Exception as why:
        raise Unreadable(f"{target}: {why}") from why
    if scope is None:
        raise Unreadable(f"{target} is no query.")
    known = {_flat(name): name for name in schema}
    return _Reader(known).table(scope, target)


class _Reader:
    """Follows columns through the scopes of one query; each scope once."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names
        self.made: dict[int, dict[str, Found]] = {}
        self.met: dict[int, Found] = {}

    def table(self, scope: Scope, target: str) -> Read:
        outputs = self.outputs(scope)
        edges = [
            Edge(source, Column(target, name), kind)
            for name, found in outputs.items()
            for source, kind in found
        ]
        edges += [Edge(source, Column(target, ROWS), kind) for source, kind in self.decides(scope)]
        return Read(tuple(outputs), tuple(dict.fromkeys(edges)))

    def outputs(self, scope: Scope) -> dict[str, Found]:
        """For each output column of a scope the columns of tables behind it."""
        if id(scope) not in self.made:
            # A recursive expression meets itself again: nothing new comes from there.
            self.made[id(scope)] = {}
            self.made[id(scope)] = (
                self._union(scope) if scope.set_operation_scopes else self._select(scope)
            )
        return self.made[id(scope)]

    def decides(self, scope: Scope) -> Found:
        """The columns that decide which rows a scope has, and how they are put together."""
        if id(scope) in self.met:
            return self.met[id(scope)]
        found = self.met[id(scope)] = {}
        for inner in [*(scope.set_operation_scopes or ()), *_inner(scope)]:
            found.update(self.decides(inner))
        for inner in scope.subquery_scopes:
            for each in self.outputs(inner).values():
                found.update({(column, Kind.FILTER): None for column, _kind in each})
        for part, kind in _deciding(scope):
            for column in _columns(part):
                found.update({(source, kind): None for source, _ in self.behind(scope, column)})
        return found

    def behind(self, scope: Scope, column: exp.Column) -> Found:
        """The columns of tables behind a name used in a scope."""
        source = scope.sources.get(column.table)
        if isinstance(source, Scope):
            return self.outputs(source).get(column.name, {})
        if isinstance(source, exp.Table) and source.name in self.names:
            return {(Column(self.names[source.name], column.name), Kind.IDENTITY): None}
        return {}

    def _union(self, scope: Scope) -> dict[str, Found]:
        sides = [self.outputs(side) for side in scope.set_operation_scopes]
        merged: dict[str, Found] = {name: dict(found) for name, found in sides[0].items()}
        for side in sides[1:]:
            for name, found in zip(merged, side.values(), strict=False):
                merged[name].update(found)
        return merged

    def _select(self, scope: Scope) -> dict[str, Found]:
        return {each.alias_or_name: self._output(scope, each) for each in _selects(scope)}

    def _output(self, scope: Scope, projection: exp.Expr) -> Found:
        value, found = projection.unalias(), dict[tuple[Column, Kind], None]()
        for column in _columns(value):
            use = _use(column, value)
            for source, kind in self.behind(scope, column):
                found[source, _together(kind, use)] = None
        for inner in _subqueries(scope, value):
            for each in self.outputs(inner).values():
                found.update({(source, Kind.TRANSFORMATION): None for source, _ in each})
        # count(*), and the sum of a constant: what is counted are rows.
        if value.find(exp.AggFunc) and (value.find(exp.Star) or not found):
            found.update(
                {(Column(name, ROWS), Kind.AGGREGATION): None for name in self.rows(scope)}
            )
        return found

    def rows(self, scope: Scope) -> list[str]:
        """The tables whose rows a scope passes on: what ``count(*)`` counts."""
        named: dict[str, None] = {}
        for inner in scope.set_operation_scopes or ():
            named.update(dict.fromkeys(self.rows(inner)))
        for _node, source in scope.selected_sources.values():
            if isinstance(source, Scope):
                named.update(dict.fromkeys(self.rows(source)))
            elif source.name in self.names:
                named[self.names[source.name]] = None
        return list(named)


def _inner(scope: Scope) -> list[Scope]:
    read = [source for _node, source in scope.selected_sources.values()]
    return [source for source in read if isinstance(source, Scope)] + list(scope.subquery_scopes)


def _deciding(scope: Scope) -> list[tuple[exp.Expr, Kind]]:
    """The clauses of a select that decide about its rows."""
    select = scope.expression
    if not isinstance(select, exp.Select):
        return []
    clauses: list[tuple[exp.Expr | None, Kind]] = [
        (select.args.get("where"), Kind.FILTER),
        (select.args.get("having"), Kind.FILTER),
        (select.args.get("qualify"), Kind.FILTER),
        (select.args.get("group"), Kind.GROUP_BY),
        (select.args.get("order"), Kind.SORT),
    ]
    clauses += [(join.args.get("on"), Kind.JOIN) for join in select.args.get("joins") or []]
    group = select.args.get("group")
    if group is not None and group.args.get("all"):
        plain = [each.unalias() for each in select.selects if not each.find(exp.AggFunc)]
        clauses += [(each, Kind.GROUP_BY) for each in plain]
    return [(clause, kind) for clause, kind in clauses if clause is not None]


def _selects(scope: Scope) -> list[exp.Expr]:
    select = scope.expression
    return list(select.selects) if isinstance(select, exp.Query) else []


def _columns(part: exp.Expr) -> list[exp.Column]:
    """The columns named in a part, those of queries inside it left out."""
    walk = part.walk(prune=lambda node: isinstance(node, exp.Query))
    return [node for node in walk if isinstance(node, exp.Column)]


def _subqueries(scope: Scope, value: exp.Expr) -> list[Scope]:
    inside = {id(node) for node in value.find_all(exp.Query)}
    return [inner for inner in scope.subquery_scopes if id(inner.expression) in inside]


def _use(column: exp.Column, value: exp.Expr) -> Kind:
    """How an expression uses one of its columns."""
    if column is value or _is_same_everywhere(value):
        return Kind.IDENTITY
    kind = Kind.TRANSFORMATION
    child: exp.Expr = column
    node = column.parent
    while node is not None:
        if isinstance(node, exp.AggFunc):
            kind = Kind.AGGREGATION
        elif (isinstance(node, exp.Filter) and child is not node.this) or (
            isinstance(node, exp.If) and child is node.this
        ):
            return Kind.CONDITIONAL
        elif isinstance(node, exp.Window) and child is not node.this:
            return Kind.WINDOW
        if node is value:
            break
        child, node = node, node.parent
    return kind


def _is_same_everywhere(value: exp.Expr) -> bool:
    """Whether it is ``coalesce(a.x, b.x)``: what ``join … using (x)`` becomes."""
    parts = [value.this, *value.expressions] if isinstance(value, exp.Coalesce) else []
    named = {part.name for part in parts if isinstance(part, exp.Column)}
    return len(parts) > 1 and len(named) == 1 and all(isinstance(p, exp.Column) for p in parts)


def _together(inner: Kind, outer: Kind) -> Kind:
    """Two steps as one: what hands a value on through both is as strong as the stronger one."""
    if not inner.is_direct or not outer.is_direct:
        return inner if not inner.is_direct else outer
    return max(inner, outer, key=_STRENGTH.__getitem__)


def _flat(name: str) -> str:
    return name.replace(".", "__").lower()


def _named_flat(query: exp.Expr) -> exp.Expr:
    """Every table by one word, under the alias by which its columns are called."""
    for table in list(query.find_all(exp.Table)):
        if table.db:
            plain, alias = table.name, table.alias or table.name
            table.set("this", exp.to_identifier(_flat(f"{table.db}.{plain}")))
            table.set("db", None)
            table.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
    return query
