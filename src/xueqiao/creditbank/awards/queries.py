"""Which awards rest on which credit, and what waits for an officer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xueqiao.creditbank.models import Award

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from django.db.models import QuerySet

    from xueqiao.people.models import Person

STANDING = (Award.State.AWARDED, Award.State.IN_REVIEW)


def supporting(lot_ids: Collection[int]) -> list[Award]:
    """The awards that stand and rest on any of these lots; each once, earliest first."""
    rows = Award.objects.filter(uses__lot_id__in=lot_ids, state__in=STANDING).distinct()
    return list(rows.select_related("qualification", "person").order_by("pk"))


def waiting(person: Person, day: date) -> QuerySet[Award]:
    """Applications that the person may decide on a day, first to lapse first. 4 queries."""
    rows = Award.objects.decidable_by(person, day)
    rows = rows.filter(state=Award.State.REQUESTED)
    rows = rows.exclude(asked_by=person).select_related("person", "qualification__programme")
    return rows.prefetch_related("uses__lot", "uses__part").order_by("reserved_until", "pk")
