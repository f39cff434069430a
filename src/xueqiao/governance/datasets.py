"""The tables of the lake as analysts see them: columns, rows, bytes, and whose rows they are.

Analysts read stage and marts. Bronze, with the text of statements, is not offered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
from django.conf import settings
from django.utils.translation import gettext as _

from xueqiao.governance import rules
from xueqiao.kernel import errors
from xueqiao.lake import build, storage
from xueqiao.lake.recipes import recipes

if TYPE_CHECKING:
    from pathlib import Path

    from deltalake import DeltaTable


class NoSuchTable(errors.Refusal):
    """The lake has no table of that name, or it was never filled."""

    code = "lake.no_such_table"
    status = 404


class OutOfReach(errors.Refusal):
    """The lake lies in a bucket, which the process of a query cannot reach."""

    code = "lake.out_of_reach"
    status = 501


@dataclass(frozen=True)
class File:
    """One Parquet file of a table."""

    path: str
    rows: int
    size_bytes: int


@dataclass(frozen=True)
class Dataset:
    """One table at one version.

    Attributes:
        grain: what one row is, from the heading of its recipe.
        narrowed_by: the column that leads to a place; "" where none does.
    """

    name: str
    grain: str
    schema: pa.Schema
    files: tuple[File, ...]
    version: int
    is_parted: bool
    root: str

    @property
    def columns(self) -> list[str]:
        return list(self.schema.names)

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.files)

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)

    @property
    def is_personal(self) -> bool:
        return rules.is_personal(self.columns)

    @property
    def narrowed_by(self) -> str:
        return rules.narrowed_by(self.columns)


def names() -> frozenset[str]:
    """The names of all tables that can be asked for, filled or not."""
    return frozenset(recipes())


def filled(root: Path | None = None) -> dict[str, Dataset]:
    """Every table that has been built, by name, at its newest version.

    Args:
        root: the lake's folder; the one of the settings when it is left out.

    Raises:
        OutOfReach.
    """
    reading = build.Reading(_reachable(root or settings.LAKE))
    found = {}
    for name in recipes():
        opened = reading.table(name).opened()
        if opened is not None:
            found[name] = _dataset(reading, name, opened)
    return dict(sorted(found.items()))


def of(name: str, root: Path | None = None) -> Dataset:
    """One table.

    Raises:
        NoSuchTable, OutOfReach.
    """
    reading = build.Reading(_reachable(root or settings.LAKE))
    opened = reading.table(name).opened() if name in recipes() else None
    if opened is None:
        text = _("There is no table {name}, or it was never built. Look at the list of tables.")
        raise NoSuchTable(text.format(name=name))
    return _dataset(reading, name, opened)


def _reachable(root: Path) -> Path:
    if storage.of(root).options:
        text = _(
            "The lake lies in a bucket. The workbench needs files of this machine: serve it from a "
            "machine that holds a copy of stage and marts."
        )
        raise OutOfReach(text)
    return root


def _dataset(reading: build.Reading, name: str, opened: DeltaTable) -> Dataset:
    recipe, table = recipes()[name], reading.table(name)
    facts = pa.table(opened.get_add_actions(flatten=True))
    files = tuple(
        File(table.store.uri(f"{table.folder}/{path}"), rows or 0, size)
        for path, rows, size in zip(
            facts["path"].to_pylist(),
            facts["num_records"].to_pylist(),
            facts["size_bytes"].to_pylist(),
            strict=True,
        )
    )
    return Dataset(
        name=name, grain=recipe.heading["grain"], schema=build.schema_of(opened), files=files,
        version=opened.version(), is_parted=recipe.is_parted, root=table.store.uri(table.folder),
    )  # fmt: skip
