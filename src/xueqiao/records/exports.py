"""Flat rows for the lake. Statements by cursor; the rest is small or changes, and comes whole.

Instants are aware, in UTC; identifiers are ``uuid.UUID``; names are numbers that ``verbs``,
``activities`` and ``actors`` resolve.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Max, Sum, TextField
from django.db.models.functions import Cast, Length

from xueqiao.kernel import cursor, flat
from xueqiao.records import rules
from xueqiao.records.models import Activity, Actor, Batch, Quarantine, Source, Statement, Verb
from xueqiao.records.personas import reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STATEMENT_COLUMNS = (
    "xid", "id", "uuid", "actor_id", "verb_id", "activity_id", "registration", "event_at",
    "stored_at", "source_id", "batch_id", "voids", "text",
)  # fmt: skip

MOST_BATCHES = 5000

STATEMENTS = flat.Export(Statement.objects.all(), flat.same(*STATEMENT_COLUMNS), key="id")
ACTORS = flat.Export(
    Actor.objects.all(),
    {"actor_id": "pk"} | flat.same("person_id", "updated_at"),
    key="actor_id",
    changed="updated_at",
)
BATCHES = flat.Export(
    Batch.objects.all(),
    {"batch_id": "pk"}
    | flat.same("source_id", "received_at", "received", "accepted", "duplicate", "quarantined"),
    key="batch_id",
)
QUARANTINE = flat.Export(
    Quarantine.objects.all(),
    {"quarantine_id": "pk", "source_id": "batch__source_id"}
    | flat.same("batch_id", "position", "reason", "pointer", "state"),
    key="quarantine_id",
)


def statements(
    after: cursor.Position, limit: int, *, with_text: bool = True
) -> list[tuple[Any, ...]]:
    """The next statements behind a position, in reading order; nothing is lost while others write.

    The position of a row is its first two columns. A statement that voids another comes as a row of
    its own, with ``voids``; rows that were read before do not come again.

    Returns:
        At most ``limit`` tuples with ``STATEMENT_COLUMNS``, the last one left out without text.
    """
    columns = STATEMENT_COLUMNS if with_text else STATEMENT_COLUMNS[:-1]
    rows = cursor.after(Statement.objects.all(), after).values_list(*columns)[:limit]
    if connection.vendor == "postgresql":
        return list(rows)
    # Django reads SQLite's identifiers and instants through general parsers: 30,000 rows/s.
    statement, values = rows.query.sql_with_params()
    with connection.cursor() as ask:
        ask.execute(statement, values)
        return [_from_sqlite(row) for row in ask.fetchall()]


def _from_sqlite(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return (
        *row[:2], UUID(row[2]), *row[3:6], row[6] and UUID(row[6]), _utc(row[7]), _utc(row[8]),
        *row[9:11], row[11] and UUID(row[11]), *row[12:],
    )  # fmt: skip


def _utc(value: str | datetime) -> datetime:
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.replace(tzinfo=UTC)


def actors(since: datetime | None = None) -> Iterator[dict[str, Any]]:
    """Actors first seen or linked at or after an instant, all where none is given.

    Run ``actors.resolve`` first. Columns: actor_id, ifi, home_page, name, person_id (None:
    unknown), learner_id (even: person × 2, odd: actor × 2 + 1, of a persona the lowest actor's),
    updated_at.
    """
    rows = Actor.objects.order_by("pk")
    if since is not None:
        rows = rows.filter(updated_at__gte=since)
    leads = reading.leads()
    columns = ("pk", "ifi", "home_page", "name", "person_id", "updated_at")
    for actor_id, ifi, home_page, name, person_id, updated_at in rows.values_list(
        *columns
    ).iterator(5000):
        yield {
            "actor_id": actor_id,
            "ifi": ifi,
            "home_page": home_page,
            "name": name,
            "person_id": person_id,
            "learner_id": rules.learner_id(leads.get(actor_id, actor_id), person_id),
            "updated_at": updated_at,
        }


def leads() -> dict[int, int]:
    """Actor → the lowest actor of its persona, for those who are joined: they count as one."""
    return reading.leads()


def activity_stamp() -> list[Any]:
    """A value that changes with the activities: with their number, or with what is known of one."""
    known = Length(Cast("definition", TextField()))
    found = Activity.objects.aggregate(rows=Count("*"), highest=Max("pk"), known=Sum(known))
    return sorted(found.items())


def rows_of_batches(batches: Sequence[int]) -> dict[int, int]:
    """Batch → its statements in the log now, for those that have any. Looks through the log."""
    found: dict[int, int] = {}
    for start in range(0, len(batches), MOST_BATCHES):
        some = Statement.objects.filter(batch__in=batches[start : start + MOST_BATCHES])
        found |= dict(some.order_by().values_list("batch").annotate(rows=Count("*")))
    return found


def verbs() -> Iterator[dict[str, Any]]:
    """Columns: verb_id, iri, counts (whether it is a counted learning activity)."""
    for verb_id, iri in Verb.objects.order_by("pk").values_list("pk", "iri"):
        yield {"verb_id": verb_id, "iri": iri, "counts": rules.counts_as_activity(iri)}


def activities() -> Iterator[dict[str, Any]]:
    """Columns: activity_id, iri, type (the kind of thing, as senders say; "" where none does)."""
    rows = Activity.objects.order_by("pk").values_list("pk", "iri", "definition__type")
    for activity_id, iri, kind in rows.iterator():
        yield {"activity_id": activity_id, "iri": iri, "type": kind or ""}


def sources() -> Iterator[dict[str, Any]]:
    """Columns: source_id, code, name, is_sample."""
    columns = {"pk": "source_id", "code": "code", "name": "name", "is_sample": "is_sample"}
    for row in Source.objects.order_by("pk").values_list(*columns):
        yield dict(zip(columns.values(), row, strict=True))


def batches() -> Iterator[dict[str, Any]]:
    """Columns: batch_id, source_id, received_at, received, accepted, duplicate, quarantined."""
    columns = ("source_id", "received_at", "received", "accepted", "duplicate", "quarantined")
    for number, *row in Batch.objects.order_by("pk").values_list("pk", *columns).iterator():
        yield {"batch_id": number, **dict(zip(columns, row, strict=True))}


def quarantine() -> Iterator[dict[str, Any]]:
    """Items held back, without their text. Columns: quarantine_id, batch_id, reason, pointer."""
    columns = ("batch_id", "reason", "pointer")
    rows = Quarantine.objects.held().order_by("pk").values_list("pk", *columns)
    for number, *row in rows.iterator():
        yield {"quarantine_id": number, **dict(zip(columns, row, strict=True))}
