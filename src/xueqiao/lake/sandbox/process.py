"""The process that runs one query of a stranger. Reads its order, leaves its outcome, ends.

Run as ``python -m xueqiao.lake.sandbox.process FOLDER``. It imports neither Django nor settings.
In the folder: the order is ``order.json``, the outcome ``outcome.json``, rows are ``rows.parquet``.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.ipc
import pyarrow.parquet as pq

from xueqiao.lake.sandbox import cells

BATCH_ROWS = 20_000
POLL_SECONDS = 0.1
# DuckDB and Arrow reserve addresses that they never fill.
ADDRESSES_MORE = 6 << 30
FOOTERS_MOST = 500
Order = dict[str, Any]


class Refused(Exception):  # noqa: N818 - an answer, written into the outcome
    """What ends the run, with the code that the page explains."""

    def __init__(self, code: str, text: str = "") -> None:
        super().__init__(text)
        self.code = code


def main(folder: Path) -> None:
    """Do what the order says; whatever happens, an outcome is left."""
    order = json.loads((folder / "order.json").read_text(encoding="utf-8"))
    _limit(order)
    connection = duckdb.connect(config=_configuration(order, folder))
    guard = Guard(connection, folder, order["seconds"])
    started = time.monotonic()
    try:
        connection.execute("set TimeZone = 'Asia/Shanghai'")
        guard.start()
        found = {"plan": plan, "run": run}[order["what"]](connection, order, folder)
        outcome = {"state": "done", **found}
    except Exception as why:  # noqa: BLE001 - whatever ends the run is written into its outcome
        is_dry = order["what"] == "plan"
        outcome = {"state": "failed", **told(why, guard.ended_by, is_dry=is_dry)}
    outcome["milliseconds"] = int((time.monotonic() - started) * 1000)
    leave(folder, outcome)


def leave(folder: Path, outcome: Order) -> None:
    """Write the outcome beside its place and move it there, so that it is whole or absent."""
    scratch = folder / f".outcome.{threading.get_ident()}"
    scratch.write_text(json.dumps(outcome), encoding="utf-8")
    scratch.replace(folder / "outcome.json")


class Guard(threading.Thread):
    """Ends the query when its time is over or somebody cancels it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path, seconds: float) -> None:
        super().__init__(daemon=True)
        self.connection, self.folder, self.ended_by = connection, folder, ""
        self.until = time.monotonic() + seconds

    def run(self) -> None:
        while not self.ended_by:
            time.sleep(POLL_SECONDS)
            if (self.folder / "cancel").exists():
                self.ended_by = "cancelled"
            elif time.monotonic() > self.until:
                self.ended_by = "time"
        self.connection.interrupt()
        # Rows that come through Arrow do not hear the interrupt.
        time.sleep(2)
        leave(self.folder, {"state": "failed", "code": self.ended_by, "milliseconds": 0})
        os._exit(3)


def plan(connection: duckdb.DuckDBPyConnection, order: Order, _folder: Path) -> Order:
    """What a query would read and give, told from empty tables of the same columns."""
    connection.execute("set disabled_optimizers = 'statistics_propagation'")
    for table in order["tables"]:
        empty = _schema(table).empty_table()
        connection.register("xq_empty", empty)
        connection.execute(_schema_of(table["name"]))
        connection.execute(f"create table {table['name']} as from xq_empty")
        connection.unregister("xq_empty")
    _shut(connection, [])
    sql = _one_select(connection, order["sql"])
    rows = connection.execute(f"explain (format json) {sql}").fetchall()
    scans: dict[str, set[str]] = {}
    _collect(json.loads(rows[0][1]), scans)
    by_name = {table["name"]: table for table in order["tables"]}
    given = connection.execute(f"from ({sql}) limit 0").description
    return {
        "scans": [_cost(by_name[name], columns) for name, columns in sorted(scans.items())],
        "columns": [column[0] for column in given],
    }


def run(connection: duckdb.DuckDBPyConnection, order: Order, folder: Path) -> Order:
    """Run the query over the tables of the order and write its rows, at most so many."""
    keep = _kept(order)
    for table in order["tables"]:
        connection.execute(_schema_of(table["name"]))
        if table["narrowed_by"]:
            _narrow(connection, table, keep[table["keep"]])
        else:
            _whole(connection, table)
    whole = [table for table in order["tables"] if not table["narrowed_by"]]
    _shut(connection, [file for table in whole for file in table["files"]])
    sql = _one_select(connection, order["sql"])
    hidden = 0
    if order["shape"] == "counts":
        sql, hidden = cells.count(
            connection, sql, least=order["least"], is_strict=order["is_strict"]
        )
    reader = connection.execute(sql).to_arrow_reader(BATCH_ROWS)
    return {**_write(reader, folder, order), "hidden_cells": hidden}


def _write(reader: pa.RecordBatchReader, folder: Path, order: Order) -> Order:
    rows, is_cut, most = 0, False, order["rows"]
    with pq.ParquetWriter(folder / "rows.parquet", reader.schema, compression="zstd") as writer:
        for batch in reader:
            left = most - rows
            if batch.num_rows > left:
                batch, is_cut = batch.slice(0, left), True  # noqa: PLW2901 - the same rows, fewer
            if batch.num_rows:
                writer.write_batch(batch)
            rows += batch.num_rows
            if is_cut:
                break
    columns = [[field.name, str(field.type)] for field in reader.schema]
    return {"rows": rows, "is_cut": is_cut, "columns": columns}


def _kept(order: Order) -> dict[str, pa.Array]:
    """The keys that are left, by name; read by a connection that the query never sees."""
    if not order["keep"]:
        return {}
    with duckdb.connect(config={"memory_limit": order["memory"]}) as own:
        for table in order["helpers"]:
            own.execute(_schema_of(table["name"]))
            _whole(own, table)
        return {
            name: own.execute(sql).to_arrow_table().column(0).combine_chunks()
            for name, sql in order["keep"].items()
        }


def _narrow(connection: duckdb.DuckDBPyConnection, table: Order, keys: pa.Array) -> None:
    schema = _schema(table)
    parted = None
    if table["is_parted"]:
        parted = ds.partitioning(pa.schema([schema.field("part")]), flavor="hive")
    rows = ds.dataset(
        table["files"], schema=schema, format="parquet", partitioning=parted,
        partition_base_dir=table["root"],
    ).filter(pc.field(table["narrowed_by"]).isin(keys))  # fmt: skip
    plain = "xq_" + table["name"].replace(".", "_")
    connection.register(plain, rows if table["files"] else schema.empty_table())
    connection.execute(f"create view {table['name']} as from {plain}")


def _whole(connection: duckdb.DuckDBPyConnection, table: Order) -> None:
    if not table["files"]:
        plain = "xq_" + table["name"].replace(".", "_")
        connection.register(plain, _schema(table).empty_table())
        connection.execute(f"create view {table['name']} as from {plain}")
        return
    files = ", ".join("'" + file.replace("'", "''") + "'" for file in table["files"])
    parted = ", hive_partitioning = true, hive_types = {'part': varchar}"
    connection.execute(
        f"create view {table['name']} as select * from "  # noqa: S608 - names and paths of ours
        f"read_parquet([{files}]{parted if table['is_parted'] else ''})"
    )


def _shut(connection: duckdb.DuckDBPyConnection, files: list[str]) -> None:
    """From here on no file but these is opened, and no setting can be changed back."""
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    connection.execute(f"set allowed_paths = [{listed}]")
    connection.execute("set python_enable_replacements = false")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def _one_select(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    found = connection.extract_statements(sql)
    if len(found) != 1 or found[0].type != duckdb.StatementType.SELECT:
        raise Refused("not_one_select")
    return str(found[0].query).strip().rstrip(";")


def _collect(nodes: list[Order], scans: dict[str, set[str]]) -> None:
    for node in nodes:
        facts = node.get("extra_info", {})
        if "Table" in facts:
            # Names that are also words of SQL come in quotation marks.
            bare = facts["Table"].replace('"', "")
            name = bare.removeprefix("memory.").removeprefix("main.")
            columns = facts.get("Projections", [])
            listed = [columns] if isinstance(columns, str) else columns
            scans.setdefault(name, set()).update(listed)
        _collect(node.get("children", []), scans)


def _cost(table: Order, columns: set[str]) -> Order:
    """Rows of a table and the compressed bytes of the columns that are read."""
    files = table["files"][:FOOTERS_MOST]
    size = sum(_bytes_of(pq.read_metadata(file), columns) for file in files)
    if files:
        size = size * len(table["files"]) // len(files)
    return {
        "name": table["name"], "rows": table["row_count"], "bytes": size,
        "columns": sorted(columns),
    }  # fmt: skip


def _bytes_of(footer: pq.FileMetaData, columns: set[str]) -> int:
    groups = (footer.row_group(number) for number in range(footer.num_row_groups))
    chunks = (group.column(n) for group in groups for n in range(group.num_columns))
    return sum(c.total_compressed_size for c in chunks if c.path_in_schema in columns)


def _schema(table: Order) -> pa.Schema:
    return pa.ipc.read_schema(pa.py_buffer(bytes.fromhex(table["schema"])))


def _schema_of(name: str) -> str:
    schema, _, bare = name.rpartition(".")
    return f"create schema if not exists {schema}" if schema and bare else "select 1"


def _configuration(order: Order, folder: Path) -> dict[str, Any]:
    return {
        "memory_limit": order["memory"],
        "temp_directory": str(folder / "spill"),
        "max_temp_directory_size": order["spill"],
        "threads": str(order["threads"]),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
    }


def _limit(order: Order) -> None:
    """What the kernel holds the process to, should DuckDB's own limits fail."""
    addresses = order["memory_bytes"] + ADDRESSES_MORE
    resource.setrlimit(resource.RLIMIT_AS, (addresses, addresses))
    resource.setrlimit(resource.RLIMIT_FSIZE, (order["bytes"], order["bytes"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    seconds = int(order["seconds"]) * order["threads"] + 10
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


CODES: tuple[tuple[str, tuple[type[BaseException], ...]], ...] = (
    ("no_person", (cells.NoPersonError,)),
    ("memory", (duckdb.OutOfMemoryException, MemoryError, pa.ArrowMemoryError)),
    ("forbidden", (duckdb.PermissionException,)),
    ("too_large", (OSError,)),
    ("query", (
        duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException,
        duckdb.NotImplementedException, pa.ArrowNotImplementedError,
    )),
)  # fmt: skip
"""The first that fits. Only "query" is told with its text, which is about the query alone: whatever
else ends one, such as a failed cast, may quote a value of a row."""


def told(why: Exception, ended_by: str = "", *, is_dry: bool = False) -> Order:
    """The code of what ended a run, and its text where that is about the query alone.

    Args:
        ended_by: what the guard ended it for; "" when it did not.
        is_dry: whether no row was read, so that no text can quote one.
    """
    if ended_by:
        return {"code": ended_by, "text": ""}
    if isinstance(why, Refused):
        return {"code": why.code, "text": str(why)}
    code = next((code for code, kinds in CODES if isinstance(why, kinds)), "value")
    if is_dry and code == "value":
        code = "query"
    return {"code": code, "text": str(why)[:900] if code == "query" else ""}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
