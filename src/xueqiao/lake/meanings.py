"""What every table and column of the lake means, in both languages, and how well it is guarded.

The words stand in YAML: ``words.yaml`` has those of columns that mean the same wherever they occur;
beside each SQL file, and in ``described/<floor>/`` for tables that no SQL makes, one file says what
the table holds, and more on columns where the common words do not fit. Classes and levels follow
GB/T 43697-2024: three levels (core, important, general), the general one graded 1 to 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from django.utils.translation import get_language

from xueqiao.lake import catalogue, extract, keeping, tables
from xueqiao.lake.levels import Class, Level
from xueqiao.lake.lineage.columns import Column
from xueqiao.lake.recipes import recipes
from xueqiao.lake.sources import Log

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

HERE = Path(__file__).parent
WITHOUT_SQL = HERE / "described"
MADE_ON_THE_WAY = {"arrived_at", "digest", tables.PART, "sequence", "is_gone"}
"""Columns of bronze that come from no column of the database."""


@dataclass(frozen=True)
class Meaning:
    """What one column means.

    Attributes:
        origin: the database columns that it is copied from, "table.column"; bronze only.
    """

    zh: str
    en: str
    category: Class
    level: Level
    origin: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """In the reader's language."""
        return spoken(self.zh, self.en)


UNKNOWN = Meaning("（尚未说明）", "(not described yet)", Class.OPERATION, Level.SENSITIVE)
"""Of a column that nobody described: no reason to guard it less."""


@dataclass(frozen=True)
class Described:
    """One table: its title and the columns that its file or the common words describe."""

    name: str
    zh: str
    en: str
    columns: dict[str, Meaning]

    @property
    def text(self) -> str:
        """The title in the reader's language."""
        return spoken(self.zh, self.en)

    def origins(self) -> Iterator[tuple[Column, str]]:
        """The database columns behind those of a bronze table, each with the name it has here."""
        for name, meaning in self.columns.items():
            for origin in meaning.origin:
                table, _dot, column = origin.partition(".")
                yield Column(table, column), name


def spoken(zh: str, en: str) -> str:
    """One of two texts, by the language in force."""
    return zh if (get_language() or "zh").startswith("zh") else en


@cache
def bronze() -> dict[str, Described]:
    """Every bronze table, with all its columns in order and what they are copied from."""
    schemas: dict[str, pa.Schema] = {}
    for source in catalogue.sources():
        if isinstance(source, Log):
            schemas[source.table] = extract.log_schema(source)
        elif source.key:
            schemas[source.table] = keeping.present_schema(source)
            schemas[keeping.changes_of(source)] = keeping.change_schema(source)
        else:
            schemas[source.table] = source.schema
    return {name: described(name, tuple(schema.names)) for name, schema in schemas.items()}


def described(name: str, columns: tuple[str, ...]) -> Described:
    """A table with exactly these columns. What nobody described yet is guarded as sensitive."""
    given = _file(name)
    own = given.get("columns") or {}
    made = {column: _meaning(name, column, own.get(column), given) for column in columns}
    zh, en = given.get("zh", name), given.get("en", name)
    if _is_change(name):
        zh, en = f"{zh}（变更记录）", f"changes of: {en}"
    return Described(name, zh, en, made)


def undescribed(name: str, columns: tuple[str, ...]) -> list[str]:
    """What is missing in the words of a table: its columns, and "" for its title."""
    found = described(name, columns)
    missing = [column for column, meaning in found.columns.items() if meaning is UNKNOWN]
    return missing if "zh" in _file(name) else ["", *missing]


def _is_change(name: str) -> bool:
    return name.startswith("bronze.") and name.endswith("_change")


def others() -> dict[str, tuple[str, ...]]:
    """Tables that neither bronze nor a recipe makes (runs, quality), with the columns they name."""
    found = {}
    for file in sorted(WITHOUT_SQL.glob("*/*.yaml")):
        name = f"{file.parent.name}.{file.stem}"
        if not name.startswith("bronze."):
            found[name] = tuple(_file(name).get("columns") or ())
    return found


def path(name: str) -> Path:
    """The file that describes a table: beside its SQL where there is one."""
    floor, _dot, stem = name.rpartition(".")
    if _is_change(name):
        # What came and went of a table has its columns, and two more that the common words know.
        stem = stem.removesuffix("_change")
    if name in recipes():
        return HERE / (floor or "marts") / f"{stem}.yaml"
    return WITHOUT_SQL / floor / f"{stem}.yaml"


@cache
def words() -> dict[str, dict[str, Any]]:
    """Columns that mean the same in every table."""
    found: dict[str, dict[str, Any]] = _read(HERE / "words.yaml")
    return found


@cache
def _file(name: str) -> dict[str, Any]:
    file = path(name)
    found: dict[str, Any] = _read(file) if file.exists() else {}
    return found


def _read(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def _meaning(table: str, column: str, own: Any, given: dict[str, Any]) -> Meaning:
    words_of = {**words().get(column, {}), **(own or {})}
    if not words_of.keys() >= {"zh", "en", "class", "level"}:
        return UNKNOWN
    return Meaning(
        zh=words_of["zh"],
        en=words_of["en"],
        category=Class(words_of["class"]),
        level=Level(words_of["level"]),
        origin=_origin(table, column, own or {}, given),
    )


def _origin(table: str, column: str, own: dict[str, Any], given: dict[str, Any]) -> tuple[str, ...]:
    """Where a bronze column is copied from: as said, else the same name in the table's source."""
    if not table.startswith("bronze.") or column in MADE_ON_THE_WAY:
        return ()
    if "from" in own:
        said = own["from"]
        return tuple([said] if isinstance(said, str) else said or ())
    return (f"{given['from']}.{column}",) if "from" in given else ()
