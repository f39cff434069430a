"""The contracts that come with Xueqiao, and those in force: shipped, or approved since."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from xueqiao.lake import tables
from xueqiao.lake.contracts import odcs

if TYPE_CHECKING:
    from xueqiao.lake.contracts.contract import Contract

HERE = Path(__file__).parent
PUBLISHED = "quality.contract"


@cache
def shipped() -> dict[str, Contract]:
    """Contracts by name, as shipped."""
    found = [odcs.read(path.read_text(encoding="utf-8")) for path in sorted(HERE.glob("*.yaml"))]
    return {each.name: each for each in found}


def in_force(root: Path) -> dict[str, Contract]:
    """Contracts by name: those approved, before those shipped."""
    opened = tables.Table(root, PUBLISHED).opened()
    approved = [] if opened is None else opened.to_pyarrow_table()["document"].to_pylist()
    return {**shipped(), **{each.name: each for each in map(odcs.read, approved)}}
