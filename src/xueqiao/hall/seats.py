"""Seats: the only module that changes ``Bucket.taken`` and writes ``SeatMove``.

Every function is called inside a verb's transaction. Locks are taken in the order person, bucket,
enrolment, so that two verbs cannot wait on each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F

from xueqiao.hall import events
from xueqiao.hall.models import Bucket, Enrolment, EnrolmentState, SeatMove

if TYPE_CHECKING:
    from datetime import datetime


def take(*, bucket_id: int) -> bool:
    """Take one seat if one is free. A full bucket is neither locked nor written."""
    free = Bucket.objects.filter(pk=bucket_id, taken__lt=F("capacity"))
    return bool(free.exists() and free.update(taken=F("taken") + 1))


def queue(*, bucket_id: int) -> int | None:
    """The next number of the waiting list, or None when a seat came free in the meantime.

    The number is drawn under the bucket's row lock, so numbers and the order of asking agree.
    """
    full = Bucket.objects.filter(pk=bucket_id, taken__gte=F("capacity"))
    if not full.update(last_number=F("last_number") + 1):
        return None
    return Bucket.objects.values_list("last_number", flat=True).get(pk=bucket_id)


def lock(bucket_ids: list[int]) -> None:
    """Hold the buckets until the transaction ends, lowest id first."""
    list(
        Bucket.objects.select_for_update(no_key=True)
        .filter(pk__in=bucket_ids)
        .order_by("pk")
        .values_list("pk")
    )


def record(
    enrolment: Enrolment, *, amount: int, reason: str, at: datetime, by_person_id: int | None
) -> None:
    """Write down that an enrolment took a seat (+1) or gave it back (−1)."""
    SeatMove.objects.create(
        bucket_id=enrolment.bucket_id,
        enrolment=enrolment,
        amount=amount,
        reason=reason,
        moved_at=at,
        by_person_id=by_person_id,
    )


def give_back(enrolment: Enrolment, *, at: datetime, by_person_id: int | None) -> None:
    """Free the seat of an enrolment and give it to who waits longest."""
    record(enrolment, amount=-1, reason="withdrawn", at=at, by_person_id=by_person_id)
    Bucket.objects.filter(pk=enrolment.bucket_id).update(taken=F("taken") - 1)
    promote(bucket_id=enrolment.bucket_id, at=at)


def promote(*, bucket_id: int, at: datetime) -> int:
    """Give free seats to the waiting list in its order; the bucket is locked by the caller.

    Returns:
        How many moved up.
    """
    moved = 0
    waiting = Enrolment.objects.filter(bucket_id=bucket_id, state=EnrolmentState.WAITING)
    while (first := waiting.order_by("number").first()) and take(bucket_id=bucket_id):
        first.state, first.enrolled_at = EnrolmentState.ACTIVE, at
        first.save(update_fields=["state", "enrolled_at", "updated_at"])
        record(first, amount=1, reason="promoted", at=at, by_person_id=None)
        events.tell([events.enrolled(first)])
        moved += 1
    return moved
