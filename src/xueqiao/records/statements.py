"""The one way in: endpoint, intake and jobs all store statements here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _

from xueqiao.kernel import bulk, errors
from xueqiao.records import checking, counts, names, quarantine, relations, visibility
from xueqiao.records.erasure import gate
from xueqiao.records.models import (
    Batch,
    Delivery,
    Reason,
    Source,
    Statement,
)
from xueqiao.records.xapi import facts

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from xueqiao.records.checking import Checked, Incoming, Refused


class BatchResult(NamedTuple):
    """What became of a batch: received = accepted + duplicate + quarantined."""

    received: int
    accepted: int
    duplicate: int
    quarantined: int


class Conflict(errors.Refusal):
    """A statement with this id is held, and it is another one."""

    code = "records.conflict"


class KeyReused(errors.Refusal):
    """The batch key belongs to a batch with other content."""

    code = "records.batch_key_reused"


def store_batch(
    *,
    source: Source,
    items: Iterable[Incoming | Refused],
    received_at: datetime,
    batch_key: str,
    delivery: Delivery | None = None,
) -> BatchResult:
    """Store a batch row by row: what is refused goes to quarantine, the rest is kept.

    A batch sent twice changes nothing and returns the first result. A statement that is already
    held counts as duplicate when it is the same one (``facts.same``), else it is quarantined.

    Args:
        source: who handed it over.
        items: in the order of arrival; ``checking.Incoming`` and ``checking.Refused``.
        received_at: when it arrived.
        batch_key: what makes the batch one for its source, such as ``<hash of file>:<offset>``.
        delivery: the file it is a part of.

    Raises:
        KeyReused: the key belongs to a batch with other content.
    """
    batch = checking.check(items, strict=False)
    return _store(batch, _row(source, batch, received_at, batch_key, delivery), strict=False)


def store_all(
    *, source: Source, items: Iterable[Incoming], received_at: datetime, batch_key: str
) -> list[uuid.UUID]:
    """Store a batch as a whole or not at all, as the standard asks of a request.

    Returns:
        The id of each statement, in the order of arrival.

    Raises:
        values.Invalid: a statement is not one of the standard.
        checking.IdTwice: two statements of the batch share an id.
        Conflict: an id is held by another statement.
        KeyReused: the key belongs to a batch with other content.
    """
    batch = checking.check(items, strict=True)
    _store(batch, _row(source, batch, received_at, batch_key, None), strict=True)
    return batch.order


def _row(
    source: Source, batch: Checked, received_at: datetime, key: str, delivery: Delivery | None
) -> Batch:
    return Batch(
        source=source,
        delivery=delivery,
        batch_key=key,
        digest=batch.digest(),
        received_at=received_at,
    )


class Parcel(NamedTuple):
    """A checked batch that waits to be stored, and the row it will have."""

    batch: Checked
    row: Batch


def parcel(*, source_id: int, batch: Checked, received_at: datetime, batch_key: str) -> Parcel:
    """A checked batch with the row it will have."""
    row = Batch(
        source_id=source_id, batch_key=batch_key, digest=batch.digest(), received_at=received_at
    )
    return Parcel(batch, row)


def is_new(batch: Checked) -> bool:
    """Whether no statement of a batch is in the store or was erased from it."""
    given = [key for key, (_position, found) in batch.good.items() if found.uuid]
    is_held = any(Statement.objects.filter(uuid__in=some).exists() for some in bulk.chunks(given))
    return not is_held and gate.is_clear([batch.good])


def store_acknowledged(parcels: Sequence[Parcel]) -> None:
    """Store batches whose senders have their answer: together, or one by one where one is not new.

    A batch that is in is left out. A statement whose id another one took in the meantime goes to
    quarantine by name: its sender cannot be refused any more.
    """
    for left in reversed(range(_TRIES)):
        try:
            if parcels and not _store_new(parcels):
                break
        except OperationalError as why:
            if not _may_try_again(why, left):
                raise
        else:
            return
    for parcel in parcels:
        _store(parcel.batch, parcel.row, strict=False)


# Names are taken in one order. What remains is two senders who repeat the same statements at the
# same time; whom PostgreSQL refuses then tries again.
_TRIES = 5
_TRY_AGAIN = {"40P01", "40001"}


def _store(batch: Checked, row: Batch, *, strict: bool) -> BatchResult:
    for left in reversed(range(_TRIES)):
        try:
            return _store_once(batch, row, strict=strict)
        except OperationalError as why:
            if not _may_try_again(why, left):
                raise
    raise AssertionError("the last try returns or raises")


def _may_try_again(why: OperationalError, left: int) -> bool:
    code = getattr(why.__cause__, "sqlstate", None)
    return code in _TRY_AGAIN and left > 0 and not connection.in_atomic_block


def _store_once(batch: Checked, row: Batch, *, strict: bool) -> BatchResult:
    if not batch.held and not batch.repeated and _store_new([Parcel(batch, row)]):
        return BatchResult(len(batch.texts), len(batch.texts), 0, 0)
    earlier = Batch.objects.filter(source=row.source, batch_key=row.batch_key).first()
    if earlier is not None:
        return _again(earlier, row)
    numbers = _numbers([batch], row.received_at)
    with transaction.atomic():
        written, is_new = Batch.objects.get_or_create(
            source=row.source,
            batch_key=row.batch_key,
            defaults={
                "delivery": row.delivery,
                "digest": row.digest,
                "received_at": row.received_at,
            },
        )
        if not is_new:
            return _again(written, row)
        return _write(batch, numbers, written, strict=strict)


_BATCH_COLUMNS = (
    "id", "source_id", "delivery_id", "batch_key", "digest", "received_at", "received", "accepted",
    "duplicate", "quarantined",
)  # fmt: skip


def _store_new(parcels: Sequence[Parcel]) -> bool:
    """Store batches in one transaction, if all of it is new and good; else nothing, and False."""
    numbers = _numbers([each.batch for each in parcels], parcels[0].row.received_at)
    count = sum(len(each.batch.texts) for each in parcels)
    with transaction.atomic():
        if _insert_batches(parcels) < len(parcels):
            transaction.set_rollback(True)
            return False
        inserted = _insert(parcels, numbers)
        if inserted.new < count or not gate.is_clear(each.batch.good for each in parcels):
            transaction.set_rollback(True)
            return False
        _relate([each.batch.good for each in parcels], inserted, numbers)
        counts.add(counts.of(row, batch.good, batch.held) for batch, row in parcels)
    return True


def _insert_batches(parcels: Sequence[Parcel]) -> int:
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


def _again(earlier: Batch, row: Batch) -> BatchResult:
    if earlier.digest != row.digest:
        text = _(
            "The batch key {key} was used on {day} for other content. Give each batch its own key."
        )
        raise KeyReused(text.format(key=row.batch_key, day=f"{earlier.received_at:%Y-%m-%d}"))
    return _result(earlier)


def _result(batch: Batch) -> BatchResult:
    return BatchResult(batch.received, batch.accepted, batch.duplicate, batch.quarantined)


class _Numbers(NamedTuple):
    verbs: dict[str, int]
    activities: dict[str, int]
    actors: dict[str, int]


def _numbers(batches: Iterable[Checked], at: datetime) -> _Numbers:
    found = [each for batch in batches for _position, each in batch.good.values()]
    people = {each.actor for each in found}.union(*(each.named.agents for each in found))
    things = {each.activity for each in found}.union(*(each.named.activities for each in found))
    return _Numbers(
        names.verbs({each.verb for each in found}),
        names.activities(things),
        names.actors(people, at),
    )


def _write(batch: Checked, numbers: _Numbers, written: Batch, *, strict: bool) -> BatchResult:
    """Write the rows of a batch; the caller holds the transaction."""
    good, held = dict(batch.good), dict(batch.held)
    inserted = _insert([Parcel(batch, written)], numbers)
    are_all_new = inserted.new == len(good)
    numbers = _turn_away(batch, good, held, written, numbers, strict=strict)
    duplicates = 0
    for position, key, text in _not_new(batch, good, None if are_all_new else written):
        if facts.same(_decode(text), _decode(batch.texts[position])):
            duplicates += 1
        elif strict:
            raise Conflict(_conflict_text(key), pointer=f"{batch.pointers[position]}/id")
        else:
            held[position] = checking.Refused(
                batch.texts[position], Reason.CONFLICT, _conflict_text(key), "/id"
            )
    _relate([good], inserted, numbers)
    quarantine.hold(held, written)
    written.received, written.duplicate = len(batch.texts), duplicates
    written.quarantined = len(held)
    written.accepted = len(good)
    # The check constraint refuses the batch if these do not add up.
    written.save(update_fields=["received", "accepted", "duplicate", "quarantined"])
    counts.add([counts.of(written, good, held, duplicates)])
    return _result(written)


def _turn_away(
    batch: Checked,
    good: dict[uuid.UUID, tuple[int, facts.Facts]],
    held: dict[int, Refused],
    written: Batch,
    numbers: _Numbers,
    *,
    strict: bool,
) -> _Numbers:
    """Take what was erased before out of ``good``: refused by name, or held without its text."""
    seen = gate.look(good)
    for key, why in seen.refused.items():
        places = [good.pop(key)[0], *(place for each, place in batch.repeated if each == key)]
        if strict:
            raise gate.Erased(why, pointer=f"{batch.pointers[places[0]]}/id")
        for place in places:
            held[place] = checking.Refused(gate.id_only(key), Reason.ERASED, why, "/id")
    if seen.refused:
        bulk.remove(Statement.objects.filter(batch=written, uuid__in=seen.refused))
    moved = gate.anew(seen.identifiers, numbers.actors)
    for old, new in moved.items():
        Statement.objects.filter(batch=written, actor=old).update(actor=new)
    actors = {each: moved.get(number, number) for each, number in numbers.actors.items()}
    return numbers._replace(actors=actors)


def _conflict_text(key: uuid.UUID) -> str:
    text = _("Another statement is held under the id {id}. Send this one under an id of its own.")
    return text.format(id=key)


def _decode(text: str) -> Any:
    return msgspec.json.decode(text)


_COLUMNS = (
    "id", "uuid", "text", "actor_id", "verb_id", "activity_id", "registration", "event_at",
    "stored_at", "source_id", "batch_id", "version", "voids",
)  # fmt: skip


class _Inserted(NamedTuple):
    """How many statements were new, the number that each has if it was, and their stored time."""

    new: int
    rows: dict[uuid.UUID, int]
    stored_at: datetime


def _insert(parcels: Sequence[Parcel], numbers: _Numbers) -> _Inserted:
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
    return _Inserted(count, placed, stored_at)


def _not_new(
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


def _relate(
    goods: Iterable[dict[uuid.UUID, tuple[int, facts.Facts]]],
    inserted: _Inserted,
    numbers: _Numbers,
) -> None:
    """Write down what the new statements name elsewhere than in their columns."""
    relations.write(
        [
            relations.Placed(inserted.rows[key], key, found)
            for good in goods
            for key, (_position, found) in good.items()
        ],
        stored_at=inserted.stored_at,
        actors=numbers.actors,
        activities=numbers.activities,
    )
