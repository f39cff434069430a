"""A sign on the lake while a build runs: which one, how far, since when.

A file beside the lock, so that every process can see it; whoever left it behind dead is not shown.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from xueqiao.kernel import lease

if TYPE_CHECKING:
    from pathlib import Path

FILE = ".build.going.json"


@dataclass(frozen=True)
class Going:
    """A build that runs. ``done``, ``total``: tables; ``tables``: those being made right now."""

    run: str
    began_at: datetime
    done: int
    total: int
    tables: list[str]


@dataclass(frozen=True)
class Sign:
    """What a build holds up for others to see. A disk that takes no sign does not hinder it."""

    root: Path
    run: str
    began_at: datetime

    def show(self, *, done: int, total: int, tables: list[str]) -> None:
        going = asdict(Going(self.run, self.began_at, done, total, sorted(tables)))
        text = json.dumps({**going, "owner": lease.owner()}, default=datetime.isoformat)
        with suppress(OSError):
            fresh = self.root / f"{FILE}.new"
            fresh.write_text(text)
            fresh.replace(self.root / FILE)

    def take_down(self) -> None:
        with suppress(OSError):
            (self.root / FILE).unlink()


def now(root: Path) -> Going | None:
    """The build that runs on a lake; None where none does, or where it has died."""
    try:
        found = json.loads((root / FILE).read_text())
    except (OSError, ValueError):
        return None
    if lease.is_dead(found.pop("owner")):
        return None
    return Going(**{**found, "began_at": datetime.fromisoformat(found["began_at"])})
