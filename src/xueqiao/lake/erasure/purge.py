"""Deleting what no commit names any more: earlier versions, and what killed writers left."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyarrow import fs

from xueqiao.lake import duckdb, storage, tables
from xueqiao.lake.erasure import holdings

if TYPE_CHECKING:
    from pathlib import Path

WRITERS = ("extract", "build", "distinct")


@dataclass(frozen=True)
class Purged:
    """How many files went, and their bytes."""

    files: int
    size_bytes: int


def purge(*, root: Path) -> Purged:
    """Delete every data file that is not in the newest version of its table.

    No earlier version can be read afterwards. A query that was begun on one ends with an error and
    is asked again. The log of a table keeps names and numbers of rows of what is gone, no values.

    Raises:
        tables.LakeBusy: somebody extracts or makes tables; new files are in no commit yet.
    """
    with ExitStack() as held:
        for purpose in WRITERS:
            held.enter_context(tables.locked(root, purpose))
        duckdb.clear_scratch(root / ".scratch")
        store = storage.of(root)
        gone = [each for name in holdings.everything(root) for each in unnamed(root, name)]
        store.remove(name for name, _size in gone)
    return Purged(len(gone), sum(size for _name, size in gone))


def unnamed(root: Path, name: str) -> list[tuple[str, int]]:
    """The data files of a table that its newest version does not name, with their bytes."""
    table = tables.Table(root, name)
    store, named = table.store, set(table.file_names())
    below = fs.FileSelector(store.path(table.folder), recursive=True)
    found = []
    for each in store.files.get_file_info(below):
        file = each.path.removeprefix(store.path(table.folder) + "/")
        is_data = each.is_file and file.endswith(".parquet") and not file.startswith("_delta_log")
        if is_data and file not in named:
            found.append((f"{table.folder}/{file}", each.size))
    return sorted(found)
