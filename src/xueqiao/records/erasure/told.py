"""What the log tells about erasures, for readers that hold copies: first of all the lake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xueqiao.kernel import bulk, clock, cursor
from xueqiao.records import log
from xueqiao.records.erasure import selection
from xueqiao.records.erasure.execution import ERASED
from xueqiao.records.models import Actor, Erasure, Statement, Tombstone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

PERSON = Erasure.Kind.PERSON.value


@dataclass(frozen=True)
class Told:
    """One batch of an erasure, as the log has it.

    Attributes:
        position: of the entry; a reader that has worked it remembers this.
        statements: ids that went, as text.
        blanked: ids of which only stays that they void another one.
        months: of the events, 'YYYY-MM' in Asia/Shanghai.
    """

    position: cursor.Position
    erasure: int
    statements: tuple[str, ...]
    blanked: tuple[str, ...]
    months: tuple[str, ...]


def after(position: cursor.Position, *, limit: int = 100) -> list[Told]:
    """The next batches behind a position, in the order of the log; each has at most 500 ids.

    Call it outside a transaction that has written.
    """
    rows = cursor.after(log.entries(ERASED), position)[:limit]
    return [
        Told(
            cursor.Position(row.xid, row.pk),
            row.payload["erasure"],
            tuple(row.payload["statements"]),
            tuple(row.payload["blanked"]),
            tuple(row.payload["months"]),
        )
        for row in rows
    ]


def finished(numbers: Iterable[int]) -> dict[int, str]:
    """Those of some erasures that are done, each with the digest of its tombstones."""
    done = Erasure.objects.filter(pk__in=list(numbers), state=Erasure.State.DONE)
    return dict(done.values_list("pk", "digest"))


def kinds(numbers: Iterable[int]) -> dict[int, str]:
    """What some erasures are about: ``PERSON``, single statements, or an age."""
    return dict(Erasure.objects.filter(pk__in=list(numbers)).values_list("pk", "kind"))


def waiting() -> list[int]:
    """Numbers of the erasures that are asked for or allowed, and not yet begun; oldest first."""
    states = (Erasure.State.ASKED, Erasure.State.APPROVED)
    rows = Erasure.objects.filter(state__in=states).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def would_go(number: int, *, at: datetime, most: int) -> tuple[list[str], list[str]]:
    """The statements that a waiting erasure would take now: ids as text, and their months.

    At most ``most`` ids, lowest first; the months are theirs.
    """
    rows = selection.deletable(Erasure.objects.get(pk=number), at).order_by("pk")
    found = list(rows.values_list("uuid", "event_at")[:most])
    months = {f"{clock.local_date(event_at):%Y-%m}" for _uuid, event_at in found}
    return [str(uuid) for uuid, _event_at in found], sorted(months)


def digests() -> Iterator[str]:
    """The digests of all ids that were ever erased, 32 hexadecimal digits each."""
    rows = Tombstone.objects.order_by("digest").values_list("digest", flat=True)
    return (each.hex for each in rows.iterator(5000))


def blanked(keys: Iterable[str]) -> dict[str, tuple[str, int]]:
    """Those of some ids whose statement is blanked: its text now, and the actor who is nobody."""
    found = {}
    for some in bulk.chunks(sorted(keys)):
        rows = Statement.objects.filter(uuid__in=some).values_list("uuid", "text", "actor_id")
        found.update({str(uuid): (text, actor) for uuid, text, actor in rows if actor})
    return found


def nobody() -> int | None:
    """The actor of all blanked statements; None before the first."""
    return Actor.objects.filter(ifi=selection.NOBODY).values_list("pk", flat=True).first()
