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
    """Every run in which something was made or failed."""
    by_run: dict[str, list[dict[str, Any]]] = {}
    for row in history.rows_of(settings.LAKE):
        by_run.setdefault(name_of(row), []).append(row)
    keys = [name for name in by_run if len(name) == len("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")]
    asked = BuildRequest.objects.filter(key__in=keys).select_related("asked_by")
    names = {str(each.key): each.asked_by.name for each in asked}
    return [_run(name, rows, names.get(name, "")) for name, rows in by_run.items()]


def name_of(row: dict[str, Any]) -> str:
    """The name of the run of a row; rows of earlier versions of the program have only its time."""
    return row["run"] or f"{row['started_at']:%Y%m%dT%H%M%S%f}"


def tables_of(run: str) -> list[TableRun]:
    """What a run did with each table it touched."""
    rows = [row for row in history.rows_of(settings.LAKE) if name_of(row) == run]
    return [
        TableRun(
            pk=row["table"],
            table=row["table"],
            outcome=row["outcome"] or history.MADE,
            rows=row["rows"] or 0,
            parts=row["parts"] or "",
            milliseconds=row["milliseconds"] or 0,
            why=row["why"] or "",
            digest=(row["code"] or "").rpartition(" ")[2],
        )
        for row in rows
    ]


def last_made() -> dict[str, datetime]:
    """When each table was last made, by its name."""
    made = (row for row in history.rows_of(settings.LAKE) if row["outcome"] != history.FAILED)
    return {row["table"]: row["started_at"] for row in made if row["outcome"] != history.SKIPPED}


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
