"""Runs of the lake's build as rows of pages: their history, and who asked for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings

from xueqiao.governance.models import BuildRequest
from xueqiao.kernel import clock
from xueqiao.lake.build import history

if TYPE_CHECKING:
    from datetime import datetime

MOST = 500
"""Of runs in the list; those before them stand in ``runs.build`` and in the lineage export."""
RANKS = (history.FAILED, history.SKIPPED, history.MADE)


@dataclass(frozen=True)
class Run:
    """One run. ``milliseconds``: of its tables together, which are made side by side."""

    pk: str
    started_at: datetime
    made: int
    failed: int
    skipped: int
    rows: int
    milliseconds: int
    engine: str
    program: str
    asked_by: str

    @property
    def is_well(self) -> bool:
        return not self.failed


@dataclass(frozen=True)
class TableRun:
    """What one run did with one table."""

    pk: str
    table: str
    outcome: str
    rows: int
    parts: str
    milliseconds: int
    why: str
    digest: str

    @property
    def rank(self) -> int:
        """Failures first, then what was left because of them."""
        return RANKS.index(self.outcome)


def runs() -> list[Run]:
    """The newest runs in which something was made or failed, at most ``MOST``."""
    return _runs(history.newest(settings.LAKE, most=MOST))


def run(name: str) -> tuple[Run, list[TableRun]] | None:
    """One run with what it did with each table it touched; None where there is none."""
    rows = history.rows_of(settings.LAKE, name)
    if not rows:
        # One of an earlier version of the program, which is called after its time.
        rows = [row for row in history.newest(settings.LAKE, most=MOST) if name_of(row) == name]
    return (_runs(rows)[0], [_table(row) for row in rows]) if rows else None


def _runs(rows: list[dict[str, Any]]) -> list[Run]:
    by_run: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_run.setdefault(name_of(row), []).append(row)
    keys = [name for name in by_run if len(name) == len("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")]
    asked = BuildRequest.objects.filter(key__in=keys).select_related("asked_by")
    names = {str(each.key): each.asked_by.name for each in asked}
    return [_run(name, found, names.get(name, "")) for name, found in by_run.items()]


def name_of(row: dict[str, Any]) -> str:
    """The name of the run of a row; rows of earlier versions of the program have only its time."""
    return row["run"] or f"{row['started_at']:%Y%m%dT%H%M%S%f}"


def _table(row: dict[str, Any]) -> TableRun:
    return TableRun(
        pk=row["table"],
        table=row["table"],
        outcome=row["outcome"] or history.MADE,
        rows=row["rows"] or 0,
        parts=row["parts"] or "",
        milliseconds=row["milliseconds"] or 0,
        why=row["why"] or "",
        digest=(row["code"] or "").rpartition(" ")[2],
    )


def last_failed() -> list[tuple[str, str]]:
    """The build that was asked for last, if it failed: when and by whom, and why."""
    last = BuildRequest.objects.select_related("asked_by").order_by("-pk").first()
    if last is None or last.state != BuildRequest.State.FAILED:
        return []
    return [(f"{clock.local_date(last.asked_at)} · {last.asked_by.name}", last.text)]


def _run(name: str, rows: list[dict[str, Any]], asked_by: str) -> Run:
    outcomes = [row["outcome"] or history.MADE for row in rows]
    return Run(
        pk=name,
        started_at=min(row["started_at"] for row in rows),
        made=outcomes.count(history.MADE),
        failed=outcomes.count(history.FAILED),
        skipped=outcomes.count(history.SKIPPED),
        rows=sum(row["rows"] or 0 for row in rows),
        milliseconds=sum(row["milliseconds"] or 0 for row in rows),
        engine=rows[0]["engine"] or "",
        program=(rows[0]["code"] or "").partition(" ")[0],
        asked_by=asked_by,
    )
