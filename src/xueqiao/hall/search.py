"""Finding classes: by words, place, and what a learner asks for first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet

from xueqiao.hall import queries
from xueqiao.kernel import clock

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.hall.models import Offering

MOST_WORDS = 6


def find(
    text: str = "",
    *,
    at: datetime,
    place_id: int | None = None,
    is_open: bool = False,
    is_free: bool = False,
    for_elders: bool = False,
) -> QuerySet[Offering]:
    """Published classes that have not ended and hold every word, with their seats; unsorted.

    Args:
        text: words, each part of the title, course, teacher, institution or place.
        at: aware; decides what has ended and what is open.
        place_id: only in this place or below it.
        is_open: only where one can enrol now.
        is_free: only without a fee.
        for_elders: only those made for elders.
    """
    rows = queries.near(place_id).filter(ends_on__gte=clock.local_date(at))
    if is_open:
        rows = rows.open_at(at)
    if is_free:
        rows = rows.filter(fee_fen=0)
    if for_elders:
        rows = rows.filter(for_elders=True)
    for word in text.split()[:MOST_WORDS]:
        rows = rows.filter(
            Q(title__icontains=word)
            | Q(course__title__icontains=word)
            | Q(teacher_name__icontains=word)
            | Q(teacher__name__icontains=word)
            | Q(institution__name__icontains=word)
            | Q(place__name__icontains=word)
        )
    return queries.with_seats(rows)
