"""The log: apps append events in their own transaction, readers pull in batches.

A reader's work and its new position are written in one transaction, so an event is worked once even
when the reader is killed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.db import models, transaction

from xueqiao.kernel import bulk, clock, cursor
from xueqiao.records.models import LogEntry, Reader

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.db.models import QuerySet

__all__ = ["LogEntry", "append", "append_many", "entries", "entry", "follow", "position"]
Row = TypeVar("Row", bound=models.Model)


def append(*, kind: str, key: str, event_at: datetime, payload: dict[str, Any]) -> None:
    """Append one event; a second one of the same kind and key is the same event and is left out.

    Args:
        event_at: when it happened, aware.
        kind: dotted, ``<app>.<what happened>``, such as ``hall.completed``.
        key: what makes the event one, such as ``enrolment:812``.
        payload: flat, JSON values only; a stable contract for readers.
    """
    append_many([LogEntry(kind=kind, key=key, event_at=event_at, payload=payload)])


def append_many(entries: list[LogEntry]) -> None:
    """Append many events in one statement; repeated ones are left out."""
    now = clock.now()
    rows = [(each.kind, each.key, each.event_at, now, each.payload) for each in entries]
    columns = ("kind", "key", "event_at", "recorded_at", "payload")
    bulk.insert(LogEntry, columns, rows, ignore_conflicts=True)


def entry(*, kind: str, key: str, event_at: datetime, payload: dict[str, Any]) -> LogEntry:
    """An event that is not yet written, for ``append_many``."""
    return LogEntry(kind=kind, key=key, event_at=event_at, payload=payload)


def entries(*kinds: str) -> QuerySet[LogEntry]:
    """The events of some kinds, for ``follow``."""
    return LogEntry.objects.filter(kind__in=kinds)


def position(reader: str) -> cursor.Position:
    """How far a reader has come; the start for one that never read."""
    found = Reader.objects.filter(name=reader).first()
    return cursor.Position(found.xid, found.row) if found else cursor.Position()


def follow(
    *, reader: str, rows: QuerySet[Row], work: Callable[[list[Row]], None], limit: int = 1000
) -> int:
    """Hand the next rows to ``work`` and remember the place, in one transaction.

    Returns:
        How many rows were worked; 0 when the reader has caught up.
    """
    with transaction.atomic():
        # The row lock keeps two processes of one reader apart; SQLite has one writer anyway.
        place, _created = Reader.objects.select_for_update().get_or_create(name=reader)
        batch = list(cursor.after(rows, cursor.Position(place.xid, place.row))[:limit])
        if batch:
            work(batch)
            place.xid, place.row = batch[-1].xid, batch[-1].pk  # type: ignore[attr-defined]
            place.save(update_fields=["xid", "row", "updated_at"])
    return len(batch)
