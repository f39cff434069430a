"""How much waits in each queue of the platform, and since when: all of them in one query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import CharField, Count, Min, Value
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from xueqiao.creditbank.models import Certificate
from xueqiao.governance.models import (
    AccessGrant,
    BuildRequest,
    DataAlarm,
    DataContract,
    LakeErasure,
    LakeExport,
    QueryRun,
)
from xueqiao.governance.workbench import running
from xueqiao.intake.models import Alarm
from xueqiao.records.models import ExportJob
from xueqiao.service.models import Takeout

if TYPE_CHECKING:
    from django.db.models import QuerySet

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Waits:
    """How many, and when the oldest of them began; None where there is none."""

    count: int
    since: datetime | None


NOTHING = Waits(0, None)


def queues(now: datetime) -> dict[str, tuple[QuerySet[Any], str]]:
    """Each queue: its open rows, all found by an index, and the column of their beginning."""
    failed = QueryRun.objects.filter(state=QueryRun.State.FAILED)
    return {
        "jobs": (DBTaskResult.objects.filter(status=TaskResultStatus.READY), "run_after"),
        "intake_alarms": (Alarm.objects.filter(closed_at=None), "opened_at"),
        "data_alarms": (DataAlarm.objects.filter(closed_at=None), "opened_at"),
        "contracts": (
            DataContract.objects.filter(state=DataContract.State.PROPOSED), "proposed_at"
        ),
        "builds": (BuildRequest.objects.to_work(), "asked_at"),
        "erasures": (LakeErasure.objects.unfinished(), "announced_at"),
        "erasures_held_up": (LakeErasure.objects.held_up(), "announced_at"),
        "queries": (QueryRun.objects.running(), "started_at"),
        # A result is kept for a week, so the index on its end finds those of the last day.
        "queries_failed": (failed.filter(expires_at__gt=now + running.KEPT - DAY), "started_at"),
        "lake_exports": (LakeExport.objects.to_work(), "asked_at"),
        "exports": (ExportJob.objects.to_work(), "asked_at"),
        "access": (AccessGrant.objects.filter(state=AccessGrant.State.ASKED), "asked_at"),
        "certificates": (
            Certificate.objects.filter(state=Certificate.State.QUEUED), "requested_at"
        ),
        "takeouts": (
            Takeout.objects.filter(state__in=[Takeout.State.WAITING, Takeout.State.RUNNING]),
            "asked_at",
        ),
    }  # fmt: skip


def read(now: datetime) -> dict[str, Waits]:
    """Every queue by its name. One query."""
    parts = [_counted(name, *queue) for name, queue in queues(now).items()]
    rows = parts[0].union(*parts[1:], all=True)
    return {name: Waits(count, since) for name, count, since in rows}


def _counted(name: str, rows: QuerySet[Any], when: str) -> QuerySet[Any]:
    named = rows.order_by().annotate(queue=Value(name, CharField())).values("queue")
    counted: QuerySet[Any] = named.annotate(count=Count("pk"), since=Min(when))
    return counted.values_list("queue", "count", "since")
