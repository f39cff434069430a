"""Which version of each table one job reads: the same one from its beginning to its end."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow as pa
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.lake import tables
from xueqiao.lake.recipes import location, recipes
from xueqiao.lake.retention import lines

if TYPE_CHECKING:
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
    """The version of each table that one job reads, so that all of it reads the same."""

    root: Path
    pinned: dict[str, DeltaTable] = field(default_factory=dict)
    turn: threading.RLock = field(default_factory=threading.RLock)

    def table(self, name: str) -> tables.Table:
        known = recipes().get(name)
        parted = known.is_parted if known else name in PARTED_BRONZE
        return tables.Table(self.root, location(name), is_parted=parted)

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

    def attach(self, engine: Engine, name: str, *, parts: list[str] | None = EVERYTHING) -> None:
        """Make a table readable, whole or only some of its parts."""
        opened, parted = self.pin(name), self.table(name).is_parted
        files = opened.file_uris()
        if parted and parts is not EVERYTHING:
            wanted = set(parts)
            files = [file for file in files if tables.part_of(file) in wanted]
        engine.attach(name, files=files, schema=schema_of(opened), is_parted=parted)

    def size(self, name: str, *, parts: list[str] | None = EVERYTHING) -> Size:
        """Rows and bytes of a table, whole or only some of its parts, as its commits say."""
        opened, parted = self.pin(name), self.table(name).is_parted
        files = pa.table(opened.get_add_actions(flatten=True)).to_pylist()
        if parted and parts is not EVERYTHING:
            wanted = set(parts)
            files = [file for file in files if tables.part_of(file["path"]) in wanted]
        return Size(
            sum(file["num_records"] for file in files), sum(file["size_bytes"] for file in files)
        )


def gated(root: Path, pins: dict[str, int]) -> Reading:
    """A reading that sees tables which broke their contract as they were before.

    Args:
        pins: table → version, as ``contracts.checked`` and ``contracts.pins`` say.
    """
    pinned = {name: tables.Table(root, name).opened(version) for name, version in pins.items()}
    return Reading(root, {name: opened for name, opened in pinned.items() if opened is not None})


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
