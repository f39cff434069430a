"""The one way in: endpoint, intake and jobs all store statements here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _

from xueqiao.kernel import bulk, errors
from xueqiao.records import attachments, checking, counts, holding, voiding, writing
from xueqiao.records.erasure import gate, tombstones
from xueqiao.records.models import Batch, Delivery, Reason, Source, Statement
from xueqiao.records.xapi import facts

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from xueqiao.records.checking import Checked, Familiar, Incoming, Refused

Parcel = writing.Parcel


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
    parts: Mapping[str, attachments.Part] | None = None,
    is_arrival: bool = True,
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
        parts: files that came with it (``attachments.by_hash``); None: its files are elsewhere.
        is_arrival: False where it came before and was held: then the source has sent nothing now.

    Raises:
        KeyReused: the key belongs to a batch with other content.
    """
    batch = checking.check(items, strict=False, at=received_at, parts=parts)
    batch.is_arrival = is_arrival
    return _store(batch, _row(source, batch, received_at, batch_key, delivery), strict=False)


def store_all(
    *,
    source: Source,
    items: Iterable[Incoming | Familiar],
    received_at: datetime,
    batch_key: str,
    parts: Mapping[str, attachments.Part] | None = None,
    defines: bool = True,
) -> list[uuid.UUID]:
    """Store a batch as a whole or not at all, as the standard asks of a request.

    Args:
        source: who handed it over.
        items: in the order of arrival.
        received_at: when it arrived.
        batch_key: what makes the batch one for its source.
        parts: files that came with it (``attachments.by_hash``); None: its files are elsewhere.
        defines: whether its sender may say what an activity is.

    Returns:
        The id of each statement, in the order of arrival.

    Raises:
        values.Invalid: a statement is not one of the standard.
        checking.IdTwice: two statements of the batch share an id.
        checking.TimeAhead, attachments.Missing and the like: see ``checking.check``.
        Conflict: an id is held by another statement.
        voiding.VoidsAnothers: a statement voids one of another source.
        KeyReused: the key belongs to a batch with other content.
    """
    batch = checking.check(items, strict=True, at=received_at, parts=parts)
    batch.defines = defines
    _store(batch, _row(source, batch, received_at, batch_key, None), strict=True)
    return batch.order


def settled(keys: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Those of some ids whose statement is held, or was and is erased."""
    asked = set(keys)
    found = tombstones.is_tombstoned(asked) if asked else set()
    for some in bulk.chunks(asked - found):
        found.update(Statement.objects.filter(uuid__in=some).values_list("uuid", flat=True))
    return found


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


def parcel(*, source_id: int, batch: Checked, received_at: datetime, batch_key: str) -> Parcel:
    """A checked batch with the row it will have."""
    row = Batch(
        source_id=source_id, batch_key=batch_key, digest=batch.digest(), received_at=received_at
    )
    return Parcel(batch, row)


def is_new(batch: Checked) -> bool:
    """Whether no statement of a batch is in the store or was erased from it, as far as one sees."""
    given = [key for key, (_position, found) in batch.good.items() if found.uuid]
    return not bulk.holds_any(Statement, "uuid", given) and gate.seems_clear(batch.good)


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
    if batch.files:
        attachments.keep(each for files in batch.files.values() for each in files)
    if not batch.held and not batch.repeated and _store_new([Parcel(batch, row)]):
        return BatchResult(len(batch.texts), len(batch.texts), 0, 0)
    earlier = Batch.objects.filter(source=row.source, batch_key=row.batch_key).first()
    if earlier is not None:
        return _again(earlier, row)
    numbers = writing.numbered([batch], row.received_at)
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


def _store_new(parcels: Sequence[Parcel]) -> bool:
    """Store batches in one transaction, if all of it is new and good; else nothing, and False."""
    if any(voiding.of_others(each.batch, each.row.source_id) for each in parcels):
        return False
    numbers = writing.numbered([each.batch for each in parcels], parcels[0].row.received_at)
    count = sum(len(each.batch.texts) for each in parcels)
    with transaction.atomic():
        if writing.insert_batches(parcels) < len(parcels):
            transaction.set_rollback(True)
            return False
        inserted = writing.insert(parcels, numbers)
        if inserted.new < count or not gate.is_clear(each.batch.good for each in parcels):
            transaction.set_rollback(True)
            return False
        writing.relate([(each.batch, each.batch.good) for each in parcels], inserted, numbers)
        counts.add(
            counts.of(row, batch.good, batch.held) for batch, row in parcels if batch.is_arrival
        )
    return True


def _again(earlier: Batch, row: Batch) -> BatchResult:
    if earlier.digest != row.digest:
        text = _(
            "The batch key {key} was used on {day} for other content. Give each batch its own key."
        )
        raise KeyReused(text.format(key=row.batch_key, day=f"{earlier.received_at:%Y-%m-%d}"))
    return _result(earlier)


def _result(batch: Batch) -> BatchResult:
    return BatchResult(batch.received, batch.accepted, batch.duplicate, batch.quarantined)


def _write(
    batch: Checked, numbers: writing.Numbers, written: Batch, *, strict: bool
) -> BatchResult:
    """Write the rows of a batch; the caller holds the transaction."""
    batch = voiding.own(batch, written.source_id, strict=strict)
    good, held = dict(batch.good), dict(batch.held)
    inserted = writing.insert([Parcel(batch, written)], numbers)
    are_all_new = inserted.new == len(good)
    numbers = _turn_away(batch, good, held, written, numbers, strict=strict)
    duplicates = 0
    for position, key, text in writing.not_new(batch, good, None if are_all_new else written):
        if facts.same(_decode(text), _decode(batch.texts[position])):
            duplicates += 1
        elif strict:
            raise Conflict(_conflict_text(key), pointer=f"{batch.pointers[position]}/id")
        else:
            held[position] = checking.Refused(
                batch.texts[position], Reason.CONFLICT, _conflict_text(key), "/id"
            )
    writing.relate([(batch, good)], inserted, numbers)
    holding.hold(held, written)
    written.received, written.duplicate = len(batch.texts), duplicates
    written.quarantined = len(held)
    written.accepted = len(good)
    # The check constraint refuses the batch if these do not add up.
    written.save(update_fields=["received", "accepted", "duplicate", "quarantined"])
    if batch.is_arrival:
        counts.add([counts.of(written, good, held, duplicates)])
    return _result(written)


def _turn_away(
    batch: Checked,
    good: dict[uuid.UUID, tuple[int, facts.Facts]],
    held: dict[int, Refused],
    written: Batch,
    numbers: writing.Numbers,
    *,
    strict: bool,
) -> writing.Numbers:
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
