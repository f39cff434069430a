"""Setbacks: checks in a row that could not say how good the statements are.

One check that fails is asked again by the next one; one that always fails leaves the scores as old
as they are without a word, and is a cause for an alarm. The table is empty after a check that went
well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from xueqiao.lake import sources, tables

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

SETBACK = "quality.setback"
MANY = 3
"""Checks in a row after which it is no accident."""
COLUMNS = sources.columns(
    since=sources.INSTANT, last_at=sources.INSTANT, times=sources.BIG, error=sources.TEXT
)


class Setback(NamedTuple):
    """``times``: checks in a row that failed. ``error``: the name of what the last one met.

    The words of an error may hold what somebody learned, so they stay in the log of the server.
    """

    since: datetime
    last_at: datetime
    times: int
    error: str


def of(root: Path) -> Setback | None:
    """What the checks since the last good one met; None where the last one went well."""
    opened = tables.Table(root, SETBACK).opened()
    rows: list[dict[str, Any]] = [] if opened is None else opened.to_pyarrow_table().to_pylist()
    return Setback(**rows[0]) if rows else None


def note(*, root: Path, error: Exception, at: datetime) -> None:
    """One more check has failed."""
    before = of(root)
    write(
        root,
        Setback(
            since=before.since if before else at,
            last_at=at,
            times=before.times + 1 if before else 1,
            error=type(error).__name__,
        ),
    )


def over(root: Path) -> None:
    """A check went well. Writes only where an earlier one had not."""
    if of(root) is not None:
        write(root, None)


def write(root: Path, setback: Setback | None) -> None:
    rows = [setback._asdict()] if setback else []
    tables.Table(root, SETBACK).commit(
        batches=sources.reader(COLUMNS, sources.as_tables(COLUMNS, rows)),
        marks={},
        replace="everything",
    )
