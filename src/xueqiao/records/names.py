"""Names become numbers: verbs, activities and actors are stored once.

New ones are inserted in a transaction of their own, short and before that of the statements, and
sorted by key: writers who share actors wait for each other for a moment and never in a circle. A
number without a statement, after a batch that failed, does no harm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models, transaction

from xueqiao.records import bulk
from xueqiao.records.models import Activity, Actor, Verb

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


def verbs(iris: Iterable[str]) -> dict[str, int]:
    """The number of each verb, new ones included."""
    return _numbers(Verb, "iri", {"iri": "text"}, {iri: (iri,) for iri in iris if iri})


def activities(iris: Iterable[str]) -> dict[str, int]:
    """The number of each activity, new ones included."""
    return _numbers(Activity, "iri", {"iri": "text"}, {iri: (iri,) for iri in iris if iri})


def actors(identifiers: Iterable[str], at: datetime) -> dict[str, int]:
    """The number of each actor by its identifier, new ones included."""
    columns = {"ifi": "text", "home_page": "text", "name": "text", "updated_at": "timestamptz"}
    rows = {each: (each, *_account(each), at) for each in identifiers if each}
    return _numbers(Actor, "ifi", columns, rows)


def _account(identifier: str) -> tuple[str, str]:
    # An address holds no "|", so the first two bars are the ones that were put in.
    kind, _bar, value = identifier.partition("|")
    return tuple(value.split("|", 1)) if kind == "account" else ("", "")  # type: ignore[return-value]


def _numbers(
    model: type[models.Model], key: str, columns: dict[str, str], rows: dict[str, tuple[Any, ...]]
) -> dict[str, int]:
    found = _known(model, key, rows)
    missing = sorted(rows.keys() - found.keys())
    if missing:
        with transaction.atomic():
            bulk.insert(model._meta.db_table, columns, [rows[each] for each in missing], key=key)
        found |= _known(model, key, missing)
    return found


def _known(model: type[models.Model], key: str, wanted: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for some in bulk.chunks(wanted):
        rows = model._default_manager.filter(**{f"{key}__in": some})
        found.update(rows.values_list(key, "pk"))
    return found
