"""The rows of checked batches: inserted in one go, in the transaction of whoever calls.

``statements`` decides; here nothing is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.db import connection

from xueqiao.kernel import bulk
from xueqiao.records import attachments, names, relations, visibility
from xueqiao.records.models import Batch, Statement
from xueqiao.records.xapi import facts

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from xueqiao.records.checking import Checked


class Parcel(NamedTuple):
    """A checked batch that waits to be stored, and the row it will have."""

    batch: Checked
    row: Batch


class Numbers(NamedTuple):
    """The number of each name."""

    verbs: dict[str, int]
    activities: dict[str, int]
    actors: dict[str, int]


def numbered(batches: Iterable[Checked], at: datetime) -> Numbers:
    """The numbers of everything that batches name, new ones included; before the transaction."""
    found = [each for batch in batches for _position, each in batch.good.values()]
    people = {each.actor for each in found}.union(*(each.named.agents for each in found))
    things = {each.activity for each in found}.union(*(each.named.activities for each in found))
    return Numbers(
        names.verbs({each.verb for each in found}),
        names.activities(things),
        names.actors(people, at),
    )


_BATCH_COLUMNS = (
    "id", "source_id", "delivery_id", "batch_key", "digest", "received_at", "received", "accepted",
    "duplicate", "quarantined",
)  # fmt: skip


def insert_batches(parcels: Sequence[Parcel]) -> int:
    """Insert the rows of batches of which everything is accepted; how many are new."""
    rows = []
    for number, (batch, row) in zip(bulk.numbers(Batch, len(parcels)), parcels, strict=True):
        row.pk, count = number, len(batch.texts)
        rows.append(
            (number, row.source_id, row.delivery_id, row.batch_key, row.digest, row.received_at,
             count, count, 0, 0)
        )  # fmt: skip
    rows.sort(key=lambda row: (row[1], row[3]))
    return bulk.insert(Batch, _BATCH_COLUMNS, rows, ignore_conflicts=True)


_COLUMNS = (
    "id", "uuid", "text", "actor_id", "verb_id", "activity_id", "registration", "event_at",
    "stored_at", "source_id", "batch_id", "version", "voids",
)  # fmt: skip


class Inserted(NamedTuple):
    """How many statements were new, the number that each has if it was, and their stored time."""

    new: int
    rows: dict[uuid.UUID, int]
    stored_at: datetime


def insert(parcels: Sequence[Parcel], numbers: Numbers) -> Inserted:
    """Insert what is good and has a free id. The batches have their rows."""
    stored_at = visibility.stamp()
    free = iter(bulk.numbers(Statement, sum(len(each.batch.good) for each in parcels)))
    rows = [
        (
            next(free),
            key,
            batch.texts[position],
            numbers.actors.get(found.actor),
            numbers.verbs[found.verb],
            numbers.activities.get(found.activity),
            found.registration,
            found.event_at or stored_at,
            stored_at,
            written.source_id,
            written.pk,
            found.version,
            found.voids,
        )
        for batch, written in parcels
        for key, (position, found) in batch.good.items()
    ]
    placed = {key: number for number, key, *_rest in rows}
    if connection.vendor == "postgresql":
        # Numbered as they came, locked in one order.
        rows.sort(key=lambda row: row[1])
    count = bulk.insert(Statement, _COLUMNS, rows, ignore_conflicts=True)
    return Inserted(count, placed, stored_at)


def not_new(
    batch: Checked, good: dict[uuid.UUID, tuple[int, facts.Facts]], written: Batch | None
) -> list[tuple[int, uuid.UUID, str]]:
    """Items whose id was taken: position, id and text of the statement that has it.

    They are taken out of ``good``. With no batch to tell them from, only repeats within it.
    """
    found, held = [], {key: batch.texts[position] for key, (position, _facts) in good.items()}
    for keys in bulk.chunks(good if written else ()):
        rows = Statement.objects.filter(uuid__in=keys).exclude(batch=written)
        for key, text in rows.values_list("uuid", "text"):
            found.append((good.pop(key)[0], key, text))
            held[key] = text
    return found + [(place, key, held[key]) for key, place in batch.repeated if key in held]


Good = dict["uuid.UUID", tuple[int, facts.Facts]]


def relate(batches: Iterable[tuple[Checked, Good]], inserted: Inserted, numbers: Numbers) -> None:
    """Write down what new statements name elsewhere than in their columns, and their files."""
    rows, placed, files = inserted.rows, [], []
    for batch, good in batches:
        placed += [
            relations.Placed(rows[key], key, found, batch.defines)
            for key, (_position, found) in good.items()
        ]
        files += [(rows[key], held) for key, held in batch.files.items() if key in good]
    relations.write(
        placed,
        stored_at=inserted.stored_at,
        actors=numbers.actors,
        activities=numbers.activities,
    )
    if files:
        attachments.write(files)
