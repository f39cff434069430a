"""Drafts for the tests of standards: a framework, a standard with one unit, three persons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tests.creditbank import factories
from xueqiao.creditbank import standards
from xueqiao.creditbank.models import Level, Standard
from xueqiao.creditbank.standards import drafting
from xueqiao.people.models import Person

AT = factories.AT
DAY = date(2026, 1, 1)


@dataclass
class Bench:
    """Who works on standards, and the level most things are on."""

    author: Person
    publisher: Person
    stranger: Person
    level: Level


def bench() -> Bench:
    standards.load()
    places = factories.places()
    return Bench(
        author=factories.officer("起草人", "institution", places.county),
        publisher=factories.provincial(places.province),
        stranger=factories.person("学习者", places.county),
        level=Level.objects.get(framework__code="SAMPLE-QF10", number=3),
    )


def facts(level, **changed):
    said = {
        "title_zh": "养老护理", "title_en": "Elder care", "level_id": level.pk, "field": "care",
        "owner": "省学分银行", "valid_from": DAY, "source": "测试 test",
    }  # fmt: skip
    return drafting.StandardFacts(**said | changed)


def unit(level, code="CARE-U1", **changed):
    said = {
        "code": code, "title_zh": "日常照护", "title_en": "Daily care", "level_id": level.pk,
        "field": "care", "credit_hundredths": 200, "notional_hours": 32, "source": "测试 test",
        "outcomes": ["能协助进食 Helps with meals"], "criteria": ["实操考核 Practical test"],
    }  # fmt: skip
    return drafting.UnitFacts(**said | changed)


def draft(who: Bench, code="CARE", version="1", **changed) -> Standard:
    made = drafting.draft_standard(
        code=code, version=version, facts=facts(who.level, **changed), by=who.author, at=AT
    )
    drafting.save_unit(draft=made, facts=unit(who.level, f"{code}-U1"), by=who.author, at=AT)
    return made
