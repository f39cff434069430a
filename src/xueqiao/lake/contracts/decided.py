"""What people decided about contracts and held batches, as the lake reads it.

Who may decide, and what stands in the database about it, is governance's; it hands the result over
here, whole, and the lake keeps it beside its tables, so that a build needs no database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xueqiao.lake import sources, tables
from xueqiao.lake.contracts.shipped import PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pyarrow as pa

DECISION = "quality.decision"
RELEASE, REJECT = "release", "reject"
CONTRACT_COLUMNS = sources.columns(
    name=sources.TEXT, version=sources.INT, document=sources.TEXT, approved_at=sources.INSTANT
)
DECISION_COLUMNS = sources.columns(
    subject=sources.TEXT, number=sources.BIG, verdict=sources.TEXT, decided_at=sources.INSTANT
)


def publish(
    *, root: Path, contracts: Iterable[dict[str, Any]], decisions: Iterable[dict[str, Any]]
) -> bool:
    """Replace what the lake knows of decisions. Doing it again with the same changes nothing.

    Args:
        contracts: name, version, document (YAML of ODCS), approved_at; one a name.
        decisions: subject (``batch``, or a table's name), number (of the batch, or the table's
            version), verdict, decided_at.

    Returns:
        Whether anything had changed.
    """
    one = _replace(root, PUBLISHED, CONTRACT_COLUMNS, list(contracts))
    other = _replace(root, DECISION, DECISION_COLUMNS, list(decisions))
    return one or other


def allowed_versions(root: Path) -> set[tuple[str, int]]:
    """Tables with the version that a steward let through although it breaks the contract."""
    rows = _decisions(root)
    return {(row["subject"], row["number"]) for row in rows if row["verdict"] == RELEASE}


def about_batches(root: Path) -> dict[int, str]:
    """Batch → what was decided about it."""
    rows = _decisions(root)
    return {row["number"]: row["verdict"] for row in rows if row["subject"] == "batch"}


def _decisions(root: Path) -> list[dict[str, Any]]:
    opened = tables.Table(root, DECISION).opened()
    found: list[dict[str, Any]] = [] if opened is None else opened.to_pyarrow_table().to_pylist()
    return found


def _replace(root: Path, name: str, schema: pa.Schema, rows: list[dict[str, Any]]) -> bool:
    table, stamp = tables.Table(root, name), tables.number(rows)
    is_nothing_new = not rows and table.version() == tables.NEVER
    if is_nothing_new or table.marks(["stamp"]).get("stamp") == stamp:
        return False
    table.commit(
        batches=sources.reader(schema, sources.as_tables(schema, rows)),
        marks={"stamp": stamp},
        replace="everything",
    )
    return True
