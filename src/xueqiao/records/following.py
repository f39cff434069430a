"""Statements in the order in which they became visible, for readers that hand them on.

Position and work belong into one transaction of the reader; nothing is lost while others write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from xueqiao.kernel import bulk, cursor
from xueqiao.records import query, shown
from xueqiao.records.models import Statement

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID


class Told(NamedTuple):
    """One statement as a reader gets it.

    Attributes:
        position: behind it the reader goes on.
        source: the code of the source.
        batch_key: of the batch it came in.
        statement: as the endpoint shows it to a reader of its own version.
    """

    position: cursor.Position
    uuid: UUID
    source: str
    batch_key: str
    stored_at: datetime
    statement: dict[str, Any]


def newest() -> cursor.Position:
    """Where a reader begins that wants only what comes from now on."""
    rows = Statement.objects.order_by("-xid", "-pk").values_list("xid", "pk")
    return cursor.Position(*(rows.first() or (0, 0)))


def after(position: cursor.Position, *, limit: int) -> list[Told]:
    """The next statements behind a position, at most ``limit``; voiding ones are told like others.

    Call it outside the transaction that writes statements.
    """
    rows = cursor.after(Statement.objects.all(), position)
    return [_told(row) for row in rows.select_related("source", "batch")[:limit]]


def latest(most: int) -> list[Told]:
    """The newest statements, oldest of them first."""
    rows = Statement.objects.select_related("source", "batch").order_by("-pk")[:most]
    return [_told(row) for row in reversed(rows)]


def some(uuids: Iterable[UUID]) -> list[Told]:
    """The statements that are still held among these, in the order of ``after``."""
    found = []
    for keys in bulk.chunks(uuids):
        rows = Statement.objects.filter(uuid__in=keys).select_related("source", "batch")
        found += [_told(row) for row in rows]
    return sorted(found, key=lambda each: each.position)


def of_agent(
    identifier: str, verb: str, *, since: datetime | None = None, most: int = 500
) -> list[Told]:
    """The newest statements about an agent with a verb, newest first; voided ones are left out.

    Those of which it is the object come too, and those that refer to one of them.

    Args:
        identifier: ``xapi.agents.identifier`` of the agent.
        since: stored after this.
    """
    filters = query.Filters(agent=identifier, verb=verb, since=since, limit=most)
    return [_told(row) for row in query.page(filters).rows]


def behind(position: cursor.Position) -> int:
    """How many statements wait behind a position, counted up to 10,000."""
    return cursor.after(Statement.objects.all(), position)[:10_000].count()


def _told(row: Statement) -> Told:
    return Told(
        position=cursor.Position(row.xid, row.pk),
        uuid=row.uuid,
        source=row.source.code,
        batch_key=row.batch.batch_key,
        stored_at=row.stored_at,
        statement=shown.statement(row, shown.Form(version=row.version)),
    )
