"""Which cells go with a small one, so that a total less its parts does not tell it.

Cells that add up to something make a sum. A line of the table along one dimension is one: its total
may be known from elsewhere. So is a cell with all that lies within it, such as a county with its
towns where a query gives both; who lies within whom is told from the persons, not from names. Of
each sum either nothing is left out, or two cells with as many persons together as are shown.

In a hierarchy no cell can then be computed from others: each sum leaves one number open at least,
and no two sums share two. In a table of several dimensions that holds for each line alone.
"""

# ruff: noqa: S608 - names are quoted by the caller; the rest is from here.
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

PERSON = "learner_id"
COUNT = "persons"
CELLS, PERSONS, SUMS = "xq_cells", "xq_persons", "xq_sums"
HIDDEN, NUMBER = "xq_hidden", "xq_number"


class Dimension(NamedTuple):
    """A column of the table, quoted. ``is_time``: of days, which do not lie within one another."""

    name: str
    is_time: bool


def hide(
    connection: duckdb.DuckDBPyConnection, dimensions: Sequence[Dimension], *, least: int
) -> int:
    """Mark what goes with the cells that are marked already. How many are marked in the end.

    Args:
        connection: with ``CELLS`` (the dimensions, ``COUNT``, ``HIDDEN``, ``NUMBER``) and
            ``PERSONS`` (the dimensions and ``PERSON``, one row for each person of a cell).
        least: how many persons cells that were left out of one sum have together.
    """
    marked = before = _marked(connection)
    if not marked:
        return 0
    _find_sums(connection, dimensions)
    while True:
        for axis in range(len(dimensions)):
            connection.execute(_one_more(axis, least))
        marked = _marked(connection)
        if marked == before:
            return marked
        before = marked


def _find_sums(connection: duckdb.DuckDBPyConnection, dimensions: Sequence[Dimension]) -> None:
    """Write down which cells add up to what. ``above``: the cell that is the sum; 0 for a line."""
    connection.execute(
        f"create or replace temp table {SUMS} "
        f"(axis integer, line bigint, above bigint, {NUMBER} bigint, is_sum boolean)"
    )
    for axis, along in enumerate(dimensions):
        names = [each.name for each in dimensions]
        others = ", ".join(name for name in names if name != along.name)
        lines = (
            f"select {NUMBER}, {COUNT}, dense_rank() over (order by {others or '1'}) as line "
            f"from {CELLS}"
        )
        within = "select 0 as number, 0 as above where false"
        if not along.is_time:
            within = _within(names)
        connection.execute(
            f"insert into {SUMS} with lines as ({lines}), within as ({within}), "
            "children as (select lines.*, coalesce(above, 0) as above from lines "
            f"left join within on within.number = lines.{NUMBER}) "
            f"select {axis}, line, above, {NUMBER}, false from children union all "
            f"select distinct {axis}, line, above, above, true from children where above > 0"
        )


def _within(names: Sequence[str]) -> str:
    """The smallest cell of the same line that has all persons of a cell, for those with one.

    Persons who are in the same cells are looked at together: there are few such sets. Of two cells
    with the same persons one counts as within the other.
    """
    same = " and ".join(f"p.{name} is not distinct from c.{name}" for name in names)
    return (
        f"with own as (select p.{PERSON}, c.{NUMBER} as number, line from {PERSONS} p "
        f"join {CELLS} c on {same} join lines on lines.{NUMBER} = c.{NUMBER}), "
        f"sets as (select list_sort(list(number)) as numbers from own group by {PERSON}, line), "
        "alike as (select numbers, count(*) as n from sets where len(numbers) > 1 group by all), "
        "pairs as (select one.number, other.above, sum(n) as common from alike, "
        "unnest(numbers) as one(number), unnest(numbers) as other(above) "
        "where one.number <> other.above group by all) "
        f"select pairs.number, arg_min(pairs.above, row(theirs.{COUNT}, pairs.above)) as above "
        f"from pairs join {CELLS} mine on mine.{NUMBER} = pairs.number "
        f"join {CELLS} theirs on theirs.{NUMBER} = pairs.above where common = mine.{COUNT} "
        f"and row(theirs.{COUNT}, pairs.above) > row(mine.{COUNT}, pairs.number) "
        "group by pairs.number"
    )


def _one_more(axis: int, least: int) -> str:
    """Mark the smallest part of each sum along an axis from which too little is left out."""
    parts = f"not {HIDDEN} and not is_sum"
    return (
        f"update {CELLS} set {HIDDEN} = true where {NUMBER} in ("
        f"select arg_min({NUMBER}, row({COUNT}, {NUMBER})) filter ({parts}) "
        f"from {SUMS} join {CELLS} using ({NUMBER}) where axis = {axis} group by line, above "
        f"having bool_or({HIDDEN}) and bool_or({parts}) and (count(*) filter ({HIDDEN}) = 1 or "
        f"not bool_or({HIDDEN} and is_sum) and sum({COUNT}) filter ({HIDDEN}) < {least}))"
    )


def _marked(connection: duckdb.DuckDBPyConnection) -> int:
    found = connection.execute(f"select count(*) from {CELLS} where {HIDDEN}").fetchone()
    return int(found[0]) if found else 0
