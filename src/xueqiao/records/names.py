"""Names become numbers: verbs, activities and actors are stored once.

New ones are inserted in a transaction of their own, short and before that of the statements, and
sorted by key: writers who share actors wait for each other for a moment and never in a circle. A
number without a statement, after a batch that failed, does no harm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models, transaction

from xueqiao.kernel import bulk
from xueqiao.records.models import Activity, Actor, Verb

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


def verbs(iris: Iterable[str]) -> dict[str, int]:
    """The number of each verb, new ones included."""
    return _numbers(Verb, ("iri",), {iri: (iri,) for iri in iris if iri})


def activities(iris: Iterable[str]) -> dict[str, int]:
    """The number of each activity, new ones included."""
    return _numbers(Activity, ("iri",), {iri: (iri,) for iri in iris if iri})


def actors(identifiers: Iterable[str], at: datetime) -> dict[str, int]:
    """The number of each actor by its identifier, new ones included."""
    rows = {each: (each, *_account(each), at) for each in identifiers if each}
    return _numbers(Actor, ("ifi", "home_page", "name", "updated_at"), rows)


def _account(identifier: str) -> tuple[str, str]:
    # An address holds no "|", so the first two bars are the ones that were put in.
    kind, _bar, value = identifier.partition("|")
    return tuple(value.split("|", 1)) if kind == "account" else ("", "")  # type: ignore[return-value]


def _numbers(
    model: type[models.Model], columns: tuple[str, ...], rows: dict[str, tuple[Any, ...]]
) -> dict[str, int]:
    """The number of each row by its key, which is its first column."""
    found = _known(model, columns[0], rows)
    missing = sorted(rows.keys() - found.keys())
    if missing:
        with transaction.atomic():
            new = [rows[each] for each in missing]
            bulk.insert(model, columns, new, ignore_conflicts=True)
        found |= _known(model, columns[0], missing)
    return found


def _known(model: type[models.Model], key: str, wanted: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for some in bulk.chunks(wanted):
        rows = model._default_manager.filter(**{f"{key}__in": some})
        found.update(rows.values_list(key, "pk"))
    return found
