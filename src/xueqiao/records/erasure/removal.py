"""Taking statements out with everything that hangs on them, one batch at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
from django.conf import settings

from xueqiao.kernel import bulk
from xueqiao.records import attachments, names, relations
from xueqiao.records.erasure import selection, texts, tombstones
from xueqiao.records.models import (
    ErasedIdentifier,
    Erasure,
    PersonaMember,
    PersonaProposal,
    Statement,
    StatementAgent,
)
from xueqiao.records.xapi.validate import VOIDED

if TYPE_CHECKING:
    import uuid
    from datetime import datetime

    from django.db.models import QuerySet


class Row(NamedTuple):
    """What is remembered of a statement while it goes."""

    pk: int
    uuid: uuid.UUID
    source_id: int
    source: str
    verb: str
    event_at: datetime
    stored_at: datetime
    voids: uuid.UUID | None


_COLUMNS = (
    "pk", "uuid", "source_id", "source__code", "verb__iri", "event_at", "stored_at", "voids",
)  # fmt: skip


def take(erasure: Erasure, at: datetime, most: int) -> list[Row]:
    """The next statements that may go, locked, with those in the request that they void."""
    may_go = selection.deletable(erasure, at)
    by_age = erasure.stored_before is not None
    if by_age and erasure.reached_at is not None:
        # Everything older has gone or stays for a reason; without this it is walked over each time.
        may_go = may_go.filter(stored_at__gte=erasure.reached_at)
    order = ("stored_at", "pk") if by_age else ("pk",)
    found = _rows(may_go.order_by(*order)[:most])
    if by_age and found:
        erasure.reached_at = found[-1].stored_at
    # A statement must not become valid again because what voided it goes a batch earlier.
    voided = {row.voids for row in found if row.voids} - {row.uuid for row in found}
    also = _rows(may_go.filter(uuid__in=voided).order_by("pk")) if voided else []
    return found + also


def _rows(rows: QuerySet[Statement]) -> list[Row]:
    locked = rows.select_for_update(of=("self",))
    return [Row(*each) for each in locked.values_list(*_COLUMNS)]


def remove(erasure: Erasure, rows: list[Row]) -> tuple[list[Row], list[Row]]:
    """Remove a batch.

    Returns:
        What went, and what was blanked instead: it voids a statement that stays.
    """
    blank = _still_voiding(rows)
    gone = [row for row in rows if row not in blank]
    _remove_beside(erasure, [row.pk for row in rows])
    for row in blank:
        _blank(row, erasure)
    bulk.remove(Statement.objects.filter(pk__in=[row.pk for row in gone]))
    return gone, blank


def _still_voiding(rows: list[Row]) -> list[Row]:
    going = {row.uuid for row in rows}
    voids = {row.voids for row in rows if row.voids} - going
    if not voids:
        return []
    targets = Statement.objects.filter(uuid__in=voids).values_list("uuid", "source_id")
    held = set(targets)
    return [row for row in rows if (row.voids, row.source_id) in held]


def _blank(row: Row, erasure: Erasure) -> None:
    """Keep of a voiding statement that it voids, and nothing of who said so."""
    home = f"{settings.PUBLIC_URL}/"
    text = msgspec.json.encode({
        "id": str(row.uuid),
        "actor": {"objectType": "Agent", "account": {"homePage": home, "name": "erased"}},
        "verb": {"id": VOIDED},
        "object": {"objectType": "StatementRef", "id": str(row.voids)},
        "timestamp": row.event_at.isoformat(),
    })  # fmt: skip
    assert erasure.started_at is not None
    nobody = names.actors([selection.NOBODY], erasure.started_at)[selection.NOBODY]
    Statement.objects.filter(pk=row.pk).update(
        text=text.decode(), actor=nobody, activity=None, registration=None
    )


def _remove_beside(erasure: Erasure, statements: list[int]) -> None:
    """What hangs on statements: the index of whom and what they name, and their files."""
    erasure.files = sorted({*erasure.files, *attachments.forget(statements)})
    relations.forget(statements)
    held = Statement.objects.filter(pk__in=statements).values_list("text", "stored_at")
    facts = [(texts.identifiers(text), stored_at) for text, stored_at in held]
    hashes = {tombstones.hash_of(each) for named, _stored_at in facts for each in named}
    # Whom an erasure made nobody is not found by the identifier in the text any more.
    erased = ErasedIdentifier.objects.in_force().filter(hash__in=hashes, actor__isnull=False)
    bulk.remove(
        StatementAgent.objects.filter(
            actor__in=list(erased.values_list("actor", flat=True)),
            is_related__in=(False, True),
            stored_at__in={stored_at for _named, stored_at in facts},
            statement__in=statements,
        )
    )


def memberships(actors: list[int]) -> int:
    """Remove what says that some actors are one person. How many memberships those were."""
    if not actors:
        return 0
    bulk.remove(PersonaProposal.objects.filter(mailbox__in=actors))
    bulk.remove(PersonaProposal.objects.filter(hashed__in=actors))
    bulk.remove(PersonaMember.objects.filter(replaces__in=actors))
    return bulk.remove(PersonaMember.objects.filter(actor__in=actors))
