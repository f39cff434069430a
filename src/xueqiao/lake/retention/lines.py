"""From which month on each table is kept: its line. It lies in the lake, where builds read it.

A line only moves forward. Extraction takes nothing in that lies before the line, a build makes
nothing anew there, a reconciliation asks for nothing there.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from xueqiao.kernel import clock
from xueqiao.lake import sources, tables
from xueqiao.lake.recipes import recipes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

TABLE = "runs.retention"
COLUMNS = sources.columns(
    announced_at=sources.INSTANT, number=sources.BIG, table=sources.TEXT, kept_from=sources.TEXT
)
Lines = dict[str, str]
"""Table, as SQL names it, → 'YYYY-MM', the first month that is kept."""


def of(root: Path) -> Lines:
    """The lines in force; tables without one are kept from their beginning."""
    opened = tables.Table(root, TABLE).opened()
    found: Lines = {}
    if opened is not None:
        for row in opened.to_pyarrow_table(columns=["table", "kept_from"]).to_pylist():
            found[row["table"]] = max(found.get(row["table"], ""), row["kept_from"])
    return found


def announce(*, root: Path, lines: Mapping[str, str], number: int, at: datetime) -> Lines:
    """Move lines forward. The same again, or an earlier month, changes nothing.

    Args:
        number: of the receipt that they belong to.

    Returns:
        The lines that moved.
    """
    now = of(root)
    moved = {name: month for name, month in sorted(lines.items()) if month > now.get(name, "")}
    if moved:
        rows = [
            {"announced_at": at, "number": number, "table": name, "kept_from": month}
            for name, month in moved.items()
        ]
        tables.Table(root, TABLE).commit(
            batches=sources.reader(COLUMNS, [sources.as_table(COLUMNS, rows)]),
            marks={},
            replace="nothing",
        )
    return moved


def floor(lines: Mapping[str, str], name: str) -> str:
    """The first month of a table that may be made anew: what it is made of is there from then on.

    >>> floor({"stage.event": "2024-01"}, "place_month"), floor({}, "place_month")
    ('2024-01', '')
    """
    known = recipes()
    if not lines or name not in known:
        return lines.get(name, "")
    if not known[name].is_parted:
        return ""
    return max(lines.get(name, ""), *(floor(lines, read) for read in known[name].reads))


def begins(line: str) -> datetime | None:
    """The first instant of what is kept; None where nothing was given up.

    >>> begins("2024-01").isoformat(), begins("")
    ('2023-12-31T16:00:00+00:00', None)
    """
    if not line:
        return None
    year, month = line.split("-")
    return clock.start_of(date(int(year), int(month), 1))
