"""Deleting what no commit names any more: earlier versions, and what killed writers left."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from pyarrow import fs

from xueqiao.kernel import errors
from xueqiao.lake import duckdb, storage, tables
from xueqiao.lake.erasure import holdings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class FileStays(errors.Refusal):
    """A file of an earlier version could not be deleted."""

    code = "lake.file_stays"
    status = 500


WRITERS = ("extract", "build", "distinct", "compact")
ALONE = ("runs.", "quality.")
"""Tables that hold nothing of persons, and are written without a lock."""


@dataclass(frozen=True)
class Purged:
    """How many files went, and their bytes."""

    files: int
    size_bytes: int


def purge(*, root: Path, but: Mapping[str, int] | None = None) -> Purged:
    """Delete every data file that is not in the newest version of a table with rows of the lake.

    Args:
        but: table → an earlier version whose files stay, for tables that are served in it.

    No other version can be read afterwards. A query that was begun on one ends with an error and
    is asked again. The log of a table keeps names and numbers of rows of what is gone, and the days
    of what was added together; nothing that says whose.

    Raises:
        FileStays: the storage keeps a file.
        tables.LakeBusy: somebody extracts, makes tables or lays files together; new files are in no
            commit yet.
    """
    with ExitStack() as held:
        for purpose in WRITERS:
            held.enter_context(tables.locked(root, purpose))
        duckdb.clear_scratch(root / ".scratch")
        store = storage.of(root)
        names = [name for name in holdings.everything(root) if not name.startswith(ALONE)]
        spared = but or {}
        gone = [each for name in names for each in unnamed(root, name, spared.get(name))]
        store.remove(name for name, _size in gone)
        for name in names:
            for file, _size in unnamed(root, name, spared.get(name)):
                raise FileStays(file_stays_text(store.uri(file)))
    return Purged(len(gone), sum(size for _name, size in gone))


def unnamed(root: Path, name: str, version: int | None = None) -> list[tuple[str, int]]:
    """The data files of a table that its newest version does not name, with their bytes.

    Args:
        version: an earlier one whose files are not looked for either.
    """
    table = tables.Table(root, name)
    store, named = table.store, set(table.file_names())
    if version is not None:
        named |= set(table.file_names(table.opened(version)))
    below = fs.FileSelector(store.path(table.folder), recursive=True)
    found = []
    for each in store.files.get_file_info(below):
        file = each.path.removeprefix(store.path(table.folder) + "/")
        is_data = each.is_file and file.endswith(".parquet") and not file.startswith("_delta_log")
        if is_data and file not in named:
            found.append((f"{table.folder}/{file}", each.size))
    return sorted(found)


def file_stays_text(address: str) -> str:
    text = _(
        "{file} belongs to an earlier version and could not be deleted. See to it that the "
        "platform may delete there; the next run tries again."
    )
    return text.format(file=address)
