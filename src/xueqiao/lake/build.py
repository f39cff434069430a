"""Builds stage and marts from bronze, doing only what their inputs changed.

A table remembers, in marks of its own last commit, the SQL it was made by and the version of each
table it was made from. What is stale follows from that alone, so a build that was killed goes on
where it was, and one with nothing to do ends at once. Each table is replaced in one commit: readers
see it before or after, never between, and a full disk leaves the last good one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa
from deltalake.exceptions import DeltaError
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.lake import commits, sources, tables
from xueqiao.lake.recipes import Recipe, location, recipes

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from deltalake import DeltaTable

    from xueqiao.lake.engine import Engine

Progress = Callable[[str, int, int], None]
"""Called with table, tables done, tables in all."""

EVERYTHING: None = None
SQL_MARK = "sql"
MONTH_OF = "month of "


class NotExtracted(errors.Refusal):
    """A table that the build reads has never been extracted."""

    code = "lake.not_extracted"


class Unbuilt(errors.Refusal):
    """The marts are older than what was extracted."""

    code = "lake.unbuilt"


@dataclass(frozen=True)
class Built:
    """What a build did to one table. ``parts`` is None where all of it was made anew."""

    table: str
    rows: int
    parts: list[str] | None
    milliseconds: int

    @property
    def shown_parts(self) -> str:
        return "all" if self.parts is None else ", ".join(self.parts)


@dataclass
class Reading:
    """The version of each table that one job reads, so that all of it reads the same."""

    root: Path
    pinned: dict[str, DeltaTable] = field(default_factory=dict)

    def table(self, name: str) -> tables.Table:
        known = recipes().get(name)
        parted = known.is_parted if known else name in PARTED_BRONZE
        return tables.Table(self.root, location(name), is_parted=parted)

    def pin(self, name: str) -> DeltaTable:
        """The Delta table of a name at the version first asked for.

        Raises:
            NotExtracted: it does not exist.
        """
        if name not in self.pinned:
            opened = self.table(name).opened()
            if opened is None:
                text = _("{table} has never been filled. Run the commands extract and build_lake.")
                raise NotExtracted(text.format(table=name))
            self.pinned[name] = opened
        return self.pinned[name]

    def forget(self, name: str) -> None:
        self.pinned.pop(name, None)

    def attach(self, engine: Engine, name: str, *, parts: list[str] | None = EVERYTHING) -> None:
        """Make a table readable, whole or only some of its parts."""
        opened, parted = self.pin(name), self.table(name).is_parted
        files = opened.file_uris()
        if parted and parts is not EVERYTHING:
            wanted = set(parts)
            files = [file for file in files if tables.part_of(file) in wanted]
        engine.attach(name, files=files, schema=schema_of(opened), is_parted=parted)


PARTED_BRONZE = {"bronze.statement"}


def build(
    *, root: Path, engine: Engine, at: datetime, progress: Progress | None = None
) -> list[Built]:
    """Bring stage and marts up to date. Safe to stop at any moment and to run again.

    Args:
        root: the lake's folder.
        engine: runs the SQL; see ``engines``.
        at: written into the record of runs.
        progress: told after each table.

    Returns:
        What was built, in order; empty when nothing was stale.

    Raises:
        tables.LakeBusy: another build runs.
        tables.LakeFull: the disk is full; each table is as before or as after.
        NotExtracted: bronze is missing.
    """
    told = progress or (lambda *_facts: None)
    done: list[Built] = []
    with tables.locked(root, "build"):
        reading, order = Reading(root), list(recipes().values())
        for count, recipe in enumerate(order, 1):
            made = refresh(reading, recipe, engine)
            if made:
                done.append(made)
            told(recipe.name, count, len(order))
        if done:
            record(reading, done, at)
    return done


def refresh(reading: Reading, recipe: Recipe, engine: Engine) -> Built | None:
    """Build one table if it is stale."""
    started = time.monotonic()
    table = reading.table(recipe.name)
    marks = wanted_marks(reading, recipe)
    have = table.marks(marks)
    if have == marks:
        return None
    parts = touched(reading, recipe, have, engine)
    if parts == []:
        table.mark(marks)
        reading.forget(recipe.name)
        return Built(recipe.name, 0, parts, int((time.monotonic() - started) * 1000))
    for name in recipe.reads:
        reading.attach(engine, name, parts=parts)
    rows = table.commit(
        batches=engine.sql(query(recipe, parts)),
        marks=marks,
        replace="everything" if parts is EVERYTHING else parts,
    )
    reading.forget(recipe.name)
    return Built(recipe.name, rows, parts, int((time.monotonic() - started) * 1000))


def query(recipe: Recipe, parts: list[str] | None) -> str:
    """The SQL of a recipe, in one order, and of no part but those to make anew.

    A table that is read whole gives rows of every month; those of other parts are not written.
    """
    some = "true"
    if parts is not EVERYTHING:
        some = "part in (" + ", ".join(f"'{part}'" for part in parts) + ")" if parts else "false"
    return f"select * from (\n{recipe.sql}\n) made where {some} order by all"  # noqa: S608 - our files


def wanted_marks(reading: Reading, recipe: Recipe) -> dict[str, int]:
    """The marks that the table has when it is up to date."""
    marks = {f"from:{name}": reading.pin(name).version() for name in recipe.reads}
    # A folder that was removed and filled anew counts its versions from nought again.
    marks |= {f"id:{name}": tables.number(identity(reading, name)) for name in recipe.reads}
    return marks | {SQL_MARK: recipe.digest}


def identity(reading: Reading, name: str) -> str:
    """What tells a table from another one that had the same name before."""
    return str(reading.pin(name).metadata().id)


def touched(
    reading: Reading, recipe: Recipe, have: dict[str, int], engine: Engine
) -> list[str] | None:
    """The parts to make anew; EVERYTHING when that cannot be narrowed down."""
    if have.get(SQL_MARK) != recipe.digest:
        return EVERYTHING
    parts: set[str] = set()
    for name in recipe.reads:
        before = have.get(f"from:{name}")
        if before is None or have.get(f"id:{name}") != tables.number(identity(reading, name)):
            return EVERYTHING
        if before == reading.pin(name).version():
            continue
        found = reading.table(name).parts_since(before)
        if found == set():
            # Its rows were only laid out anew.
            continue
        if not recipe.is_parted:
            return EVERYTHING
        if not reading.table(name).is_parted:
            found = (
                reopened(reading, recipe, name, before, engine) if name in recipe.reopens else None
            )
        if found is None:
            return EVERYTHING
        parts |= found
    return sorted(parts)


def reopened(
    reading: Reading, recipe: Recipe, name: str, before: int, engine: Engine
) -> set[str] | None:
    """The parts that the changed rows of an unparted table touch: by their key, or by their day."""
    try:
        earlier = reading.table(name).opened(before)
    except DeltaError:
        return None
    assert earlier is not None
    if not commits.is_whole(reading.table(name), earlier):
        # An erasure has deleted the earlier rows.
        return None
    reading.attach(engine, name)
    engine.attach("earlier", files=earlier.file_uris(), schema=schema_of(earlier), is_parted=False)
    key = recipe.reopens[name]
    if key.startswith(MONTH_OF):
        days = key.removeprefix(MONTH_OF).split(" and ")
        found = " union ".join(changed(name, f"strftime({day}, '%Y-%m')") for day in days)
    else:
        parted = next(read for read in recipe.reads if reading.table(read).is_parted)
        reading.attach(engine, parted)
        found = f"select distinct part from {parted} where {key} in ({changed(name, key)})"  # noqa: S608 - our own names
    return {part for part in engine.sql(found).read_all()["part"].to_pylist() if part}


def changed(name: str, value: str) -> str:
    """The SQL of an expression over the rows that a table and ``earlier`` do not share."""
    return f"""
        select {value} as part from (select * from earlier except select * from {name}) gone
        union
        select {value} as part from (select * from {name} except select * from earlier) come
    """  # noqa: S608 - names of tables and columns of our own files


def ready(*, root: Path) -> Reading:
    """All marts pinned for reading, if they are up to date with one another and with bronze.

    Raises:
        Unbuilt: a table is older than what it reads.
        NotExtracted: one does not exist.
    """
    reading = Reading(root)
    for recipe in recipes().values():
        marks = wanted_marks(reading, recipe)
        if reading.table(recipe.name).marks(marks) != marks:
            text = _("{table} is older than what was extracted. Run the command build_lake.")
            raise Unbuilt(text.format(table=recipe.name))
        reading.pin(recipe.name)
    return reading


RUN_COLUMNS = sources.columns(
    started_at=sources.INSTANT,
    table=sources.TEXT,
    rows=sources.BIG,
    parts=sources.TEXT,
    milliseconds=sources.BIG,
    inputs=sources.TEXT,
)


def record(reading: Reading, done: list[Built], at: datetime) -> None:
    """Append to ``runs.build`` what was made, from which versions."""
    rows = [
        {
            "started_at": at,
            "table": built.table,
            "rows": built.rows,
            "parts": built.shown_parts,
            "milliseconds": built.milliseconds,
            "inputs": json.dumps(wanted_marks(reading, recipes()[built.table]), sort_keys=True),
        }
        for built in done
    ]
    batch = sources.record_batch(RUN_COLUMNS, rows)
    tables.Table(reading.root, "runs.build").commit(
        batches=pa.RecordBatchReader.from_batches(RUN_COLUMNS, [batch]), marks={}, replace="nothing"
    )


def schema_of(opened: DeltaTable) -> pa.Schema:
    return pa.schema(opened.schema().to_arrow())
