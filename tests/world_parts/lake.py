"""What analysts see: a request that waits, a grant, a run with rows and files, a saved query."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from xueqiao.governance import grants, readings
from xueqiao.governance.exporting import asking, writing
from xueqiao.governance.extracts import asking as extracting
from xueqiao.governance.extracts import making, reading
from xueqiao.governance.models import LakeReading, QueryRun, ResearchExtract
from xueqiao.governance.workbench import results, running, saved
from xueqiao.kernel import clock
from xueqiao.lake.anonymity.ladders import Spot
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
    waiting = _extract(analyst, place_id, now, "world:extract", design="completions")
    made = _extract(analyst, place_id, now, "world:made", design="activity")
    extracting.decide(extract=made, by=province, is_granted=True, note="属实", at=now)
    making.hide(made, _source(people, place_id), now)
    while making.step(number=made.pk, at=now):
        pass
    return {
        "grant": asked.pk, "query": str(run.key), "lake_export": str(export.key),
        "extract": waiting.pk, "extract_made": made.pk,
    }  # fmt: skip


def _extract(by: Person, place_id: int, now: datetime, key: str, *, design: str) -> ResearchExtract:
    is_plain = design == "activity"
    wish = extracting.Wish(
        design=design, known=("sex", "age", "home", "month" if is_plain else "last_completed"),
        follows=is_plain, purpose="老年学员多久回来一次？", ethics="省开放大学伦理审查 2026-07",
        recipients=("梁思远，省开放大学", "陈教授，师范大学"), place_id=place_id,
        first_month=date(2025, 1, 1), last_month=date(2025, 12, 1), k=5, diversity=2,
        sensitive=() if is_plain else ("best_result",),
        valid_to=clock.local_date(now) + timedelta(days=90),
    )  # fmt: skip
    return extracting.ask(request_key=key, by=by, wish=wish, at=now)


def _source(people: dict[str, Person], place_id: int) -> reading.Source:
    """What the lake would give: everybody in one town, two months, two ages."""
    lines = [
        {
            "learner_id": 2 * person.pk, "sex": "2", "birth_year": 1958 + 20 * (number % 2),
            "home": place_id + 1, "month": date(2025, month, 1), "days": 2 + number,
            "activities": 12 * number + month, "attendances": 3, "seconds": 3600 * (4 + number),
        }
        for number, person in enumerate(people.values())
        for month in (3, 4)
    ]  # fmt: skip
    tree = {place_id: Spot(None, 1, "32"), place_id + 1: Spot(place_id, 4, "320924100")}
    versions = {"learner": 3, "learner_month": 7, "place": 1}
    return reading.Source(
        pa.Table.from_pylist(lines), tree, {"320924100": "合德镇"}, versions, "nbs"
    )


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
