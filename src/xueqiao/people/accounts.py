"""Lifelong learning accounts: opening them, one at a time or many, and signing in to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Prefetch
from django.utils.translation import gettext as _

from xueqiao.kernel import clock, errors, ids
from xueqiao.people import rules
from xueqiao.people.models import Login, Person, Role, Sex

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

BATCH = 2000
DEMO_PREFIX = "demo-"


class AccountKeyReused(errors.Refusal):
    """The key already belongs to an account with other particulars."""

    code = "people.account_key_reused"


class IdentityKnown(errors.Refusal):
    """Somebody with this identity number has an account already."""

    code = "people.identity_known"


class ParticularsImpossible(errors.Refusal):
    """A year of birth, sex or identity number that nobody can have."""

    code = "people.particulars_impossible"
    status = 422


class PersonUnknown(errors.Refusal):
    """Nobody has this key."""

    code = "people.person_unknown"
    status = 404


class UsernameTaken(errors.Refusal):
    """Another person signs in under this name."""

    code = "people.username_taken"


class PasswordTooShort(errors.Refusal):
    """The password is shorter than the rule allows."""

    code = "people.password_too_short"
    status = 422


class PasswordsDiffer(errors.Refusal):
    """The password was not typed twice alike."""

    code = "people.passwords_differ"
    status = 422


@dataclass(frozen=True)
class NewAccount:
    """What is known when an account is opened. ``key`` makes it one account."""

    key: UUID
    name: str
    opened_at: datetime
    birth_year: int | None = None
    sex: str = Sex.UNKNOWN
    home_id: int | None = None
    name_en: str = ""
    is_sample: bool = False


@transaction.atomic
def open_account(
    *,
    key: UUID,
    name: str,
    opened_at: datetime,
    birth_year: int | None = None,
    sex: str = Sex.UNKNOWN,
    home_id: int | None = None,
    name_en: str = "",
    is_sample: bool = False,
    identity_number: str = "",
) -> Person:
    """Open a lifelong learning account, once for each key.

    A repeated call with the same key and the same particulars returns the account that is there.

    Args:
        identity_number: 18 characters; only its keyed hash is stored.

    Raises:
        AccountKeyReused: the key is another person's.
        IdentityKnown: the identity number already has an account under another key.
        ParticularsImpossible: a year of birth, sex or number that cannot be.
    """
    new = NewAccount(key, name, opened_at, birth_year, sex, home_id, name_en, is_sample)
    check_person(new)
    hashed = _identity_hash(identity_number)
    found = Person.objects.filter(key=key).first()
    if found:
        return _same_or_refuse(found, new, hashed)
    if hashed and Person.objects.filter(identity_hash=hashed).exists():
        raise _identity_known()
    person = _person(new)
    person.identity_hash = hashed
    try:
        with transaction.atomic():
            person.save(force_insert=True)
    except IntegrityError:
        # Somebody opened it meanwhile, under this key or with this identity number.
        found = Person.objects.filter(key=key).first()
        if found is None:
            raise _identity_known() from None
        return _same_or_refuse(found, new, hashed)
    return person


def open_many(accounts: Iterable[NewAccount]) -> int:
    """Open many accounts in batches; keys that are there already are left as they are.

    Returns:
        How many accounts are new. Stopped half-way, a second call adds the rest.

    Raises:
        ParticularsImpossible: as ``open_account``; the batch of that account is not written.
    """
    opened, batch = 0, []
    for account in accounts:
        check_person(account)
        batch.append(account)
        if len(batch) == BATCH:
            opened += _open_batch(batch)
            batch = []
    return opened + _open_batch(batch)


def ids_of(keys: Sequence[UUID]) -> dict[UUID, int]:
    """The ids of the persons behind some keys; unknown keys are left out."""
    found: dict[UUID, int] = {}
    for start in range(0, len(keys), BATCH):
        part = keys[start : start + BATCH]
        found.update(Person.objects.filter(key__in=part).values_list("key", "pk"))
    return found


def birth_years(ids: Sequence[int]) -> dict[int, int | None]:
    """The year of birth of each person, by id; None where it is not known."""
    return dict(Person.objects.filter(pk__in=ids).values_list("pk", "birth_year"))


def by_key(key: UUID) -> Person:
    """The person behind a key.

    Raises:
        PersonUnknown: nobody.
    """
    person = Person.objects.filter(key=key).first()
    if person is None:
        raise PersonUnknown(
            _("No account has the key {key}. Copy the key from the account page.").format(key=key)
        )
    return person


def by_id(person_id: int) -> Person:
    """The person with an id.

    Raises:
        PersonUnknown: nobody.
    """
    person = Person.objects.filter(pk=person_id).first()
    if person is None:
        raise PersonUnknown(_("Nobody has the number {id}.").format(id=person_id))
    return person


def has_login(person_id: int) -> bool:
    """Whether somebody can sign in by name."""
    return Login.objects.filter(person_id=person_id).exists()


@transaction.atomic
def create_login(
    *, person_id: int, username: str, password: str | None, repeated: str | None = None
) -> Login:
    """Let a person sign in; a repeated call for the same name sets the new password.

    Args:
        password: None makes a sign-in without password, as the demo people have.
        repeated: the password as it was typed a second time; None where nobody typed it.

    Raises:
        UsernameTaken: the name is another person's, or this person signs in under another name.
        PasswordTooShort: fewer characters than ``rules.SHORTEST_PASSWORD``.
        PasswordsDiffer: the second one is another.
    """
    if repeated is not None and repeated != password:
        raise PasswordsDiffer(_("The two passwords differ. Type the same one twice."))
    if password is not None and len(password) < rules.SHORTEST_PASSWORD:
        raise PasswordTooShort(
            _("The password has {n} characters; choose one of at least {least}.").format(
                n=len(password), least=rules.SHORTEST_PASSWORD
            )
        )
    login = Login.objects.filter(username=username).first()
    login = login or Login.objects.filter(person_id=person_id).first()
    if login is None:
        login = Login(username=username, person_id=person_id)
    if login.username != username or login.person_id != person_id:
        raise UsernameTaken(
            _(
                "{name} cannot be used: a sign-in name belongs to one person, and a person has "
                "one. Choose another name, or use the one this person has."
            ).format(name=username)
        )
    if login.pk is None or password is not None:
        # A repeated call without password must not end the sessions that are open.
        login.set_password(password)
        login.save()
    return login


def demo_people() -> QuerySet[Login]:
    """The named people of the demo with their roles, learner first; nobody unless it is a demo.

    Each login carries ``person`` and, prefetched, ``person.roles`` with place and institution.
    """
    if not settings.DEMO:
        return Login.objects.none()
    roles = Role.objects.in_force(clock.today())
    roles = roles.select_related("place", "institution").order_by("pk")
    return (
        Login.objects.filter(username__startswith=DEMO_PREFIX, is_active=True)
        .select_related("person", "person__home")
        .prefetch_related(Prefetch("person__roles", roles, to_attr="roles_in_force"))
        .order_by("pk")
    )


def check_person(account: NewAccount | Person) -> None:
    """Refuse a sex or year of birth that cannot be. Raises ParticularsImpossible."""
    if account.sex not in Sex.values:
        raise ParticularsImpossible(
            _("Sex is {sex!r}; write 1 for male, 2 for female or 0 for not known.").format(
                sex=account.sex
            ),
            pointer="sex",
        )
    year = clock.local_date(account.opened_at).year
    if account.birth_year is not None and not rules.birth_year_fits(account.birth_year, year):
        raise ParticularsImpossible(
            _(
                "Born in {born} and registered in {year} cannot be. Correct the year of birth."
            ).format(born=account.birth_year, year=year),
            pointer="birth_year",
        )


def _identity_hash(number: str) -> str:
    if not number:
        return ""
    if not rules.identity_number_fits(number):
        raise ParticularsImpossible(
            _("The identity number does not check. Compare all 18 characters with the card."),
            pointer="identity_number",
        )
    return ids.keyed_hash(settings.IDENTITY_KEY, number)


def _identity_known() -> IdentityKnown:
    return IdentityKnown(
        _("This identity number already has an account. Sign in to it instead of opening another.")
    )


def _same_or_refuse(found: Person, new: NewAccount, hashed: str) -> Person:
    same = (found.name, found.birth_year, found.sex) == (new.name, new.birth_year, new.sex)
    if same and found.identity_hash == hashed:
        return found
    raise AccountKeyReused(
        _(
            "The key {key} belongs to {name}'s account, with other particulars. Use a new key for "
            "another person."
        ).format(key=new.key, name=found.name)
    )


def person_row(account: NewAccount) -> Person:
    """The row of an account, not yet written. Raises ParticularsImpossible."""
    check_person(account)
    return _person(account)


def _person(account: NewAccount) -> Person:
    return Person(
        key=account.key,
        name=account.name,
        name_en=account.name_en,
        sex=account.sex,
        birth_year=account.birth_year,
        home_id=account.home_id,
        is_sample=account.is_sample,
        opened_at=account.opened_at,
    )


@transaction.atomic
def _open_batch(batch: list[NewAccount]) -> int:
    unique = {account.key: account for account in batch}
    there = set(ids_of(list(unique)))
    rows = [_person(account) for key, account in unique.items() if key not in there]
    # Another process may open the same ones meanwhile; the key decides.
    Person.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    return len(rows)
