"""The dry run: what the terms call for today, and what that is in rows, months and bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings

from xueqiao.governance import rules
from xueqiao.governance.retaining import holding, terms
from xueqiao.kernel import clock
from xueqiao.lake.retention import looking, scope
from xueqiao.lake.retention.scope import Way

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from xueqiao.governance.catalogue import Entry
    from xueqiao.governance.retaining.terms import Effective
    from xueqiao.lake.retention.held import Held
    from xueqiao.lake.retention.looking import Going


@dataclass(frozen=True)
class Plan:
    """What would go.

    Attributes:
        lines: table → first month that stays, for every table with a term.
        tables: by table what ``told`` writes of it; only tables that lose rows, or hold some back.
        held: what was held when it was counted.
    """

    lines: dict[str, str]
    tables: dict[str, dict[str, Any]]
    held: Held

    @property
    def rows(self) -> int:
        return sum(each["rows"] for each in self.tables.values())

    def document(self) -> dict[str, Any]:
        """As a row of the database keeps it."""
        return {"lines": self.lines, "tables": self.tables}


def due(*, at: datetime) -> dict[str, str]:
    """Table → first month that stays by its term, with all that goes along. Four queries.

    Tables under a hold have no line.
    """
    return lines_of(terms.effective(), at=at, kept=holding.tables(at))


def lines_of(
    found: Iterable[tuple[Entry, Effective]], *, at: datetime, kept: Iterable[str]
) -> dict[str, str]:
    """The same of some terms.

    Args:
        kept: tables under a hold.
    """
    today, lines = clock.local_date(at), {}
    for entry, term in found:
        if term.months is not None:
            by_year = scope.way(entry.name) is Way.PARTS
            lines[entry.name] = rules.kept_from(
                term.months, today.year, today.month, by_year=by_year
            )
    return scope.with_along(lines, kept)


def look(*, at: datetime) -> Plan:
    """Count what would go if it were carried out now. Changes nothing.

    Raises:
        holdings.FileLost: a file of a table is not there.
    """
    lines = due(at=at)
    held = holding.in_force(at)
    if not lines:
        return Plan({}, {}, held)
    root, memory = settings.LAKE, settings.LAKE_MEMORY
    with looking.searching(root=root, memory=memory, held=held) as engine:
        found = looking.look(root=root, engine=engine, wanted=lines, held=held)
    tables = {each.table: told(each) for each in found if each.rows or each.held}
    return Plan(lines, tables, held)


def told(going: Going) -> dict[str, Any]:
    """What is written down of one table. Sizes in bytes, months as YYYY-MM."""
    return {
        "kept_from": going.kept_from,
        "rows": going.rows,
        "months": going.parts,
        "size_bytes": going.size_bytes,
        "held": going.held,
        "needed": going.needed,
    }
