"""Flat rows for the lake. Statements by cursor; the rest is small or changes.

Names are numbers that ``verbs``, ``activities`` and ``ACTORS`` resolve.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, Max, Sum, TextField
from django.db.models.functions import Cast, Length

from xueqiao.kernel import flat
from xueqiao.records import rules
from xueqiao.records.models import Activity, Actor, Batch, Quarantine, Source, Statement, Verb
from xueqiao.records.personas import reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

MOST_BATCHES = 5000

STATEMENTS = flat.Export(
    Statement.objects.all(),
    flat.same(
        "xid", "id", "uuid", "actor_id", "verb_id", "activity_id", "registration", "event_at",
        "stored_at", "source_id", "batch_id", "voids", "text",
    ),
    key="id",
)  # fmt: skip
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


def leads() -> dict[int, int]:
    """Actor → the lowest actor of its persona, for those who are joined: they count as one."""
    return reading.leads()


def activity_stamp() -> list[Any]:
    """A value that changes with the activities: with their number, or with what is known of one."""
    known = Length(Cast("definition", TextField()))
    found = Activity.objects.aggregate(rows=Count("*"), highest=Max("pk"), known=Sum(known))
    return sorted(found.items())


def rows_of_batches(batches: Sequence[int], *, since: datetime | None = None) -> dict[int, int]:
    """Batch → its statements in the log now, for those that have any. Looks through the log.

    Args:
        since: statements that happened before are not counted.
    """
    found: dict[int, int] = {}
    for start in range(0, len(batches), MOST_BATCHES):
        some = Statement.objects.filter(batch__in=batches[start : start + MOST_BATCHES])
        if since is not None:
            some = some.filter(event_at__gte=since)
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
