"""Finding statements: one by its id, or a page of those that filters let through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from xueqiao.records.models import Activity, Actor, Source, Statement, StatementAgent, Verb

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

MOST_ROWS = 500
# Properties of 2.0.0 that a reader of 1.0.3 must not meet.
_NEW_IN_2 = ("contextAgents", "contextGroups")


class Place(NamedTuple):
    """Where a page ends: stored time and number of its last statement."""

    stored_at: datetime
    row: int


@dataclass(frozen=True)
class Filters:
    """What is asked for; None asks for nothing.

    Attributes:
        agent: the identifier (``agents.identifier``) of actor, object, or a member of either group.
        since: stored after this instant.
        until: stored at or before this instant.
        limit: rows a page, 1 to ``MOST_ROWS``.
        behind: the end of the page before.
    """

    agent: str | None = None
    verb: str | None = None
    activity: str | None = None
    registration: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = MOST_ROWS
    ascending: bool = False
    behind: Place | None = None


class Page(NamedTuple):
    """Statements of one page, and where the next one starts; None on the last."""

    rows: list[Statement]
    following: Place | None


def one(uuid: UUID, *, voided: bool, source: Source | None = None) -> Statement | None:
    """A statement by its id, among the voided or the others; of one source if one is given."""
    rows = _readable(source).filter(_voided() if voided else ~_voided(), uuid=uuid)
    return rows.select_related("source").first()


def page(filters: Filters, *, source: Source | None = None) -> Page:
    """A page by stored time, newest first unless ascending. Costs the same however far one pages.

    Voided statements are left out. While others write, nothing that was visible at the first page
    is left out of later ones and nothing comes twice.
    """
    rows = _filtered(_readable(source).filter(~_voided()), filters)
    if filters.behind is not None:
        rows = rows.filter(_behind(filters.behind, ascending=filters.ascending))
    order = ("stored_at", "pk") if filters.ascending else ("-stored_at", "-pk")
    found = list(rows.order_by(*order).select_related("source")[: filters.limit + 1])
    if len(found) <= filters.limit:
        return Page(found, None)
    found = found[: filters.limit]
    return Page(found, Place(found[-1].stored_at, found[-1].pk))


def _readable(source: Source | None) -> QuerySet[Statement]:
    rows = Statement.objects.all()
    return rows if source is None else rows.filter(source=source)


def _voided() -> Q:
    """Whether the same source holds a statement that voids it; a voiding one cannot be voided."""
    voiding = Statement.objects.filter(voids=OuterRef("uuid"), source=OuterRef("source"))
    return Q(Exists(voiding), voids=None)


def _filtered(rows: QuerySet[Statement], filters: Filters) -> QuerySet[Statement]:
    if filters.agent is not None:
        rows = rows.filter(_by_agent(filters.agent))
    if filters.verb is not None:
        rows = rows.filter(verb=_number(Verb, filters.verb))
    if filters.activity is not None:
        rows = rows.filter(activity=_number(Activity, filters.activity))
    if filters.registration is not None:
        rows = rows.filter(registration=filters.registration)
    if filters.since is not None:
        rows = rows.filter(stored_at__gt=filters.since)
    if filters.until is not None:
        rows = rows.filter(stored_at__lte=filters.until)
    return rows


def _number(model: type[Verb | Activity], iri: str) -> int:
    """The number of an address, or one that no row has; looked up first, so one index serves."""
    found = model.objects.filter(iri=iri).values_list("pk", flat=True).first()
    return found or 0


def _by_agent(identifier: str) -> Q:
    actor = Actor.objects.filter(ifi=identifier).values_list("pk", flat=True).first()
    elsewhere = StatementAgent.objects.filter(actor=actor, is_related=False)
    plain = Q(actor=actor) if actor else Q(pk__in=[])
    # Few agents are named elsewhere; the others are found by one index in the order of the page.
    return plain | Q(pk__in=elsewhere.values("statement")) if elsewhere.exists() else plain


def _behind(place: Place, *, ascending: bool) -> TupleGreaterThan | TupleLessThan:
    # Compared as a pair, so that the index starts at the place; an OR makes PostgreSQL sort.
    order = TupleGreaterThan if ascending else TupleLessThan
    return order(Tuple(F("stored_at"), F("pk")), (place.stored_at, place.row))


def shown(row: Statement, *, version: str) -> dict[str, Any]:
    """A statement as a reader gets it: what arrived, and what the store set.

    Args:
        row: with its source.
        version: of the standard that the reader speaks.
    """
    statement: dict[str, Any] = msgspec.json.decode(row.text)
    statement["id"] = str(row.uuid)
    statement.setdefault("timestamp", moment(row.stored_at))
    statement["stored"] = moment(row.stored_at)
    statement["authority"] = row.source.authority
    statement["version"] = row.version
    if version < "2" and "context" in statement:
        for name in _NEW_IN_2:
            statement["context"].pop(name, None)
    return statement


def moment(instant: datetime) -> str:
    """An instant as the standard writes it, in UTC to the microsecond."""
    return f"{instant:%Y-%m-%dT%H:%M:%S.%f}Z"
