"""What the board is told once for all of its layers: six database queries, small lake tables.

Of the lake only logs of commits are read (kept in memory until they change), the tables with a row
for each table or batch that is held, the newest run of the builds, and a week of scores.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from deltalake.exceptions import DeltaError
from django.conf import settings

from xueqiao.intake.models import Connection
from xueqiao.kernel import clock
from xueqiao.lake import facts as stands
from xueqiao.lake.build import going, history
from xueqiao.lake.contracts import gate, shipped
from xueqiao.lake.contracts.contract import OF_SOURCE
from xueqiao.lake.quality import holding, summary
from xueqiao.monitor.models import IndicatorRun
from xueqiao.records.journal import marks
from xueqiao.records.models import Quarantine, Source
from xueqiao.web.console import connections
from xueqiao.web.console.board import jobs, waiting

if TYPE_CHECKING:
    from xueqiao.lake.quality.rules import Dimension

SCORED = timedelta(days=7)
MOST_COUNTED = 1000
"""Of what waits in quarantine no more are counted: the number itself tells nobody more."""


@dataclass(frozen=True)
class Lake:
    """How the lake stands.

    Attributes:
        hours: code of a source → after how many hours of silence its contract is broken.
        scores: of the statements of the last days, by dimension.
        failure: why it cannot be read; everything else is empty then.
    """

    facts: dict[str, stands.Facts] = field(default_factory=dict)
    verdicts: list[gate.Verdict] = field(default_factory=list)
    held: list[dict[str, Any]] = field(default_factory=list)
    build: list[dict[str, Any]] = field(default_factory=list)
    going: going.Going | None = None
    hours: dict[str, int] = field(default_factory=dict)
    scores: dict[Dimension, summary.Score] = field(default_factory=dict)
    failure: str = ""

    def changed_at(self, *floors: str) -> datetime | None:
        """When any table of some floors was last committed."""
        return max((each.changed_at for each in self.of(*floors)), default=None)

    def of(self, *floors: str) -> list[stands.Facts]:
        return [each for name, each in self.facts.items() if stands.floor(name) in floors]


@dataclass(frozen=True)
class Snapshot:
    """The state of the platform at a moment. ``quarantined``: at most ``MOST_COUNTED``."""

    now: datetime
    runs: dict[str, jobs.Ran]
    waits: dict[str, waiting.Waits]
    connections: list[Any]
    sources: list[Source]
    quarantined: int
    indicators: IndicatorRun | None
    lake: Lake
    disk: Any
    journal: marks.Pending


def read(now: datetime) -> Snapshot:
    """Read everything once."""
    return Snapshot(
        now=now,
        runs=jobs.last_runs(now),
        waits=waiting.read(now),
        connections=list(connections.with_last_run(Connection.objects.order_by("name", "pk"))),
        sources=list(Source.objects.order_by("name", "pk")),
        quarantined=Quarantine.objects.waiting().order_by()[:MOST_COUNTED].count(),
        indicators=IndicatorRun.objects.order_by("-pk").first(),
        lake=_lake(now),
        disk=shutil.disk_usage(settings.HOME),
        journal=marks.pending(),
    )


def _lake(now: datetime) -> Lake:
    root = settings.LAKE
    since = clock.local_date(now - SCORED)
    try:
        terms = shipped.in_force(root)
        scores = summary.added_up(summary.lines(root, since=since), "dimension")
        return Lake(
            facts=stands.of(root),
            verdicts=gate.verdicts(root),
            held=holding.held(root),
            build=history.newest(root, most=1),
            going=going.now(root),
            hours={
                name.removeprefix(OF_SOURCE): each.latest_hours
                for name, each in terms.items()
                if name.startswith(OF_SOURCE)
            },
            scores={dimension: score for (dimension,), score in scores.items()},
        )
    except (DeltaError, OSError, ValueError, KeyError) as why:
        # A board that breaks with what it shows would tell nothing.
        return Lake(failure=f"{type(why).__name__}: {why}"[:300])
