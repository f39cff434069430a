"""Institutions: which are there on a day, where they sit, how many each place has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count, F, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.network.models import Closure, Institution, Place, Seat
from xueqiao.network.tree import on

if TYPE_CHECKING:
    from datetime import date


__all__ = [
    "Institution",
    "InstitutionUnknown",
    "active",
    "by_code",
    "by_kind",
    "count",
    "coverage",
    "in_place",
    "with_seat",
]


class InstitutionUnknown(errors.Refusal):
    """There is no institution of this code."""

    code = "network.institution_unknown"
    status = 404


def active(day: date) -> QuerySet[Institution]:
    """The institutions that are there on a day, by code."""
    return Institution.objects.filter(on(day)).order_by("code")


def by_code(code: str) -> Institution:
    """The institution of a code.

    Raises:
        InstitutionUnknown: none has it.
    """
    found = Institution.objects.filter(code=code).first()
    if found is None:
        text = _(
            "No institution has the code {code}. Look it up by name in the list of institutions."
        )
        raise InstitutionUnknown(text.format(code=code))
    return found


def in_place(place: Place | int, register: str, day: date) -> QuerySet[Institution]:
    """The institutions of a day that sit in a place or below, by code."""
    pk = place.pk if isinstance(place, Place) else place
    inside = Closure.objects.filter(on(day), register_id=register, ancestor_id=pk)
    seats = Seat.objects.filter(
        on(day), register_id=register, place_id__in=inside.values("descendant_id")
    )
    return active(day).filter(pk__in=seats.values("institution_id"))


def with_seat(rows: QuerySet[Institution], register: str, day: date) -> QuerySet[Institution]:
    """The same institutions, each with ``seat``: a list of its seat in the register, with place."""
    seats = Seat.objects.filter(on(day), register_id=register).select_related("place")
    return rows.prefetch_related(Prefetch("seats", seats, to_attr="seat"))


def by_kind(day: date) -> dict[str, int]:
    """How many institutions there are on a day, by kind."""
    rows = active(day).order_by("kind").values_list("kind").annotate(n=Count("pk"))
    return dict(rows)


def count(
    *, register: str, level: int, kind: str, day: date, serves_elders: bool | None = None
) -> dict[int, int]:
    """How many institutions of a kind sit in each place of a level or below it, on a day.

    Args:
        kind: one of ``InstitutionKind``; "" for all.
        serves_elders: only those that do, or do not, count as 老年教育机构; None: all.

    Returns:
        Place id to number; places without any are left out.
    """
    # From the seats upwards: each has a handful of places above it, found by one index.
    rows = Seat.objects.filter(
        on(day), _holds_above(day), register_id=register,
        institution__in=_of_kind(kind, serves_elders, day),
        place__above__register_id=register, place__above__ancestor__level=level,
    ).values_list("place__above__ancestor_id")  # fmt: skip
    return dict(rows.annotate(n=Count("institution_id")).order_by())


def coverage(
    *, register: str, level: int, kind: str, day: date, least: int = 1,
    serves_elders: bool | None = None,
) -> tuple[int, int]:  # fmt: skip
    """How many places of a level have at least ``least`` institutions, of how many places."""
    listed = Closure.objects.filter(
        on(day), register_id=register, ancestor__level=level, ancestor=F("descendant")
    )
    places = listed.values_list("ancestor_id", flat=True)
    found = count(register=register, level=level, kind=kind, day=day, serves_elders=serves_elders)
    return sum(found.get(place, 0) >= least for place in places), len(places)


def _holds_above(day: date) -> Q:
    still = Q(place__above__valid_to=None) | Q(place__above__valid_to__gt=day)
    return Q(place__above__valid_from__lte=day) & still


def _of_kind(kind: str, serves_elders: bool | None, day: date) -> QuerySet[Institution]:
    rows = active(day).order_by()
    if kind:
        rows = rows.filter(kind=kind)
    if serves_elders is not None:
        rows = rows.filter(serves_elders=serves_elders)
    return rows
