"""What the lake needs from time to time: small files laid together, those of the past deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from xueqiao.lake import compaction, engines, tables

if TYPE_CHECKING:
    from datetime import datetime

PORTION_SECONDS = 40.0


def compact(*, now: datetime, seconds: float = PORTION_SECONDS) -> int:
    """Lay small files together for a while. How many files fewer there are.

    Another compaction, or an erasure, goes first; the next turn does what is left.

    Args:
        now: unused; what every periodic job is given.
        seconds: no other part is begun after these.
    """
    del now
    try:
        with engines.configured() as engine:
            done = compaction.compact(root=settings.LAKE, engine=engine, seconds=seconds)
    except (tables.LakeBusy, tables.Overtaken):
        return 0
    return sum(each.before - each.after for each in done)


def sweep(*, now: datetime) -> int:
    """Delete files that no commit of the last seven days names. How many."""
    del now
    return compaction.sweep(root=settings.LAKE)
