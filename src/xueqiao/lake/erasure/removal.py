"""Rewriting the files that hold given statements, without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xueqiao.lake import commits, days, keeping, tables
from xueqiao.lake.erasure import holdings

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from xueqiao.lake.duckdb import DuckDB
    from xueqiao.lake.erasure.holdings import Holding, Keyed
    from xueqiao.lake.sources import Snapshot

ATTEMPTS = 8
POSITION = ("xid", "row")


def remove(
    *,
    root: Path,
    engine: DuckDB,
    parts: frozenset[str] | None = None,
    of_built: bool = False,
    told: commits.Told | None = None,
) -> list[Holding]:
    """Take the statements of ``holdings.searching`` out of every table that was extracted.

    Each table changes in one commit. Files that hold none of them stay as they are, and so does the
    order of the rows that stay.

    Args:
        of_built: also out of tables that a build makes: where it cannot be run for another reason.
        told: is told on which days rows went; no log says so.

    Returns:
        What was taken out; empty where nothing is left.

    Raises:
        tables.Overtaken: others wrote again and again meanwhile; nothing is lost, call again.
        tables.LakeFull: the disk is full; each table is as before or as after.
    """
    found = []
    for kept in holdings.keyed(root):
        if of_built or not kept.is_made:
            found += _out_of(kept, engine, parts, told)
    return found


def forget(*, source: Snapshot, root: Path, engine: DuckDB) -> int:
    """Take earlier versions of rows out of the changes of a snapshot; how many went.

    What a row is now, and that it is gone, stays. Nothing where a snapshot keeps no changes.

    Raises:
        tables.Overtaken: somebody has written changes meanwhile; call again.
        tables.LakeFull: the disk is full; nothing changed.
    """
    table = tables.Table(root, keeping.changes_of(source))
    version, names = table.version(), table.file_names()
    if not source.key or not names:
        return 0
    top = table.store.uri(table.folder) + "/"
    latest = f"""
        select {source.key} as key, max(sequence) as last
        from read_parquet({holdings.listed(top + name for name in names)}) group by {source.key}
    """  # noqa: S608 - our own columns and files
    earlier = engine.sql(
        f"select filename, count(*) as n from read_parquet("  # noqa: S608 - our own columns and files
        f"{holdings.listed(top + name for name in names)}, filename = true) f "
        f"join ({latest}) l on l.key = f.{source.key} where f.sequence < l.last group by filename"
    ).read_all()
    if not earlier.num_rows:
        return 0
    files = earlier["filename"].to_pylist()
    staying = engine.sql(
        f"select f.* from read_parquet({holdings.listed(files)}) f "  # noqa: S608 - our own columns and files
        f"join ({latest}) l on l.key = f.{source.key} and f.sequence = l.last "
        f"order by f.sequence, f.{source.key}"
    )
    table.swap(
        remove=[file.removeprefix(top) for file in files],
        batches=staying,
        marks=table.marks(keeping.MARKS),
        expect=version,
    )
    return sum(earlier["n"].to_pylist())


def _out_of(
    kept: Keyed, engine: DuckDB, parts: frozenset[str] | None, told: commits.Told | None
) -> list[Holding]:
    for attempt in range(ATTEMPTS):
        version = kept.table.version()
        found = holdings.held(kept, engine, parts)
        if not found:
            return []
        try:
            _rewrite(kept, engine, found, version, told)
        except tables.Overtaken:
            if attempt == ATTEMPTS - 1:
                raise
            continue
        return found
    raise AssertionError


def _rewrite(
    kept: Keyed, engine: DuckDB, found: list[Holding], version: int, told: commits.Told | None
) -> None:
    files = [file for each in found for file in each.files]
    parted = ", hive_partitioning = true, hive_types = {'part': varchar}"
    blanks = ", ".join(
        f"case when b.id is null then t.{name} else {new} end as {name}"
        for name, new in kept.blanks("b").items()
    )
    changed = _days_of(kept, engine, files) if told is not None else {}
    staying = engine.sql(
        f"select t.* {f'replace ({blanks})' if blanks else ''} "  # noqa: S608 - our own files
        f"from read_parquet({holdings.listed(kept.top + file for file in files)}"
        f"{parted if kept.table.is_parted else ', hive_partitioning = false'}) t "
        f"left join blanked b on b.id = t.{kept.key} "
        f"where t.{kept.key} is null or t.{kept.key} not in (select id from wanted)"
    )
    kept.table.swap(
        remove=files,
        batches=staying,
        # The position is set again as it is: who has read rows and not yet written them fails, and
        # reads again what by now is gone there too.
        marks=kept.table.marks(POSITION),
        expect=version,
    )
    if told is not None and changed:
        told[kept.table.name, kept.table.version()] = changed


def _days_of(kept: Keyed, engine: DuckDB, files: list[str]) -> dict[str, days.Days]:
    """On which days rows go, by part; nothing where the table does not tell them apart."""
    if not kept.table.days:
        return {}
    going = engine.sql(
        f"select distinct part, {days.expression(kept.table.days)} as day "  # noqa: S608 - our own files
        f"from {holdings.near(kept, [kept.top + file for file in files])}"
    )
    found: dict[str, set[date]] = {}
    for row in going.read_all().to_pylist():
        found.setdefault(row["part"], set()).add(row["day"])
    return {part: frozenset(on) for part, on in found.items()}
