"""Where in the lake given statements lie: by table, part and file."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from django.utils.translation import gettext as _
from pyarrow import fs

from xueqiao.kernel import errors
from xueqiao.lake import commits, storage, tables
from xueqiao.lake.duckdb import DuckDB
from xueqiao.lake.recipes import days_of, location, recipes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

KEYS = ("statement_id", "event_id")
"""Columns that name one statement; the first that a table has is used."""
MONTH = len("YYYY-MM")
BLANKED = pa.schema([("id", pa.string()), ("text", pa.string()), ("actor_id", pa.int64())])
BLANKS = {
    "text": "{blank}.text",
    "digest": "unhex(sha256({blank}.text))",
    "actor_id": "{blank}.actor_id",
    "learner_id": "null",
    "activity_id": "null",
    "registration": "null",
}
"""Columns that say something of whoever made a statement, and what a blanked one has there."""


class FileLost(errors.Refusal):
    """A file that a table names is not there; what it held cannot be looked through."""

    code = "lake.file_lost"
    status = 500


@dataclass(frozen=True)
class Holding:
    """Rows of given statements in one part of one table.

    Attributes:
        table: with its floor, such as ``bronze.statement``.
        part: 'YYYY-MM'; "" where the table is not parted.
        files: those that hold the rows, as ``Table.file_names`` names them.
    """

    table: str
    part: str
    rows: int
    files: tuple[str, ...]


@dataclass(frozen=True)
class Meant:
    """The statements that an erasure is about.

    Attributes:
        ids: of those that go, as text.
        blanked: those of which nothing stays but that they void another one: for each id the text
            and the number of the actor that it has now.
        parts: the months in which they happened, 'YYYY-MM'; None looks everywhere.
    """

    ids: frozenset[str]
    blanked: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    parts: frozenset[str] | None = None


@dataclass(frozen=True)
class Keyed:
    """A table whose rows each name a statement, and the column that does."""

    table: tables.Table
    key: str
    columns: tuple[str, ...]

    @property
    def top(self) -> str:
        """What the address of each of its files begins with."""
        return self.table.store.uri(self.table.folder) + "/"

    def blanks(self, blank: str) -> dict[str, str]:
        """Its columns that a blanked row has otherwise, each with the SQL of the new value.

        Args:
            blank: the name under which the query knows the row of ``blanked``.
        """
        known = {name: sql for name, sql in BLANKS.items() if name in self.columns}
        return {name: sql.format(blank=blank) for name, sql in known.items()}

    @property
    def condition(self) -> str:
        """SQL that is true for the rows that are meant and are not blanked yet."""
        other = " or ".join(
            f"{name} is distinct from {new}" for name, new in self.blanks("b").items()
        )
        return (
            f"({self.key} in (select id from wanted) "  # noqa: S608 - names of our own columns
            f"or exists (select 1 from blanked b where b.id = {self.key} and ({other or 'false'})))"
        )

    @property
    def is_made(self) -> bool:
        """Whether a build makes it anew from other tables."""
        return self.table.name in made()


def made() -> set[str]:
    """The tables that builds make, by the place where they lie."""
    return {location(name) for name in recipes()}


def everything(root: Path) -> list[str]:
    """Every table of the lake, on its floors and beside them; sorted."""
    store = storage.of(root)
    found = []
    for floor in store.files.get_file_info(fs.FileSelector(store.path(""), allow_not_found=True)):
        if floor.type != fs.FileType.Directory or floor.base_name.startswith("."):
            continue
        for each in store.files.get_file_info(fs.FileSelector(floor.path)):
            log = store.files.get_file_info(f"{each.path}/_delta_log")
            if log.type == fs.FileType.Directory:
                found.append(f"{floor.base_name}.{each.base_name}")
    return sorted(found)


def keyed(root: Path) -> list[Keyed]:
    """Every table of the lake with a column that names statements, by name."""
    found = []
    for name in everything(root):
        table = tables.Table(root, name)
        opened = table.opened()
        if opened is None:
            continue
        columns = tuple(field.name for field in opened.schema().fields)
        key = next((key for key in KEYS if key in columns), None)
        if key:
            parted = opened.metadata().partition_columns == [tables.PART]
            found.append(
                Keyed(tables.Table(root, name, is_parted=parted, days=days_of(name)), key, columns)
            )
    return found


@contextmanager
def searching(*, root: Path, memory: str, meant: Meant) -> Iterator[DuckDB]:
    """DuckDB with the tables ``wanted`` and ``blanked`` of ids, for ``look`` and ``removal``."""
    engine = DuckDB(memory=memory, scratch=root / ".scratch", store=storage.of(root))
    try:
        engine.register("wanted", pa.table({"id": pa.array(sorted(meant.ids), pa.string())}))
        rows = [
            {"id": each, "text": text, "actor_id": actor}
            for each, (text, actor) in sorted(meant.blanked.items())
        ]
        engine.register("blanked", pa.Table.from_pylist(rows, BLANKED))
        yield engine
    finally:
        engine.close()


def look(*, root: Path, engine: DuckDB, parts: frozenset[str] | None = None) -> list[Holding]:
    """Where the statements of ``searching`` lie; in some parts only, or everywhere."""
    return [each for kept in keyed(root) for each in held(kept, engine, parts)]


def held(
    kept: Keyed, engine: DuckDB, parts: frozenset[str] | None = None, *, where: str = ""
) -> list[Holding]:
    """Where the statements lie in one table, lowest part first.

    Args:
        where: another condition in SQL in place of the ids of ``searching``.

    Raises:
        FileLost: a file of the table is not there.
    """
    names = kept.table.file_names()
    if kept.table.is_parted and parts is not None:
        names = [name for name in names if tables.part_of(name)[:MONTH] in parts]
    if not names:
        return []
    if lost := commits.lost(kept.table, names):
        raise FileLost(file_lost_text(kept.table, lost[0]))
    files = [kept.top + name for name in names]
    if where:
        rows = _by_file(engine, f"{_read(kept, files)} where {where}")
    else:
        rows = _by_file(engine, near(kept, files))
        if rows and engine.sql("select 1 from blanked limit 1").read_all().num_rows:
            those = near(kept, [row["filename"] for row in rows])
            rows = _by_file(engine, f"(select * from {those}) t where {kept.condition}")  # noqa: S608 - our own columns and files
    by_part: dict[str, list[Any]] = {}
    for row in rows:
        part = tables.part_of(row["filename"]) if kept.table.is_parted else ""
        by_part.setdefault(part, []).append(row)
    return [
        Holding(
            kept.table.name,
            part,
            sum(row["n"] for row in rows),
            tuple(row["filename"].removeprefix(kept.top) for row in rows),
        )
        for part, rows in sorted(by_part.items())
    ]


def near(kept: Keyed, files: Iterable[str]) -> str:
    """What SQL selects from for the rows of the ids that are meant, be they blanked or not.

    Found by the key alone: what else a condition asks is then asked of few rows.
    """
    ids = "select id from wanted union all select id from blanked"
    return f"{_read(kept, files)} where {kept.key} in ({ids})"


def _read(kept: Keyed, files: Iterable[str]) -> str:
    parted = "hive_partitioning = false"
    if kept.table.is_parted:
        parted = "hive_partitioning = true, hive_types = {'part': varchar}"
    return f"read_parquet({listed(files)}, filename = true, {parted})"


def _by_file(engine: DuckDB, rows: str) -> list[dict[str, Any]]:
    """How many rows there are in each file, in the order of their names."""
    query = f"select filename, count(*) as n from {rows} group by filename order by filename"  # noqa: S608 - our own columns and files
    found: list[dict[str, Any]] = engine.sql(query).read_all().to_pylist()
    return found


def file_lost_text(table: tables.Table, name: str) -> str:
    text = _(
        "The file {file} of {table} is lost. Run the commands check_lake --mend and build_lake, "
        "which fill the table again; the erasure then goes on by itself."
    )
    return text.format(file=name, table=table.name)


def listed(files: Iterable[str]) -> str:
    """Files as DuckDB's SQL lists them."""
    quoted = ("'" + file.replace("'", "''") + "'" for file in sorted(files))
    return f"[{', '.join(quoted)}]"


def counted(found: Iterable[Holding]) -> dict[str, dict[str, int]]:
    """Rows by table and part.

    >>> counted([Holding("bronze.statement", "2024-03", 2, ())])
    {'bronze.statement': {'2024-03': 2}}
    """
    rows: dict[str, dict[str, int]] = {}
    for each in found:
        rows.setdefault(each.table, {})[each.part] = each.rows
    return rows
