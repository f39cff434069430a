from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.db.models import Sum

from tests.hall import factories
from xueqiao.hall import enrolment, offerings, queries
from xueqiao.hall.models import Bucket, Enrolment, EnrolmentState, Offering, SeatMove
from xueqiao.people import rights
from xueqiao.people.models import RoleKind
from xueqiao.records.models import LogEntry

pytestmark = pytest.mark.django_db
AT = factories.AT


def enrol(offering, who, key=None, by=None, at=AT, **more):
    return enrolment.enrol(
        offering_id=offering.pk,
        person_id=who.pk,
        by_person_id=(by or who).pk,
        at=at,
        request_key=key or f"{offering.code}:{who.pk}:{Enrolment.objects.count()}",
        **more,
    )


def withdraw(row, by=None, at=AT):
    return enrolment.withdraw(enrolment_id=row.pk, by_person_id=by or row.person_id, at=at)


def standing(offering):
    return list(
        queries.with_position(Enrolment.objects.filter(offering=offering))
        .order_by("pk")
        .values_list("person__name", "state", "position")
    )


def law_holds(offering):
    for bucket in Bucket.objects.filter(offering=offering):
        active = bucket.enrolments.filter(state=EnrolmentState.ACTIVE).count()
        moved = bucket.moves.aggregate(n=Sum("amount"))["n"] or 0
        assert bucket.taken == moved == active
        if bucket.enrolments.filter(state=EnrolmentState.WAITING).exists():
            assert bucket.taken == bucket.capacity


def test_a_full_class_has_a_waiting_list_that_moves_by_itself():
    where = factories.county()
    offering = factories.offering(where, seats=1)
    wei, fang, jun = (factories.person(name) for name in ("伟", "芳", "军"))
    first = enrol(offering, wei)
    enrol(offering, fang)
    enrol(offering, jun)
    assert standing(offering) == [("伟", "active", 0), ("芳", "waiting", 1), ("军", "waiting", 2)]

    withdraw(first, at=AT + timedelta(hours=1))

    assert standing(offering) == [("伟", "withdrawn", 0), ("芳", "active", 0), ("军", "waiting", 1)]
    law_holds(offering)
    assert list(
        LogEntry.objects.order_by("id").values_list("kind", "payload__person_id", "event_at")
    ) == [
        ("hall.enrolled", wei.pk, AT),
        ("hall.withdrawn", wei.pk, AT + timedelta(hours=1)),
        ("hall.enrolled", fang.pk, AT + timedelta(hours=1)),
    ]
    moves = SeatMove.objects.order_by("pk").values_list(
        "enrolment__person__name", "amount", "reason"
    )
    assert list(moves) == [("伟", 1, "enrolled"), ("伟", -1, "withdrawn"), ("芳", 1, "promoted")]


def test_a_larger_room_moves_the_waiting_list_in_its_order():
    offering = factories.offering(factories.county(), seats=1)
    for who in factories.people(4):
        enrol(offering, who)
    bucket = offerings.set_capacity(offering_id=offering.pk, capacity=3, at=AT)
    assert (bucket.capacity, bucket.taken) == (3, 3)
    assert [state for _name, state, _position in standing(offering)] == [
        "active",
        "active",
        "active",
        "waiting",
    ]
    law_holds(offering)
    with pytest.raises(offerings.TooSmall):
        offerings.set_capacity(offering_id=offering.pk, capacity=2, at=AT)


def test_a_repeated_click_gives_the_first_answer():
    offering = factories.offering(factories.county(), seats=2)
    who, other = factories.people(2)
    first = enrol(offering, who, key="click-1")
    assert enrol(offering, who, key="click-1").pk == first.pk
    with pytest.raises(enrolment.KeyReused):
        enrol(offering, other, key="click-1")
    with pytest.raises(enrolment.AlreadyEnrolled):
        enrol(offering, who, key="click-2")
    assert Bucket.objects.get().taken == 1
    assert withdraw(withdraw(first)).state == "withdrawn"
    assert enrol(offering, who, key="click-3").state == "active"
    law_holds(offering)


@pytest.mark.parametrize("days", [-11, 5])
def test_outside_the_window_nobody_gets_in(days):
    offering = factories.offering(factories.county())
    with pytest.raises(enrolment.EnrolmentClosed):
        enrol(offering, factories.person(), at=AT + timedelta(days=days))
    assert Bucket.objects.get().taken == 0


def test_a_draft_is_unknown_and_a_cancelled_class_closed():
    where, who = factories.county(), factories.person()
    with pytest.raises(offerings.NoSuchOffering):
        enrol(factories.offering(where, code="D", state="draft"), who)
    with pytest.raises(enrolment.EnrolmentClosed):
        enrol(factories.offering(where, code="X", state="cancelled"), who)
    with pytest.raises(offerings.NoSuchOffering):
        enrol(factories.offering(where, code="Y"), who, kind="counter")


def test_two_classes_at_the_same_hours_clash():
    where, who = factories.county(), factories.person()
    hours = {"weekday": 2, "from_minute": 1140, "to_minute": 1230}
    one = factories.offering(where, code="A", **hours)
    same = factories.offering(where, code="B", **{**hours, "from_minute": 1200, "to_minute": 1290})
    later = factories.offering(
        where, code="C", **hours, starts_on=date(2026, 12, 11), ends_on=date(2027, 3, 1)
    )
    first = enrol(one, who)
    with pytest.raises(enrolment.Clash):
        enrol(same, who)
    enrol(later, who)
    withdraw(first)
    assert enrol(same, who).state == "active"


def test_only_the_learner_the_helper_of_the_home_and_who_runs_the_class_may_act():
    here, there = factories.county(), factories.county("320102", "玄武区")
    learner = factories.person("老李", here.town)
    helper, stranger, manager = (factories.person(name) for name in ("帮办", "外人", "院长"))
    factories.role(helper, RoleKind.HELPER, here.county)
    factories.role(stranger, RoleKind.HELPER, there.county)
    factories.role(manager, RoleKind.INSTITUTION, here.county, here.institution)
    offering = factories.offering(here)
    with pytest.raises(rights.NotAllowed):
        enrol(offering, learner, by=stranger)
    row = enrol(offering, learner, by=helper)
    with pytest.raises(rights.NotAllowed):
        withdraw(row, by=stranger.pk)
    assert withdraw(row, by=manager.pk).state == "withdrawn"


def test_rosters_are_seen_by_those_who_run_the_class():
    here, there = factories.county(), factories.county("320102", "玄武区")
    teacher, manager, officer, stranger = factories.people(4)
    factories.role(manager, RoleKind.INSTITUTION, here.county, here.institution)
    factories.role(officer, RoleKind.COUNTY, here.county)
    factories.role(stranger, RoleKind.COUNTY, there.county)
    taught = factories.offering(here, code="A", teacher=teacher)
    other = factories.offering(here, code="B")
    seen = {
        name: set(Offering.objects.run_by(who, factories.DAY).values_list("code", flat=True))
        for name, who in [
            ("teacher", teacher),
            ("manager", manager),
            ("officer", officer),
            ("stranger", stranger),
            ("nobody", None),
        ]
    }
    assert seen == {
        "teacher": {"A"},
        "manager": {"A", "B"},
        "officer": {"A", "B"},
        "stranger": set(),
        "nobody": set(),
    }
    learner = factories.person()
    enrol(taught, learner)
    enrol(other, learner)
    assert Enrolment.objects.on_roster_of(teacher, factories.DAY).count() == 1
    assert Enrolment.objects.own(learner).count() == 2
    assert Enrolment.objects.own(None).count() == 0


def test_the_database_refuses_an_oversold_class_and_changed_evidence():
    offering = factories.offering(factories.county(), seats=1)
    enrol(offering, factories.person())
    for change in (
        lambda: Bucket.objects.update(taken=2),
        lambda: SeatMove.objects.update(amount=-1),
        lambda: SeatMove.objects.all().delete(),
        lambda: Bucket.objects.update(capacity=0),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    law_holds(offering)


@pytest.mark.parametrize("rows", [1, 3])
def test_my_classes_costs_one_query(rows, django_assert_num_queries):
    where, who = factories.county(), factories.person()
    for n in range(rows):
        enrol(factories.offering(where, code=f"C{n}"), who)
    with django_assert_num_queries(1):
        found = [
            (row.offering.title, row.offering.institution.name, row.position)
            for row in queries.my_classes(who)
        ]
    assert found == [("智能手机入门", where.institution.name, 0)] * rows


def test_classes_near_a_place_with_their_seats(django_assert_num_queries):
    here, there = factories.county(), factories.county("320102", "玄武区")
    soon = factories.offering(here, code="A", seats=1)
    factories.offering(there, code="B")
    factories.offering(here, code="D", state="draft")
    for who in factories.people(3):
        enrol(soon, who)
    with django_assert_num_queries(1):
        rows = list(queries.starting_soon(here.county.pk, factories.DAY))
    assert [(r.code, r.capacity, r.taken, r.left, r.waiting) for r in rows] == [("A", 1, 1, 0, 2)]
    assert queries.starting_soon(here.county.pk, date(2026, 9, 11)).count() == 0
    assert {row.code for row in queries.open_now(None, AT)} == {"A", "B"}
