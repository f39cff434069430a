"""Spark Connect as the engine of the lake: Apache Spark 4.0 or Sail, on one machine or on many.

The engine reads the very files that the Delta log names; nothing is copied into it. What a query
answers is brought to the columns and types that DuckDB gives the same query over empty tables, so
that a table is the same whichever engine made it.
"""

from __future__ import annotations

import itertools
import os
import socket
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import duckdb
import pyarrow as pa
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.lake import dialect, tables
from xueqiao.lake.duckdb import prepare
from xueqiao.lake.engine import OutOfMemory, rebatched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import DataFrame
    from pyspark.sql.connect.session import SparkSession

    from xueqiao.lake.engine import Engine

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
}
PORT, KNOCK_SECONDS = 15002, 5.0
NO_MEMORY = ("outofmemory", "out of memory", "resources exhausted", "resourcesexhausted")
AWAY = ("unavailable", "failed to connect", "connection refused", "deadline exceeded")


class EngineMissing(errors.Refusal):
    """The settings name an engine whose packages are not installed."""

    code = "lake.engine_missing"
    status = 503


class EngineAway(errors.Refusal):
    """The engine's server does not answer."""

    code = "lake.engine_away"
    status = 503


class EngineFailed(errors.Refusal):
    """The engine did not carry out a query."""

    code = "lake.engine_failed"
    status = 502


class Spark:
    """See ``engine.Engine``. ``address`` as Spark Connect writes it: sc://host:15002."""

    memory = ""

    def __init__(self, *, address: str, name: str = "spark") -> None:
        self.address, self.name = address, name
        self.session = connected(address)
        self.shapes = duckdb.connect()
        self.tables: dict[str, tuple[str, list[str]]] = {}
        self.numbers = itertools.count(1)
        prepare(self.shapes)

    @contextmanager
    def job(self) -> Iterator[Engine]:
        """A session of its own on the same server."""
        own = Spark(address=self.address, name=self.name)
        try:
            yield own
        finally:
            own.close()

    def attach(
        self,
        name: str,
        *,
        files: list[str],
        schema: pa.Schema,
        is_parted: bool,
        where: str = "",
    ) -> None:
        if not files:
            self.register(name, schema.empty_table())
            return
        with refusing(self.address):
            rows = read(self.session, sorted(files), schema, is_parted=is_parted)
            self._name(name, schema, rows.where(dialect.condition(where)) if where else rows)

    def register(self, name: str, rows: pa.Table) -> None:
        with refusing(self.address):
            shape = spark_schema(rows.schema)
            self._name(name, rows.schema, self.session.createDataFrame(rows, schema=shape))

    def sql(self, query: str) -> pa.RecordBatchReader:
        schema = self._schema_of(query)
        text = dialect.for_spark(query, tables=self.tables, columns=schema.names)

        def rows() -> Iterator[pa.RecordBatch]:
            with refusing(self.address):
                for found in arrow(self.session.sql(text)):
                    yield from fitted(found, schema).to_batches()

        return pa.RecordBatchReader.from_batches(schema, rebatched(rows()))

    def close(self) -> None:
        self.shapes.close()
        # A server that is gone has already given everything back.
        with suppress(Exception):
            self.session.stop()

    def _name(self, name: str, schema: pa.Schema, rows: DataFrame) -> None:
        # A new view each time: a name used twice would read itself.
        view = f"{name.replace('.', '__')}__{next(self.numbers)}"
        rows.createOrReplaceTempView(view)
        self.tables[name] = view, schema.names
        empty = f"empty_{name.replace('.', '_')}"
        self.shapes.register(empty, schema.empty_table())
        self.shapes.execute(
            f'create or replace view {name} as select * from "{empty}"'  # noqa: S608 - our own names
        )

    def _schema_of(self, query: str) -> pa.Schema:
        """Columns and types of an answer, as DuckDB gives them."""
        asked = f"select * from (\n{query}\n) limit 0"  # noqa: S608 - a query of our own files
        return self.shapes.execute(asked).to_arrow_table().schema


def connected(address: str) -> SparkSession:
    """A new session on a server.

    Raises:
        EngineMissing: the client is not installed.
        EngineAway: nobody answers there.
    """
    try:
        from pyspark.sql.connect.session import SparkSession  # noqa: PLC0415 - optional, and slow
    except ImportError as why:
        text = _("This engine needs packages that are not installed. Install xueqiao[spark].")
        raise EngineMissing(text) from why
    knock(address)
    with refusing(address):
        session = SparkSession.builder.remote(address).create()
        for key, value in SETTINGS.items():
            session.conf.set(key, value)
    return session


def knock(address: str) -> None:
    """Refuse at once where nobody listens; the client itself would go on trying for minutes.

    Raises:
        EngineAway: nobody listens there.
    """
    place = urlsplit(address)
    try:
        socket.create_connection((place.hostname or "", place.port or PORT), KNOCK_SECONDS).close()
    except OSError as why:
        raise EngineAway(away_text(address)) from why


def away_text(address: str) -> str:
    text = _("No engine answers at {address}. Start it, or change XUEQIAO_LAKE_SPARK.")
    return text.format(address=address)


def read(session: SparkSession, files: list[str], schema: pa.Schema, *, is_parted: bool) -> Any:
    """The rows of Parquet files; of a parted table each part with its name as a column."""
    if not is_parted:
        return session.read.schema(spark_schema(schema)).parquet(*files)
    from pyspark.sql.connect.functions import lit  # noqa: PLC0415 - optional, and slow

    shape = spark_schema(pa.schema([field for field in schema if field.name != tables.PART]))
    found = [
        session.read.schema(shape).parquet(*group).withColumn(tables.PART, lit(part))
        for part, group in itertools.groupby(files, tables.part_of)
    ]
    # In pairs, so that a plan of two hundred parts is eight deep and not two hundred.
    while len(found) > 1:
        pairs = [found[at : at + 2] for at in range(0, len(found), 2)]
        found = [pair[0].unionAll(pair[1]) if len(pair) > 1 else pair[0] for pair in pairs]
    return found[0].select(*schema.names)


def spark_schema(schema: pa.Schema) -> Any:
    from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415 - optional, and slow

    return from_arrow_schema(schema)


def arrow(rows: Any) -> Iterator[pa.Table]:
    """The answer as it comes from the server, never all of it at once.

    ``DataFrame.toArrow`` would hold a whole table in memory; this is what it calls underneath.

    Args:
        rows: a ``DataFrame`` of Spark Connect.
    """
    client, plan = rows.sparkSession.client, rows._plan  # noqa: SLF001 - see above
    for found in client.to_table_as_iterator(plan.to_proto(client), plan.observations):
        if isinstance(found, pa.Table):
            yield found


def fitted(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """The named columns in their order and types; others, which a translation added, are left out.

    Instants without a zone are in UTC, as the session is.
    """
    columns = []
    for field in schema:
        column = rows[field.name]
        if pa.types.is_timestamp(field.type) and field.type.tz and column.type.tz is None:
            column = column.cast(pa.timestamp("us")).cast(pa.timestamp("us", tz="UTC"))
        columns.append(column.cast(field.type))
    return pa.table(columns, schema=schema)


@contextmanager
def refusing(address: str) -> Iterator[None]:
    """What the server or the way to it says, as a refusal."""
    try:
        yield
    except errors.Refusal:
        raise
    except Exception as why:
        said = str(why).lower()
        if any(words in said for words in NO_MEMORY):
            text = _("The engine at {address} has too little memory for this query. Give it more.")
            raise OutOfMemory(text.format(address=address)) from why
        if any(words in said for words in AWAY):
            raise EngineAway(away_text(address)) from why
        if not type(why).__module__.startswith(("pyspark", "grpc")):
            raise
        text = _("The engine at {address} did not carry out the query: {why}")
        raise EngineFailed(text.format(address=address, why=str(why)[:400])) from why


class Sail(Spark):
    """A Spark Connect server inside this process: no Java, nothing to install but a package."""

    def __init__(self) -> None:
        try:
            from pysail.spark import SparkConnectServer  # noqa: PLC0415 - optional
        except ImportError as why:
            text = _("This engine needs packages that are not installed. Install xueqiao[sail].")
            raise EngineMissing(text) from why
        os.environ.setdefault("RUST_LOG", "error")
        self.server = SparkConnectServer("127.0.0.1", 0)
        self.server.start(background=True)
        _host, port = self.server.listening_address
        super().__init__(address=f"sc://127.0.0.1:{port}", name="sail")

    def close(self) -> None:
        super().close()
        self.server.stop()
