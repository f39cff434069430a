"""Quarantine of an erasure: texts that name who is erased, or repeat what goes, are emptied."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from xueqiao.records.erasure import texts
from xueqiao.records.models import Erasure, ErasureTarget, HeldState, Quarantine, Reason, Repair

ITEMS = 1000
Fits = Callable[[Quarantine, str], bool]


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
    meant = [
        each.pk
        for each in found
        if any(fits(each, text) for text in _all_texts(each)) and each.text
    ]
    _empty(meant)
    erasure.held_row = found[-1].pk
    erasure.done["quarantine"] = erasure.done.get("quarantine", 0) + len(meant)
    erasure.save(update_fields=["held_row", "done"])
    return len(found)


def _all_texts(item: Quarantine) -> list[str]:
    """An item as it came, and as somebody mended it."""
    return [item.text, item.mended, *(each.text for each in item.repairs.all())]


def _empty(items: list[int]) -> None:
    rows = Quarantine.objects.filter(pk__in=items)
    Repair.objects.filter(held__in=items).update(text="", rule=None, detail="")
    rows.filter(state=HeldState.OPEN).update(state=HeldState.DISMISSED)
    rows.update(text="", mended="", detail="", reason=Reason.ERASED)


def _fits(erasure: Erasure, found: list[Quarantine]) -> Fits:
    if erasure.kind == Erasure.Kind.PERSON:
        wanted = set(erasure.identifiers.values_list("ifi", flat=True))
        return lambda _item, text: _names(text, wanted)
    if erasure.kind == Erasure.Kind.IDS:
        targets = _targets(erasure, found)
        return lambda _item, text: _key(texts.statement_id(text)) in targets
    source, before = erasure.source_id, erasure.stored_before
    assert before is not None
    return lambda item, _text: (
        item.batch.received_at < before and source in {None, item.batch.source_id}
    )


def _targets(erasure: Erasure, found: list[Quarantine]) -> set[uuid.UUID]:
    said = (_key(texts.statement_id(text)) for each in found for text in _all_texts(each))
    keys = {key for key in said if key is not None}
    rows = ErasureTarget.objects.filter(erasure=erasure, uuid__in=keys)
    return set(rows.values_list("uuid", flat=True))


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
