"""A person's own learning records, for the person to take along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xueqiao.records import shown
from xueqiao.records.models import Statement

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 500


def statements(person_id: int) -> Iterator[dict[str, Any]]:
    """Every statement about a person's own identifiers, oldest first, as the standard writes it."""
    rows = Statement.objects.filter(actor__person_id=person_id).select_related("source")
    held: list[Statement] = []
    for row in rows.order_by("pk").iterator(chunk_size=CHUNK):
        held.append(row)
        if len(held) == CHUNK:
            yield from shown.statements(held, shown.Form(version="2.0.0"))
            held = []
    yield from shown.statements(held, shown.Form(version="2.0.0"))
