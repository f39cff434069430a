"""Retention: two persons allow a number of days once; then it is carried out day by day."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from tests.records import erasing
from tests.records import factories as f
from xueqiao.kernel import clock
from xueqiao.records.erasure import holds, requests, retention
from xueqiao.records.models import Erasure, RetentionPolicy, Source, Statement

pytestmark = pytest.mark.django_db


def aged(days, *made, of=None):
    """Statements that were stored so many days ago."""
    of = of or f.source()
    f.store(*made, of=of)
    keys = [each["id"] for each in made]
    held = Statement.objects.filter(uuid__in=keys)
    held.update(stored_at=clock.now() - timedelta(days=days))


def carried_out(now):
    made = retention.raise_due(now=now)
    return made, erasing.worked_off()


def test_what_is_too_old_goes_and_the_rest_stays():
    old, fresh, elsewhere = f.statement(), f.statement(), f.statement()
    aged(40, old)
    aged(10, fresh)
    aged(40, elsewhere, of=f.source("other"))
    policy = erasing.policy(30)
    assert Source.objects.get(code="school").retention_days == 30
    now = clock.now()

    assert carried_out(now) == (1, 1)

    assert {str(each) for each in Statement.objects.values_list("uuid", flat=True)} == {
        fresh["id"], elsewhere["id"],
    }  # fmt: skip
    run = Erasure.objects.get()
    assert (run.kind, run.state, run.policy_id) == ("retention", "done", policy.pk)
    assert run.requested_by_id != run.decided_by_id
    assert carried_out(now) == (0, 0)
    assert carried_out(now + timedelta(days=25)) == (1, 1)
    assert [str(each) for each in Statement.objects.values_list("uuid", flat=True)] == [
        elsewhere["id"]
    ]


def test_one_person_alone_puts_nothing_in_force():
    one, _other = erasing.people()
    asked = retention.ask(source=f.source(), days=9, reason="r", by=one, at=clock.now())
    with pytest.raises(requests.SamePerson):
        retention.approve(policy=asked, by=one, at=clock.now())
    with pytest.raises(retention.PolicyWaiting):
        retention.ask(source=f.source(), days=8, reason="r", by=one, at=clock.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        RetentionPolicy.objects.update(state="in_force")
    with pytest.raises(DatabaseError), transaction.atomic():
        RetentionPolicy.objects.update(days=1)


def test_days_that_nobody_allowed_erase_nothing():
    aged(40, f.statement())
    erasing.policy(30)
    Source.objects.update(retention_days=5)
    assert retention.unapproved(Source.objects.get(code="school"))
    assert carried_out(clock.now()) == (0, 0)


def test_a_new_policy_takes_the_place_of_the_old_one_and_its_end_keeps_everything():
    aged(40, f.statement())
    first, second = erasing.policy(90), erasing.policy(60)
    first.refresh_from_db()
    assert (first.state, second.state) == ("ended", "in_force")
    retention.end(policy=second, by=erasing.person("wu"), at=clock.now())
    assert Source.objects.get(code="school").retention_days is None
    assert carried_out(clock.now()) == (0, 0)


def test_a_hold_stops_it_and_its_end_catches_up():
    aged(40, f.statement())
    one, other = erasing.people()
    erasing.policy(30)
    hold = holds.place(source=f.source(), reason="audit", by=one, at=clock.now())
    now = clock.now()
    assert carried_out(now) == (0, 0)
    aged(35, f.statement(), of=f.source())
    holds.lift(hold=hold, by=other, at=clock.now())
    assert carried_out(clock.now()) == (1, 2)


@pytest.mark.parametrize("days", [0, -3, 40_000])
def test_days_must_make_sense(days):
    with pytest.raises(retention.DaysUnfit):
        retention.ask(
            source=f.source(), days=days, reason="r", by=erasing.person("wu"), at=clock.now()
        )
