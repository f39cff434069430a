"""Whether each row that a query gives is about the one person whom it names in ``learner_id``.

Only then does counting ``learner_id`` count the persons a cell is about. What cannot be shown to be
so is refused: other persons' rows beside a person's own, by a join, a window or a subquery in an
expression, and a ``learner_id`` that is made up instead of read from a table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlglot
from sqlglot import errors, exp

if TYPE_CHECKING:
    from collections.abc import Iterable

PERSON = "learner_id"
MIXING = (exp.Window, exp.SetOperation, exp.Pivot)
MAKERS = (exp.GenerateSeries, exp.Unnest)
"""Functions that may stand for a table: they read none."""

DEFAULTS = ("memory", "main")
"""The database and the schema of DuckDB that a bare name means."""


class MixedError(ValueError):
    """Rows of several persons may meet in one row of the answer."""


def check(query: str, *, personal: Iterable[str]) -> None:
    """Refuse a query whose rows may be about others than its ``learner_id``.

    Args:
        personal: names of the tables with rows of persons, as SQL writes them.

    Raises:
        MixedError.
    """
    try:
        tree = sqlglot.parse_one(query, read="duckdb")
    except errors.SqlglotError as why:
        raise MixedError from why
    if any(tree.find(kind) for kind in MIXING) or _renames(tree):
        raise MixedError
    walk = _Walk(tree, frozenset(name.lower() for name in personal))
    # Whatever of persons is not on the way from FROM to FROM stands in some expression.
    if not walk.select(tree) or walk.met != sum(map(walk.is_personal, tree.find_all(exp.Table))):
        raise MixedError


class _Walk:
    """The way from a query down to its tables. ``met``: references to tables of persons."""

    def __init__(self, tree: exp.Expr, personal: frozenset[str]) -> None:
        self.personal, self.met = personal, 0
        named = [(each.alias.lower(), each.this) for each in tree.find_all(exp.CTE)]
        self.named, self.used = dict(named), set[str]()
        if len(self.named) < len(named) or self.named.keys() & personal:
            raise MixedError

    def is_personal(self, table: exp.Table) -> bool:
        if not isinstance(table.this, (exp.Identifier, *MAKERS)):
            raise MixedError
        return _name(table) in self.personal

    def select(self, node: exp.Expr) -> bool:
        """Whether a SELECT reads persons; then its ``learner_id`` is theirs."""
        if not isinstance(node, exp.Select):
            raise MixedError
        sources = [node.args["from_"].this] if node.args.get("from_") else []
        joins = node.args.get("joins") or []
        theirs: list[str] = []
        others: list[exp.Expr] = []
        for source, join in [*((each, None) for each in sources), *((j.this, j) for j in joins)]:
            if not self._source(source):
                others.append(source)
                continue
            if theirs and not _by_person(join):
                raise MixedError
            theirs.append(source.alias_or_name.lower())
        if theirs:
            _refuse_made_up(
                node, theirs, is_alone=not others and len(theirs) == 1,
                is_known=all(map(self._has_no_person, others)),
            )  # fmt: skip
        return bool(theirs)

    def _has_no_person(self, source: exp.Expr) -> bool:
        """Whether something without persons has no ``learner_id`` either: a table, a function."""
        if not isinstance(source, exp.Table):
            return False
        return isinstance(source.this, MAKERS) or _name(source) not in self.named

    def _source(self, source: exp.Expr) -> bool:
        if isinstance(source, exp.Subquery):
            return self.select(source.this)
        if not isinstance(source, exp.Table):
            return False
        name = _name(source)
        if name in self.named:
            reads = self.select(self.named[name])
            if reads and name in self.used:
                raise MixedError
            self.used.add(name)
            return reads
        self.met += self.is_personal(source)
        return self.is_personal(source)


def _name(table: exp.Table) -> str:
    """What a table is called, also where the query says before it where all tables lie."""
    parts = [part.lower() for part in (table.catalog, table.db, table.name) if part]
    for place in DEFAULTS:
        if len(parts) > 1 and parts[0] == place:
            del parts[0]
    return ".".join(parts)


def _by_person(join: exp.Join | None) -> bool:
    using = join.args.get("using") or [] if join else []
    return PERSON in {each.name.lower() for each in using}


def _renames(tree: exp.Expr) -> bool:
    """Whether names beside a table, as in ``t(a, b)``, call some column of it ``learner_id``."""
    lists = (alias.args.get("columns") or [] for alias in tree.find_all(exp.TableAlias))
    return any(each.name.lower() == PERSON for names in lists for each in names)


def _refuse_made_up(
    select: exp.Select, theirs: list[str], *, is_alone: bool, is_known: bool
) -> None:
    """Refuse a ``learner_id`` that is anything but the column of a table of persons.

    Args:
        theirs: the sources with rows of persons, as the query calls them.
        is_alone: whether nothing else is read.
        is_known: whether nothing else that is read can have a column of that name; otherwise, in
            an outer join, the bare name may be the other one's.
    """
    found = []
    for each in select.expressions:
        if isinstance(each, exp.Star):
            # Of several tables one might have a made-up column of that name.
            if not is_alone or any(each.args.values()):
                raise MixedError
            found.append(True)
        elif each.alias_or_name.lower() == PERSON:
            column = each.unalias()
            is_read = isinstance(column, exp.Column) and column.name.lower() == PERSON
            found.append(is_read and (column.table.lower() in theirs if column.table else is_known))
        elif each.is_star or isinstance(each, exp.Columns):
            raise MixedError
    if found != [True]:
        raise MixedError
