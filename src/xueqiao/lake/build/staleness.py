"""What is stale, and which parts of it: decided by the marks of the tables alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deltalake.exceptions import DeltaError
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.lake import commits, contracts, tables
from xueqiao.lake.build.reading import EVERYTHING, Reading, gated, identity, schema_of
from xueqiao.lake.recipes import Recipe, recipes

if TYPE_CHECKING:
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


def touched(
    reading: Reading, recipe: Recipe, have: dict[str, int], engine: Engine
) -> list[str] | None:
    """The parts to make anew; EVERYTHING when that cannot be narrowed down.

    Parts before the table's floor are left out: what they are made of was given up.
    """
    if have.get(SQL_MARK) != recipe.digest:
        return EVERYTHING
    parts: set[str] = set()
    for name in recipe.reads:
        if is_replaced(reading, name, have):
            return EVERYTHING
        before = have[f"from:{name}"]
        if before == reading.pin(name).version():
            continue
        found = touched_by(reading, recipe, name, before, engine)
        if found is None:
            return EVERYTHING
        parts |= found
    floor = reading.floor(recipe.name)
    return sorted(part for part in parts if part >= floor)


def is_replaced(reading: Reading, name: str, have: dict[str, int]) -> bool:
    """Whether a table that is read is another one than the last time, or was not read then."""
    if have.get(f"from:{name}") is None:
        return True
    return have.get(f"id:{name}") != tables.number(identity(reading, name))


def touched_by(
    reading: Reading, recipe: Recipe, name: str, before: int, engine: Engine
) -> set[str] | None:
    """The parts that the commits of one table after a version touch; None for all."""
    found = reading.table(name).parts_since(before)
    if found == set():
        # Its rows were only laid out anew.
        return found
    if not recipe.is_parted:
        return None
    if reading.table(name).is_parted:
        return found
    return reopened(reading, recipe, name, before, engine) if name in recipe.reopens else None


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
    if earlier.schema() != reading.pin(name).schema():
        # Rows of other columns cannot be compared.
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
