"""Counts of persons without small cells.

The query gives rows with ``learner_id``; here the persons are counted, so that no count rests on
what the query says about itself. A cell of fewer persons than allowed is left out. So that none can
be found by subtracting from a total, a line with one cell left out loses its next smallest too.
"""

# ruff: noqa: S608 - the query of a stranger is what this is about; names are quoted.
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

PERSON = "learner_id"
SUM = "sum_"
COUNT = "persons"
CELLS = "xq_cells"


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
    names = [column[0] for column in connection.execute(f"from ({query}) limit 0").description]
    if PERSON not in names:
        raise NoPersonError
    sums = [_quoted(name) for name in names if name.startswith(SUM)]
    dimensions = [_quoted(n) for n in names if n != PERSON and not n.startswith(SUM)]
    added = "".join(f", sum({name}) as {name}" for name in sums)
    small = [f"count({PERSON}) < {least}"]
    if is_strict:
        small += [f"count(*) filter ({name} <> 0) between 1 and {least - 1}" for name in sums]
    shown = "".join(f"{name}, " for name in dimensions)
    # First one row for each person of a cell, so that persons and their parts are counted alike.
    connection.execute(
        f"create or replace temp table {CELLS} as with persons as ("
        f"select {shown}{PERSON}{added} from ({query}) group by {shown}{PERSON}) "
        f"select {shown}count({PERSON}) as {COUNT}{added}, "
        f"{' or '.join(small)} as is_hidden, row_number() over () as number "
        f"from persons group by {', '.join(dimensions) or 'true'}"
    )
    _hide_neighbours(connection, dimensions)
    hidden = _single(connection, f"select count(*) from {CELLS} where is_hidden")
    order = "order by all" if dimensions else ""
    columns = f"{shown}{COUNT}{''.join(f', {name}' for name in sums)}"
    return f"select {columns} from {CELLS} where not is_hidden {order}", hidden


def _hide_neighbours(connection: duckdb.DuckDBPyConnection, dimensions: Sequence[str]) -> None:
    """Until no line, along any dimension, has exactly one cell left out beside shown ones."""
    lines = [[name for name in dimensions if name != along] for along in dimensions]
    changed = bool(lines)
    while changed:
        before = _single(connection, f"select count(*) from {CELLS} where is_hidden")
        for line in lines:
            connection.execute(_one_more(line))
        changed = before != _single(connection, f"select count(*) from {CELLS} where is_hidden")


def _one_more(line: Sequence[str]) -> str:
    by = f"partition by {', '.join(line)}" if line else ""
    also = f"partition by {', '.join([*line, 'is_hidden'])}"
    return (
        f"update {CELLS} set is_hidden = true where number in ("
        f"select number from (select number, is_hidden, "
        f"count(*) filter (is_hidden) over ({by}) as hidden, "
        f"row_number() over ({also} order by {COUNT}, number) as place from {CELLS}) "
        "where hidden = 1 and not is_hidden and place = 1)"
    )


def _single(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    found = connection.execute(query).fetchone()
    return int(found[0]) if found else 0


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
