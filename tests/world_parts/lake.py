"""What analysts see: a request that waits, a grant, a run with rows and files, a saved query."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from xueqiao.governance import grants, readings
from xueqiao.governance.exporting import asking, writing
from xueqiao.governance.models import LakeReading, QueryRun
from xueqiao.governance.workbench import results, running, saved
from xueqiao.kernel import clock
from xueqiao.people.models import Person

SQL = "select place_id, population\nfrom place_month\nwhere month = date '2026-03-01'"


def lake(people: dict[str, Person], place_id: int, now: datetime) -> dict[str, Any]:
    """The world has no lake: the run's rows are written as its process would leave them."""
    analyst, province, day = people["analyst"], people["province"], clock.local_date(now)
    for purpose in ("statistics", "service"):
        wish = grants.Wish(
            tables=("learner_day", "stage.event"), purpose=purpose, reason="老年学员多久来一次",
            place_id=place_id, leaving="counts", valid_from=day,
            valid_to=day + timedelta(days=90),
        )  # fmt: skip
        asked = grants.ask(request_key=f"world:{purpose}", by=analyst, wish=wish, at=now)
        if purpose == "statistics":
            grants.decide(grant=asked, by=province, is_granted=True, note="属实", at=now)
            granted = asked
    readings.note(
        by=analyst, at=now, what=LakeReading.What.QUERY, purpose="statistics",
        tables=["learner_day"], rows=120, grants=[granted.pk], detail={"sql": SQL},
    )  # fmt: skip
    saved.keep(by=analyst, title="各县常住人口", sql=SQL, is_shared=True, at=now)
    run = _run(analyst, now)
    export = asking.ask(run=run, kind="parquet", by=analyst, at=now)
    while writing.step(number=export.pk, at=now):
        pass
    return {"grant": asked.pk, "query": str(run.key), "lake_export": str(export.key)}


def _run(analyst: Person, now: datetime) -> QueryRun:
    rows = pa.table({"place_id": [1, 2, 3], "population": [812_300, 640_100, 955_020]})
    run = QueryRun.objects.create(
        key=uuid.uuid4(), asked_by=analyst, sql=SQL, tables=["place_month"], is_personal=False,
        state=QueryRun.State.DONE, started_at=now, finished_at=now, worker="", rows=3,
        columns=[["place_id", "int64"], ["population", "int64"]], milliseconds=412,
        expires_at=now + running.KEPT,
    )  # fmt: skip
    results.file(run).parent.mkdir(parents=True)
    pq.write_table(rows, results.file(run))
    return run
