"""What each table of the lake costs: room on the disk, and work to fill it. Read from its logs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from xueqiao.lake import extract, facts, folding, tables
from xueqiao.lake.build import history

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

EVENTS = "bronze.statement"
"""The table whose rows are the events: what all others are measured by."""


@dataclass(frozen=True)
class Cost:
    """One table.

    Attributes:
        size: bytes of the files that its last commit names.
        events: rows of the log of statements, the same for every table.
        written: rows written since the day asked for, those made anew too.
        milliseconds: of extractions and builds since that day; tables made at once share the time.
    """

    name: str
    rows: int
    size: int
    events: int
    whole: int
    written: int
    milliseconds: int

    @property
    def bytes_per_row(self) -> int:
        """Rounded down; 0 of an empty table."""
        return self.size // self.rows if self.rows else 0

    @property
    def bytes_per_event(self) -> int:
        """What it adds to each event that the lake holds, rounded down."""
        return self.size // self.events if self.events else 0

    @property
    def share(self) -> int:
        """Of all bytes of the lake, in tenths of a per cent."""
        return 1000 * self.size // self.whole if self.whole else 0


def of(root: Path, *, since: datetime) -> list[Cost]:
    """The cost of every table that was ever filled.

    Args:
        root: the lake's folder.
        since: work before this time is left out; aware.
    """
    known, worked = facts.of(root), work(root, since=since)
    events = known[EVENTS].rows if EVENTS in known else 0
    whole = sum(each.size for each in known.values())
    return [
        Cost(name, each.rows, each.size, events, whole, *worked.get(name, (0, 0)))
        for name, each in known.items()
    ]


def work(root: Path, *, since: datetime) -> dict[str, tuple[int, int]]:
    """Rows and milliseconds by table, of extractions and builds since a time."""
    found = []
    for name in (extract.RUNS, history.TABLE):
        table = tables.Table(root, name)
        if table.opened() is not None:
            wanted = ["table", "rows", "milliseconds"]
            found.append(folding.columns_of(table, wanted, pc.field("started_at") >= since))
    if not found:
        return {}
    summed = pa.concat_tables(found).group_by("table")
    rows = summed.aggregate([("rows", "sum"), ("milliseconds", "sum")]).to_pylist()
    return {row["table"]: (row["rows_sum"] or 0, row["milliseconds_sum"] or 0) for row in rows}
