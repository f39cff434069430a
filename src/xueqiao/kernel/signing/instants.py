"""Instants as credentials write them: XML Schema dateTimeStamp, UTC, whole seconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime

PATTERN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)


def show(instant: datetime) -> str:
    """An aware instant as text.

    >>> show(datetime(2026, 3, 2, 8, 5, 9, tzinfo=UTC))
    '2026-03-02T08:05:09Z'
    """
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read(text: object) -> datetime | None:
    """The aware instant of a text; None for anything else."""
    if not isinstance(text, str) or not PATTERN.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
