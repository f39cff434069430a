"""Files that were handed over: each is known by its content and taken in once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Sum

from xueqiao.kernel import bulk, clock
from xueqiao.records.models import Actor, Batch, Delivery, Source, Statement
from xueqiao.records.statements import BatchResult

# Those who hand files over name both in their types.
__all__ = ["Delivery", "Source", "count_anew", "finish", "is_in", "open_", "outcome", "stored_keys"]

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


def open_(*, source: Source, name: str, digest: str, at: datetime) -> Delivery:
    """The delivery of a content, made at first use.

    Args:
        name: of the file, for people.
        digest: SHA-256 of all that the result depends on: under another name it is the same one.
    """
    defaults = {"name": name, "received_at": at}
    return Delivery.objects.get_or_create(source=source, digest=digest, defaults=defaults)[0]


def stored_keys(delivery: Delivery) -> set[str]:
    """The keys of the batches of a delivery that are in."""
    return set(delivery.batches.values_list("batch_key", flat=True))


def is_in(source: Source, batch_key: str) -> bool:
    """Whether a batch of a source is in."""
    return Batch.objects.filter(source=source, batch_key=batch_key).exists()


def finish(delivery: Delivery) -> None:
    """Write down that all of a delivery is in."""
    delivery.items = outcome([delivery]).received
    delivery.finished_at = clock.now()
    delivery.save(update_fields=["items", "finished_at"])


def outcome(deliveries: Sequence[Delivery]) -> BatchResult:
    """What became of everything that some deliveries hold."""
    columns = BatchResult._fields
    found = Batch.objects.filter(delivery__in=deliveries).aggregate(
        **{name: Sum(name, default=0) for name in columns}
    )
    return BatchResult(*(found[name] for name in columns))


def count_anew() -> None:
    """Let the database plan by the rows that a load has just added."""
    bulk.count_anew(Statement, Actor, Batch)
