"""Which version of each table one job reads: the same one from its beginning to its end."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow as pa
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.lake import commits, days, tables
from xueqiao.lake.recipes import days_of, location, recipes
from xueqiao.lake.retention import lines

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from deltalake import DeltaTable

    from xueqiao.lake.engine import Engine

EVERYTHING: None = None
PARTED_BRONZE = {"bronze.statement"}


class NotExtracted(errors.Refusal):
    """A table that the build reads has never been extracted."""

    code = "lake.not_extracted"


@dataclass
class Reading:
    """The version of each table that one job reads, so that all of it reads the same.

    ``told``: days that commits changed, whether a log may name them or not; a build adds those of
    what it makes, for what it makes of them afterwards.
    """

    root: Path
    pinned: dict[str, DeltaTable] = field(default_factory=dict)
    turn: threading.RLock = field(default_factory=threading.RLock)
    told: commits.Told = field(default_factory=dict)

    def table(self, name: str) -> tables.Table:
        known = recipes().get(name)
        parted = known.is_parted if known else name in PARTED_BRONZE
        return tables.Table(self.root, location(name), is_parted=parted, days=days_of(name))

    @cached_property
    def lines(self) -> lines.Lines:
        """From which month on each table is kept, as it was when this was first asked."""
        return lines.of(self.root)

    def floor(self, name: str) -> str:
        """The first month of a table that may be made anew; "" for all. Months before it stay."""
        return lines.floor(self.lines, name)

    def pin(self, name: str) -> DeltaTable:
        """The Delta table of a name at the version first asked for, whichever thread asked.

        Raises:
            NotExtracted: it does not exist.
        """
        with self.turn:
            if name not in self.pinned:
                opened = self.table(name).opened()
                if opened is None:
                    text = _(
                        "{table} has never been filled. Run the commands extract and build_lake."
                    )
                    raise NotExtracted(text.format(table=name))
                self.pinned[name] = opened
            return self.pinned[name]

    def pin_extracted(self) -> None:
        """Pin what recipes read of bronze, so that rows that arrive meanwhile wait for the next.

        Raises:
            NotExtracted: some of it does not exist.
        """
        for name in sorted({read for recipe in recipes().values() for read in recipe.reads}):
            if name.startswith("bronze."):
                self.pin(name)

    def forget(self, name: str) -> None:
        with self.turn:
            self.pinned.pop(name, None)

    def attach(
        self,
        engine: Engine,
        name: str,
        *,
        parts: Collection[str] | None = EVERYTHING,
        of_days: days.Days | None = None,
    ) -> None:
        """Make a table readable: whole, only some of its parts, or only some days of these."""
        opened, parted = self.pin(name), self.table(name).is_parted
        files, where = opened.file_uris(), ""
        if parted and parts is not EVERYTHING:
            wanted = set(parts)
            files = [file for file in files if tables.part_of(file) in wanted]
        if parted and of_days is not None and (column := days_of(name)):
            where = days.condition(column, of_days)
        engine.attach(name, files=files, schema=schema_of(opened), is_parted=parted, where=where)

    def sizes(self, name: str) -> dict[str, Size]:
        """Rows and bytes of each part of a table, as its commits say; "" where it has none."""
        opened, parted = self.pin(name), self.table(name).is_parted
        found: dict[str, Size] = {}
        for file in pa.table(opened.get_add_actions(flatten=True)).to_pylist():
            part = tables.part_of(file["path"]) if parted else ""
            had = found.get(part, Size(0, 0))
            found[part] = Size(had.rows + file["num_records"], had.stored + file["size_bytes"])
        return found

    def size(self, name: str, *, parts: Collection[str] | None = EVERYTHING) -> Size:
        """Rows and bytes of a table, whole or only some of its parts."""
        narrowed = self.table(name).is_parted and parts is not EVERYTHING
        some = [
            size for part, size in self.sizes(name).items() if not narrowed or part in (parts or ())
        ]
        return Size(sum(each.rows for each in some), sum(each.stored for each in some))


def gated(root: Path, pins: dict[str, int], told: commits.Told | None = None) -> Reading:
    """A reading that sees tables which broke their contract as they were before.

    Args:
        pins: table → version, as ``contracts.checked`` and ``contracts.pins`` say.
        told: see ``Reading``.
    """
    pinned = {name: tables.Table(root, name).opened(version) for name, version in pins.items()}
    found = {name: opened for name, opened in pinned.items() if opened is not None}
    return Reading(root, found, told={} if told is None else told)


@dataclass(frozen=True)
class Size:
    """How much there is to read. ``stored``: bytes, compressed as they lie."""

    rows: int
    stored: int


def identity(reading: Reading, name: str) -> str:
    """What tells a table from another one that had the same name before."""
    return str(reading.pin(name).metadata().id)


def schema_of(opened: DeltaTable) -> pa.Schema:
    return pa.schema(opened.schema().to_arrow())
