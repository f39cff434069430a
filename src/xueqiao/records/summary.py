"""What came in, by source: the numbers of the account, the console and the reconciliation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Max, Sum

from xueqiao.records.models import Batch, Quarantine, Source

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class SourceSummary:
    """One source: received = accepted + duplicate + quarantined.

    Attributes:
        source: its code.
        reasons: how many items lie in quarantine for each ``Reason``, most first.
        last_received_at: None for a source that sent nothing yet.
    """

    source: str
    name: str
    received: int
    accepted: int
    duplicate: int
    quarantined: int
    last_received_at: datetime | None
    reasons: dict[str, int] = field(default_factory=dict)


def by_source() -> list[SourceSummary]:
    """Every source by code, in three queries however many there are."""
    reasons = quarantined_by_reason()
    totals: dict[int, dict[str, Any]] = {
        row["source_id"]: dict(row)
        for row in Batch.objects.values("source_id").annotate(
            received=Sum("received"),
            accepted=Sum("accepted"),
            duplicate=Sum("duplicate"),
            quarantined=Sum("quarantined"),
            last=Max("received_at"),
        )
    }
    none: dict[str, Any] = {
        "received": 0, "accepted": 0, "duplicate": 0, "quarantined": 0, "last": None,
    }  # fmt: skip
    found = []
    for source in Source.objects.order_by("code"):
        row = totals.get(source.pk, none)
        found.append(
            SourceSummary(
                source=source.code,
                name=source.name,
                received=row["received"],
                accepted=row["accepted"],
                duplicate=row["duplicate"],
                quarantined=row["quarantined"],
                last_received_at=row["last"],
                reasons=reasons.get(source.code, {}),
            )
        )
    return found


def quarantined_by_reason() -> dict[str, dict[str, int]]:
    """Source code → reason → how many, most first."""
    rows = (
        Quarantine.objects.held()
        .values_list("batch__source__code", "reason")
        .annotate(count=Count("id"))
        .order_by("batch__source__code", "-count", "reason")
    )
    found: dict[str, dict[str, int]] = {}
    for code, reason, count in rows:
        found.setdefault(code, {})[reason] = count
    return found
