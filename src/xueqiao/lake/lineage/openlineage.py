"""The lineage in the words of OpenLineage 2-0-2: one event a line, for catalogues outside.

What ran is told as runs: each row of ``runs.build`` begins and ends one job. What is worked out
above the lake (indicators, charts) is told as jobs, because it runs with every computation. Column
lineage is that of the code in force. No value of any row leaves: names, counts and times only.

The rows of a table (``*``) are no field there; what decides about them stands under ``dataset``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import xueqiao
from xueqiao.kernel import ids
from xueqiao.lake import meanings
from xueqiao.lake.build import history
from xueqiao.lake.lineage.columns import ROWS
from xueqiao.lake.recipes import recipes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from xueqiao.lake.lineage.columns import Edge
    from xueqiao.lake.lineage.graph import Graph

NAMESPACE, DATABASE = "xueqiao.lake", "xueqiao.database"
PRODUCER = f"urn:xueqiao:{xueqiao.__version__}"
SPEC = "https://openlineage.io/spec"
EVENT = f"{SPEC}/2-0-2/OpenLineage.json#/$defs/"
FACETS = {
    "schema": "1-1-1/SchemaDatasetFacet.json",
    "columnLineage": "1-2-0/ColumnLineageDatasetFacet.json",
    "sql": "1-0-1/SQLJobFacet.json",
    "parent": "1-0-1/ParentRunFacet.json",
    "outputStatistics": "1-0-2/OutputStatisticsOutputDatasetFacet.json",
    "errorMessage": "1-0-1/ErrorMessageRunFacet.json",
}
Event = dict[str, Any]


def runs(root: Path, graph: Graph) -> Iterator[Event]:
    """The beginning and the end of each table in each build, in the order in which they ran.

    Tables that no recipe makes any more are left out, and those that a build skipped.
    """
    for row in history.rows_of(root):
        if row["outcome"] != history.SKIPPED and row["table"] in recipes():
            yield from _run(row, graph)


def designs(graph: Graph, tables: Iterable[str], *, at: datetime) -> Iterator[Event]:
    """A job for each of some tables, as the code in force makes it.

    Args:
        graph: knows the tables and what they are made of.
        tables: names of tables of the graph.
        at: the time of the event; aware.
    """
    for table in tables:
        yield {
            **_event("JobEvent", at),
            "job": _job(table),
            "inputs": _inputs(graph, table),
            "outputs": [_output(graph, table)],
        }


def _run(row: dict[str, Any], graph: Graph) -> Iterator[Event]:
    table, began = row["table"], row["started_at"]
    build = str(ids.stable_uuid("build", row["run"] or began.isoformat()))
    own = str(ids.stable_uuid("build", row["run"] or began.isoformat(), table))
    parent = {"run": {"runId": build}, "job": {"namespace": NAMESPACE, "name": "build_lake"}}
    facets = {"parent": _facet("parent", parent)}
    run = {"runId": own, "facets": facets}
    yield {**_event("RunEvent", began), "eventType": "START", "run": run, "job": _job(table)}
    ended = began + timedelta(milliseconds=row["milliseconds"] or 0)
    if row["outcome"] == history.FAILED:
        said = {"message": row["why"] or row["refusal"] or "", "programmingLanguage": "SQL"}
        run = {"runId": own, "facets": {**facets, "errorMessage": _facet("errorMessage", said)}}
        end = {"eventType": "FAIL", "inputs": _inputs(graph, table), "outputs": []}
    else:
        output = _output(graph, table)
        counted = _facet("outputStatistics", {"rowCount": row["rows"] or 0})
        output["outputFacets"] = {"outputStatistics": counted}
        end = {"eventType": "COMPLETE", "inputs": _inputs(graph, table), "outputs": [output]}
    yield {**_event("RunEvent", ended), "run": run, "job": _job(table), **end}


def _event(kind: str, at: datetime) -> Event:
    return {"eventTime": at.isoformat(), "producer": PRODUCER, "schemaURL": f"{EVENT}{kind}"}


def _facet(name: str, content: dict[str, Any]) -> dict[str, Any]:
    address = f"{SPEC}/facets/{FACETS[name]}"
    return {"_producer": PRODUCER, "_schemaURL": address, **content}


def _job(table: str) -> dict[str, Any]:
    recipe = recipes().get(table)
    facets = {"sql": _facet("sql", {"query": recipe.sql, "dialect": "duckdb"})} if recipe else {}
    return {"namespace": NAMESPACE, "name": f"make.{table}", "facets": facets}


def _named(graph: Graph, table: str) -> dict[str, str]:
    """A data set of OpenLineage: tables of the database have no dot, and nothing goes into them."""
    is_lake = table in meanings.bronze() or table in recipes() or table in meanings.others()
    known = is_lake or any(column in graph.into for column in graph.of_table(table))
    return {"namespace": NAMESPACE if known else DATABASE, "name": table}


def _inputs(graph: Graph, table: str) -> list[dict[str, str]]:
    edges = [edge for column in graph.of_table(table) for edge in graph.into.get(column, [])]
    names = dict.fromkeys(edge.source.table for edge in edges)
    return [_named(graph, name) for name in names if name in graph.tables]


def _output(graph: Graph, table: str) -> dict[str, Any]:
    fields = [{"name": name} | _description(table, name) for name in graph.tables[table]]
    found: dict[str, list[Edge]] = defaultdict(list)
    for column in graph.of_table(table):
        found[column.name] = graph.into.get(column, [])
    decides = found.pop(ROWS)
    lineage = {
        "fields": {name: {"inputFields": _fields(graph, edges)} for name, edges in found.items()},
        "dataset": _fields(graph, decides),
    }
    facets = {
        "schema": _facet("schema", {"fields": fields}),
        "columnLineage": _facet("columnLineage", lineage),
    }
    return {**_named(graph, table), "facets": facets}


def _description(table: str, column: str) -> dict[str, str]:
    """What a column of the lake means, in English."""
    if table not in meanings.bronze() and table not in recipes():
        return {}
    return {"description": meanings.described(table, (column,)).columns[column].en}


def _fields(graph: Graph, edges: Iterable[Edge]) -> list[dict[str, Any]]:
    """The columns behind one, each once with all the ways in which it is used."""
    uses: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    for edge in edges:
        if edge.source.name != ROWS and edge.source.table in graph.tables:
            kind = "DIRECT" if edge.kind.is_direct else "INDIRECT"
            uses[edge.source.table, edge.source.name].append(
                {"type": kind, "subtype": str(edge.kind)}
            )
    return [
        {**_named(graph, table), "field": column, "transformations": found}
        for (table, column), found in uses.items()
    ]


def line(event: Event) -> str:
    """An event as one line of a file."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))
