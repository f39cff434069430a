"""Quarantine of an erasure: texts that name who is erased, or repeat what goes, are emptied."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from xueqiao.records.erasure import texts
from xueqiao.records.models import Erasure, ErasureTarget, Quarantine, Reason, Repair

if TYPE_CHECKING:
    from collections.abc import Callable

ITEMS = 1000


def quarantine(erasure: Erasure) -> int:
    """Look at the next items and empty those that are meant. How many were looked at; 0 at the end.

    The row stays, so that received = accepted + duplicate + quarantined holds for its batch.
    """
    items = (
        Quarantine.objects.filter(pk__gt=erasure.held_row)
        .select_related("batch")
        .prefetch_related("repairs")
        .order_by("pk")
    )
    found = list(items[:ITEMS])
    if not found:
        return 0
    fits = _fits(erasure, found)
    meant = [each.pk for each in found if each.text and fits(each)]
    Quarantine.objects.filter(pk__in=meant).update(
        text="", mended="", detail="", reason=Reason.ERASED
    )
    Repair.objects.filter(held__in=meant).update(text="", detail="", rule=None)
    erasure.held_row = found[-1].pk
    erasure.done["quarantine"] = erasure.done.get("quarantine", 0) + len(meant)
    erasure.save(update_fields=["held_row", "done"])
    return len(found)


def _fits(erasure: Erasure, found: list[Quarantine]) -> Callable[[Quarantine], bool]:
    if erasure.kind == Erasure.Kind.PERSON:
        wanted = set(erasure.identifiers.values_list("ifi", flat=True))
        # A repair may name somebody whom the text as received did not.
        return lambda item: any(
            _names(text, wanted)
            for text in {item.text, *(each.text for each in item.repairs.all())}
        )
    if erasure.kind == Erasure.Kind.IDS:
        keys = {each.pk: _key(texts.statement_id(each.text)) for each in found}
        rows = ErasureTarget.objects.filter(erasure=erasure, uuid__in=set(keys.values()) - {None})
        targets = set(rows.values_list("uuid", flat=True))
        return lambda item: keys[item.pk] in targets
    source, before = erasure.source_id, erasure.stored_before
    assert before is not None
    return lambda item: item.batch.received_at < before and source in {None, item.batch.source_id}


def _names(text: str, wanted: set[str]) -> bool:
    found = texts.identifiers(text)
    if found:
        return bool(found & wanted)
    return any(texts.names(text, each) for each in wanted)


def _key(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
