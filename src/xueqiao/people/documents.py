"""Identity documents: their numbers are hashed with a key and never kept; who holds which is known.

``accounts`` opens one account with a number; here numbers are compared with accounts that are
there, given to them after a check, and many accounts are opened by their hashes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from xueqiao.kernel import bulk, ids
from xueqiao.people import accounts, rules
from xueqiao.people.models import Person

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Hash = str


class Opened(NamedTuple):
    """A person behind an identity hash; ``is_new`` when the account was made just now."""

    person_id: int
    is_new: bool


def hashed(number: str, *, pointer: str = "identity_number") -> Hash:
    """The keyed hash of an identity number.

    Raises:
        accounts.ParticularsImpossible: the number does not check.
    """
    plain = number.strip().upper()
    if not rules.identity_number_fits(plain):
        raise accounts.ParticularsImpossible(
            _("The identity number does not check. Compare all 18 characters with the card."),
            pointer=pointer,
        )
    return ids.keyed_hash(settings.IDENTITY_KEY, plain)


def holders(hashes: Iterable[Hash]) -> dict[Hash, Person]:
    """The persons who hold some identity documents; unknown ones are left out."""
    found: dict[Hash, Person] = {}
    for part in bulk.chunks(hashes):
        found |= {
            each.identity_hash: each for each in Person.objects.filter(identity_hash__in=part)
        }
    return found


@transaction.atomic
def give(*, person_id: int, identity_hash: Hash) -> bool:
    """Keep the hash of a document that somebody showed. Whether it was new to the account.

    Raises:
        accounts.IdentityKnown: another account has it, or this one has another document.
    """
    person = Person.objects.select_for_update().get(pk=person_id)
    if person.identity_hash == identity_hash:
        return False
    if person.identity_hash:
        raise accounts.IdentityKnown(
            _("This account was checked with another identity number. Compare name and number.")
        )
    try:
        with transaction.atomic():
            person.identity_hash = identity_hash
            person.save(update_fields=["identity_hash", "updated_at"])
    except IntegrityError:
        raise accounts.IdentityKnown(
            _(
                "This identity number belongs to another account. If both are of one person, ask "
                "for a merge of the two."
            )
        ) from None
    return True


@transaction.atomic
def open_many(wanted: Mapping[Hash, accounts.NewAccount]) -> dict[Hash, Opened]:
    """Open an account for each identity hash that has none; who has one keeps it as it is.

    Two processes that open the same ones open each once.

    Raises:
        accounts.ParticularsImpossible: as ``accounts.open_account``; nothing is written.
    """
    there = holders(wanted)
    fresh = {key: account for key, account in wanted.items() if key not in there}
    rows = []
    for key, account in sorted(fresh.items()):
        row = accounts.person_row(account)
        row.identity_hash = key
        rows.append(row)
    Person.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    found = holders(wanted)
    made = {row.key for row in rows}
    return {
        key: Opened(person.pk, is_new=key in fresh and person.key in made)
        for key, person in found.items()
    }
