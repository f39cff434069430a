"""The rows of a run on the screen: a page at a time, from the file, for who asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
from django.utils.translation import gettext as _

from xueqiao.governance.models import QueryRun
from xueqiao.governance.workbench import running
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from xueqiao.people.models import Person

PAGE = 50


class GrantOver(errors.Refusal):
    """The grant under which the rows were read has ended."""

    code = "lake.grant_over"
    status = 403


@dataclass(frozen=True)
class Page:
    """Some rows: titles, cells, the place of the first one, whether more follow."""

    columns: list[str]
    rows: list[list[Any]]
    first: int
    has_more: bool


def file(run: QueryRun) -> Path:
    """The Parquet file of a result."""
    return running.folder(run) / "rows.parquet"


def page(*, run: QueryRun, by: Person, first: int, at: datetime) -> Page:
    """Rows of a result from the one after ``first`` on.

    Raises:
        running.RunOfAnother, running.RunOver, GrantOver.
    """
    refuse_unreadable(run=run, by=by, at=at)
    first = max(0, min(first, run.rows))
    rows = list(_sliced(file(run), first, PAGE))
    columns = [name for name, _kind in run.columns]
    return Page(columns, rows, first, first + len(rows) < run.rows)


def refuse_unreadable(*, run: QueryRun, by: Person, at: datetime) -> None:
    """Refuse somebody else, a result that is gone, and one whose grants have ended."""
    if run.asked_by_id != by.pk:
        raise running.RunOfAnother(_("Only who asked may see the result."))
    if run.state != QueryRun.State.DONE or not file(run).exists():
        raise running.RunOver(_("This result is not there (any more). Run the query again."))
    if running.grants_end(run, at):
        raise GrantOver(_("The grant that you read this under has ended. Ask for a new one."))


def _sliced(path: Path, first: int, most: int) -> Iterator[list[Any]]:
    """Rows of a file, reading only the row groups that hold them."""
    with pq.ParquetFile(path) as rows:
        start = 0
        for number in range(rows.num_row_groups):
            size = rows.metadata.row_group(number).num_rows
            if start + size > first and most > 0:
                group = rows.read_row_group(number).slice(max(0, first - start), most)
                most -= group.num_rows
                columns = [column.to_pylist() for column in group.columns]
                yield from ([*row] for row in zip(*columns, strict=True))
            start += size
