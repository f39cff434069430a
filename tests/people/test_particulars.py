"""Moves and corrections of a person's particulars."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction

from tests.people.test_rights import person
from xueqiao.network.models import Listing, Place, Register
from xueqiao.people import accounts, exports, particulars
from xueqiao.people.models import Person, PersonChange

NOW = datetime(2026, 6, 30, 16, tzinfo=UTC)
"""The first instant of 1 July in Shanghai."""
WHY = "residence registration"

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Villages:
    east: Place
    west: Place
    town: Place


@pytest.fixture
def villages():
    return Villages(*(listed(code) for code in ("320101001201", "320101001202", "320101001203")))


@pytest.fixture
def wei(villages):
    return person(1, villages.east)


def listed(code):
    since = date(2010, 1, 1)
    nbs, _ = Register.objects.get_or_create(code="nbs", as_of=since, deepest_level=5)
    made = Place.objects.create(origin=nbs, code=code, level=5, name=code, valid_from=since)
    Listing.objects.create(register=nbs, place=made, code=code, name=code, valid_from=since)
    return made


def moved(wei, home, since, **other):
    return particulars.move(
        person_id=wei.pk, home_id=home.pk, since=since, at=NOW, why=other.get("why", WHY)
    )


def test_a_move_keeps_where_the_person_lived_before(villages, wei):
    moved(wei, villages.west, date(2026, 3, 2))
    moved(wei, villages.town, date(2026, 7, 1))

    wei.refresh_from_db()
    assert wei.home_id == villages.town.pk
    assert [(row["home_id"], row["until"]) for row in exports.former_homes()] == [
        (villages.east.pk, date(2026, 3, 2)), (villages.west.pk, date(2026, 7, 1))
    ]  # fmt: skip


def test_a_repeated_move_changes_nothing(villages, wei):
    first = moved(wei, villages.west, date(2026, 3, 2))
    assert moved(wei, villages.west, date(2026, 3, 2)) == first
    assert PersonChange.objects.count() == 1


@pytest.mark.parametrize(
    ("to", "since"),
    [("town", date(2026, 7, 2)), ("town", date(2026, 3, 2)), ("west", date(2026, 4, 1))],
    ids=["in the future", "not after the last", "no other place"],
)
def test_a_move_that_cannot_be_is_refused(villages, wei, to, since):
    moved(wei, villages.west, date(2026, 3, 2))
    with pytest.raises(particulars.MoveImpossible):
        moved(wei, getattr(villages, to), since)
    wei.refresh_from_db()
    assert wei.home_id == villages.west.pk


def test_a_correction_says_what_was_wrong_once(villages, wei):
    asked = {
        "person_id": wei.pk, "home_id": villages.west.pk, "birth_year": 1960, "sex": "2", "at": NOW,
        "why": "identity card",
    }  # fmt: skip
    before = {"home": str(villages.east.pk), "birth_year": "", "sex": "0"}
    changes = particulars.correct(**asked)

    assert {each.particular: each.before for each in changes} == before
    assert particulars.correct(**asked) == []
    found = Person.objects.get(pk=wei.pk)
    assert (found.home_id, found.birth_year, found.sex) == (villages.west.pk, 1960, "2")
    assert found.updated_at > wei.updated_at
    assert list(exports.former_homes()) == []


def test_a_change_needs_its_evidence_and_a_person(villages, wei):
    with pytest.raises(particulars.WhyMissing):
        moved(wei, villages.west, date(2026, 3, 2), why=" ")
    with pytest.raises(accounts.PersonUnknown):
        particulars.correct(person_id=wei.pk + 1, sex="1", at=NOW, why=WHY)
    with pytest.raises(accounts.ParticularsImpossible):
        particulars.correct(person_id=wei.pk, birth_year=1790, at=NOW, why=WHY)
    assert not PersonChange.objects.exists()


def test_the_history_cannot_be_changed(villages, wei):
    moved(wei, villages.west, date(2026, 3, 2))
    with pytest.raises(DatabaseError), transaction.atomic():
        PersonChange.objects.update(since=date(2026, 4, 1))


def test_the_commands_move_and_correct(villages, wei, capsys):
    call_command(
        "move_person", "--person", str(wei.key), "--home", villages.west.code,
        "--since", "2026-03-02", "--why", WHY,
    )  # fmt: skip
    call_command("correct_person", "--person", str(wei.key), "--birth-year", "1951", "--why", WHY)
    wei.refresh_from_db()
    assert (wei.home_id, wei.birth_year) == (villages.west.pk, 1951)
    assert len(capsys.readouterr().out.splitlines()) == 2
