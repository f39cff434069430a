"""The rulebook of the world: an agreement that a factory has not signed, a rule in the making."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from tests.world_parts import places
from xueqiao.creditbank.models import RuleVersion
from xueqiao.creditbank.rulebook import agreements, consultation, making, simulation
from xueqiao.kernel import clock
from xueqiao.network.models import InstitutionKind
from xueqiao.people.models import Person


def rulebook(where: places.Where, people: dict[str, Person], now: datetime) -> dict[str, Any]:
    """Primary keys by the names of ``World``."""
    works = places.institution(where.county, InstitutionKind.ENTERPRISE, "射阳机械厂（示例）")
    manager, today = people["institution"], clock.local_date(now)
    text = agreements.Text(
        title_zh="机械加工培训学分转换协议（示例）",
        title_en="Agreement on credit of machining courses (sample)",
        terms_zh="一、企业内部培训满 18 学时计 1 学分。\n\n二、学院在收到申请后 60 日内答复。",
        terms_en="1. 18 hours of training at work are one credit.\n\n2. Answers within 60 days.",
        valid_from=today,
        valid_to=None,
        notice_days=90,
        source="示例 sample, made up for the tests",
    )
    made = agreements.draft(
        request_key="world:agreement", by=manager, code="SAMPLE-WORKS-1", giving=works,
        receiving=where.institution, text=text, at=now - timedelta(days=3), is_sample=True,
    )  # fmt: skip
    agreements.offer(agreement=made, by=manager, at=now - timedelta(days=2))
    return {"agreement": made.pk, **_rule(people["province"], people["neighbour"], now)}


def _rule(officer: Person, citizen: Person, now: datetime) -> dict[str, Any]:
    """Version 2 of a published rule, by the province: checked, simulated, in consultation."""
    today = clock.local_date(now)
    before = RuleVersion.objects.get(rule__code="R-OULAD-AS-IT", number=1)
    body = {**before.body, "value": {"kind": "ratio", "numerator": 2, "denominator": 3}}
    says = making.Says(
        body=body, reserve_days=30, valid_from=today + timedelta(days=30), valid_to=None,
        source="示例 sample, made up for the tests",
    )  # fmt: skip
    version = making.draft(rule=before.rule, says=says, by=officer, at=now)
    making.check(version=version, by=officer, at=now)
    asked = simulation.ask(version=version, since=date(2014, 1, 1), until=today, by=officer, at=now)
    simulation.run(simulation=asked, at=now)
    opened = consultation.start(
        version=version, question="拟将比例提高到 2/3，请提意见。",
        closes_on=today + timedelta(days=10), by=officer, at=now,
    )  # fmt: skip
    consultation.comment(
        consultation=opened, request_key="world:comment", by=citizen, capacity="learner",
        text="希望再高一些。", at=now,
    )  # fmt: skip
    return {
        "rule_version": version.pk,
        "published_version": before.pk,
        "rule": before.rule_id,
        "simulation": asked.pk,
        "consultation": opened.pk,
    }
