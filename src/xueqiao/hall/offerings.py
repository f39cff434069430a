"""Offerings: made, published, enlarged, cancelled. Seats themselves move in ``hall.enrolment``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.hall import seats
from xueqiao.hall.models import Bucket, Offering
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from datetime import datetime


class CodeTaken(errors.Refusal):
    """The code already belongs to a different offering."""

    code = "offering.code_taken"


class TooSmall(errors.Refusal):
    """The new capacity is lower than the seats already taken."""

    code = "offering.too_small"
    status = 422


class NoSuchOffering(errors.Refusal):
    """There is no offering under this code or number."""

    code = "offering.unknown"
    status = 404


@transaction.atomic
def create(*, code: str, capacities: dict[str, int], **facts: Any) -> Offering:
    """Make an offering with its buckets, once for each code.

    Args:
        code: unique and lasting; a repeated call with the same facts returns the first offering.
        capacities: seats by bucket kind, such as ``{"general": 30, "counter": 5}``.
        facts: the remaining columns of ``Offering``.

    Raises:
        CodeTaken: the code belongs to an offering with other facts.
    """
    found = Offering.objects.filter(code=code).first()
    if found is None:
        found = Offering.objects.create(code=code, **facts)
        Bucket.objects.bulk_create(
            Bucket(offering=found, kind=kind, capacity=seats_)
            for kind, seats_ in capacities.items()
        )
        return found
    if any(getattr(found, name) != value for name, value in facts.items()):
        raise CodeTaken(
            _("The code {code} belongs to “{title}”. Choose another code.").format(
                code=code, title=found.title
            ),
            pointer="code",
        )
    return found


def create_many(items: list[tuple[Offering, dict[str, int]]]) -> int:
    """Make many offerings with their buckets in a few statements; known codes are left alone.

    Args:
        items: unsaved offerings, each with its seats by bucket kind.

    Returns:
        How many were new.
    """
    with transaction.atomic():
        codes = [offering.code for offering, _capacities in items]
        known = set(Offering.objects.filter(code__in=codes).values_list("code", flat=True))
        fresh = [(offering, seats_) for offering, seats_ in items if offering.code not in known]
        Offering.objects.bulk_create([offering for offering, _capacities in fresh], batch_size=500)
        made = Offering.objects.in_bulk(
            [offering.code for offering, _s in fresh], field_name="code"
        )
        Bucket.objects.bulk_create(
            [
                Bucket(offering=made[offering.code], kind=kind, capacity=capacity)
                for offering, capacities in fresh
                for kind, capacity in capacities.items()
            ],
            batch_size=500,
        )
    return len(fresh)


@transaction.atomic
def set_capacity(*, offering_id: int, capacity: int, at: datetime, kind: str = "general") -> Bucket:
    """Change the seats of a bucket; who waits moves up in the same transaction.

    Raises:
        NoSuchOffering: no such offering, or it has no bucket of this kind.
        TooSmall: more seats are taken than would remain.
    """
    bucket = (
        Bucket.objects.select_for_update(no_key=True)
        .filter(offering_id=offering_id, kind=kind)
        .first()
    )
    if bucket is None:
        raise NoSuchOffering(no_such_text(offering_id))
    if capacity < bucket.taken:
        raise TooSmall(
            _("{taken} seats are taken; {capacity} were asked. Withdraw learners first.").format(
                taken=bucket.taken, capacity=capacity
            ),
            pointer="capacity",
        )
    Bucket.objects.filter(pk=bucket.pk).update(capacity=capacity)
    seats.promote(bucket_id=bucket.pk, at=at)
    bucket.refresh_from_db()
    return bucket


def no_such_text(number: object) -> str:
    return _("There is no class {number}. Search for it on the classes page.").format(number=number)
