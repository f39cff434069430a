"""The demo's open data: learners of each county by month, and what the census counted there.

Every step is an ordinary verb; one that was made before changes nothing, so a stopped demo goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xueqiao.governance.models import OpenDataset, Shape
from xueqiao.governance.opening import drafting, making, publishing
from xueqiao.kernel import errors
from xueqiao.network import institutions, tree

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.people.models import Person

State = OpenDataset.State
PROVINCE, PUBLISHER = "32", "SAMPLE-32-open_university"
COUNTY = """
join closure on closure.register = {of}.register and closure.descendant_id = {of}.place_id
join place on place.register = closure.register and place.place_id = closure.ancestor_id
where {of}.register = 'nbs' and place.level = 3"""
LEARNERS = (
    "select learner_id, code, name, month, activities as sum_activities\n"
    "from learner_month join learner_place using (learner_id)" + COUNTY.format(of="learner_place")
)
RESIDENTS = (
    "select code, name, census, sum(residents)::bigint as residents,\n"
    "       sum(residents_60)::bigint as residents_60\n"
    "from population" + COUNTY.format(of="population") + f" and code like '{PROVINCE}%'\n"
    "group by code, name, census"
)
DATASETS: dict[str, dict[str, Any]] = {
    "learners-by-county": {
        "title_zh": "各县（市、区）每月学习人数", "title_en": "Learners of each county by month",
        "description_zh": (
            "每月至少有一次学习活动的人数（去重）和活动次数，按学习者常住的县（市、区）。"
        ),
        "description_en": (
            "Distinct persons with at least one learning activity in a month, and the activities, "
            "by the county where they live."
        ),
        "keywords_zh": "学习人数，终身学习，县", "keywords_en": "learners, county",
        "sql": LEARNERS, "shape": Shape.COUNTS, "frequency": "monthly",
        "meanings": {"sum_activities": {"zh": "活动次数", "en": "counted activities"}},
    },
    "residents-by-county": {
        "title_zh": "各县（市、区）常住人口（2020 年人口普查）",
        "title_en": "Residents of each county (census 2020)",
        "description_zh": "参与率等指标所除的人口：常住人口和其中 60 岁及以上的人口。",
        "description_en": "What rates are divided by: residents, and those of 60 and over.",
        "keywords_zh": "常住人口，普查，老年人", "keywords_en": "residents, census, elders",
        "sql": RESIDENTS, "shape": Shape.FACTS, "frequency": "annual", "meanings": {},
    },
}  # fmt: skip


class NothingMade(errors.Refusal):
    """The files of the sample data cannot be made; the sentence says why."""

    code = "demo.open_data_not_made"


def publish(*, analyst: Person, steward: Person, at: datetime) -> list[OpenDataset]:
    """Draft, ask for, make and publish both data sets.

    Raises:
        NothingMade: the lake is not built yet, or a query does not fit it.
    """
    return [_published(code, analyst, steward, at) for code in DATASETS]


def _published(code: str, analyst: Person, steward: Person, at: datetime) -> OpenDataset:
    text = drafting.Text(
        publisher_id=institutions.by_code(PUBLISHER).pk, place_id=tree.by_code(PROVINCE).pk,
        contact="数据处（示例） data@example.org", licence="CC-BY-4.0", **DATASETS[code],
    )  # fmt: skip
    row = drafting.draft(
        request_key=f"demo:open:{code}", by=analyst, code=code, text=text, at=at, is_sample=True
    )
    if row.state == State.DRAFT:
        row = publishing.ask(dataset=row, by=analyst, at=at)
    if row.state == State.ASKED:
        if not row.editions.exists() and making.make(dataset=row, at=at) is None:
            row.refresh_from_db()
            raise NothingMade(row.failure)
        row = publishing.publish(dataset=row, by=steward, at=at)
    return row
