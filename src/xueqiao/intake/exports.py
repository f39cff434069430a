"""Connections and their runs as flat rows for the lake. No settings and no secrets."""

from __future__ import annotations

from xueqiao.intake.models import Connection, Run
from xueqiao.kernel import flat

CONNECTIONS = flat.Export(
    Connection.objects.all(),
    {"connection_id": "pk"}
    | flat.same("source_id", "kind", "contract_id", "failures", "paused_at", "created_at"),
    key="connection_id",
)
RUNS = flat.Export(
    Run.objects.all(),
    {"run_id": "pk", "source_id": "connection__source_id"}
    | flat.same(
        "connection_id", "state", "started_at", "ended_at", "is_replay", "portions", "received",
        "accepted", "duplicate", "quarantined",
    ),
    key="run_id",
)  # fmt: skip
