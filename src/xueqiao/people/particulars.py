"""Who moved, and what was wrong: changes of residence, year of birth and sex, with their history.

A move holds from a day on, so statistics of the days before it stay where they were; a correction
says that the earlier value never was, so they change too. Only this module changes the particulars
of an account that is open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.kernel import clock, errors
from xueqiao.people import accounts, rights
from xueqiao.people.models import ChangeKind, Particular, Person, PersonChange

if TYPE_CHECKING:
    from datetime import date, datetime


class WhyMissing(errors.Refusal):
    """A change of particulars without the evidence it rests on."""

    code = "people.why_missing"
    status = 422


class MoveImpossible(errors.Refusal):
    """A move in the future, before the last one, or to where the person lives already."""

    code = "people.move_impossible"


class HomeUnknown(errors.Refusal):
    """No office answers for somebody whose residence nobody knows."""

    code = "people.home_unknown"
    status = 422


class OwnParticulars(errors.Refusal):
    """An officer who would change what is known of themselves."""

    code = "people.own_particulars"
    status = 403


@transaction.atomic
def move(
    *,
    person_id: int,
    home_id: int,
    since: date,
    at: datetime,
    why: str,
    by: Person | None = None,
) -> PersonChange:
    """Give a person another place of residence from a day on; a repeated call changes nothing.

    Args:
        home_id: a place of any register.
        since: the first day in the new place.
        why: the evidence, such as "residence registration of 2 March".
        by: the officer; None: a command on the machine.

    Raises:
        PersonUnknown: nobody has the number.
        MoveImpossible: in the future, not after the last move, or no other place.
        WhyMissing: without evidence.
        NotAllowed, OwnParticulars: the officer does not answer for where the person lives.
    """
    person = _locked(person_id, why)
    _check_officer(person, by, at, home_id)
    last = person.changes.filter(kind=ChangeKind.MOVED).order_by("since").last()
    if last and last.since == since and person.home_id == home_id:
        return last
    _check_move(person, last, home_id, since, clock.local_date(at))
    change = PersonChange.objects.create(
        person=person, kind=ChangeKind.MOVED, particular=Particular.HOME,
        before=_text(person.home_id), after=_text(home_id), since=since,
        at=at, by=by, why=why.strip(),
    )  # fmt: skip
    person.home_id = home_id
    person.save(update_fields=["home", "updated_at"])
    return change


@transaction.atomic
def correct(
    *,
    person_id: int,
    at: datetime,
    why: str,
    by: Person | None = None,
    home_id: int | None = None,
    birth_year: int | None = None,
    sex: str | None = None,
) -> list[PersonChange]:
    """Put right what was wrong of a person; what is left out, or right already, stays.

    Args:
        home_id: where the person lives now and has since the last move.
        birth_year: the year of birth.
        sex: by GB/T 2261.1.
        by: the officer; None: a command on the machine.

    Returns:
        One change for each particular that was wrong; none when a call is repeated.

    Raises:
        PersonUnknown: nobody has the number.
        ParticularsImpossible: a year or sex that cannot be.
        WhyMissing: without evidence.
        NotAllowed, OwnParticulars: the officer does not answer for where the person lives.
        HomeUnknown: nobody knows where that is, and no residence was given.
    """
    person = _locked(person_id, why)
    _check_officer(person, by, at, home_id)
    given = {Particular.HOME: home_id, Particular.BIRTH_YEAR: birth_year, Particular.SEX: sex}
    column = {Particular.HOME: "home_id"}
    wrong = {
        particular: value
        for particular, value in given.items()
        if value is not None and getattr(person, column.get(particular, particular)) != value
    }
    changes = [
        PersonChange(
            person=person, kind=ChangeKind.CORRECTED, particular=particular,
            before=_text(getattr(person, column.get(particular, particular))), after=_text(value),
            at=at, by=by, why=why.strip(),
        )
        for particular, value in wrong.items()
    ]  # fmt: skip
    for particular, value in wrong.items():
        setattr(person, column.get(particular, particular), value)
    accounts.check_person(person)
    if changes:
        person.save(update_fields=[*wrong, "updated_at"])
    return PersonChange.objects.bulk_create(changes)


def _locked(person_id: int, why: str) -> Person:
    if not why.strip():
        text = _("Say what the change rests on, such as the paper that shows it.")
        raise WhyMissing(text, pointer="why")
    person = Person.objects.select_for_update().filter(pk=person_id).first()
    if person is None:
        raise accounts.PersonUnknown(_("Nobody has the number {id}.").format(id=person_id))
    return person


def _check_officer(person: Person, by: Person | None, at: datetime, home_id: int | None) -> None:
    """The office of the present residence, or of the new one where none is known."""
    if by is None:
        return
    if by.pk == person.pk:
        raise OwnParticulars(_("This is your own account. Another officer handles it."))
    place_id = person.home_id or home_id
    if place_id is None:
        text = _("Where {name} lives is not known. Enter the place of residence too.")
        raise HomeUnknown(text.format(name=person.name), pointer="home")
    rights.check(by, rights.PARTICULARS, clock.local_date(at), place_id=place_id)


def _check_move(
    person: Person, last: PersonChange | None, home_id: int, since: date, today: date
) -> None:
    if since > today:
        text = _("The move of {day} lies in the future. Enter it on that day.")
        raise MoveImpossible(text.format(day=clock.written(since)), pointer="since")
    if last and last.since and since <= last.since:
        text = _("The last move was on {last}; a move of {day} would not follow it.")
        raise MoveImpossible(
            text.format(last=clock.written(last.since), day=clock.written(since)), pointer="since"
        )
    if person.home_id == home_id:
        text = _("{name} lives there already. Enter another place.")
        raise MoveImpossible(text.format(name=person.name), pointer="home")


def _text(value: int | str | None) -> str:
    return "" if value is None else str(value)
