"""Each batch of the log against its rows in bronze: nothing is lost on the way, nothing doubled.

A batch arrives in one transaction and never gains rows, so it is judged once all its statements can
have been copied: in an extraction that began after the one that brought the batch itself. Where
its rows are not as many as it has accepted, they are counted in the log: a repair stores the rows
of one batch under another, and an erasure takes rows from both floors. Months that the lake has
given up are counted on neither side.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xueqiao.lake import folding, sources, tables
from xueqiao.lake.retention import lines
from xueqiao.records import exports as records

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from pathlib import Path

    Numbers = np.ndarray[Any, Any]

RUNS, LOG, BATCHES = "runs.batch", "bronze.statement", "bronze.batch"
COLUMNS = sources.columns(
    judged_at=sources.INSTANT, batch_id=sources.BIG, source_id=sources.BIG, received=sources.BIG,
    accepted=sources.BIG, duplicate=sources.BIG, quarantined=sources.BIG, stored=sources.BIG,
    rows=sources.BIG, is_balanced=sources.FLAG,
)  # fmt: skip

PORTION = 50_000
"""Batches that are judged in one go."""


@dataclass(frozen=True)
class Judgement:
    """A batch with what became of it.

    Attributes:
        stored: the rows that it has in the log.
        rows: its rows in bronze at the same time.
    """

    judged_at: datetime
    batch_id: int
    source_id: int
    received: int
    accepted: int
    duplicate: int
    quarantined: int
    stored: int
    rows: int

    @property
    def is_balanced(self) -> bool:
        parts = self.accepted + self.duplicate + self.quarantined
        return self.received == parts and self.stored == self.rows


def follow(*, root: Path, at: datetime) -> list[Judgement]:
    """Judge the batches that came before the extraction at ``at`` and were not judged yet.

    Args:
        at: when the extraction began that has just ended.
    """
    return judged(root, np.setdiff1d(arrived(root, at), numbers_in(root, RUNS)), at)


def check(*, root: Path, at: datetime) -> list[Judgement]:
    """Judge every batch anew; those that do not balance. Only changed judgements are kept."""
    return [each for each in judged(root, arrived(root, at), at) if not each.is_balanced]


def causes(root: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """What is an alarm: each batch that did not balance when last judged, with its counts."""
    odd = rows_in(root, RUNS, ["batch_id"], ~pc.field("is_balanced"))
    return {
        ("batch", str(row["batch_id"])): {
            name: row[name] for name in ("source_id", "stored", "rows", "received", "accepted")
        }
        for row in latest(root, {row["batch_id"] for row in odd})
        if not row["is_balanced"]
    }


def judged(root: Path, wanted: Numbers, at: datetime) -> list[Judgement]:
    """Judge some batches, a portion at a time, and keep what was not known of them."""
    ordered, found = np.sort(wanted), list[Judgement]()
    for start in range(0, len(ordered), PORTION):
        found += _judged(root, ordered[start : start + PORTION].tolist(), at)
    return found


def _judged(root: Path, numbers: list[int], at: datetime) -> list[Judgement]:
    held = rows_in(root, BATCHES, COLUMNS.names[1:7], among(numbers))
    line = lines.of(root).get(LOG, "")
    rows = rows_of(root, numbers, line)
    odd = [row["batch_id"] for row in held if rows[row["batch_id"]] != row["accepted"]]
    counted = dict.fromkeys(odd, 0) | records.rows_of_batches(odd, since=lines.begins(line))
    if lines.of(root).get(LOG, "") != line:
        # It moved in between, so that the one side was counted without what the other has.
        return _judged(root, numbers, at)
    found = [
        Judgement(
            judged_at=at,
            stored=counted.get(row["batch_id"], row["accepted"]),
            rows=rows[row["batch_id"]],
            **{name: row[name] for name in COLUMNS.names[1:7]},
        )
        for row in held
    ]
    known = {row["batch_id"]: (row["stored"], row["rows"]) for row in latest(root, set(numbers))}
    news = [each for each in found if known.get(each.batch_id) != (each.stored, each.rows)]
    if news:
        kept = [asdict(each) | {"is_balanced": each.is_balanced} for each in news]
        tables.Table(root, RUNS).commit(
            batches=sources.reader(COLUMNS, [sources.as_table(COLUMNS, kept)]),
            marks={},
            replace="nothing",
        )
    return found


def arrived(root: Path, at: datetime) -> Numbers:
    """The batches in bronze that had arrived before a time; none before the first extraction."""
    return numbers_in(root, BATCHES, pc.field("arrived_at") < pa.scalar(at, sources.INSTANT))


def numbers_in(root: Path, name: str, where: Any = None) -> Numbers:
    """The batches that a table speaks of. Eight bytes each, however many there were."""
    table = tables.Table(root, name)
    if table.opened() is None:
        return np.empty(0, np.int64)
    found: Numbers = folding.columns_of(table, ["batch_id"], where)["batch_id"].to_numpy()
    return found


def latest(root: Path, wanted: Collection[int]) -> list[dict[str, Any]]:
    """The last judgement of some batches."""
    found = rows_in(root, RUNS, COLUMNS.names, among(wanted))
    ordered = sorted(found, key=lambda row: row["judged_at"])
    return list({row["batch_id"]: row for row in ordered}.values())


def among(wanted: Collection[int]) -> Any:
    """A filter for rows of some batches; groups of rows that are about none are not read."""
    if not wanted:
        return pc.scalar(value=False)
    ranged = (pc.field("batch_id") >= min(wanted)) & (pc.field("batch_id") <= max(wanted))
    return ranged & pc.field("batch_id").isin(pa.array(sorted(wanted), pa.int64()))


def rows_in(root: Path, name: str, columns: list[str], where: Any) -> list[dict[str, Any]]:
    table = tables.Table(root, name)
    if table.opened() is None:
        return []
    found: list[dict[str, Any]] = folding.columns_of(table, columns, where).to_pylist()
    return found


def rows_of(root: Path, wanted: list[int], line: str = "") -> Counter[int]:
    """How many rows of the log in bronze each batch has. Reads one column, a batch at a time.

    Args:
        line: the first month that is kept; what is still held before it is not counted.
    """
    counted: Counter[int] = Counter()
    table = tables.Table(root, LOG, is_parted=True)
    if table.opened() is None:
        return counted
    which = among(wanted)
    if line:
        which &= pc.field(tables.PART) >= line
    for rows in folding.rows_in(table, table.file_names()).to_batches(
        columns=["batch_id"], filter=which
    ):
        keys, times = np.unique(rows["batch_id"].to_numpy(), return_counts=True)
        counted.update(dict(zip(keys.tolist(), times.tolist(), strict=True)))
    return counted
