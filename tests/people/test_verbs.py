"""Accounts, links to other platforms, roles: what the verbs do, refuse and repeat."""

import uuid
from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from tests.people.test_rights import DAY, Forest, person
from xueqiao.kernel import ids
from xueqiao.people import accounts, identity, roles, rules
from xueqiao.people.models import IdentityEvent, OutsideAccount, Person, Role

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = uuid.UUID(int=7)
CARD = "11010519491231002X"
WHY = "confirmed by signing in there"


def opened(**other):
    given_ = {
        "key": KEY,
        "name": "王秀英",
        "opened_at": NOW,
        "birth_year": 1958,
        "sex": "2",
        **other,
    }
    return accounts.open_account(**given_)


@pytest.mark.django_db
def test_an_account_is_opened_once_for_a_key():
    assert opened() == opened()
    assert Person.objects.count() == 1
    with pytest.raises(accounts.AccountKeyReused):
        opened(name="李建国")


@pytest.mark.django_db
def test_an_identity_number_is_kept_as_a_hash_and_has_one_account():
    first = opened(identity_number=CARD)
    assert CARD not in str(Person.objects.values_list().get())
    assert len(first.identity_hash) == 64
    with pytest.raises(accounts.IdentityKnown):
        opened(key=uuid.UUID(int=8), identity_number=CARD)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"birth_year": 2030},
        {"birth_year": 1850},
        {"sex": "x"},
        {"identity_number": "110105194912310021"},
    ],
)
def test_particulars_that_nobody_can_have_are_refused(wrong):
    with pytest.raises(accounts.ParticularsImpossible):
        opened(**wrong)
    assert not Person.objects.exists()


def many(count, start=0):
    return [
        accounts.NewAccount(ids.stable_uuid("test", str(n)), f"学员 {n}", NOW, is_sample=True)
        for n in range(start, start + count)
    ]


@pytest.mark.django_db
def test_many_accounts_are_opened_in_few_queries_and_once():
    with CaptureQueriesContext(connection) as seen:
        assert accounts.open_many(many(300)) == 300
    # Two statements frame the batch; SQLite cuts the insert by its limit of variables.
    assert len(seen) <= 10
    assert accounts.open_many([*many(300), *many(5, start=300)]) == 5
    assert Person.objects.count() == 305
    keys = [account.key for account in many(3)]
    assert set(accounts.ids_of([*keys, uuid.UUID(int=1)])) == set(keys)


@pytest.mark.django_db
def test_a_sign_in_belongs_to_one_person_and_has_a_long_password():
    first, second = person(1), person(2)
    with pytest.raises(accounts.PasswordTooShort):
        accounts.create_login(person_id=first.pk, username="wang", password="123456")
    with pytest.raises(accounts.PasswordsDiffer):
        accounts.create_login(
            person_id=first.pk, username="wang", password="long enough", repeated="long enouhg"
        )
    login = accounts.create_login(person_id=first.pk, username="wang", password="long enough")
    assert login.check_password("long enough")
    for taken in (
        {"person_id": second.pk, "username": "wang"},
        {"person_id": first.pk, "username": "w"},
    ):
        with pytest.raises(accounts.UsernameTaken):
            accounts.create_login(**taken, password="long enough")
    again = accounts.create_login(person_id=first.pk, username="wang", password="another one")
    assert again.check_password("another one")
    assert not accounts.create_login(
        person_id=second.pk, username="demo-x", password=None
    ).has_usable_password()


@pytest.mark.django_db
def test_the_demo_people_are_shown_only_in_a_demo(settings):
    accounts.create_login(person_id=person(1).pk, username="demo-learner", password=None)
    accounts.create_login(person_id=person(2).pk, username="real", password="long enough")
    assert [login.username for login in accounts.demo_people()] == ["demo-learner"]
    settings.DEMO = False
    assert list(accounts.demo_people()) == []


def linked(who, name="n", page="https://a.example"):
    identity.link(person_id=who.pk, home_page=page, name=name, at=NOW, why=WHY)


@pytest.mark.django_db
def test_an_outside_account_is_whose_it_is_until_it_is_unlinked():
    first, second = person(1), person(2)
    linked(first)
    linked(first)
    assert identity.person_of("https://a.example", "n") == first.pk
    assert identity.person_of("https://b.example", "n") is None
    with pytest.raises(identity.AccountTaken):
        linked(second)
    identity.unlink(
        home_page="https://a.example", name="n", at=NOW, why="linked by mistake", by_id=second.pk
    )
    assert identity.person_of("https://a.example", "n") is None
    with pytest.raises(identity.NotLinked):
        identity.unlink(home_page="https://a.example", name="n", at=NOW, why="again")
    linked(second)
    events = IdentityEvent.objects.order_by("pk").values_list("action", "person_id", "by_id", "why")
    assert list(events) == [
        ("link", first.pk, None, WHY),
        ("unlink", first.pk, second.pk, "linked by mistake"),
        ("link", second.pk, None, WHY),
    ]


@pytest.mark.django_db
def test_a_batch_with_one_taken_account_is_not_written():
    first, second = person(1), person(2)
    linked(first)
    links = [identity.Link(second.pk, "https://a.example", name) for name in ("m", "n")]
    with pytest.raises(identity.AccountTaken):
        identity.link_many(links=links, at=NOW, why=WHY)
    assert OutsideAccount.objects.count() == IdentityEvent.objects.count() == 1


class LinksHold(TestCase):
    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.tuples(st.booleans(), st.integers(0, 1), st.integers(0, 2)), max_size=12))
    def test_the_links_are_the_events_played_in_order(self, moves):
        persons = [person(1), person(2)]
        for is_link, who, name in moves:
            try:
                if is_link:
                    linked(persons[who], str(name))
                else:
                    identity.unlink(home_page="https://a.example", name=str(name), at=NOW, why=WHY)
            except (identity.AccountTaken, identity.NotLinked):
                continue
        played = {}
        for event in IdentityEvent.objects.order_by("pk"):
            if event.action == "link":
                assert event.name not in played
                played[event.name] = event.person_id
            else:
                assert played.pop(event.name) == event.person_id
        assert dict(OutsideAccount.objects.values_list("name", "person_id")) == played


@pytest.fixture
def forest(db):
    """0 a province, 1 and 2 its counties, 3 a town of 1, 4 another province."""
    return Forest([-1, 0, 0, 1, -1])


def grant(forest, who, kind, where, *, by=None, body=None, **other):
    return roles.grant(
        person_id=who.pk, kind=kind, place_id=forest.places[where].pk, valid_from=DAY, at=NOW,
        institution_id=None if body is None else forest.institutions[body].pk, granted_by=by,
        **other,
    )  # fmt: skip


def test_a_role_is_given_by_somebody_who_may_and_once(forest):
    operator, province, county, helper = (person(n) for n in range(10, 14))
    grant(forest, operator, "operator", 0)
    grant(forest, province, "province", 0, by=operator)
    grant(forest, county, "county", 1, by=province)
    first = grant(forest, helper, "helper", 3, by=county)
    assert grant(forest, helper, "helper", 3, by=county) == first
    assert Role.objects.count() == 4
    for kind, where, by in [
        ("helper", 2, county), ("county", 1, county), ("province", 4, operator),
        ("helper", 3, helper), ("county", 1, operator), ("county", 4, province),
    ]:  # fmt: skip
        with pytest.raises(roles.RoleNotGrantable):
            grant(forest, helper, kind, where, by=by)


def test_a_role_for_an_institution_stays_with_it(forest):
    manager, teacher = person(10), person(11)
    grant(forest, manager, "institution", 1, body=3)
    grant(forest, teacher, "teacher", 1, body=3, by=manager)
    for where, body in ((1, 1), (1, None)):
        with pytest.raises(roles.RoleNotGrantable):
            grant(forest, teacher, "teacher", where, body=body, by=manager)
    with pytest.raises(roles.RoleOutOfPlace):
        grant(forest, teacher, "teacher", 2, body=3)


def test_a_role_ends_once_and_is_never_deleted(forest):
    holder = person(10)
    role = grant(forest, holder, "county", 1)
    last = date(2026, 6, 1)
    with pytest.raises(roles.RoleDaysImpossible):
        roles.end(role_id=role.pk, day=DAY, at=NOW)
    for _twice in range(2):
        roles.end(role_id=role.pk, day=last, at=NOW)
    with pytest.raises(roles.RoleEnded):
        roles.end(role_id=role.pk, day=date(2026, 7, 1), at=NOW)
    assert Role.objects.in_force(date(2026, 5, 31)).get() == role
    assert not Role.objects.in_force(last).exists()
    with pytest.raises(roles.RoleNotGrantable):
        roles.end(role_id=role.pk, day=last, at=NOW, ended_by=holder)
    with pytest.raises(roles.RoleDaysImpossible):
        grant(forest, holder, "helper", 1, valid_to=DAY)


@given(st.frozensets(st.sampled_from(sorted(rules.MAY_GRANT)), max_size=4))
def test_nobody_may_give_a_role_of_the_own_rank_or_above(held):
    rank = [
        "helper", "teacher", "institution", "assessor", "analyst", "county", "province", "operator"
    ]  # fmt: skip
    for kind in rules.grantable(held):
        assert rank.index(kind) < max(rank.index(each) for each in held)


@given(st.integers(0, 10**17 - 1))
def test_one_changed_digit_of_an_identity_number_is_noticed(number):
    digits = f"{number:017}"
    fitting = [digits + last for last in "0123456789X" if rules.identity_number_fits(digits + last)]
    assert len(fitting) == 1
    for place in range(17):
        other = str((int(digits[place]) + 1) % 10)
        assert not rules.identity_number_fits(digits[:place] + other + fitting[0][place + 1 :])
