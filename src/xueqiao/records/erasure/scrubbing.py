"""Quarantine of an erasure: texts that name who is erased, or repeat what goes, are emptied."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from xueqiao.records.erasure import holds, texts, tombstones
from xueqiao.records.models import (
    Actor,
    Erasure,
    ErasureTarget,
    HeldState,
    Quarantine,
    Reason,
    Repair,
)

if TYPE_CHECKING:
    from datetime import datetime

ITEMS = 1000
Fits = Callable[[Quarantine, str], bool]


def quarantine(erasure: Erasure, at: datetime) -> int:
    """Look at the next items and empty those that are meant. How many were looked at; 0 at the end.

    The row stays, so that received = accepted + duplicate + quarantined holds for its batch. What a
    legal hold is on stays whole. A repeat is buried like a statement: it waited to become one.
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
    fits, is_held = _fits(erasure, found), _held(erasure, at)
    meant = [
        each
        for each in found
        if each.text
        and any(fits(each, text) for text in _all_texts(each))
        and not any(is_held(each, text) for text in _all_texts(each))
    ]
    repeats = [each for each in meant if each.reason == Reason.ROW_REPEATED]
    said = (_key(texts.statement_id(text)) for each in repeats for text in _all_texts(each))
    tombstones.bury(erasure, {key for key in said if key is not None})
    _empty([each.pk for each in meant])
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


def _held(erasure: Erasure, at: datetime) -> Fits:
    """Whether a legal hold is on an item: on its source, or on somebody whom it names."""
    sources, actors = holds.held(at)
    names = set(Actor.objects.filter(pk__in=actors).values_list("ifi", flat=True))
    # Whoever is erased has no identifier any more but the one of the request.
    names |= set(erasure.identifiers.filter(actor__in=actors).values_list("ifi", flat=True))
    return lambda item, text: item.batch.source_id in sources or bool(names and _names(text, names))


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
