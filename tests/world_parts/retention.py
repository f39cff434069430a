"""Retention of the lake: a term that waits, a hold, a plan that waits, one that is done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from xueqiao.governance.models import LakeRetention, LakeTerm
from xueqiao.governance.retaining import holding, receipt
from xueqiao.lake.retention import scope
from xueqiao.people.models import Person

State = LakeRetention.State


def retention(people: dict[str, Person], place: Any, now: datetime) -> dict[str, Any]:
    """The world has no lake: the plans are written as counting would leave them."""
    province, operator = people["province"], people["operator"]
    reason = "数据分类分级办法第十二条"
    given = {"reason": reason, "asked_by": province, "asked_at": now, "shortens": True}
    LakeTerm.objects.create(scope="level", subject="3", months=120, **given)
    term = LakeTerm.objects.create(scope="table", subject=scope.LOG, months=60, **given)
    hold = holding.place(
        what=holding.What(place=place), reason="某培训机构退费诉讼", by=operator, at=now
    )
    plan = {"lines": {scope.LOG: "2024-01"}, "tables": {scope.LOG: counted(0)}}
    done = LakeRetention(
        state=State.DONE, is_open=None, plan=plan, planned_at=now, asked_by=operator,
        decided_by=province, decided_at=now, note="属实", lines=plan["lines"], started_at=now,
        found={scope.LOG: counted(412), "learner_day": counted(88)}, files=14,
        size_bytes=3_456_789, milliseconds=5_210, finished_at=now,
    )  # fmt: skip
    done.save()
    done.digest = receipt.digest(done)
    done.save(update_fields=["digest"])
    waiting = LakeRetention.objects.create(plan=plan, planned_at=now, asked_by=None)
    return {"term": term.pk, "lake_hold": hold.pk, "given_up": done.pk, "plan": waiting.pk}


def counted(held: int) -> dict[str, Any]:
    return {
        "kept_from": "2024-01", "rows": 120_345, "months": {"2022-11": 60_000, "2023-02": 60_345},
        "size_bytes": 23_456_789, "held": held, "needed": 2,
    }  # fmt: skip
