"""Erasures, personas and an export of the world: one of each in the states that a page shows."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime, timedelta
from typing import Any

from tests.records import factories as f
from xueqiao.people.models import Person
from xueqiao.records.erasure import execution, holds, requests, retention
from xueqiao.records.exporting import jobs, writing
from xueqiao.records.personas import membership, proposals, sheets

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
