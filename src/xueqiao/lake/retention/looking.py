"""The dry run: which rows of which months lie before the lines, in which files, and which stay."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import dataset

from xueqiao.lake import commits, compaction, folding, sources, storage, tables
from xueqiao.lake.duckdb import DuckDB
from xueqiao.lake.erasure import holdings
from xueqiao.lake.recipes import location
from xueqiao.lake.retention import held as holds
from xueqiao.lake.retention import lines, scope
from xueqiao.lake.retention.scope import Way

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from xueqiao.lake.retention.held import Held

MONTH = len("YYYY-MM")


@dataclass(frozen=True)
class Going:
    """What goes of one table.

    Attributes:
        table: as SQL names it.
        kept_from: 'YYYY-MM', the first month that stays.
        parts: rows by month; one entry "" where the table is not parted.
        held: rows before the line that stay because of a hold.
        needed: rows before the line that stay because a statement that stays is void by them.
        size_bytes: of the files that go, and of files that lose rows their share, rounded down.
        files: those that lose rows, as ``Table.file_names`` names them.
    """

    table: str
    kept_from: str
    parts: dict[str, int] = field(default_factory=dict)
    held: int = 0
    needed: int = 0
    size_bytes: int = 0
    files: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return sum(self.parts.values())


@dataclass(frozen=True)
class Aged:
    """One table with its rows before a line.

    Attributes:
        files: those in which such rows can lie.
        old: SQL that is true for a row before the line.
        version: in which the files were listed.
        is_held: whether a hold is on the whole table.
    """

    name: str
    kept_from: str
    table: tables.Table
    columns: tuple[str, ...]
    files: tuple[str, ...]
    old: str
    version: int
    is_held: bool

    @property
    def top(self) -> str:
        """What the address of each of its files begins with."""
        return self.table.store.uri(self.table.folder) + "/"

    def rows(self) -> str:
        """SQL of the rows of the files, with filename, is_old, is_held and is_needed."""
        how = (
            "hive_partitioning = true, hive_types = {'part': varchar}"
            if self.table.is_parted
            else "hive_partitioning = false"
        )
        needed = "false"
        if self.name == scope.LOG:
            needed = "coalesce(voids in (select id from kept_void), false)"
        kept = "true" if self.is_held else holds.condition(self.columns)
        read = holdings.listed(self.top + file for file in self.files)
        return (
            f"select *, {self.old} as is_old, {kept} as is_held, "  # noqa: S608 - our own names and files
            f"{needed} as is_needed from read_parquet({read}, filename = true, {how})"
        )


@contextmanager
def searching(*, root: Path, memory: str, held: Held) -> Iterator[DuckDB]:
    """DuckDB that knows which rows are held, for ``look`` and ``carrying``."""
    engine = DuckDB(memory=memory, scratch=root / ".scratch", store=storage.of(root))
    try:
        holds.spread(root=root, engine=engine, held=held)
        yield engine
    finally:
        engine.close()


def look(*, root: Path, engine: DuckDB, wanted: Mapping[str, str], held: Held) -> list[Going]:
    """What would go of each table now. Changes nothing.

    Args:
        engine: one of ``searching`` with the same holds.
        wanted: table → first month that stays; tables that were never filled are left out.

    Raises:
        holdings.FileLost: a file of a table is not there.
    """
    found = (aged(root, name, month, held) for name, month in sorted(wanted.items()))
    return [measure(each, engine) for each in found if each]


def aged(root: Path, name: str, kept_from: str, held: Held) -> Aged | None:
    """A table with what may lie before a line; None where it was never filled."""
    plain = tables.Table(root, location(name))
    opened = plain.opened()
    if opened is None:
        return None
    is_parted = bool(opened.metadata().partition_columns)
    table = tables.Table(root, plain.name, is_parted=is_parted)
    files, old = table.file_names(opened), "true"
    way, begins = scope.way(name), lines.begins(kept_from)
    columns = tuple(each.name for each in opened.schema().fields)
    if way is Way.PARTS:
        files = [file for file in files if tables.part_of(file)[:MONTH] < kept_from]
    elif way is Way.VERSIONS:
        key = scope.keys()[name]
        every = holdings.listed(f"{table.store.uri(table.folder)}/{file}" for file in files)
        old = (
            f"({key}, sequence) in (select (key, sequence) from (select {key} as key, sequence, "  # noqa: S608 - our own names and files
            f"lead(arrived_at) over (partition by {key} order by sequence) as until "
            f"from read_parquet({every}, hive_partitioning = false)) "
            f"where until < timestamptz '{begins}')"
        )
    else:
        old = f"coalesce({scope.INSTANTS[name]} < timestamptz '{begins}', false)"
    return Aged(
        name, kept_from, table, columns, tuple(files), old, opened.version(), name in held.tables
    )


def measure(found: Aged, engine: DuckDB) -> Going:
    """Count what goes of a table and what stays of it.

    Raises:
        holdings.FileLost: one of its files is not there.
    """
    if not found.files:
        return Going(found.name, found.kept_from)
    if lost := commits.lost(found.table, found.files):
        raise holdings.FileLost(holdings.file_lost_text(found.table, lost[0]))
    _know_voided(found, engine)
    asked = f"""
        select filename, count(*) as n,
               count(*) filter (where is_old and not is_held and not is_needed) as going,
               count(*) filter (where is_old and is_held) as held,
               count(*) filter (where is_old and is_needed and not is_held) as needed
        from ({found.rows()}) group by filename order by filename
    """  # noqa: S608 - our own names and files
    counted = engine.sql(asked).read_all().to_pylist()
    sizes, parts, size = _sizes(found.table), Counter[str](), 0
    hit = [row for row in counted if row["going"]]
    for row in hit:
        name = row["filename"].removeprefix(found.top)
        parts[tables.part_of(name) if found.table.is_parted else ""] += row["going"]
        size += sizes[name] * row["going"] // row["n"]
    return Going(
        found.name,
        found.kept_from,
        parts=dict(sorted(parts.items())),
        held=sum(row["held"] for row in counted),
        needed=sum(row["needed"] for row in counted),
        size_bytes=size,
        files=tuple(row["filename"].removeprefix(found.top) for row in hit),
    )


def staying(found: Aged, going: Going, engine: DuckDB) -> pa.RecordBatchReader:
    """The rows that stay of the files that lose some, in the order in which they lie there."""
    opened = found.table.opened()
    assert opened is not None
    schema = pa.schema(opened.schema().to_arrow())
    names = ", ".join(f'"{name}"' for name in schema.names)
    rows = engine.sql(
        f"select {names} from ({replace(found, files=going.files).rows()}) "  # noqa: S608 - our own names and files
        "where not is_old or is_held or is_needed"
    )
    return sources.reader(schema, compaction.as_held(rows, schema))


def _know_voided(found: Aged, engine: DuckDB) -> None:
    """Make ``kept_void`` readable: statements that stay and are void by one before the line.

    A voiding that stood in a month before what it voids is rare, but without it the statement would
    count again.
    """
    if found.name != scope.LOG:
        return
    table = found.table
    below = folding.rows_in(table, found.files)
    voided = below.to_table(columns=["voids"], filter=pc.field("voids").is_valid())["voids"]
    ids = pa.chunked_array([], pa.string())
    if voided.length():
        above = [name for name in table.file_names() if name not in set(found.files)]
        kept: dataset.Dataset = folding.rows_in(table, above)
        wanted = pc.field("statement_id").isin(voided.combine_chunks())
        ids = kept.to_table(columns=["statement_id"], filter=wanted)["statement_id"]
    engine.register("kept_void", pa.table({"id": ids}))


def _sizes(table: tables.Table) -> dict[str, int]:
    opened = table.opened()
    assert opened is not None
    files = pa.table(opened.get_add_actions(flatten=True))
    return dict(zip(files["path"].to_pylist(), files["size_bytes"].to_pylist(), strict=True))
