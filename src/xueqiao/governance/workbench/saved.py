"""Queries under names: kept by who wrote them, shared with other analysts where that is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.governance.models import SavedQuery
from xueqiao.governance.workbench import costs
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.people.models import Person


class QueryNameless(errors.Refusal):
    """A saved query needs a name."""

    code = "lake.query_nameless"
    status = 422


class QueryOfAnother(errors.Refusal):
    """Only the owner removes a saved query."""

    code = "lake.query_of_another"
    status = 403


@transaction.atomic
def keep(*, by: Person, title: str, sql: str, is_shared: bool, at: datetime) -> SavedQuery:
    """Keep a query under a name; an own one of that name is replaced.

    Raises:
        QueryNameless, costs.NothingAsked.
    """
    if not title.strip():
        raise QueryNameless(_("Give the query a name."), pointer="title")
    if not sql.strip() or len(sql) > costs.MOST_CHARACTERS:
        text = _("Write a query of 1 to {n} characters.").format(n=costs.MOST_CHARACTERS)
        raise costs.NothingAsked(text, pointer="sql")
    values = {"sql": sql.strip(), "is_shared": is_shared, "saved_at": at}
    kept, _made = SavedQuery.objects.update_or_create(
        owner=by, title=title.strip()[:120], defaults=values
    )
    return kept


@transaction.atomic
def remove(*, query: SavedQuery, by: Person) -> None:
    """Remove a saved query. Runs of it keep their own text.

    Raises:
        QueryOfAnother.
    """
    if query.owner_id != by.pk:
        raise QueryOfAnother(_("Only who saved a query removes it."))
    query.delete()
