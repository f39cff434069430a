"""Causes of alarms: what the last check found, and what has not come in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from xueqiao.lake import reconcile, tables
from xueqiao.lake.contracts import checks, gate
from xueqiao.lake.contracts.contract import OF_SOURCE, SOURCE_TABLE
from xueqiao.lake.contracts.shipped import in_force
from xueqiao.lake.quality import holding, scoring, setbacks

if TYPE_CHECKING:
    from pathlib import Path

Causes = dict[tuple[str, str], dict[str, Any]]
"""Kind and subject → the facts it is raised for."""


def causes(root: Path, *, at: datetime) -> Causes:
    """All causes, by kind and subject. Reads the small tables of ``quality`` only."""
    return {
        **stopped(root), **held(root), **late(root, at), **unbalanced(root), **unscored(root)
    }  # fmt: skip


def stopped(root: Path) -> Causes:
    """Tables that broke their contract."""
    return {
        ("stopped", each.table): {
            "breaches": each.breaches,
            "good_at": each.good_at.isoformat() if each.good_at else None,
        }
        for each in gate.verdicts(root)
        if each.is_stopped
    }


def held(root: Path) -> Causes:
    """Sources of which batches wait for somebody; those that were rejected do not."""
    codes = scoring.source_codes(root)
    found: Causes = {}
    for row in holding.held(root):
        if row["verdict"]:
            continue
        subject = codes.get(row["source_id"], str(row["source_id"]))
        facts = found.setdefault(("held", subject), {"batches": 0, "rows": 0})
        facts["batches"] += 1
        facts["rows"] += row["failed"]
    return found


def unbalanced(root: Path) -> Causes:
    """Batches of which the lake does not hold what was accepted."""
    return {("unbalanced", key[1]): facts for key, facts in reconcile.causes(root).items()}


def unscored(root: Path) -> Causes:
    """The statements, where check after check could not say how good they are."""
    found = setbacks.of(root)
    if found is None or found.times < setbacks.MANY:
        return {}
    facts = {"times": found.times, "since": found.since.isoformat(), "error": found.error}
    return {("unscored", SOURCE_TABLE): facts}


def late(root: Path, at: datetime) -> Causes:
    """Tables and sources that brought nothing new for longer than was agreed."""
    received: dict[int, datetime] | None = None
    found: Causes = {}
    for name, contract in in_force(root).items():
        if not contract.latest_hours:
            continue
        if name.startswith(OF_SOURCE):
            received = last_received(root) if received is None else received
            codes = {code: number for number, code in scoring.source_codes(root).items()}
            last = received.get(codes.get(name.removeprefix(OF_SOURCE), 0))
        else:
            last = last_commit(tables.Table(root, name))
        if last is not None and at - last > timedelta(hours=contract.latest_hours):
            subject = name.removeprefix(OF_SOURCE)
            facts = {"since": last.isoformat(), "hours": contract.latest_hours}
            found["late", subject] = facts
    return found


def last_received(root: Path) -> dict[int, datetime]:
    """Source → when its last batch was received."""
    opened = tables.Table(root, "bronze.batch").opened()
    found: dict[int, datetime] = {}
    if opened is not None:
        rows = opened.to_pyarrow_table(columns=["source_id", "received_at"])
        for row in rows.group_by("source_id").aggregate([("received_at", "max")]).to_pylist():
            found[row["source_id"]] = row["received_at_max"]
    return found


def last_commit(table: tables.Table) -> datetime | None:
    """When a table was last written."""
    opened = table.opened()
    if opened is None:
        return None
    return datetime.fromtimestamp(opened.history(1)[0]["timestamp"] / 1000, UTC)


def said_of_table(facts: dict[str, Any]) -> str:
    """What was broken, in sentences."""
    return " ".join(checks.said(each) for each in facts.get("breaches", []))
