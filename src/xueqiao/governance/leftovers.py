"""Folders of files that belong to rows: of runs of queries, of exports."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from pathlib import Path


def by_key(home: Path) -> dict[UUID, Path]:
    """The folders that are called after the key of a row; what else lies there is left out."""
    found: dict[UUID, Path] = {}
    for path in home.iterdir() if home.exists() else ():
        with suppress(ValueError):
            found[UUID(path.name)] = path
    return found
