"""What the commits of a table say: in which parts, and on which days, rows came and went."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from deltalake import CommitProperties, Transaction
from deltalake.exceptions import DeltaError

from xueqiao.lake import days
from xueqiao.lake.files import PART

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deltalake import DeltaTable

    from xueqiao.lake.tables import Table

Changes = dict[str, days.Days | None]
"""Part → the days of which rows came or went; None: any. A table without parts has the one ""."""
Named = Mapping[str, Iterable[date]]
Told = dict[tuple[str, int], dict[str, days.Days]]
"""Table and version → what its commit changed, where that is not to stand in its log."""
DAYS = "days"
"""Under which a commit names the days it changed, part by part."""
RETRIES = 1000
"""Of a commit that meets others: appends do not exclude one another, they only come in turn."""
REWRITER = "rewriter"
"""The mark of commits that take files out. Two at once would each miss what the other put in."""


def part_of(file: str) -> str:
    """The part that a file lies in.

    >>> part_of("/lake/stage/event/part=2013-02/0a.parquet")
    '2013-02'
    """
    return PurePosixPath(file).parent.name.removeprefix(f"{PART}=")


def changes_since(table: Table, version: int, told: Told | None = None) -> Changes | None:
    """See ``Table.changes_since``."""
    opened = table.opened()
    if opened is None or version == opened.version():
        return {}
    if version > opened.version():
        return None
    found: Changes = {}
    for number in range(version + 1, opened.version() + 1):
        changes = changes_of(table, number)
        if changes is None:
            return _changes_apart(table, opened, version)
        if known := (told or {}).get((table.name, number)):
            changes = {part: known.get(part, on) for part, on in changes.items()}
        found = both(found, changes)
    return found


def changes_of(table: Table, version: int) -> Changes | None:
    """What one commit changed; None where it cannot be read, or changed columns."""
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
    said: dict[str, str] = next(
        (action["commitInfo"] for action in actions if "commitInfo" in action), {}
    )
    known = days.read(said.get(DAYS, ""))
    parts = {_part(table, each["path"]) for each in moved if each and each["dataChange"]}
    return {part: known.get(part) for part in parts}


def _changes_apart(table: Table, opened: DeltaTable, version: int) -> Changes | None:
    """The parts whose files differ between a version and now."""
    try:
        before = table.opened(version)
    except (DeltaError, OSError):
        return None
    if before is None or before.schema() != opened.schema():
        return None
    apart = set(table.file_names(before)) ^ set(table.file_names(opened))
    return {_part(table, file): None for file in apart}


def both(one: Changes, other: Changes) -> Changes:
    """What two changes change together.

    >>> both({"2024-03": frozenset()}, {"2024-03": None, "2024-04": None})
    {'2024-03': None, '2024-04': None}
    """
    found = dict(one)
    for part, changed in other.items():
        had = found.get(part, frozenset())
        found[part] = None if had is None or changed is None else had | changed
    return found


def properties(
    table: DeltaTable,
    marks: dict[str, int],
    *,
    is_rewrite: bool,
    changed: Named | None,
) -> CommitProperties:
    """Marks, retries and changed days of a commit."""
    held = marks | ({REWRITER: table.version() + 1} if is_rewrite else {})
    said = days.written(changed) if changed else ""
    return CommitProperties(
        app_transactions=[Transaction(name, value) for name, value in held.items()],
        custom_metadata={DAYS: said} if said else None,
        max_commit_retries=RETRIES,
    )


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
