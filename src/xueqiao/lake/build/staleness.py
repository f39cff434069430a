"""What is stale, and which parts of it: decided by the marks of the tables alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deltalake.exceptions import DeltaError
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.lake import commits, contracts, days, tables
from xueqiao.lake.build.reading import EVERYTHING, Reading, gated, identity, schema_of
from xueqiao.lake.recipes import Recipe, days_of, recipes

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from xueqiao.lake.engine import Engine

SQL_MARK = "sql"
MONTH_OF = "month of "


class Unbuilt(errors.Refusal):
    """The marts are older than what was extracted."""

    code = "lake.unbuilt"


def wanted_marks(reading: Reading, recipe: Recipe) -> dict[str, int]:
    """The marks that the table has when it is up to date."""
    marks = {f"from:{name}": reading.pin(name).version() for name in recipe.reads}
    # A folder that was removed and filled anew counts its versions from nought again.
    marks |= {f"id:{name}": tables.number(identity(reading, name)) for name in recipe.reads}
    return marks | {SQL_MARK: recipe.digest}


@dataclass(frozen=True)
class Touched:
    """What is to be made anew.

    Attributes:
        changes: the parts, and where a table has days which of them; EVERYTHING for all.
        said: the days of those parts whose days logs name without exception. Others may be the days
            of one person, who was linked, corrected or erased: no log names them.
    """

    changes: commits.Changes | None
    said: dict[str, days.Days] = field(default_factory=dict)


def touched(reading: Reading, recipe: Recipe, have: dict[str, int], engine: Engine) -> Touched:
    """What is to be made anew of a table, by what its inputs have been since.

    Parts before the table's floor are left out: what they are made of was given up.
    """
    if have.get(SQL_MARK) != recipe.digest:
        return Touched(EVERYTHING)
    changes, logged = commits.Changes(), commits.Changes()
    for name in recipe.reads:
        if is_replaced(reading, name, have):
            return Touched(EVERYTHING)
        before = have[f"from:{name}"]
        if before == reading.pin(name).version():
            continue
        found = touched_by(reading, recipe, name, before, engine)
        if found is None:
            return Touched(EVERYTHING)
        changes = commits.both(changes, found)
        if reading.table(name).is_parted:
            logged = commits.both(logged, reading.table(name).changes_since(before) or {})
    floor = reading.floor(recipe.name)
    parts = {
        part: changes[part] if recipe.days else None for part in sorted(changes) if part >= floor
    }
    return Touched(
        parts,
        {part: on for part, on in parts.items() if on is not None and logged.get(part) == on},
    )


def is_replaced(reading: Reading, name: str, have: dict[str, int]) -> bool:
    """Whether a table that is read is another one than the last time, or was not read then."""
    if have.get(f"from:{name}") is None:
        return True
    return have.get(f"id:{name}") != tables.number(identity(reading, name))


def touched_by(
    reading: Reading, recipe: Recipe, name: str, before: int, engine: Engine
) -> commits.Changes | None:
    """What the commits of one table after a version touch; None for all."""
    found = reading.table(name).changes_since(before, reading.told)
    if found == {}:
        # Its rows were only laid out anew.
        return found
    if not recipe.is_parted:
        return None
    if reading.table(name).is_parted:
        return found
    return reopened(reading, recipe, name, before, engine) if name in recipe.reopens else None


def reopened(
    reading: Reading, recipe: Recipe, name: str, before: int, engine: Engine
) -> commits.Changes | None:
    """What the changed rows of an unparted table touch: by their key, or by their day."""
    table, now = reading.table(name), reading.pin(name)
    try:
        earlier = table.opened(before)
    except DeltaError:
        return None
    assert earlier is not None
    if not commits.is_whole(table, earlier):
        # An erasure has deleted the earlier rows.
        return None
    if earlier.schema() != now.schema():
        # Rows of other columns cannot be compared.
        return None
    # Rows of files that both have are the same ones.
    old, new = set(earlier.file_uris()), set(now.file_uris())
    for view, files in (("earlier", old - new), ("later", new - old)):
        engine.attach(view, files=sorted(files), schema=schema_of(now), is_parted=False)
    key = recipe.reopens[name]
    found: dict[str, set[date | None]] = {}
    if key.startswith(MONTH_OF):
        names = key.removeprefix(MONTH_OF).split(" and ")
        query = " union ".join(changed(f"strftime({day}, '%Y-%m')", day) for day in names)
    else:
        parted = next(read for read in recipe.reads if reading.table(read).is_parted)
        reading.attach(engine, parted)
        day = days.expression(days_of(parted)) if days_of(parted) else "cast(null as date)"
        query = (
            f"select distinct part, {day} as day from {parted} "  # noqa: S608 - our own names
            f"where {key} in (select part from ({changed(key)}) changed)"
        )
    for row in engine.sql(query).read_all().to_pylist():
        if row["part"]:
            found.setdefault(row["part"], set()).add(row["day"])
    return {part: named(on) for part, on in found.items()}


def named(on: set[date | None]) -> days.Days | None:
    """The days of some rows; None where the day of one is not known."""
    known = frozenset(day for day in on if day is not None)
    return known if len(known) == len(on) else None


def changed(part: str, day: str = "cast(null as date)") -> str:
    """The SQL of a part and a day of the rows that ``earlier`` and ``later`` do not share."""
    return f"""
        select {part} as part, {day} as day from (select * from earlier except select * from later)
        gone
        union
        select {part} as part, {day} as day from (select * from later except select * from earlier)
        come
    """  # noqa: S608 - names of columns of our own files


def ready(*, root: Path) -> Reading:
    """All marts pinned for reading, if they are up to date with one another and with bronze.

    Raises:
        Unbuilt: a table is older than what it reads.
        NotExtracted: one does not exist.
    """
    reading = gated(root, contracts.pins(root))
    reading.pin_extracted()
    for recipe in recipes().values():
        # What the build itself finds out about the rows is there only after the first one.
        given = [name for name in recipe.reads if name.startswith("quality.")]
        is_unmade = any(reading.table(name).version() == tables.NEVER for name in given)
        marks = {} if is_unmade else wanted_marks(reading, recipe)
        if is_unmade or reading.table(recipe.name).marks(marks) != marks:
            text = _("{table} is older than what was extracted. Run the command build_lake.")
            raise Unbuilt(text.format(table=recipe.name))
        reading.pin(recipe.name)
    return reading
