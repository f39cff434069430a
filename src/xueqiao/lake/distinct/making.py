"""Brings the bitmaps up to date with the marts."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from pyroaring import BitMap

from xueqiao.lake import build, folding, sources, tables
from xueqiao.lake.distinct import bitmaps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date
    from pathlib import Path

    from xueqiao.lake import commits, days
    from xueqiao.lake.engine import Engine

    Kept = defaultdict[str, dict[date, BitMap]]

TABLES = ("distinct.presence", "distinct.home", "distinct.trait")
SHAPE = 1
"""Raised when rows are made differently; all bitmaps are then made anew."""
GROUP_BYTES = 256 * 1024
"""What is read at least to find one row."""
ROWS = 16

PRESENCE = sources.columns(
    kind=sources.TEXT,
    day=sources.DAY,
    persons=sources.BIG,
    learners=pa.binary(),
    part=sources.TEXT,
)
"""``day`` null: of the whole month."""
HOME = sources.columns(
    register=sources.TEXT,
    level=sources.INT,
    place_id=sources.BIG,
    persons=sources.BIG,
    learners=pa.binary(),
)
"""``level`` 0, ``place_id`` null: learners without a known home."""
TRAIT = sources.columns(
    trait=sources.TEXT, value=sources.INT, persons=sources.BIG, learners=pa.binary()
)
"""``trait``: birth_year, or sex (GB/T 2261.1)."""


def refresh(*, root: Path, engine: Engine, told: commits.Told | None = None) -> list[build.Built]:
    """Bring all bitmaps up to date. Safe to stop at any moment and to run again.

    Args:
        root: the lake's folder, its marts built.
        engine: reads the marts.
        told: the days that the build of these marts changed, as its ``Outcome`` says; without it
            months are made whole.

    Returns:
        What was made anew; empty when nothing was stale.

    Raises:
        tables.LakeBusy: another process makes them.
        tables.LakeFull: the disk is full; each table is as before or as after.
        build.NotExtracted: a mart does not exist.
        bitmaps.NumberTooLarge: a learner number is above 2³² − 1.
    """
    with tables.locked(root, "distinct"):
        reading = build.Reading(root, told=told or {})
        found = [_presence(reading, engine), _home(reading, engine), _trait(reading, engine)]
    return [made for made in found if made]


def _presence(reading: build.Reading, engine: Engine) -> build.Built | None:
    """Who was there: the months that have changed, a month at a time, and of these the days."""
    table = tables.Table(reading.root, "distinct.presence", is_parted=True)
    marks = _marks(reading, ["presence"])
    have = table.marks(marks)
    if have == marks:
        return None
    changes = None
    if {name: value for name, value in have.items() if name != "from:presence"} == {
        name: value for name, value in marks.items() if name != "from:presence"
    }:
        changes = reading.table("presence").changes_since(have["from:presence"], reading.told)

    def rows() -> Iterator[pa.RecordBatch]:
        every = {tables.part_of(file) for file in reading.pin("presence").file_uris()}
        for part in sorted(every if changes is None else every & changes.keys()):
            of_days = changes.get(part) if changes is not None else None
            reading.attach(engine, "presence", parts=[part], of_days=of_days)
            yield from _month(engine, part, _other_days(table, part, of_days))

    return _written(table, PRESENCE, rows, marks, changes)


def _other_days(table: tables.Table, part: str, of_days: days.Days | None) -> Kept:
    """The bitmaps of a month's other days: kind → day → learners."""
    kept: Kept = defaultdict(dict)
    if of_days is not None:
        names = [name for name in table.file_names() if tables.part_of(name) == part]
        other = ~pc.field("day").isin(sorted(of_days)) & pc.field("day").is_valid()
        for row in folding.rows_in(table, names).to_table(filter=other).to_pylist():
            kept[row["kind"]][row["day"]] = BitMap.deserialize(row["learners"])
    return kept


def _month(engine: Engine, part: str, kept: Kept) -> Iterator[pa.RecordBatch]:
    kinds = engine.sql("select distinct kind from presence order by kind").read_all()
    for kind in sorted({*kinds["kind"].to_pylist(), *kept}):
        query = f"select day, learner_id from presence where kind = '{kind}' order by day"  # noqa: S608 - kinds are words of the mart
        found = kept.get(kind, {}) | bitmaps.grouped(engine.sql(query))
        whole = bitmaps.union(list(found.values()))
        yield sources.record_batch(
            PRESENCE,
            [
                {
                    "kind": kind,
                    "day": day,
                    "persons": len(learners),
                    "learners": bitmaps.packed(learners),
                    "part": part,
                }
                for day, learners in [(None, whole), *sorted(found.items())]
            ],
        )


def _home(reading: build.Reading, engine: Engine) -> build.Built | None:
    """Who lives there, at every place of every register."""
    table = tables.Table(reading.root, "distinct.home")
    names = ["learner_place", "closure", "place", "register"]
    marks = _marks(reading, names)
    if table.marks(marks) == marks:
        return None
    for name in names:
        reading.attach(engine, name)

    def rows() -> Iterator[pa.RecordBatch]:
        registers = engine.sql("select register from register order by register").read_all()
        for register in registers["register"].to_pylist():
            yield from _homes(engine, register)

    return _written(table, HOME, rows, marks)


def _homes(engine: Engine, register: str) -> Iterator[pa.RecordBatch]:
    lowest = bitmaps.grouped(
        engine.sql(
            f"select place_id, learner_id from learner_place where register = '{register}' "  # noqa: S608 - registers are codes of our own
            "order by place_id"
        )
    )
    tree = engine.sql(
        "select closure.ancestor_id, place.level, closure.descendant_id from closure join place "  # noqa: S608 - the same
        "on place.register = closure.register and place.place_id = closure.ancestor_id "
        f"where closure.register = '{register}' order by level, ancestor_id, descendant_id"
    ).read_all()
    below: dict[tuple[int, int | None], list[BitMap]] = {(0, None): [lowest.pop(None, BitMap())]}
    for ancestor, level, descendant in zip(
        *(each.to_pylist() for each in tree.columns), strict=True
    ):
        if descendant in lowest:
            below.setdefault((level, ancestor), []).append(lowest[descendant])
    rows = [
        {
            "register": register,
            "level": level,
            "place_id": place_id,
            "persons": len(learners),
            "learners": bitmaps.packed(learners),
        }
        for (level, place_id), learners in (
            (key, bitmaps.union(sets)) for key, sets in below.items()
        )
    ]
    for start in range(0, len(rows), ROWS):
        yield sources.record_batch(HOME, rows[start : start + ROWS])


def _trait(reading: build.Reading, engine: Engine) -> build.Built | None:
    """Who was born in which year, and of which sex."""
    table = tables.Table(reading.root, "distinct.trait")
    marks = _marks(reading, ["learner"])
    if table.marks(marks) == marks:
        return None
    reading.attach(engine, "learner")

    def rows() -> Iterator[pa.RecordBatch]:
        for trait, value in (("birth_year", "birth_year"), ("sex", "cast(sex as integer)")):
            query = (
                f"select {value} as value, learner_id from learner "  # noqa: S608 - our own columns
                f"where {trait} is not null order by value"
            )
            found = bitmaps.grouped(engine.sql(query))
            yield sources.record_batch(
                TRAIT,
                [
                    {
                        "trait": trait,
                        "value": key,
                        "persons": len(learners),
                        "learners": bitmaps.packed(learners),
                    }
                    for key, learners in sorted(found.items())
                ],
            )

    return _written(table, TRAIT, rows, marks)


def _marks(reading: build.Reading, names: list[str]) -> dict[str, int]:
    """The marks of a table that is up to date with some marts."""
    marks = {f"from:{name}": reading.pin(name).version() for name in names}
    marks |= {f"id:{name}": tables.number(build.identity(reading, name)) for name in names}
    return marks | {"shape": SHAPE}


def _written(
    table: tables.Table,
    schema: pa.Schema,
    rows: Callable[[], Iterator[pa.RecordBatch]],
    marks: dict[str, int],
    changes: commits.Changes | None = None,
) -> build.Built:
    started = time.monotonic()
    reader = pa.RecordBatchReader.from_batches(schema, rows())
    replace: tables.Replace = "everything"
    if changes is not None:
        replace = sorted(changes) or "nothing"
    count = table.commit(batches=reader, marks=marks, replace=replace, group_bytes=GROUP_BYTES)
    return build.Built(table.name, count, changes, int((time.monotonic() - started) * 1000))
