"""What silver holds, counted by source: the figures that a recount from raw files compares with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xueqiao.lake import build

if TYPE_CHECKING:
    from pathlib import Path

    from xueqiao.lake.engine import Engine

FAMILIES = """
    select source.code as source, family, count(*) as n
    from stage.event join bronze.source source using (source_id) group by source.code, family
"""
SUMS = """
    select source.code as source, count(*) filter (where is_counted) as counted,
           count(*) filter (where is_completion) as completions,
           count(duplicate_of) as duplicates,
           coalesce(sum(seconds), 0)::bigint as seconds,
           coalesce(sum(score_hundredths), 0)::bigint as score_hundredths,
           coalesce(sum(progress_hundredths), 0)::bigint as progress_hundredths,
           count(distinct (learner_id, day)) as learner_days
    from stage.event join bronze.source source using (source_id) group by source.code
"""
HELD = """
    select source.code as source, reason, count(*) as n
    from stage.quarantine join bronze.source source using (source_id) group by source.code, reason
"""


def by_source(*, root: Path, engine: Engine) -> dict[str, dict[str, Any]]:
    """Events by family, sums of their measures, learner days, and what is held by reason.

    Raises:
        build.NotExtracted: the lake has not been built.
    """
    reading = build.Reading(root)
    for name in ("stage.event", "stage.quarantine", "bronze.source"):
        reading.attach(engine, name)
    found: dict[str, dict[str, Any]] = {}
    for row in _rows(engine, SUMS):
        source = row.pop("source")
        found[source] = {"events": {}, **row, "held": {}}
    for row in _rows(engine, FAMILIES):
        found[row["source"]]["events"][row["family"]] = row["n"]
    for row in _rows(engine, HELD):
        nothing: dict[str, Any] = {"events": {}, "held": {}}
        found.setdefault(row["source"], nothing)["held"][row["reason"]] = row["n"]
    return found


def _rows(engine: Engine, query: str) -> list[dict[str, Any]]:
    ordered = f"select * from ({query}) counted order by all"  # noqa: S608 - our own queries
    rows: list[dict[str, Any]] = engine.sql(ordered).read_all().to_pylist()
    return rows
