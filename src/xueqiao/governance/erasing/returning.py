"""Whether anything that was erased is in the lake again: after a restored copy, above all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from xueqiao.lake.erasure import carrying, holdings
from xueqiao.records.erasure import told

if TYPE_CHECKING:
    from datetime import datetime


def returned(*, now: datetime) -> dict[str, dict[str, int]]:
    """Rows by table and month whose statement was erased before; nothing where all is well.

    Compares the digest of every id in the lake with the tombstones. What the log has announced and
    the lake has not yet followed is counted too; ``following.follow`` takes it out.
    """
    del now
    found = carrying.returned(
        root=settings.LAKE,
        digests=told.digests(),
        nobody=told.nobody(),
        memory=settings.LAKE_MEMORY,
    )
    return holdings.counted(found)
