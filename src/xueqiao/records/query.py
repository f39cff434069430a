"""Finding statements: one by its id, or a page of those that filters let through.

A page is read from one index in the order of stored times, or from several that are merged: an
agent is looked up among actors and among those named elsewhere. None is read further than the page,
so a page costs the same however large the store is and however far one pages.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.db.models.lookups import IsNull

from xueqiao.records.models import (
    Activity,
    Actor,
    Source,
    Statement,
    StatementActivity,
    StatementAgent,
    StatementReference,
    Verb,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

MOST_ROWS = 500
# So many statements are looked up at once; what more let through is called many.
_FEW = 1000


class Place(NamedTuple):
    """Where a page ends: stored time and number of its last statement."""

    stored_at: datetime
    row: int


@dataclass(frozen=True)
class Filters:
    """What is asked for; None asks for nothing.

    Attributes:
        agent: the identifier (``agents.identifier``) of actor, object, or a member of either group.
        related_agents: the agent anywhere in the statement, its authority included.
        related_activities: the activity anywhere in the statement.
        since: stored after this instant.
        until: stored at or before this instant.
        limit: rows a page, 1 to ``MOST_ROWS``.
        behind: the end of the page before.
        voided: only what was voided, which no reader of the endpoint gets in a page.
    """

    agent: str | None = None
    verb: str | None = None
    activity: str | None = None
    registration: UUID | None = None
    related_agents: bool = False
    related_activities: bool = False
    since: datetime | None = None
    until: datetime | None = None
    limit: int = MOST_ROWS
    ascending: bool = False
    behind: Place | None = None
    voided: bool = False


class Page(NamedTuple):
    """Statements of one page, and where the next one starts; None on the last."""

    rows: list[Statement]
    following: Place | None


def one(uuid: UUID, *, voided: bool, source: Source | None = None) -> Statement | None:
    """A statement by its id, among the voided or the others; of one source if one is given."""
    rows = _readable(source).filter(_voided() if voided else ~_voided(), uuid=uuid)
    return rows.select_related("source").first()


def page(filters: Filters, *, source: Source | None = None) -> Page:
    """A page by stored time, newest first unless ascending.

    Voided statements are left out; a statement that refers to one that the filters let through is
    not, even where that one is voided. While others write, nothing that was visible at the first
    page is left out of later ones and nothing comes twice.

    Args:
        filters: what is asked for.
        source: whose statements may be read; None: all.
    """
    most = filters.limit + 1
    places: set[Place] = set()
    for stream in _streams(filters, source):
        places.update(Place(*each) for each in stream[:most])
    found = sorted(places, reverse=not filters.ascending)[:most]
    rows = _rows(found[: filters.limit])
    return Page(rows, found[filters.limit - 1] if len(found) == most else None)


def _rows(places: list[Place]) -> list[Statement]:
    numbers = [each.row for each in places]
    found = Statement.objects.filter(pk__in=numbers).select_related("source").in_bulk()
    return [found[number] for number in numbers]


def _readable(source: Source | None) -> QuerySet[Statement]:
    rows = Statement.objects.all()
    return rows if source is None else rows.filter(source=source)


def _voided() -> Exists:
    """Whether the same source holds a statement that voids it; a voiding one cannot be voided.

    All of it stands inside the subquery: an OR around it makes PostgreSQL read the whole table.
    """
    voiding = Statement.objects.filter(voids=OuterRef("uuid"), source=OuterRef("source"))
    return Exists(voiding.filter(IsNull(OuterRef("voids"), True)))


def _among_voided() -> Q:
    # What is voided is looked up first: it is little, and has an index of its own.
    voiding = Statement.objects.filter(voids__isnull=False)
    return Q(_voided(), uuid__in=voiding.values("voids"))


# -- The numbers of what is asked for -----------------------------------------------------------


class _Asked(NamedTuple):
    """Filters in numbers, looked up first so that one index serves; 0 is a name nobody uses."""

    agent: int | None
    verb: int | None
    activity: int | None
    authorities: list[int]


def _asked(filters: Filters) -> _Asked:
    agent = authorities = None
    if filters.agent is not None:
        agent = _number(Actor, ifi=filters.agent)
        authorities = _authorities(filters.agent) if filters.related_agents else []
    return _Asked(
        agent=agent,
        verb=None if filters.verb is None else _number(Verb, iri=filters.verb),
        activity=None if filters.activity is None else _number(Activity, iri=filters.activity),
        authorities=authorities or [],
    )


def _number(model: type[Verb | Activity | Actor], **key: str) -> int:
    return model._default_manager.filter(**key).values_list("pk", flat=True).first() or 0


def _authorities(identifier: str) -> list[int]:
    """Sources whose authority is this account."""
    kind, _bar, rest = identifier.partition("|")
    home, _bar, name = rest.partition("|")
    if kind != "account":
        return []
    own = {"authority__account__homePage": home, "authority__account__name": name}
    return list(Source.objects.filter(**own).values_list("pk", flat=True))


# -- Streams: rows of one index each, in the order of the page ----------------------------------

Places = QuerySet[Any, tuple["datetime", int]]


def _streams(filters: Filters, source: Source | None) -> Iterator[Places]:
    """Queries for places (stored time, number) that together hold every row of the page."""
    asked, readable = _asked(filters), _readable(source)
    rows = readable.filter(_among_voided() if filters.voided else ~_voided())
    yield from _direct(filters, asked, rows)
    if _narrows(filters) and not filters.voided and StatementReference.objects.exists():
        yield _through(_references(filters, asked, readable), rows, filters)


def _direct(filters: Filters, asked: _Asked, rows: QuerySet[Statement]) -> Iterator[Places]:
    """Places of those rows that the filters themselves let through."""
    if asked.agent is not None:
        yield from _by_agent(filters, asked, rows.filter(_conditions(filters, asked, agent=False)))
    elif asked.activity is not None and filters.related_activities:
        others = rows.filter(_conditions(filters, asked, activity=False))
        yield _places(others.filter(activity=asked.activity), filters)
        named = StatementActivity.objects.filter(activity=asked.activity)
        yield _through(named, others, filters)
    else:
        yield _places(rows.filter(_conditions(filters, asked)), filters)


def _references(
    filters: Filters, asked: _Asked, rows: QuerySet[Statement]
) -> QuerySet[StatementReference]:
    """References to statements that the filters let through, voided or not, whenever stored.

    Where few are let through, they are looked up; where many are, a page of references is full
    before many others have been looked at.
    """
    always = replace(filters, since=None, until=None, behind=None)
    found = {row for each in _direct(always, asked, rows) for _at, row in each[: _FEW + 1]}
    if len(found) > _FEW:
        targets = rows.filter(_conditions(filters, asked), uuid=OuterRef("target"))
        return StatementReference.objects.filter(Exists(targets))
    uuids = Statement.objects.filter(pk__in=found).values_list("uuid", flat=True)
    return StatementReference.objects.filter(target__in=list(uuids))


def _by_agent(filters: Filters, asked: _Asked, others: QuerySet[Statement]) -> Iterator[Places]:
    yield _places(others.filter(actor=asked.agent), filters)
    named = StatementAgent.objects.filter(actor=asked.agent)
    yield _through(named.filter(is_related=False), others, filters)
    if filters.related_agents:
        yield _through(named.filter(is_related=True), others, filters)
        for source in asked.authorities:
            yield _places(others.filter(source=source), filters)


def _narrows(filters: Filters) -> bool:
    """Whether something else than time is asked for."""
    asked = (filters.agent, filters.verb, filters.activity, filters.registration)
    return any(each is not None for each in asked)


def _conditions(filters: Filters, asked: _Asked, *, agent: bool = True, activity: bool = True) -> Q:
    """What a statement must be, time aside; without the agent or the activity where not wanted."""
    found = Q()
    if agent and asked.agent is not None:
        found &= _names_agent(filters, asked)
    if asked.verb is not None:
        found &= Q(verb=asked.verb)
    if activity and asked.activity is not None:
        found &= _names_activity(filters, asked)
    if filters.registration is not None:
        found &= Q(registration=filters.registration)
    return found


def _names_agent(filters: Filters, asked: _Asked) -> Q:
    places = (False, True) if filters.related_agents else (False,)
    named = StatementAgent.objects.filter(
        actor=asked.agent,
        is_related__in=places,
        stored_at=OuterRef("stored_at"),
        statement=OuterRef("pk"),
    )
    return Q(actor=asked.agent) | Q(source__in=asked.authorities) | Q(Exists(named))


def _names_activity(filters: Filters, asked: _Asked) -> Q:
    found = Q(activity=asked.activity)
    if not filters.related_activities:
        return found
    named = StatementActivity.objects.filter(
        activity=asked.activity, stored_at=OuterRef("stored_at"), statement=OuterRef("pk")
    )
    return found | Q(Exists(named))


def _places(rows: QuerySet[Statement], filters: Filters) -> Places:
    return _page_of(rows, filters, "pk")


def _through(index: QuerySet[Any], rows: QuerySet[Statement], filters: Filters) -> Places:
    """Places of those rows that an index names, in the order of the index."""
    own = rows.filter(pk=OuterRef("statement_id"))
    return _page_of(index.filter(Exists(own)), filters, "statement_id").distinct()


def _page_of(rows: QuerySet[Any], filters: Filters, number: str) -> Places:
    if filters.since is not None:
        rows = rows.filter(stored_at__gt=filters.since)
    if filters.until is not None:
        rows = rows.filter(stored_at__lte=filters.until)
    if filters.behind is not None:
        # Compared as a pair, so that the index starts at the place; an OR makes PostgreSQL sort.
        order = TupleGreaterThan if filters.ascending else TupleLessThan
        rows = rows.filter(order(Tuple(F("stored_at"), F(number)), filters.behind))
    down = "" if filters.ascending else "-"
    rows = rows.order_by(f"{down}stored_at", f"{down}{number}")
    return rows.values_list("stored_at", number)


def moment(instant: datetime) -> str:
    """An instant as the standard writes it, in UTC to the microsecond."""
    return f"{instant:%Y-%m-%dT%H:%M:%S.%f}Z"
