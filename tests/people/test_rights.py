"""The laws of rights: a role reaches its place and below, on its days, and nothing else."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from xueqiao.network.models import Closure, Institution, Place, Register, Seat
from xueqiao.people import rights
from xueqiao.people.models import Person, Role, RoleKind

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = date(2026, 1, 1)
DAYS = st.integers(-3, 3).map(lambda n: DAY + timedelta(days=n))
# Each place's parent is an earlier one, or none: a forest of up to seven places.
FORESTS = st.lists(st.integers(-1, 5), min_size=2, max_size=7)
SPANS = st.tuples(DAYS, st.none() | DAYS).filter(lambda span: span[1] is None or span[0] < span[1])
ROLES = st.lists(
    st.tuples(st.sampled_from(list(RoleKind)), st.integers(0, 6), SPANS, st.booleans()), max_size=4
)
POLICIES = [rights.PEOPLE, rights.ROSTER, rights.RECOGNITION_DECIDE, rights.OWN, rights.PUBLIC]


class Forest:
    """Places with their closure, one institution in each, one person at home in each."""

    def __init__(self, parents):
        register = Register.objects.create(code="test", as_of=DAY, deepest_level=5)
        self.parents, self.places, self.institutions, self.persons = [], [], [], []
        for number, parent in enumerate(parents):
            self.parents.append(parent if 0 <= parent < number else None)
            place = Place.objects.create(
                origin=register,
                code=str(number),
                level=3,
                name=str(number),
                valid_from=date(2010, 1, 1),
            )
            self.places.append(place)
            for depth, above in enumerate(self.way_up(number)):
                Closure.objects.create(
                    register=register, ancestor=self.places[above], descendant=place, depth=depth,
                    valid_from=date(2010, 1, 1),
                )  # fmt: skip
            body = Institution.objects.create(
                code=f"i{number}", name="i", valid_from=DAY, kind="provider"
            )
            Seat.objects.create(institution=body, register=register, place=place, valid_from=DAY)
            self.institutions.append(body)
            self.persons.append(person(number, place))

    def way_up(self, number):
        while number is not None:
            yield number
            number = self.parents[number]


def person(number, home=None):
    return Person.objects.create(
        key=f"00000000-0000-0000-0000-{number:012}", name=str(number), opened_at=NOW, home=home
    )


def give(forest, holder, given_roles):
    """Write the roles; returns them as (kind, place number, narrow) in force on ``DAY``."""
    in_force = []
    seen = set()
    for kind, number, (start, end), narrow in given_roles:
        where = number % len(forest.places)
        if (kind, where, start, narrow) in seen:
            continue
        seen.add((kind, where, start, narrow))
        Role.objects.create(
            person=holder, kind=kind, place=forest.places[where], valid_from=start, valid_to=end,
            institution=forest.institutions[where] if narrow else None, granted_at=NOW,
        )  # fmt: skip
        if start <= DAY and (end is None or end > DAY):
            in_force.append((kind.value, where, narrow))
    return in_force


class RightsHold(TestCase):
    @settings(max_examples=60, deadline=None)
    @given(FORESTS, ROLES, st.sampled_from(POLICIES))
    def test_a_role_reaches_its_place_and_below_on_its_days(self, parents, given_roles, policy):
        """SQL and the plain walk up the forest agree on every row, for people and institutions."""
        forest = Forest(parents)
        holder = person(99)
        held = [role for role in give(forest, holder, given_roles) if role[0] in policy.roles]

        wide = {
            number for number in range(len(forest.places))
            if any(where in forest.way_up(number) for _kind, where, narrow in held if not narrow)
        }  # fmt: skip
        narrowed = {where for _kind, where, narrow in held if narrow}

        homes = rights.within(holder, policy, DAY, place="home_id")
        seen = Person.objects.filter(homes).exclude(pk=holder.pk)
        assert {int(each.name) for each in seen} == wide
        bodies = rights.within(holder, policy, DAY, place="seats__place_id", institution="id")
        found = set(Institution.objects.filter(bodies).values_list("code", flat=True))
        assert found == {f"i{number}" for number in wide | narrowed}
        for number, place in enumerate(forest.places):
            assert self.passes(holder, policy, place, None) == (number in wide)
            body = forest.institutions[number]
            assert self.passes(holder, policy, place, body) == (number in wide | narrowed)
        assert rights.allows(holder, policy, DAY) == (
            bool(held) or policy.audience is not rights.Audience.ROLES
        )

    @settings(max_examples=20, deadline=None)
    @given(FORESTS)
    def test_nobody_reaches_nothing(self, parents):
        forest = Forest(parents)
        assert not Person.objects.filter(
            rights.within(None, rights.PEOPLE, DAY, place="home_id")
        ).exists()
        assert not Person.objects.visible_to(None, DAY).exists()
        assert not self.passes(None, rights.PEOPLE, forest.places[0], forest.institutions[0])

    def passes(self, holder, policy, place, body):
        try:
            rights.check(
                holder, policy, DAY, place_id=place.pk, institution_id=body.pk if body else None
            )
        except rights.NotAllowed:
            return False
        return True


@pytest.mark.django_db
def test_ground_that_was_carried_to_a_successor_is_reached_by_its_officer():
    forest = Forest([-1, -1])
    ended, successor = forest.places
    Closure.objects.filter(ancestor=ended).update(valid_to=DAY)
    Closure.objects.create(
        register_id="test",
        ancestor=successor,
        descendant=ended,
        depth=1,
        carried=True,
        valid_from=DAY,
    )
    old, new = person(90), person(91)
    for who, where in ((old, ended), (new, successor)):
        Role.objects.create(
            person=who, kind="county", place=where, valid_from=date(2020, 1, 1), granted_at=NOW
        )
    before = DAY - timedelta(days=1)
    assert [rights.lies_in(ended.pk, place.pk, before) for place in forest.places] == [True, False]
    assert [rights.lies_in(ended.pk, place.pk, DAY) for place in forest.places] == [False, True]
    assert {p.name for p in Person.objects.visible_to(new, DAY)} == {"0", "1", "91"}
    assert {p.name for p in Person.objects.visible_to(old, DAY)} == {"90"}
