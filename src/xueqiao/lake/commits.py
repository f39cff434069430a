"""What the commits of a table say: in which parts rows came and went."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from deltalake.exceptions import DeltaError

from xueqiao.lake.files import PART

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deltalake import DeltaTable

    from xueqiao.lake.tables import Table


def part_of(file: str) -> str:
    """The part that a file lies in.

    >>> part_of("/lake/stage/event/part=2013-02/0a.parquet")
    '2013-02'
    """
    return PurePosixPath(file).parent.name.removeprefix(f"{PART}=")


def parts_since(table: Table, version: int) -> set[str] | None:
    """See ``Table.parts_since``."""
    opened = table.opened()
    if opened is None or version == opened.version():
        return set()
    if version > opened.version():
        return None
    found: set[str] = set()
    for number in range(version + 1, opened.version() + 1):
        parts = parts_of(table, number)
        if parts is None:
            return _parts_apart(table, opened, version)
        found |= parts
    return found


def parts_of(table: Table, version: int) -> set[str] | None:
    """The parts that one commit changed; None where it cannot be read, or changed columns."""
    store = table.store
    log = store.path(f"{table.folder}/_delta_log/{version:020}.json")
    try:
        with store.files.open_input_stream(log) as stream:
            lines = stream.read().splitlines()
    except OSError:
        return None
    actions = [json.loads(line) for line in lines]
    if any("metaData" in action for action in actions):
        return None
    moved = [action.get("add") or action.get("remove") for action in actions]
    return {_part(table, each["path"]) for each in moved if each and each["dataChange"]}


def _parts_apart(table: Table, opened: DeltaTable, version: int) -> set[str] | None:
    """The parts whose files differ between a version and now."""
    try:
        before = table.opened(version)
    except (DeltaError, OSError):
        return None
    if before is None or before.schema() != opened.schema():
        return None
    apart = set(table.file_names(before)) ^ set(table.file_names(opened))
    return {_part(table, file) for file in apart}


def _part(table: Table, file: str) -> str:
    return part_of(file) if table.is_parted else ""


def is_whole(table: Table, opened: DeltaTable) -> bool:
    """Whether every file of a version is still there: an erasure deletes those of earlier ones."""
    return not lost(table, table.file_names(opened))


def lost(table: Table, names: Sequence[str]) -> list[str]:
    """Those of some files of a table that are not there."""
    store = table.store
    found = store.files.get_file_info([store.path(f"{table.folder}/{name}") for name in names])
    return [name for name, each in zip(names, found, strict=True) if not each.is_file]
