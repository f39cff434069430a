"""Whether a query over gold gives no more than may leave: by tables, columns and levels.

Facts come from tables in which no person's row has a part, by columns that may be public. Counts
are made of rows of persons by the platform itself. Rows of persons need a purpose that allows them.
No shape gives columns that are sensitive, important or core (GB/T 43697).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import sqlglot
from django.utils.translation import gettext as _
from sqlglot import exp

from xueqiao.governance import catalogue, datasets, rules
from xueqiao.governance.models import Shape
from xueqiao.governance.workbench import costs, scope, telling
from xueqiao.kernel import errors
from xueqiao.lake import facts, meanings
from xueqiao.lake.levels import Level
from xueqiao.lake.recipes import recipes
from xueqiao.lake.sandbox import persons

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xueqiao.governance.workbench.costs import Cost
    from xueqiao.governance.workbench.scope import Scope

GOLD = "marts"
PLAIN = (exp.Select, exp.Group, exp.Ordered)
"""Where ``learner_id`` may stand so that it stays what it is."""
MOST_LEVEL = {Shape.FACTS: Level.PUBLIC, Shape.COUNTS: Level.PERSONAL, Shape.ROWS: Level.PERSONAL}


class LevelTooHigh(errors.Refusal):
    """The query reads a column that may not leave in this shape."""

    code = "lake.level_too_high"
    status = 422


class RestsOnPersons(errors.Refusal):
    """The query reads a table counted from rows of persons, whose small cells nobody has hidden."""

    code = "lake.rests_on_persons"
    status = 422


class Linked(errors.Refusal):
    """Rows of persons would carry a number by which they can be joined with others."""

    code = "lake.rows_linked"
    status = 422


class NobodyCounted(errors.Refusal):
    """The query is to count persons and reads none."""

    code = "lake.nobody_counted"
    status = 422


@dataclass(frozen=True)
class Design:
    """A query, what of it may leave, and the place whose rows of persons it sees."""

    sql: str
    shape: Shape
    place_id: int


def seen(design: Design) -> Scope:
    """Every gold table; rows of persons of the design's place only."""
    filled = datasets.filled()
    gold = {name: table for name, table in filled.items() if facts.floor(name) == GOLD}
    places = {name: frozenset({design.place_id}) for name in gold}
    return scope.Scope(gold, (), places, scope.tops(gold))


def check(design: Design) -> Cost:
    """What a design reads and gives, after it was found fit to leave in its shape.

    Raises:
        costs.NothingAsked, costs.TableNotGranted, telling.…: it cannot be planned over gold.
        LevelTooHigh, RestsOnPersons, NobodyCounted: it would give more than may leave.
    """
    return checked(design, seen(design))


def checked(design: Design, tables: Scope) -> Cost:
    """As ``check``, of tables that were looked up before."""
    cost = costs.of(design.sql, tables)
    _refuse_counted(design.shape, cost)
    _refuse_levels(design.shape, cost)
    if design.shape != Shape.FACTS:
        _refuse_mixed(design.sql, tables)
    if design.shape == Shape.ROWS:
        _refuse_linked(design.sql, cost)
    return cost


def _refuse_counted(shape: Shape, cost: Cost) -> None:
    personal = [scan.table for scan in cost.scans if scan.is_personal]
    if shape != Shape.FACTS and not personal:
        text = _("This query reads no rows of persons. Choose “facts” for what it gives.")
        raise NobodyCounted(text, pointer="shape")
    if shape == Shape.FACTS and personal:
        text = _("{tables}: rows of persons are no facts. Choose “counts”, and give learner_id.")
        raise RestsOnPersons(text.format(tables=", ".join(personal)), pointer="shape")
    counted = [
        scan.table for scan in cost.scans if not scan.is_personal and rests_on_persons(scan.table)
    ]
    if counted:
        text = _(
            "{tables}: counted from rows of persons, small cells included. Count them anew from "
            "the rows of persons, such as learner_month."
        )
        raise RestsOnPersons(text.format(tables=", ".join(counted)), pointer="sql")


def _refuse_levels(shape: Shape, cost: Cost) -> None:
    most = MOST_LEVEL[shape]
    high = [
        f"{scan.table}.{column}"
        for scan in cost.scans
        for column in _above(scan.table, scan.columns, most)
    ]
    if high:
        text = _(
            "{columns}: guarded higher than “{level}”. Leave the columns out, or have them "
            "classified otherwise on the table's page."
        )
        raise LevelTooHigh(text.format(columns=", ".join(high), level=most.title), pointer="sql")


def _above(table: str, columns: Iterable[str], most: Level) -> list[str]:
    known = catalogue.entry(table).columns
    return [name for name in columns if name not in known or known[name].level > most]


def _refuse_mixed(sql: str, tables: Scope) -> None:
    known = [name for name, table in tables.tables.items() if table.is_personal]
    try:
        persons.check(sql, personal=known)
    except persons.MixedError as why:
        raise telling.refusal("mixed", "") from why


def _refuse_linked(sql: str, cost: Cost) -> None:
    """Refuse numbers of persons beside ``learner_id``, and a ``learner_id`` under another name.

    Only the column of that name gets keys of the agreement in the place of the lake's numbers.
    """
    read = {column for scan in cost.scans for column in scan.columns}
    tree = sqlglot.parse_one(sql, read="duckdb")
    numbers = [each for each in tree.find_all(exp.Column) if each.name.lower() == persons.PERSON]
    is_moved = any(not isinstance(each.parent, PLAIN) for each in numbers)
    is_renamed = any(each.args.get("columns") for each in tree.find_all(exp.TableAlias))
    if is_moved or is_renamed or read & (rules.PERSONAL - {persons.PERSON}):
        text = _(
            "Give learner_id as it is and no other number of persons, enrolments or records: "
            "the platform puts keys of this agreement in its place."
        )
        raise Linked(text, pointer="sql")


@cache
def rests_on_persons(name: str) -> bool:
    """Whether rows of persons have a part in a table, by the recipes from it down to bronze."""
    if name in recipes():
        return rules.is_personal(facts.columns(name)) or any(
            rests_on_persons(read) for read in recipes()[name].reads
        )
    given = meanings.bronze().get(name)
    return given is None or rules.is_personal(given.columns)
