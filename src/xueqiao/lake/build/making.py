"""Makes one table, whole or only the parts that its inputs touched, as one commit."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from xueqiao.lake import folding, tables
from xueqiao.lake.build.reading import EVERYTHING, Reading
from xueqiao.lake.build.staleness import touched, wanted_marks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from xueqiao.lake.engine import Engine
    from xueqiao.lake.recipes import Recipe


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
    parts = touched(reading, recipe, have, engine)
    rows = 0
    if parts == []:
        table.mark(marks)
    else:
        stored = sum(reading.size(name, parts=parts).stored for name in recipe.reads)
        with room(stored):
            for name in recipe.reads:
                reading.attach(engine, name, parts=parts)
            rows = table.commit(
                batches=batches(reading, recipe, engine, parts),
                marks=marks,
                replace="everything" if parts is EVERYTHING else parts,
            )
    reading.forget(recipe.name)
    return Built(recipe.name, rows, parts, int((time.monotonic() - started) * 1000))


def batches(
    reading: Reading, recipe: Recipe, engine: Engine, parts: list[str] | None
) -> pa.RecordBatchReader:
    """What a recipe makes; where all is made anew, with the months as they are that cannot be."""
    floor = reading.floor(recipe.name)
    made = engine.sql(query(recipe, parts, floor))
    if parts is not EVERYTHING or not floor:
        return made
    table = reading.table(recipe.name)
    kept = [name for name in table.file_names() if tables.part_of(name) < floor]
    if not kept:
        return made
    schema = made.schema

    def rows() -> Iterator[pa.RecordBatch]:
        for batch in folding.rows_in(table, kept, schema).to_batches():
            yield from pa.Table.from_batches([batch]).cast(schema).to_batches()
        yield from made

    return pa.RecordBatchReader.from_batches(schema, rows())


def query(recipe: Recipe, parts: list[str] | None, floor: str = "") -> str:
    """The SQL of a recipe, in one order, and of no part but those to make anew.

    A table that is read whole gives rows of every month; those of other parts are not written.
    """
    some = f"part >= '{floor}'" if floor else "true"
    if parts is not EVERYTHING:
        some = "part in (" + ", ".join(f"'{part}'" for part in parts) + ")" if parts else "false"
    return f"select * from (\n{recipe.sql}\n) made where {some} order by all"  # noqa: S608 - our files
