"""Reading by persona: the statements of every identifier of one human being.

The standard's filter by agent stays as it is: one identifier, nothing else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xueqiao.records import query
from xueqiao.records.models import Actor
from xueqiao.records.personas import reading

if TYPE_CHECKING:
    from xueqiao.records.models import Statement


def identifiers(identifier: str) -> list[str]:
    """The identifiers of the human being who has this one, sorted; itself where it is alone."""
    actor = Actor.objects.filter(ifi=identifier).first()
    if actor is None:
        return [identifier]
    together = Actor.objects.filter(pk__in=reading.together([actor.pk]))
    return sorted(together.values_list("ifi", flat=True))


def page(identifier: str, filters: query.Filters) -> query.Page:
    """A page of the statements of a human being, by any of the identifiers.

    Each identifier has a page of its own; the first rows of all of them are the page of all.
    """
    found: dict[int, Statement] = {}
    is_more = False
    for each in identifiers(identifier):
        part = query.page(replace(filters, agent=each))
        found.update({row.pk: row for row in part.rows})
        is_more = is_more or part.following is not None
    rows = sorted(
        found.values(), key=lambda row: (row.stored_at, row.pk), reverse=not filters.ascending
    )
    is_more = is_more or len(rows) > filters.limit
    rows = rows[: filters.limit]
    following = query.Place(rows[-1].stored_at, rows[-1].pk) if is_more else None
    return query.Page(rows, following)
