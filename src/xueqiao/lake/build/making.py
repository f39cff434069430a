"""Makes one table: whole, some parts of it, or some days of these; always as one commit."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from xueqiao.lake import commits, days, files, folding, tables
from xueqiao.lake.build import chunks
from xueqiao.lake.build.reading import EVERYTHING, Reading, schema_of
from xueqiao.lake.build.staleness import touched, wanted_marks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from xueqiao.lake.build.chunks import Chunk
    from xueqiao.lake.engine import Engine
    from xueqiao.lake.recipes import Recipe


@dataclass(frozen=True)
class Built:
    """What a build did to one table.

    Attributes:
        changed: the parts, and days of them, that it brought up to date; None for all.
        by_day: of which parts no more than some days were made, and which, if logs may name them.
    """

    table: str
    rows: int
    changed: commits.Changes | None
    milliseconds: int
    by_day: dict[str, days.Days] = field(default_factory=dict)

    @property
    def parts(self) -> list[str] | None:
        return None if self.changed is None else sorted(self.changed)

    @property
    def shown_parts(self) -> str:
        """The parts, in the place of some a few days; what histories keep."""
        return "all" if self.changed is None else days.shown(self.changed, self.by_day)


def refresh(
    reading: Reading,
    recipe: Recipe,
    engine: Engine,
    room: Callable[[int], AbstractContextManager[None]],
) -> Built | None:
    """Build one table if it is stale.

    Args:
        room: given the bytes to read, waits until the query may have its share of the memory.
    """
    started = time.monotonic()
    table = reading.table(recipe.name)
    marks = wanted_marks(reading, recipe)
    have = table.marks(marks)
    if have == marks:
        return None
    found = touched(reading, recipe, have, engine)
    changes, rows, by_day = found.changes, 0, dict[str, days.Days]()
    if changes == {}:
        table.mark(marks)
    else:
        course, gone = planned(reading, recipe, changes)
        with room(max(chunk.stored for chunk in course)):
            batches = made(reading, recipe, engine, course, is_whole=changes is EVERYTHING)
            if changes is EVERYTHING:
                rows = table.commit(batches=batches, marks=marks, replace="everything")
            elif gone is None:
                rows = table.commit(batches=batches, marks=marks, replace=list(changes))
            else:
                rows = table.swap(remove=gone, batches=batches, marks=marks, changed=found.said)
                reading.told[table.name, table.version()] = {
                    part: on for part, on in changes.items() if on is not None
                }
                large = chunks.large(reading, recipe, changes)
                by_day = {part: on for part, on in found.said.items() if part in large}
    reading.forget(recipe.name)
    taken = int((time.monotonic() - started) * 1000)
    return Built(recipe.name, rows, changes, taken, by_day)


def planned(
    reading: Reading, recipe: Recipe, changes: commits.Changes | None
) -> tuple[list[Chunk], list[str] | None]:
    """The chunks to make, and the files they replace; None where these are those of whole parts."""
    if changes is EVERYTHING:
        return chunks.of_everything(reading, recipe, reading.floor(recipe.name)), None
    some = chunks.large(reading, recipe, changes)
    whole = changes.keys() - some.keys()
    course = chunks.of_parts(reading, recipe, whole)
    if all(on is None for on in changes.values()):
        return course, None
    by_day, gone = chunks.of_days(reading, recipe, some)
    names = reading.table(recipe.name).file_names()
    gone += [name for name in names if tables.part_of(name) in whole]
    return [*course, *by_day], gone


def made(
    reading: Reading, recipe: Recipe, engine: Engine, course: list[Chunk], *, is_whole: bool
) -> files.Chunks:
    """The rows of some chunks, each asked for when the one before it is written.

    Where all is made anew, months before the table's floor come first, as they are.
    """
    first = rows_of(reading, recipe, engine, course[0])

    def every() -> Iterator[Iterable[pa.RecordBatch]]:
        if is_whole:
            yield as_they_are(reading, recipe, first.schema)
        yield first
        for chunk in course[1:]:
            yield rows_of(reading, recipe, engine, chunk)

    return files.Chunks(first.schema, every())


def as_they_are(reading: Reading, recipe: Recipe, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Rows of months that are not made anew any more, in the columns of now."""
    table, floor = reading.table(recipe.name), reading.floor(recipe.name)
    kept = [name for name in table.file_names() if floor and tables.part_of(name) < floor]
    if kept:
        for batch in folding.rows_in(table, kept, schema).to_batches():
            yield from pa.Table.from_batches([batch]).cast(schema).to_batches()


def rows_of(reading: Reading, recipe: Recipe, engine: Engine, chunk: Chunk) -> pa.RecordBatchReader:
    """What one chunk makes, in one order."""
    for name in recipe.reads:
        reading.attach(engine, name, parts=chunk.parts, of_days=chunk.of_days)
    return engine.sql(query(reading, recipe, engine, chunk))


def query(reading: Reading, recipe: Recipe, engine: Engine, chunk: Chunk) -> str:
    """The SQL of a chunk. Tables without parts give rows of every month; others are not written."""
    floor = reading.floor(recipe.name)
    some = f"part >= '{floor}'" if floor else "true"
    if chunk.but:
        some += f" and part not in ({listed(chunk.but)})"
    elif chunk.parts is not None:
        some = f"part in ({listed(chunk.parts)})"
    if chunk.of_days is not None:
        some += f" and ({days.condition(recipe.days, chunk.of_days)})"
    rows = f"select * from (\n{recipe.sql}\n) made where {some}"  # noqa: S608 - our files
    if chunk.kept:
        rows = beside_kept(reading, recipe, engine, chunk, rows)
    return f"{rows} order by all"


def beside_kept(reading: Reading, recipe: Recipe, engine: Engine, chunk: Chunk, rows: str) -> str:
    """The same with rows of other days that are in the files to be replaced."""
    table = reading.table(recipe.name)
    opened = table.opened()
    assert opened is not None
    schema = schema_of(opened)
    uris = [table.store.uri(f"{table.folder}/{name}") for name in chunk.kept]
    where = days.condition(recipe.days, chunk.kept_days)
    engine.attach("kept", files=uris, schema=schema, is_parted=True, where=where)
    columns = ", ".join(schema.names)
    return (
        f"select * from (select {columns} from kept union all "  # noqa: S608 - our own names
        f"select {columns} from ({rows}) new) whole"
    )


def listed(parts: Iterable[str]) -> str:
    """Parts as SQL lists them; of none something that no row has."""
    return ", ".join(f"'{part}'" for part in parts) or "''"
