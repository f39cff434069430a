"""Who read rows that name people: written down before they are handed out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xueqiao.records.models import Reading

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.people.models import Person


def note(
    *, by: Person | None, at: datetime, what: str, detail: dict[str, Any], rows: int = 0
) -> None:
    """Write down one reading.

    Args:
        by: who reads; None for a command on the machine.
        what: ``Reading.What``.
        detail: what was asked for: filters, numbers of requests; never rows.
        rows: how many rows were handed out.
    """
    Reading.objects.create(by=by, at=at, what=what, detail=detail, rows=rows)
