"""Carrying an erasure through the lake: bronze, what is built of it, and the history of both."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
from django.utils.translation import gettext as _

from xueqiao.kernel import cursor, errors
from xueqiao.lake import build, commits, contracts, extract, sources, storage, tables
from xueqiao.lake.contracts import gate
from xueqiao.lake.distinct import making
from xueqiao.lake.duckdb import DuckDB
from xueqiao.lake.erasure import holdings, purge, removal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from xueqiao.lake.engine import Engine
    from xueqiao.lake.erasure.holdings import Holding

RUNS = "runs.erasure"
RUN_COLUMNS = sources.columns(
    erased_at=sources.INSTANT,
    statements=sources.BIG,
    rows=sources.BIG,
    files=sources.BIG,
    milliseconds=sources.BIG,
)


class StillThere(errors.Refusal):
    """Statements that had to go are still held by a table of the lake."""

    code = "lake.still_there"
    status = 500


@dataclass(frozen=True)
class Erased:
    """What one run did.

    Attributes:
        taken: rows that were taken out of bronze.
        built: tables that were made anew, and their parts; None for all of a table.
        purged: files of earlier versions that were deleted.
    """

    taken: list[Holding]
    built: list[build.Built]
    purged: purge.Purged
    milliseconds: int


def position(*, root: Path) -> cursor.Position:
    """How far the lake has followed erasures. It lies in the lake: a restored one follows again."""
    marks = tables.Table(root, RUNS).marks(removal.POSITION)
    return cursor.Position(marks.get("xid", 0), marks.get("row", 0))


def dry_run(*, root: Path, meant: holdings.Meant, memory: str) -> list[Holding]:
    """What the lake holds of given statements now. Changes nothing."""
    with holdings.searching(root=root, memory=memory, meant=meant) as engine:
        return holdings.look(root=root, engine=engine, parts=meant.parts)


def returned(
    *, root: Path, digests: Iterable[str], nobody: int | None, memory: str
) -> list[Holding]:
    """What the lake holds of statements whose ids have one of some digests.

    Args:
        digests: first 32 hexadecimal digits of SHA-256 of the id, as ``records`` keeps them.
        nobody: the actor of statements that were blanked; theirs are right to be there.
    """
    found = []
    engine = DuckDB(memory=memory, scratch=root / ".scratch", store=storage.of(root))
    try:
        engine.register("digests", pa.table({"digest": pa.array(list(digests), pa.string())}))
        for kept in holdings.keyed(root):
            hashed = f"left(sha256({kept.key}), 32) in (select digest from digests)"  # noqa: S608 - our own columns
            if nobody is not None and "actor_id" in kept.columns:
                hashed += f" and actor_id is distinct from {nobody}"
            found += holdings.held(kept, engine, where=hashed)
    finally:
        engine.close()
    return found


def carry_out(
    *,
    root: Path,
    engine: Engine,
    meant: holdings.Meant,
    upto: cursor.Position,
    memory: str,
    at: datetime,
    again: Iterable[sources.Snapshot] = (),
) -> Erased:
    """Take statements out of the lake, build anew what they were in, delete what was before.

    Safe to stop at any moment and to run again; only at its end the lake says that it has followed
    up to ``upto``.

    Args:
        engine: runs the build.
        memory: of the search, as DuckDB writes it.
        again: what is to be extracted first, and of which no earlier version stays: rows that
            changed when the statements went, such as those of actors who stand for nobody any more.

    Raises:
        tables.LakeBusy: an extraction or a build runs; call again.
        tables.LakeFull: the disk is full; call again when there is room.
        StillThere: a table holds some of them after everything was done.
        build.Incomplete: a table could not be made, or none because one breaks its contract; all
            others have followed, and the earlier versions are gone. Call again once its cause is
            mended.
    """
    begun, parts, told = time.monotonic(), meant.parts, commits.Told()
    links = list(again)
    extract.extract(root=root, of=links, at=at)
    with holdings.searching(root=root, memory=memory, meant=meant) as search:
        with tables.locked(root, "extract"):
            taken = removal.remove(root=root, engine=search, parts=parts, told=told)
            for source in links:
                removal.forget(source=source, root=root, engine=search)
        made = [make_anew(root, engine, at, told)]
        if holdings.look(root=root, engine=search, parts=parts):
            # What was built has not followed, because something else keeps it from being built.
            taken += removal.remove(root=root, engine=search, parts=parts, of_built=True)
            made.append(make_anew(root, engine, at))
        purged = purge.purge(root=root, but=_served(root, links))
        if left := holdings.look(root=root, engine=search, parts=parts):
            raise StillThere(still_there_text(left))
    # A table without ids that could not be made still counts who is gone.
    made[-1].refuse_failures()
    built = [each for outcome in made for each in outcome.built]
    done = Erased(taken, built, purged, int((time.monotonic() - begun) * 1000))
    _remember(root, done, len(meant.ids), upto, at)
    return done


def make_anew(
    root: Path, engine: Engine, at: datetime, told: commits.Told | None = None
) -> build.Outcome:
    """Stage and marts, and the bitmaps of a lake that has them: a bit in one is a person.

    Args:
        told: on which days rows went; see ``build.run``.
    """
    try:
        outcome = build.run(root=root, engine=engine, at=at, told=told)
    except contracts.NothingGood as why:
        # What can be taken out is taken out all the same.
        return build.Outcome("", failed=[build.Failed("stage", why.code, str(why), 0)])
    if not outcome.failed and any(tables.Table(root, name).opened() for name in making.TABLES):
        outcome.built += making.refresh(root=root, engine=engine, told=outcome.told)
    return outcome


def _served(root: Path, again: list[sources.Snapshot]) -> dict[str, int]:
    """The versions in which stopped tables are read, of those that say nothing of statements."""
    about = {kept.table.name for kept in holdings.keyed(root)} | {each.table for each in again}
    return {
        each.table: each.good_version
        for each in gate.verdicts(root)
        if each.is_stopped
        and each.table not in about
        and gate.is_there(tables.Table(root, each.table), each.good_version)
    }


def _remember(root: Path, done: Erased, count: int, upto: cursor.Position, at: datetime) -> None:
    row = {
        "erased_at": at,
        "statements": count,
        "rows": sum(each.rows for each in done.taken),
        "files": done.purged.files,
        "milliseconds": done.milliseconds,
    }
    tables.Table(root, RUNS).commit(
        batches=_one(row), marks={"xid": upto.xid, "row": upto.row}, replace="nothing"
    )


def _one(row: dict[str, object]) -> pa.RecordBatchReader:
    return sources.reader(RUN_COLUMNS, [sources.as_table(RUN_COLUMNS, [row])])


def still_there_text(left: list[Holding]) -> str:
    where = ", ".join(sorted({each.table for each in left}))
    text = _("{n} rows that were to go are still in {tables}. Run the command erase_lake again.")
    return text.format(n=sum(each.rows for each in left), tables=where)
