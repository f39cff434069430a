"""Which account of which other platform is whose: linked on evidence, never guessed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.people.models import IdentityAction, IdentityEvent, OutsideAccount

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

BATCH = 2000


class AccountTaken(errors.Refusal):
    """The outside account is linked to another person."""

    code = "people.outside_account_taken"


class NotLinked(errors.Refusal):
    """The outside account is linked to nobody."""

    code = "people.outside_account_not_linked"
    status = 404


@dataclass(frozen=True)
class Link:
    """An outside account and the person it belongs to."""

    person_id: int
    home_page: str
    name: str


def link(
    *, person_id: int, home_page: str, name: str, at: datetime, why: str, by_id: int | None = None
) -> None:
    """Link an outside account to a person; a repeated call changes nothing.

    Args:
        home_page: the platform, as xAPI ``account.homePage``.
        name: the account there, as xAPI ``account.name``.
        why: the evidence, such as "confirmed by signing in there".
        by_id: the person who links; None for a load.

    Raises:
        AccountTaken: it is another person's; unlink it there first.
    """
    link_many(links=[Link(person_id, home_page, name)], at=at, why=why, by_id=by_id)


def link_many(*, links: Iterable[Link], at: datetime, why: str, by_id: int | None = None) -> int:
    """Link many outside accounts, in batches of one transaction each.

    Returns:
        How many links are new. Stopped half-way, a second call adds the rest.

    Raises:
        AccountTaken: one is another person's; its batch is not written.
    """
    made, batch = 0, []
    for each in links:
        batch.append(each)
        if len(batch) == BATCH:
            made += _link_batch(batch, at, why, by_id)
            batch = []
    return made + _link_batch(batch, at, why, by_id)


@transaction.atomic
def unlink(*, home_page: str, name: str, at: datetime, why: str, by_id: int | None = None) -> None:
    """Take an outside account away from its person; the events keep that it was linked.

    Raises:
        NotLinked: nobody has it.
    """
    found = (
        OutsideAccount.objects.select_for_update().filter(home_page=home_page, name=name).first()
    )
    if found is None:
        raise NotLinked(
            _("{name} at {page} is linked to nobody. Check the spelling of both.").format(
                name=name, page=home_page
            )
        )
    event = IdentityEvent(
        action=IdentityAction.UNLINK,
        person_id=found.person_id,
        home_page=home_page,
        name=name,
        at=at,
        by_id=by_id,
        why=why,
    )
    event.save(force_insert=True)
    found.delete()


def person_of(home_page: str, name: str) -> int | None:
    """The id of the person an outside account belongs to, or None: unknown stays unknown."""
    return persons_of([(home_page, name)]).get((home_page, name))


def persons_of(accounts: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The person ids of many (home page, name) pairs; unknown ones are left out."""
    by_page: dict[str, list[str]] = {}
    for page, name in accounts:
        by_page.setdefault(page, []).append(name)
    found: dict[tuple[str, str], int] = {}
    for page, names in by_page.items():
        for start in range(0, len(names), BATCH):
            rows = OutsideAccount.objects.filter(
                home_page=page, name__in=names[start : start + BATCH]
            )
            for name, person_id in rows.values_list("name", "person_id"):
                found[page, name] = person_id
    return found


def _link_batch(batch: list[Link], at: datetime, why: str, by_id: int | None) -> int:
    try:
        return _write_batch(batch, at, why, by_id)
    except IntegrityError:
        # Somebody linked one of them meanwhile; the second look sees whose it is.
        return _write_batch(batch, at, why, by_id)


@transaction.atomic
def _write_batch(batch: list[Link], at: datetime, why: str, by_id: int | None) -> int:
    wanted: dict[tuple[str, str], int] = {}
    for each in batch:
        if wanted.setdefault((each.home_page, each.name), each.person_id) != each.person_id:
            raise _taken(each)
    known = persons_of(list(wanted))
    for (page, name), holder in known.items():
        if holder != wanted[page, name]:
            raise _taken(Link(wanted[page, name], page, name))
    new = [(pair, person_id) for pair, person_id in wanted.items() if pair not in known]
    OutsideAccount.objects.bulk_create(
        [
            OutsideAccount(person_id=who, home_page=page, name=name, linked_at=at)
            for (page, name), who in new
        ],
        batch_size=500,
    )
    IdentityEvent.objects.bulk_create(
        [
            IdentityEvent(
                action=IdentityAction.LINK,
                person_id=who,
                home_page=page,
                name=name,
                at=at,
                by_id=by_id,
                why=why,
            )
            for (page, name), who in new
        ],
        batch_size=500,
    )
    return len(new)


def _taken(link: Link) -> AccountTaken:
    return AccountTaken(
        _(
            "{name} at {page} is linked to another person. Unlink it there first, with a reason."
        ).format(name=link.name, page=link.home_page)
    )
