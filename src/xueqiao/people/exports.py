"""People as flat rows for the lake. No names: who somebody is stays in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xueqiao.kernel import flat
from xueqiao.people.models import ChangeKind, Person, PersonChange, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from uuid import UUID

CHUNK = 10_000

PERSONS = flat.Export(
    Person.objects.all(),
    {"person_id": "pk"}
    | flat.same("sex", "birth_year", "home_id", "is_sample", "opened_at", "updated_at"),
    key="person_id",
    changed="updated_at",
)
ROLES = flat.Export(
    Role.objects.all(),
    {"role_id": "pk"}
    | flat.same("person_id", "kind", "place_id", "institution_id", "valid_from", "valid_to"),
    key="role_id",
)


def keys(person_ids: Iterable[int]) -> dict[int, UUID]:
    """The public key of each person that is known, by number; asked in pieces of ``CHUNK``."""
    found: dict[int, UUID] = {}
    wanted = sorted(set(person_ids))
    for start in range(0, len(wanted), CHUNK):
        rows = Person.objects.filter(pk__in=wanted[start : start + CHUNK])
        found.update(rows.values_list("pk", "key"))
    return found


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
