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
    if any(tree.find(kind) for kind in MIXING):
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
        for source, join in [*((each, None) for each in sources), *((j.this, j) for j in joins)]:
            if self._source(source):
                if theirs and not _by_person(join):
                    raise MixedError
                theirs.append(source.alias_or_name.lower())
        if theirs:
            _refuse_made_up(node, theirs, is_alone=len(sources) + len(joins) == 1)
        return bool(theirs)

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
    return ".".join(part for part in (table.db, table.name) if part).lower()


def _by_person(join: exp.Join | None) -> bool:
    using = join.args.get("using") or [] if join else []
    return PERSON in {each.name.lower() for each in using}


def _refuse_made_up(select: exp.Select, theirs: list[str], *, is_alone: bool) -> None:
    """Refuse a ``learner_id`` that is anything but the column of a table of persons."""
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
            found.append(is_read and (not column.table or column.table.lower() in theirs))
        elif each.is_star or isinstance(each, exp.Columns):
            raise MixedError
    if found != [True]:
        raise MixedError
