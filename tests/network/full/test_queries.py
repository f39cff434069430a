"""Lists cost the same number of queries however long they are, and stay fast."""

import time
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from xueqiao.network import exports, institutions, population, tree
from xueqiao.people import accounts, rights
from xueqiao.people.models import Person

pytestmark = pytest.mark.usefixtures("whole")

TODAY = date(2026, 11, 22)


def queries(ask):
    with CaptureQueriesContext(connection) as seen:
        ask()
    return len(seen)


def test_a_search_costs_two_queries_for_one_row_and_for_many():
    assert queries(lambda: tree.search("梅园新村街道", day=TODAY, limit=1)) == 2
    assert queries(lambda: tree.search("中心", day=TODAY, limit=50)) == 2


def test_lists_cost_one_query():
    small, large = tree.by_code("320924"), tree.by_code("32")
    for place in (small, large):
        assert queries(lambda: list(tree.children(place, "nbs", TODAY))) == 1  # noqa: B023
        assert queries(lambda: tree.ancestors(place, "nbs", TODAY)) == 1  # noqa: B023
        assert queries(lambda: list(institutions.in_place(place, "nbs", TODAY)[:50])) == 1  # noqa: B023
        assert queries(lambda: population.residents_of([place.pk])) == 3  # noqa: B023


def test_the_demo_people_cost_two_queries():
    assert queries(lambda: list(accounts.demo_people())) == 2
    assert {login.person.name for login in accounts.demo_people()} >= {"王秀英", "徐国平", "欧阳慧"}


def test_rows_for_the_lake_cost_one_query_each():
    for export in (exports.REGISTERS, exports.LISTINGS, exports.CLOSURE, exports.SEATS):
        assert queries(lambda: sum(len(chunk) for chunk in export.all())) == 1  # noqa: B023


def test_search_by_chinese_pinyin_initials_and_code():
    for text in ("射阳县", "sheyangxian", "she yang", "SYX", "320924"):
        found = tree.search(text, day=TODAY)
        assert found[0].name == "射阳县", text
        assert [place.name for place in found[0].way] == ["江苏省", "盐城市"]
    inside = tree.search("海河", day=TODAY, within=tree.by_code("320924"))
    assert [place.name for place in inside][:1] == ["海河镇"]
    assert tree.search("  ", day=TODAY) == []
    assert tree.search("没有这个地方", day=TODAY) == []


def test_the_persons_of_a_province_are_found_fast():
    """The closure has 286,000 rows; who is visible is decided in one query well below 0.1 s."""
    officer = Person.objects.get(login__username="demo-province")
    assert rights.closure().count() > 275_000
    started = time.perf_counter()
    assert queries(lambda: Person.objects.visible_to(officer, TODAY).count()) == 1
    village = tree.by_code("320924100001")
    rights.check(officer, rights.PEOPLE, TODAY, place_id=village.pk)
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("demo-learner", {"王秀英"}),
        ("demo-helper", {"王秀英", "周桂兰", "吴敏", "郑海燕", "徐国平", "顾玉兰"}),
        ("demo-teacher", {"吴敏"}),
        ("demo-assessor", {"孙立新"}),
        ("demo-county", {"王秀英", "周桂兰", "吴敏", "郑海燕", "徐国平", "顾玉兰"}),
        (
            "demo-county-sibling",
            {
                "孙立新",
                "何静",
                "刘芳",
                "张晓东",
                "高翔",
                "蒋建华",
                "韩正",
                "沈文英",
                "郭敏",
                "梁思远",
            },
        ),
        ("demo-operator", {"高翔"}),
        ("demo-hunan-province", {"陈志强", "谭志远", "欧阳慧"}),
    ],
)
def test_each_demo_person_sees_the_people_of_the_own_place_and_below(who, sees):
    viewer = Person.objects.get(login__username=who)
    found = Person.objects.visible_to(viewer, TODAY)
    assert {person.name for person in found} == sees
