"""Data for others: open data sets, one published and one asked for; agreements about data."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa

from tests.world_parts.places import Where
from xueqiao.governance.designs import making
from xueqiao.governance.models import OpenDataset, SharingAgreement
from xueqiao.governance.opening import drafting, publishing
from xueqiao.governance.sharing import agreements, using
from xueqiao.kernel import clock
from xueqiao.people import bothsides
from xueqiao.people.models import Person

SQL = """select learner_id, code, name, month, activities as sum_activities
from learner_month join learner_place using (learner_id) join place using (place_id)"""


def open_text(where: Where, **changes: Any) -> drafting.Text:
    """A text as an analyst would write it."""
    text = drafting.Text(
        title_zh="各县每月学习人数", title_en="Learners of each county by month",
        description_zh="每月有学习活动的人数（去重）和活动次数。",
        description_en="Distinct persons with learning in each month, and what they did.",
        keywords_zh="学习人数，县", keywords_en="learners, county",
        publisher_id=where.institution.pk, place_id=where.province.pk,
        contact="数据处 025-00000000 data@example.org", licence="CC-BY-4.0",
        frequency="monthly", sql=SQL, shape="counts",
        meanings={"sum_activities": {"zh": "活动次数", "en": "counted activities"}},
    )  # fmt: skip
    return replace(text, **changes)


def agreed(where: Where, day: date, **changes: Any) -> agreements.Text:
    """What two bodies would agree on."""
    text = agreements.Text(
        title_zh="学习人数共享协议（示例）", title_en="Sharing of counts of learners (sample)",
        place_id=where.province.pk, purpose="statistics", purpose_text="镇里安排下学期课程。",
        legal_basis="《江苏省公共数据管理办法》（示例引用）", leaving="counts",
        terms_zh="仅用于约定用途，不得转交第三方。", terms_en="For this purpose only.",
        contact_giving="孙老师 0515-00000000", contact_receiving="周老师 0515-00000001",
        valid_from=day, agreed_to=day + timedelta(days=365),
    )  # fmt: skip
    return replace(text, **changes)


def opened(where: Where, people: dict[str, Person], now: datetime) -> dict[str, Any]:
    """The world has no lake: the rows are written as the job would have made them."""
    analyst, province = people["analyst"], people["province"]
    made = {}
    for code in ("learners-by-county", "learners-by-town"):
        row = drafting.draft(
            request_key=f"world:{code}", by=analyst, code=code, text=open_text(where), at=now,
            is_sample=True,
        )  # fmt: skip
        OpenDataset.objects.filter(pk=row.pk).update(state="asked", asked_by=analyst, asked_at=now)
        making.keep(_rows(), name=code, revision=1, at=now, opened=row, meanings=row.meanings)
        made[code] = row
    publishing.publish(dataset=made["learners-by-county"], by=province, at=now)
    return {
        "open_published": made["learners-by-county"].pk,
        "open_asked": made["learners-by-town"].pk,
    }


def shared(where: Where, people: dict[str, Person], now: datetime) -> dict[str, Any]:
    """An agreement that waits for signatures and one in force, fetched once by its receiver."""
    manager, province, day = people["institution"], people["province"], clock.local_date(now)
    found = {}
    sides = {
        "sharing_offered": (where.institution, where.centre),
        "sharing_held": (where.centre, where.institution),
    }
    for number, (name, (giving, receiving)) in enumerate(sides.items(), start=1):
        row = agreements.draft(
            request_key=f"world:{name}", by=manager, code=f"DS-{number}", giving=giving,
            receiving=receiving, text=agreed(where, day), at=now, is_sample=True,
            datasets=[agreements.Dataset("learners", "各县每月学习人数", SQL, "counts")],
        )  # fmt: skip
        bothsides.offer(row, now)
        found[name] = row
    held = found["sharing_held"]
    read = agreements.text_hash(held)
    for side, by, paper in (("giving", province, "示教〔2026〕1号"), ("receiving", manager, "")):
        agreements.sign(
            agreement=held, by=by, side=side, office="校长", text_hash=read, at=now, document=paper
        )
    dataset = held.datasets.get()
    making.keep(_rows(), name="DS-2-learners", revision=1, at=now, shared=dataset)
    by = using.Asker(person=manager)
    using.fetch(agreement="DS-2", dataset="learners", kind="csv", by=by, at=now)
    assert SharingAgreement.objects.in_force(day).get() == held
    return {name: row.pk for name, row in found.items()}


def _rows() -> making.Rows:
    table = pa.table(
        {
            "code": ["320924", "320924", "320981"],
            "name": ["射阳县", "射阳县", "东台市"],
            "month": [date(2026, 1, 1), date(2026, 2, 1), date(2026, 1, 1)],
            "persons": [132, 140, 88],
            "sum_activities": [1_204, 1_350, 702],
        }
    )
    return making.Rows(table, {"learner_month": 3, "learner_place": 2, "place": 1}, 2)
