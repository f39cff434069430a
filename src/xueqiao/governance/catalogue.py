"""The catalogue of the lake: what is shipped about each table, and what people decided since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from xueqiao.governance.models import Classification, Custody
from xueqiao.kernel import errors
from xueqiao.lake import facts, meanings
from xueqiao.lake.levels import Class, Level

if TYPE_CHECKING:
    from xueqiao.lake.meanings import Described, Meaning


class UnknownTable(errors.Refusal):
    """The lake has no such table, or the table no such column."""

    code = "lake.unknown_table"
    status = 404


@dataclass(frozen=True)
class Guarded:
    """A column with the class and level that are in force.

    Attributes:
        decision: what people decided; None where the shipped catalogue holds.
        waiting: a decision to guard it less that waits for a second person, or None.
    """

    name: str
    meaning: Meaning
    decision: Classification | None
    waiting: Classification | None

    @property
    def category(self) -> Class:
        return Class(self.decision.category) if self.decision else self.meaning.category

    @property
    def level(self) -> Level:
        return Level(self.decision.level) if self.decision else self.meaning.level


@dataclass(frozen=True)
class Entry:
    """One table of the catalogue."""

    described: Described
    columns: dict[str, Guarded]
    custody: Custody | None

    @property
    def name(self) -> str:
        return self.described.name

    @property
    def level(self) -> Level:
        """That of its most guarded column: the higher one counts."""
        return max((each.level for each in self.columns.values()), default=Level.INTERNAL)

    @property
    def category(self) -> Class:
        """That of its most guarded column."""
        ordered = sorted(self.columns.values(), key=lambda each: -each.level)
        return ordered[0].category if ordered else Class.OPERATION

    @property
    def is_personal(self) -> bool:
        """Whether it holds rows about single persons."""
        return any(each.category.is_personal for each in self.columns.values())


def entries() -> list[Entry]:
    """Every table, bronze first. Two queries."""
    return _entries(facts.names())


def entry(name: str) -> Entry:
    """One table. Two queries.

    Raises:
        UnknownTable: there is none of that name.
    """
    if name not in facts.names():
        text = _("The lake has no table {name}. Look for it in the catalogue.")
        raise UnknownTable(text.format(name=name))
    return _entries([name])[0]


def guarded(table: str, column: str) -> Guarded:
    """One column of a table. Two queries.

    Raises:
        UnknownTable: there is none of that name.
    """
    found = entry(table).columns.get(column)
    if found is None:
        text = _("{table} has no column {column}. Look at the table's page.")
        raise UnknownTable(text.format(table=table, column=column), pointer="column")
    return found


def _entries(names: list[str]) -> list[Entry]:
    custody: dict[str, Custody] = {}
    held = Custody.objects.filter(table__in=names).select_related("owner", "steward")
    for row in held.order_by("pk"):
        custody[row.table] = row
    decided: dict[tuple[str, str, str], Classification] = {
        (row.table, row.column, row.state): row
        for row in Classification.objects.filter(table__in=names, state__in=["in_force", "asked"])
    }
    return [
        Entry(described, _columns(described, decided), custody.get(described.name))
        for described in (meanings.described(name, facts.columns(name)) for name in names)
    ]


def _columns(
    described: Described, decided: dict[tuple[str, str, str], Classification]
) -> dict[str, Guarded]:
    table = described.name
    return {
        name: Guarded(
            name,
            meaning,
            decided.get((table, name, "in_force")),
            decided.get((table, name, "asked")),
        )
        for name, meaning in described.columns.items()
    }
