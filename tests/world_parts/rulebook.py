"""The rulebook of the world: an agreement of a college with a factory, unsigned by the factory."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.world_parts import places
from xueqiao.creditbank.rulebook import agreements
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
    return {"agreement": made.pk}
