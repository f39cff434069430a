"""How each table of the lake stands: rows, bytes, files, last change. Read from its log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from xueqiao.lake import meanings, storage, tables
from xueqiao.lake.lineage import graph
from xueqiao.lake.recipes import location, recipes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FLOORS = ("bronze", "stage", "marts", "distinct", "runs", "quality")


@dataclass(frozen=True)
class Facts:
    """One table as its last commit says.

    Attributes:
        size: bytes of the files that the last commit names; older ones wait for the vacuum.
        changed_at: when it was last committed; aware, UTC.
    """

    name: str
    rows: int
    size: int
    files: int
    parts: int
    version: int
    changed_at: datetime


def names() -> list[str]:
    """Every table of the lake by the name that SQL uses: bronze, stage, marts, then the rest."""
    made = [*meanings.bronze(), *recipes(), *meanings.others()]
    return sorted(made, key=lambda name: (FLOORS.index(floor(name)), name))


def floor(name: str) -> str:
    """The floor that a table lies on; "marts" for a bare name.

    >>> floor("stage.activity"), floor("learner_day")
    ('stage', 'marts')
    """
    return location(name).partition(".")[0]


def columns(name: str) -> tuple[str, ...]:
    """The columns of a table in order, as the code in force makes it."""
    others = meanings.others()
    return others[name] if name in others else graph.lake().tables[name]


def of(root: Path, wanted: Iterable[str] | None = None) -> dict[str, Facts]:
    """The facts of tables by name; those never filled are left out.

    Args:
        root: the lake's folder.
        wanted: names of tables; None takes all.
    """
    found = {}
    for name in names() if wanted is None else wanted:
        table = tables.Table(root, location(name))
        facts = _read(table, _stamp(table))
        if facts is not None:
            found[name] = facts
    return found


def _stamp(table: tables.Table) -> int:
    """Changes with every commit; 0 where nothing is known of the table yet."""
    if not isinstance(table.store, storage.Disk):
        return table.version() + 1
    log = table.path / "_delta_log"
    return log.stat().st_mtime_ns if log.exists() else 0


@lru_cache(maxsize=1024)
def _read(table: tables.Table, stamp: int) -> Facts | None:
    """The log of a table, once for each of its states: ``stamp`` tells them apart."""
    opened = table.opened() if stamp else None
    if opened is None:
        return None
    files: dict[str, list[Any]] = pa.table(opened.get_add_actions(flatten=True)).to_pydict()
    parts = set(files.get(f"partition.{tables.PART}", []))
    last = opened.history(1)[0]["timestamp"]
    return Facts(
        name=table.name,
        rows=sum(files.get("num_records", [])),
        size=sum(files.get("size_bytes", [])),
        files=len(files.get("size_bytes", [])),
        parts=len(parts),
        version=opened.version(),
        changed_at=datetime.fromtimestamp(last / 1000, UTC),
    )
