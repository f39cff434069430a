"""What is received and not believed: mended, taken up again, counted where it came."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import transaction
from django.db.models import Count, F, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from xueqiao.kernel import bulk, errors
from xueqiao.records import counts, statements
from xueqiao.records.checking import Incoming
from xueqiao.records.models import Batch, HeldState, Quarantine, Reason, Repair, Statement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from xueqiao.people.models import Person
    from xueqiao.records.checking import Refused

__all__ = ["Mended", "NotWaiting", "Outcome", "Quarantine", "dismiss", "take_again"]
_STILL_HELD = {HeldState.OPEN, HeldState.DISMISSED}
_SUMS = ("received", "accepted", "duplicate", "quarantined")


class Mended(NamedTuple):
    """An item of quarantine as it is tried again.

    Attributes:
        text: its new text, or the one it has.
        items: what the text gives, at least one.
        form: how the text is read from now on.
    """

    held: Quarantine
    text: str
    items: Sequence[Incoming | Refused]
    form: str


class Outcome(NamedTuple):
    """What became of one item that was tried again."""

    state: HeldState
    reason: str = ""
    pointer: str = ""
    detail: str = ""


class NotWaiting(errors.Refusal):
    """An item was repaired before; what it became stands."""

    code = "records.not_waiting"


@transaction.atomic
def take_again(
    *, mended: Sequence[Mended], by: Person | None, at: datetime, rule: dict[str, Any] | None = None
) -> list[Outcome]:
    """Try items again, with new texts or after a new mapping. All of one source.

    Each item stays counted once, in the batch in which it arrived: what is accepted now, or is held
    already, moves there from quarantined to accepted or duplicate. The text as received is kept,
    and every try is written down.

    Args:
        by: who did it.
        rule: the rule, where many were mended at once.

    Raises:
        NotWaiting: one of them was repaired before.
    """
    rows = Quarantine.objects.select_for_update().filter(pk__in=[each.held.pk for each in mended])
    # What was erased since it was read is not taken from what was read.
    waits = [row for row in rows.order_by("pk") if row.state in _STILL_HELD]
    erased = {row.pk for row in waits if row.reason == Reason.ERASED}
    had = {each.held.pk for each in mended if each.held.reason == Reason.ERASED}
    if len(waits) != len(mended) or erased - had:
        raise NotWaiting(_("This item was repaired before. Look at it again."))
    found = _stored(mended, at)
    for each, outcome in zip(mended, found, strict=True):
        _write_down(each, outcome, by=by, at=at, rule=rule)
    _move_counts(mended, found)
    return found


def least_tried(held: QuerySet[Quarantine]) -> QuerySet[Quarantine]:
    """Some items, those first that were tried least often."""
    tries = Repair.objects.filter(held=OuterRef("pk")).order_by().values("held")
    times = Coalesce(Subquery(tries.annotate(n=Count("pk")).values("n")), 0)
    return held.annotate(times=times).order_by("times", "pk")


def dismiss(*, held: Sequence[Quarantine], by: Person | None, at: datetime) -> int:
    """Take items off the list of what waits; they stay quarantined. Returns how many waited."""
    with transaction.atomic():
        rows = Quarantine.objects.select_for_update().filter(pk__in=[each.pk for each in held])
        waiting = list(rows.filter(state=HeldState.OPEN).order_by("pk"))
        left_out = HeldState.DISMISSED
        Quarantine.objects.filter(pk__in=[each.pk for each in waiting]).update(state=left_out)
        Repair.objects.bulk_create(
            [Repair(held=each, at=at, by=by, text="", state=left_out) for each in waiting]
        )
    return len(waiting)


def _stored(mended: Sequence[Mended], at: datetime) -> list[Outcome]:
    """Store all items as one batch that counts nothing: they are counted where they came."""
    source = mended[0].held.batch.source
    key = f"repair:{uuid.uuid4()}"
    items = [item for each in mended for item in each.items]
    statements.store_batch(
        source=source, items=items, received_at=at, batch_key=key, is_arrival=False
    )
    stored = Batch.objects.get(source=source, batch_key=key)
    refused = {row.position: row for row in stored.held.all()}
    ours = _new_ids(items, stored)
    found, position = [], 0
    for each in mended:
        places = range(position, position + len(each.items))
        position += len(each.items)
        found.append(_outcome(places, items, refused, ours))
    stored.held.all().delete()
    Batch.objects.filter(pk=stored.pk).update(**dict.fromkeys(_SUMS, 0))
    return found


def _new_ids(items: Sequence[Incoming | Refused], stored: Batch) -> set[str]:
    """The ids of those statements that were new."""
    asked = [
        str(item.statement["id"]).lower()
        for item in items
        if isinstance(item, Incoming)
        and isinstance(item.statement, dict)
        and is_uuid(item.statement.get("id"))
    ]
    return {
        str(found)
        for keys in bulk.chunks(asked)
        for found in Statement.objects.filter(uuid__in=keys, batch=stored).values_list(
            "uuid", flat=True
        )
    }


def is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(uuid.UUID(value))
    except ValueError:
        return False


def _outcome(
    places: range,
    items: Sequence[Incoming | Refused],
    refused: dict[int, Quarantine],
    ours: set[str],
) -> Outcome:
    """What became of the items of one text: refused where one is, else accepted where one is."""
    for place in places:
        if place in refused:
            row = refused[place]
            return Outcome(HeldState.OPEN, row.reason, row.pointer, row.detail)
    for place in places:
        item = items[place]
        assert isinstance(item, Incoming)
        number = item.statement.get("id")
        # Without an id of its own a statement is always a new one.
        if number is None or str(number).lower() in ours:
            # The second of two equal ones in one repair is a duplicate.
            ours.discard(str(number).lower())
            return Outcome(HeldState.ACCEPTED)
    return Outcome(HeldState.DUPLICATE)


def _write_down(
    each: Mended,
    outcome: Outcome,
    *,
    by: Person | None,
    at: datetime,
    rule: dict[str, Any] | None,
) -> None:
    # What was erased is not kept under another name.
    text = "" if outcome.reason == Reason.ERASED else each.text.replace("\x00", "\ufffd")
    row = each.held
    row.form = each.form
    row.state, row.mended = outcome.state, text if text != row.text else ""
    if outcome.reason:
        row.reason, row.pointer, row.detail = outcome.reason, outcome.pointer, outcome.detail
    row.save(update_fields=["form", "state", "mended", "reason", "pointer", "detail"])
    Repair.objects.create(
        held=row,
        at=at,
        by=by,
        text=text,
        rule=rule,
        state=outcome.state,
        reason=outcome.reason,
        detail=outcome.detail,
    )


def _move_counts(mended: Sequence[Mended], found: Sequence[Outcome]) -> None:
    """Move what was settled from quarantined to what it is now, in the batch it arrived in."""
    moves: dict[int, Counter[str]] = {}
    batches = {}
    for each, outcome in zip(mended, found, strict=True):
        if outcome.state != HeldState.OPEN:
            batches[each.held.batch_id] = each.held.batch
            name = "accepted" if outcome.state == HeldState.ACCEPTED else "duplicate"
            moves.setdefault(each.held.batch_id, Counter()).update({name: 1, "quarantined": -1})
    for pk, moved in sorted(moves.items()):
        changes = {name: F(name) + n for name, n in moved.items()}
        Batch.objects.filter(pk=pk).update(**changes)
    counts.add(
        [
            counts.Tally(batches[pk].source_id, batches[pk].received_at, moved, Counter())
            for pk, moved in moves.items()
        ]
    )
