"""The dry run: what the lake holds of statements that are not erased yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from xueqiao.governance.models import LakeErasure
from xueqiao.lake.erasure import carrying
from xueqiao.lake.erasure.holdings import Meant, counted
from xueqiao.records.erasure import told

if TYPE_CHECKING:
    from datetime import datetime

MOST = 100_000


def look(*, erasure: int, at: datetime) -> LakeErasure:
    """Count what the lake holds now of what a waiting erasure would take. Changes nothing else.

    Of more than ``MOST`` statements the first are looked at; ``preview`` says how many.

    Args:
        erasure: number of an erasure of records.
    """
    ids, months = told.would_go(erasure, at=at, most=MOST)
    meant = Meant(frozenset(ids), parts=frozenset(months))
    memory = settings.LAKE_MEMORY
    held = counted(carrying.dry_run(root=settings.LAKE, meant=meant, memory=memory))
    with transaction.atomic():
        ticket, _is_new = LakeErasure.objects.select_for_update().get_or_create(erasure_id=erasure)
        ticket.preview = {"statements": len(ids), "is_part": len(ids) == MOST, "held": held}
        ticket.looked_at = at
        ticket.save(update_fields=["preview", "looked_at"])
    return ticket
