"""Periods of what is due again and again: the run of a period has one name on every machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xueqiao.kernel import ids

if TYPE_CHECKING:
    import uuid
    from datetime import datetime, timedelta


def run_id(name: str, every: timedelta, at: datetime) -> uuid.UUID:
    """The name of the run of something in the period in which a time lies.

    Periods are counted from 1970 in UTC, so a name needs no memory of earlier runs.
    """
    return ids.stable_uuid("periodic", name, str(int(at.timestamp() // every.total_seconds())))
