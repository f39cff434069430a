"""Nodes: three levels, hours, staff; finding one that is open."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from tests.creditbank import factories as bank
from tests.service import factories
from tests.service.factories import AT
from xueqiao.people import rights
from xueqiao.service import finder, nodes, rules
from xueqiao.service.models import ServiceNode

pytestmark = pytest.mark.django_db


@pytest.fixture
def point():
    return factories.point()


def test_a_node_is_set_up_once_for_its_code(point):
    branch = ServiceNode.objects.get(code="sheyang")
    facts = {
        "code": "sheyang-qianqiu", "name": "千秋认证点", "kind": "point",
        "place_id": point.county.pk, "address": "千秋镇", "parent": branch,
        "valid_from": bank.SINCE, "by": point.officer, "at": AT,
    }  # fmt: skip
    first = nodes.set_up(**facts)
    assert nodes.set_up(**facts) == first
    with pytest.raises(nodes.NodeCodeTaken):
        nodes.set_up(**{**facts, "name": "另一个"})


@pytest.mark.parametrize(
    ("kind", "above"),
    [("point", "js-centre"), ("branch", "sheyang"), ("centre", "js-centre"), ("point", "")],
)
def test_a_node_stands_below_one_of_the_next_level(point, kind, above):
    parent = ServiceNode.objects.filter(code=above).first()
    with pytest.raises(nodes.NodeMisplaced):
        factories.node("other", "别处", kind, point.county, parent)


def test_nodes_of_other_places_are_not_set_up(point):
    branch = ServiceNode.objects.get(code="sheyang")
    with pytest.raises(rights.NotAllowed):
        nodes.set_up(
            code="x1", name="别处", kind="point", place_id=point.elsewhere.pk, address="别处",
            parent=branch, valid_from=bank.SINCE, by=point.officer, at=AT,
        )  # fmt: skip


def test_staff_need_the_role_of_a_helper(point):
    with pytest.raises(nodes.StaffUnfit):
        nodes.add_staff(
            node=point.node, person_id=point.learner.pk, valid_from=AT.date(), by=point.officer,
            at=AT,
        )  # fmt: skip


@pytest.mark.parametrize("text", ["9-12", "12:00-9:00", "9:00-12:00, 11:00-13:00", "25:00-26:00"])
def test_hours_that_cannot_be_are_refused_beside_their_day(point, text):
    with pytest.raises(nodes.NodeUnfit) as refused:
        nodes.set_hours(node=point.node, week={2: text}, by=point.officer, at=AT)
    assert refused.value.pointer == "day_2"
    assert point.node.hours.count() == 10


def read(point):
    return finder.with_days(ServiceNode.objects.filter(pk=point.node.pk), factories.DAY).get()


def test_the_days_of_a_week_with_one_closed(point):
    nodes.close_day(node=point.node, day=date(2026, 9, 3), reason="培训", by=point.officer, at=AT)
    days = finder.days(read(point), date(2026, 9, 2), 4)
    whole = [rules.Span(time(9), time(12)), rules.Span(time(13, 30), time(17))]
    assert [(each.day.day, each.spans, each.reason) for each in days] == [
        (2, whole, ""), (3, [], "培训"), (4, whole, ""), (5, [], ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("instant", "is_open"),
    [
        (datetime(2026, 9, 1, 0, 59, tzinfo=UTC), False),
        (datetime(2026, 9, 1, 1, 0, tzinfo=UTC), True),
        (datetime(2026, 9, 1, 4, 0, tzinfo=UTC), False),
        (datetime(2026, 9, 1, 5, 30, tzinfo=UTC), True),
        (datetime(2026, 9, 5, 2, 0, tzinfo=UTC), False),
    ],
)
def test_open_by_the_clock_of_the_place(point, instant, is_open):
    assert finder.is_open(read(point), instant) is is_open


def test_a_village_is_served_by_its_own_nodes_and_those_above(point):
    codes = {each.code for each in finder.find(day=factories.DAY, place_id=point.town.pk)}
    assert codes == {"js-centre", "sheyang", "sheyang-hede"}
    assert not finder.find(day=factories.DAY, place_id=point.elsewhere.pk).exists()
    assert [each.code for each in finder.find(day=factories.DAY, text="合德")] == ["sheyang-hede"]
    kinds = finder.find(day=factories.DAY, kind="recognition")
    assert [each.code for each in kinds] == ["sheyang-hede"]


def test_a_node_with_nodes_below_it_does_not_end(point):
    branch = ServiceNode.objects.get(code="sheyang")
    day = AT.date() + timedelta(days=30)
    with pytest.raises(nodes.NodeInUse):
        nodes.end(node=branch, day=day, by=point.officer, at=AT)
    nodes.end(node=point.node, day=AT.date(), by=point.officer, at=AT)
    assert nodes.end(node=branch, day=day, by=point.officer, at=AT).valid_to == day
