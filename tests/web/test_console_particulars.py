"""The console: moves and corrections of what is known of a person."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from tests import world as small
from tests.web.test_console import sign_in
from xueqiao.creditbank.models import LearningAccount
from xueqiao.kernel import clock
from xueqiao.people import particulars, rights
from xueqiao.people.models import Person, PersonChange

pytestmark = pytest.mark.django_db
__all__ = ["sign_in"]
LIST = "/console/particulars/"
WHY = "户口簿 2026-03-02"


@pytest.fixture
def world():
    cache.clear()
    return small.build()


def form(world, **given):
    number = LearningAccount.objects.get(person_id=world.people["learner"]).number
    return {"number": number, "why": WHY, **given}


def test_officers_enter_moves_and_corrections(world, sign_in):
    learner = Person.objects.get(pk=world.people["learner"])
    county, code = sign_in("county"), Person.objects.get(name="周迁").home.code
    since = str(clock.local_date(clock.now()))
    wrong = [
        ("move/", {"home": "99", "since": since}, "home"),
        ("move/", {"home": code, "since": "2099-01-01"}, "since"),
        ("move/", {"home": code, "since": since, "number": "7"}, "number"),
        ("correct/", {"birth_year": "1700"}, None),
        ("correct/", {"why": " "}, "why"),
    ]
    for address, given, field in wrong:
        answer = county.post(LIST + address, form(world, **given))
        assert answer.status_code == 422
        assert field is None or field in answer.context["form"].errors, given

    moved = county.post(f"{LIST}move/", form(world, home=code, since=since))
    corrected = county.post(f"{LIST}correct/", form(world, birth_year="1959", sex="2"))

    assert moved.status_code == corrected.status_code == 302
    now = Person.objects.get(pk=learner.pk)
    assert (now.home.code, now.birth_year) == (code, 1959)
    entered = learner.changes.exclude(by=None).values_list("particular", flat=True)
    assert set(entered) == {"home", "birth_year"}


def test_the_list_names_both_places_and_costs_the_same_for_more_rows(
    world, sign_in, django_assert_max_num_queries
):
    county = sign_in("county")
    page = county.get(LIST).content.decode()
    change = PersonChange.objects.get(pk=world.moved)
    assert change.person.home.name in page
    learner = world.people["learner"]
    for year in (1960, 1961):
        particulars.correct(person_id=learner, birth_year=year, at=clock.now(), why=WHY)
    with django_assert_max_num_queries(12):
        page = county.get(f"{LIST}?kind=corrected").content.decode()
    assert "1961" in page
    assert "周迁" not in page
    assert county.get(f"{LIST}?download=csv").status_code == 200


def test_an_officer_reaches_only_persons_of_the_own_places_and_never_themselves(world):
    county, sibling = (Person.objects.get(pk=world.people[name]) for name in ("county", "sibling"))
    asked = {"birth_year": 1950, "at": clock.now(), "why": WHY, "by": county}
    with pytest.raises(rights.NotAllowed):
        particulars.correct(person_id=sibling.pk, **asked)
    with pytest.raises(particulars.OwnParticulars):
        particulars.correct(person_id=county.pk, **asked)
    stray = Person.objects.create(
        key="00000000-0000-4000-8000-00000000abcf", name="无居", opened_at=clock.now()
    )
    with pytest.raises(particulars.HomeUnknown):
        particulars.correct(person_id=stray.pk, **asked)
    learner = Person.objects.get(pk=world.people["learner"])
    assert len(particulars.correct(person_id=stray.pk, home_id=learner.home_id, **asked)) == 2
    particulars.correct(person_id=sibling.pk, birth_year=1950, at=clock.now(), why=WHY)
    today = clock.local_date(clock.now())
    reached = PersonChange.objects.reachable_by(county, today)
    mover = PersonChange.objects.get(pk=world.moved).person_id
    assert {change.person_id for change in reached} == {stray.pk, mover}
    assert not PersonChange.objects.reachable_by(None, today)
