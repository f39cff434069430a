"""Hands decisions to the lake, which reads no database. A second time changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xueqiao.governance.models import DataContract, HoldDecision, LakeRetention
from xueqiao.lake.contracts import decided
from xueqiao.lake.retention import lines

if TYPE_CHECKING:
    from pathlib import Path


def publish(*, root: Path) -> bool:
    """Bring ``quality.contract`` and ``quality.decision`` up to the database. Whether they changed.

    Also the lines of ``runs.retention``: a lake that was made anew or restored takes nothing in
    again that was given up.

    Raises:
        tables.LakeFull: the disk is full; the lake goes on with what it knew.
    """
    approved = DataContract.objects.filter(state=DataContract.State.APPROVED)
    newest = {row.name: row for row in approved.order_by("name", "version")}
    last = {
        (row.subject, row.number): row for row in HoldDecision.objects.order_by("decided_at", "pk")
    }
    is_moved = bool(_announce(root))
    is_other = decided.publish(
        root=root,
        contracts=[
            {
                "name": row.name, "version": row.version, "document": row.document,
                "approved_at": row.decided_at,
            }
            for row in newest.values()
        ],
        decisions=[
            {
                "subject": row.subject, "number": row.number, "verdict": row.verdict,
                "decided_at": row.decided_at,
            }
            for _key, row in sorted(last.items())
        ],
    )  # fmt: skip
    return is_other or is_moved


def _announce(root: Path) -> lines.Lines:
    """The lines of every plan that was begun; those that the lake did not know."""
    wanted: lines.Lines = {}
    last = None
    for last in LakeRetention.objects.announced():
        for name, month in last.lines.items():
            wanted[name] = max(wanted.get(name, ""), month)
    if last is None or last.started_at is None:
        return {}
    return lines.announce(root=root, lines=wanted, number=last.pk, at=last.started_at)
