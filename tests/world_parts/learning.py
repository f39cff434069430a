"""The classes of the world: one open, one full with a waiting list, one passed, one closed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.world_parts.places import Where
from xueqiao.catalog import resources
from xueqiao.catalog.models import Course
from xueqiao.hall import completion, enrolment, offerings
from xueqiao.hall.models import Offering, Result
from xueqiao.kernel import clock
from xueqiao.people.models import Person


def offering(where: Where, people: dict[str, Person], now: datetime, **facts: Any) -> Offering:
    today = clock.local_date(now)
    return offerings.create(
        capacities={"general": facts.pop("seats", 30)},
        **{
            "institution": where.institution,
            "place": where.town,
            "term": "2026秋",
            "venue": "社区教育中心二楼",
            "teacher": people["teacher"],
            "weekday": 3,
            "from_minute": 1140,
            "to_minute": 1230,
            "starts_on": today + timedelta(days=9),
            "ends_on": today + timedelta(days=90),
            "enrol_from": now - timedelta(days=60),
            "enrol_to": now + timedelta(days=6),
            "credit_hundredths": 100,
            "is_sample": True,
            **facts,
        },
    )


def enrol(offered: Offering, person: Person, at: datetime) -> int:
    return enrolment.enrol(
        offering_id=offered.pk,
        person_id=person.pk,
        by_person_id=person.pk,
        at=at,
        request_key=f"world:{offered.pk}:{person.pk}",
    ).pk


def classes(where: Where, people: dict[str, Person], now: datetime) -> dict[str, int]:
    """Primary keys by the names of ``World``. The learner passed one class, waits for another."""
    today, before = clock.local_date(now), now - timedelta(days=50)
    course = catalogue()
    open_class = offering(
        where, people, now, code="W-OPEN", title="书法入门（楷书）", course_id=course
    )
    full = offering(
        where,
        people,
        now,
        code="W-FULL",
        title="太极拳二十四式",
        seats=1,
        weekday=6,
        for_elders=True,
    )
    finished = offering(
        where,
        people,
        now,
        code="W-PAST",
        title="智能手机与生活",
        weekday=2,
        module_code="AAA",
        presentation="2014J",
        starts_on=today - timedelta(days=40),
        ends_on=today - timedelta(days=3),
        enrol_to=now - timedelta(days=41),
    )
    closed = offering(
        where,
        people,
        now,
        code="W-CLOSED",
        title="社区花艺",
        weekday=5,
        teacher=None,
        teacher_name="刘敏",
        enrol_to=now - timedelta(days=1),
    )
    enrol(full, people["neighbour"], before)
    enrol(full, people["learner"], before)
    passed = enrol(finished, people["learner"], before)
    completion.complete(
        enrolment_id=passed,
        result=Result.PASS,
        completed_at=now - timedelta(days=2),
        studied_credits_hundredths=6000,
        by_person_id=people["teacher"].pk,
    )
    return {
        "open_class": open_class.pk,
        "full_class": full.pk,
        "finished_class": finished.pk,
        "closed_class": closed.pk,
        "course": course,
    }


def catalogue() -> int:
    """Three courses with their terms; the first one's primary key."""
    resources.learn_terms(
        fields={
            "楷书": ["美术学"],
            "毛笔": ["美术学"],
            "数据": ["计算机科学"],
            "机器学习": ["计算机科学"],
        },
        needs=[("楷书", "毛笔"), ("机器学习", "数据")],
    )
    texts = {
        "W+1": (
            "书法入门",
            "从毛笔的握法讲起，循序渐进地学习楷书的基本笔画、结构与章法。楷书是书法的基础，学完可以写春联。",
        ),
        "W+2": (
            "楷书名帖赏析",
            "赏析欧颜柳赵四家楷书名帖，理解笔法与时代风貌，学习如何读帖与临帖。",
        ),
        "W+3": ("机器学习初步", "介绍机器学习的基本概念与方法，用真实数据理解分类、回归与聚类。"),
    }
    entries = [
        resources.Entry(
            code=code,
            school_code="JSOU",
            school_name="江苏开放大学",
            teachers=("王海涛", "刘敏"),
            description=text,
            licence="CC0-1.0",
            source="test",
            title=title,
        )
        for code, (title, text) in texts.items()
    ]
    resources.publish_many(entries, known=resources.taxonomy())
    return Course.objects.get(code="W+1").pk
