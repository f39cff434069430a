"""The lake's SQL for other engines: written once for DuckDB, translated where it runs elsewhere.

Only the text changes; that the answers do not is held by ``tests/lake/test_engines.py``, which runs
every recipe and indicator on both.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify

if TYPE_CHECKING:
    from collections.abc import Mapping


def for_spark(
    query: str, *, tables: Mapping[str, tuple[str, list[str]]], columns: list[str]
) -> str:
    """A query in Spark's dialect.

    Args:
        query: in DuckDB's.
        tables: for each table as the query calls it, such as ``stage.event``, the engine's name
            for it and its columns.
        columns: of the result, in order; ``order by all`` is written out with them.
    """
    tree = parsed(query).copy()
    ordered(tree, columns)
    for select in tree.find_all(exp.Select):
        grouped(select)
    for call in list(tree.find_all(exp.Anonymous)):
        if call.name.lower() == "json_valid":
            call.replace(is_json(call.expressions[0]))
    renamed(tree, {name: view for name, (view, _columns) in tables.items()})
    known: dict[str, object] = {
        view: dict.fromkeys(found, "text") for view, found in tables.values()
    }
    # Writes ``using`` and ``*`` out, which engines understand in different ways.
    whole = qualify(tree, schema=known, dialect="duckdb", quote_identifiers=False)
    return str(whole.sql(dialect="spark", comments=False))


def condition(where: str) -> str:
    """A condition on the rows of one table, in Spark's dialect."""
    return str(sqlglot.parse_one(where, read="duckdb").sql(dialect="spark"))


@lru_cache(maxsize=256)
def parsed(query: str) -> exp.Expr:
    """The tree of one statement of DuckDB's dialect."""
    return sqlglot.parse_one(query, read="duckdb")


def ordered(tree: exp.Expr, columns: list[str]) -> None:
    """Write ``order by all`` of the whole query out: by each column, nulls last as in DuckDB."""
    order = tree.args.get("order")
    if order is None or order.expressions[0].this.name.lower() != "all":
        return
    every = [exp.Ordered(this=exp.column(name), nulls_first=False) for name in columns]
    order.set("expressions", every)


def grouped(select: exp.Select) -> None:
    """Write ``group by all`` out: by each column that is neither an aggregate nor a constant."""
    group = select.args.get("group")
    if group is None or not group.args.get("all"):
        return
    plain = [each.unalias() for each in select.expressions if not each.find(exp.AggFunc)]
    group.set("all", None)
    group.set("expressions", [each.copy() for each in plain if each.find(exp.Column)])
    if not group.expressions:
        select.set("group", None)


def renamed(tree: exp.Expr, views: Mapping[str, str]) -> None:
    """Put the engine's names in the place of tables, which keep theirs as aliases."""
    made = {cte.alias for cte in tree.find_all(exp.CTE)}
    for cte in tree.find_all(exp.CTE):
        # A hint to DuckDB's planner; Spark's grammar has no word for it.
        cte.set("materialized", None)
    for table in list(tree.find_all(exp.Table)):
        name = f"{table.db}.{table.name}" if table.db else table.name
        if name not in made:
            alias = table.alias or table.name
            table.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
            table.set("db", None)
            table.set("this", exp.to_identifier(views[name]))


def is_json(text: exp.Expr) -> exp.Expr:
    """Whether a text is a JSON object; the lake asks it of nothing else than objects.

    Spark has no ``json_valid``, and its reader does not mind what stands behind the last brace.
    """
    found = "get_json_object(text, '$') is not null and trim(text) like '{%}'"
    tree = sqlglot.parse_one(f"coalesce({found}, false)", read="spark")
    for column in list(tree.find_all(exp.Column)):
        column.replace(text.copy())
    return tree
