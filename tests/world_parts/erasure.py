"""Erasures, personas and an export of the world: one of each in the states that a page shows."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime, timedelta
from typing import Any

from tests.records import factories as f
from xueqiao.governance.erasing import receipt
from xueqiao.governance.models import LakeErasure
from xueqiao.people.models import Person
from xueqiao.records.erasure import execution, holds, requests, retention
from xueqiao.records.exporting import jobs, writing
from xueqiao.records.personas import membership, proposals, sheets

MONTH = "2026-03"
HOME = "https://school.example"
MAIL = "mailto:gui@school.example"


def erasure(people: dict[str, Person], now: datetime) -> dict[str, Any]:
    """An erasure that waits and one that is done; a persona; a table; an export that is ready."""
    operator, province = people["operator"], people["province"]
    source = f.source("third-age")
    sha1 = hashlib.sha1(MAIL.encode()).hexdigest()
    made = [f.statement(actor=f.agent(name)) for name in ("gui", "gui2", "hai", "hai", "bo")]
    mails = [f.statement(actor={"mbox": MAIL}), f.statement(actor={"mbox_sha1sum": sha1})]
    f.store(*made, *mails, of=source, key="world:erasure")
    old, new = f"account|{HOME}|gui", f"account|{HOME}|gui2"
    persona = membership.rename(old=old, new=new, why="登录后确认", by=operator, at=now)
    proposals.find(now=now)
    table = (
        "分组,标识,平台,依据\n1,hai,https://school.example,登记表\n1,hai@school.example,,登记表\n"
    )
    sheet = sheets.read(name="人员.csv", data=table.encode(), by=operator, at=now)
    waiting = requests.by_person(
        identifier=f"account|{HOME}|hai", reason="本人来信要求", by=operator, at=now
    )
    done = requests.by_ids(ids=[uuid.UUID(made[-1]["id"])], reason="误传", by=operator, at=now)
    execution.run(erasure=requests.approve(erasure=done, by=province, at=now, note="属实"), at=now)
    in_lake(waiting.pk, done.pk, now)
    retention.ask(source=source, days=365, reason="合作协议第七条", by=operator, at=now)
    holds.place(source=source, reason="审计", by=province, at=now)
    ready = jobs.ask(filters={"verb": "http://adlnet.gov/expapi/verbs/experienced"}, kind="csv",
                     by=operator, at=now + timedelta(minutes=2))  # fmt: skip
    writing.run(job=ready, at=now)
    return {
        "erasure": waiting.pk,
        "erased": done.pk,
        "persona": str(persona.key),
        "sheet": sheet.pk,
        "export": str(ready.key),
    }


def in_lake(waiting: int, done: int, now: datetime) -> None:
    """The tickets of the lake: one that was looked at, one that is gone; the world has no lake."""
    held = {"bronze.statement": {MONTH: 2}, "stage.event": {MONTH: 2}}
    LakeErasure.objects.create(
        erasure_id=waiting, looked_at=now, preview={"statements": 2, "is_part": False, "held": held}
    )
    ticket = LakeErasure(
        erasure_id=done, state=LakeErasure.State.DONE, statements=1, announced_at=now,
        finished_at=now, found={"bronze.statement": {MONTH: 1}, "stage.event": {MONTH: 1}},
        rebuilt={"learner": None, "learner_day": [MONTH], "stage.event": [MONTH]}, files=6,
        size_bytes=123_456, milliseconds=2_300,
    )  # fmt: skip
    ticket.digest = receipt.digest(ticket)
    ticket.save()
