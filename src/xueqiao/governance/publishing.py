"""Hands decisions to the lake, which reads no database. A second time changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xueqiao.governance.models import DataContract, HoldDecision
from xueqiao.lake.contracts import decided

if TYPE_CHECKING:
    from pathlib import Path


def publish(*, root: Path) -> bool:
    """Bring ``quality.contract`` and ``quality.decision`` up to the database. Whether they changed.

    Raises:
        tables.LakeFull: the disk is full; the lake goes on with what it knew.
    """
    approved = DataContract.objects.filter(state=DataContract.State.APPROVED)
    newest = {row.name: row for row in approved.order_by("name", "version")}
    last = {
        (row.subject, row.number): row for row in HoldDecision.objects.order_by("decided_at", "pk")
    }
    return decided.publish(
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
