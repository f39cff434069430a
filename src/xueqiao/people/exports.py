"""People as flat rows for the lake. No names: who somebody is stays in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xueqiao.kernel import flat
from xueqiao.people.models import ChangeKind, OutsideAccount, Person, PersonChange, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from uuid import UUID

CHUNK = 10_000

PERSON_COLUMNS = ("pk", "sex", "birth_year", "home_id", "is_sample", "opened_at", "updated_at")
ACCOUNT_COLUMNS = ("pk", "person_id", "home_page", "name", "linked_at")
ROLE_COLUMNS = ("pk", "person_id", "kind", "place_id", "institution_id", "valid_from", "valid_to")

PERSONS = flat.Export(
    Person.objects.all(),
    {"person_id": "pk"} | flat.same(*PERSON_COLUMNS[1:]),
    key="person_id",
    changed="updated_at",
)
ROLES = flat.Export(
    Role.objects.all(),
    {"role_id": "pk"} | flat.same(*ROLE_COLUMNS[1:]),
    key="role_id",
)


def persons() -> Iterator[dict[str, Any]]:
    """One row a person: person_id and the rest of ``PERSON_COLUMNS``; sex as GB/T 2261.1."""
    return _rows(Person.objects.order_by("pk"), PERSON_COLUMNS, "person_id")


def keys(person_ids: Iterable[int]) -> dict[int, UUID]:
    """The public key of each person that is known, by number; asked in pieces of ``CHUNK``."""
    found: dict[int, UUID] = {}
    wanted = sorted(set(person_ids))
    for start in range(0, len(wanted), CHUNK):
        rows = Person.objects.filter(pk__in=wanted[start : start + CHUNK])
        found.update(rows.values_list("pk", "key"))
    return found


def outside_accounts() -> Iterator[dict[str, Any]]:
    """One row an outside account that is linked now: account_id, person_id, home_page, name."""
    return _rows(OutsideAccount.objects.order_by("pk"), ACCOUNT_COLUMNS, "account_id")


def roles() -> Iterator[dict[str, Any]]:
    """One row a role, ended ones too: role_id and ``ROLE_COLUMNS``."""
    return _rows(Role.objects.order_by("pk"), ROLE_COLUMNS, "role_id")


def former_homes() -> Iterator[dict[str, Any]]:
    """One row a move: change_id, person_id, home_id (None: not known), until (first day after)."""
    rows = PersonChange.objects.filter(kind=ChangeKind.MOVED).order_by("pk")
    for change_id, person_id, before, since in rows.values_list(
        "pk", "person_id", "before", "since"
    ).iterator(chunk_size=CHUNK):
        home_id = int(before) if before else None
        yield {
            "change_id": change_id, "person_id": person_id, "home_id": home_id, "until": since,
        }  # fmt: skip


def _rows(rows: Any, columns: tuple[str, ...], key: str) -> Iterator[dict[str, Any]]:
    names = (key, *columns[1:])
    for values in rows.values_list(*columns).iterator(chunk_size=CHUNK):
        yield dict(zip(names, values, strict=True))
