"""What the scores say, added up: by source, dimension, rule and day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow.dataset as ds

from xueqiao.lake import tables
from xueqiao.lake.quality.rules import BY_CODE, Dimension
from xueqiao.lake.quality.scoring import SCORE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from pathlib import Path


class Score(NamedTuple):
    """How many rows were asked, and how many of them broke the rule."""

    checked: int
    failed: int

    @property
    def hundredths(self) -> int | None:
        """Rows that kept it, in hundredths of a percent, rounded down; None where none was asked.

        >>> Score(3, 1).hundredths, Score(0, 0).hundredths
        (6666, None)
        """
        return (self.checked - self.failed) * 10000 // self.checked if self.checked else None


NOTHING = Score(0, 0)
Line = dict[str, Any]


def lines(root: Path, *, since: date, source: int | None = None) -> list[Line]:
    """Rows of ``quality.score`` about sources and days; at most rules × sources × days."""
    opened = tables.Table(root, SCORE).opened()
    if opened is None:
        return []
    asked = ds.field("batch_id").is_null() & (ds.field("day") >= since)
    asked &= ds.field("part") >= f"{since:%Y-%m}"
    if source is not None:
        asked &= ds.field("source_id") == source
    found: list[Line] = opened.to_pyarrow_dataset().to_table(filter=asked).to_pylist()
    return [line for line in found if line["rule"] in BY_CODE]


def added_up(found: Iterable[Line], *by: str) -> dict[tuple[Any, ...], Score]:
    """Scores by some of ``source_id``, ``rule``, ``day``, ``dimension``, in this order."""
    sums: dict[tuple[Any, ...], Score] = {}
    for line in found:
        keyed = {**line, "dimension": BY_CODE[line["rule"]].dimension}
        key = tuple(keyed[name] for name in by)
        before = sums.get(key, NOTHING)
        sums[key] = Score(before.checked + line["checked"], before.failed + line["failed"])
    return sums


def of_table(root: Path, name: str, *, since: date) -> dict[Dimension, Score]:
    """The score of a table in each dimension.

    Of the log of statements only: other tables are judged whole, by their contract.
    """
    if name != "bronze.statement":
        return {}
    return {key[0]: score for key, score in added_up(lines(root, since=since), "dimension").items()}
