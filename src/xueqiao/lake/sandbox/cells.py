"""Counts of persons without small cells.

The query gives rows with ``learner_id``; here the persons are counted, so that no count rests on
what the query says about itself. A cell of fewer persons than allowed is left out, and with it what
would tell it by subtracting (``hiding``).
"""

# ruff: noqa: S608 - the query of a stranger is what this is about; names are quoted.
from __future__ import annotations

from typing import TYPE_CHECKING

from xueqiao.lake.sandbox import hiding
from xueqiao.lake.sandbox.hiding import CELLS, COUNT, HIDDEN, PERSON, PERSONS, Dimension

if TYPE_CHECKING:
    import duckdb

SUM = "sum_"


class NoPersonError(ValueError):
    """The query does not give ``learner_id``, so nobody can be counted."""


def count(
    connection: duckdb.DuckDBPyConnection, query: str, *, least: int, is_strict: bool = False
) -> tuple[str, int]:
    """Count the persons of a query by all its other columns.

    Columns named ``sum_…`` are added up; all others are dimensions of the table.

    Args:
        query: one SELECT that gives ``learner_id``.
        least: the smallest count that is shown.
        is_strict: whether a cell is left out too when fewer persons have a part in one of its sums.

    Returns:
        The SQL of the cells that are shown, in the order of their dimensions; how many are not.

    Raises:
        NoPersonError: the query gives no ``learner_id``.
    """
    given = connection.execute(f"from ({query}) limit 0").description
    names = [column[0] for column in given]
    if PERSON not in names:
        raise NoPersonError
    sums = [_quoted(name) for name in names if name.startswith(SUM)]
    dimensions = [
        Dimension(_quoted(name), is_time=str(kind).upper().startswith(("DATE", "TIME")))
        for name, kind, *_rest in given
        if name != PERSON and not name.startswith(SUM)
    ]
    shown = "".join(f"{each.name}, " for each in dimensions)
    added = "".join(f", sum({name}) as {name}" for name in sums)
    # First one row for each person of a cell, so that persons and their parts are counted alike.
    connection.execute(
        f"create or replace temp table {PERSONS} as "
        f"select {shown}{PERSON}{added} from ({query}) group by {shown}{PERSON}"
    )
    small = [f"count({PERSON}) < {least}"]
    if is_strict:
        small += [f"count(*) filter ({name} <> 0) between 1 and {least - 1}" for name in sums]
    connection.execute(
        f"create or replace temp table {CELLS} as select {shown}count({PERSON}) as {COUNT}{added}, "
        f"{' or '.join(small)} as {HIDDEN}, row_number() over () as {hiding.NUMBER} "
        f"from {PERSONS} group by {', '.join(each.name for each in dimensions) or 'true'}"
    )
    hidden = hiding.hide(connection, dimensions, least=least)
    order = "order by all" if dimensions else ""
    columns = f"{shown}{COUNT}{''.join(f', {name}' for name in sums)}"
    return f"select {columns} from {CELLS} where not {HIDDEN} {order}", hidden


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
