"""Places: lists by level, ways up and down one register's tree, search.

Whatever asks for a count or a way names the register and the day; none is right for all questions.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.network import rules
from xueqiao.network.models import Closure, Listing, Place, Register

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

# The register that goes down to the villages; the way of a place is shown in it where it can be.
DEEPEST = "nbs"


class PlaceUnknown(errors.Refusal):
    """The register lists no place under this code on this day."""

    code = "network.place_unknown"
    status = 404


class RegisterUnknown(errors.Refusal):
    """There is no register of this code."""

    code = "network.register_unknown"
    status = 404


def on(day: date) -> Q:
    """The filter of rows that hold on a day, for tables with ``valid_from`` and ``valid_to``."""
    return Q(valid_from__lte=day) & (Q(valid_to=None) | Q(valid_to__gt=day))


def registers() -> QuerySet[Register]:
    """All registers, the deepest first."""
    return Register.objects.order_by("-deepest_level", "code")


def register(code: str) -> Register:
    """One register.

    Raises:
        RegisterUnknown: nothing was loaded under this code.
    """
    found = Register.objects.filter(code=code).first()
    if found is None:
        known = ", ".join(Register.objects.order_by("code").values_list("code", flat=True)) or "–"
        text = _("There is no register {code!r}. Name one of: {known}.")
        raise RegisterUnknown(text.format(code=code, known=known))
    return found


def places(*, register: str, level: int, day: date) -> QuerySet[Place]:
    """The places of a level that a register lists on a day, by code; ended ones are left out."""
    listed = Listing.objects.filter(on(day), register_id=register).values("place_id")
    return Place.objects.filter(level=level, pk__in=listed).order_by("code", "pk")


def counts(*, register: str, day: date) -> dict[int, int]:
    """How many places a register lists on a day, by level."""
    listed = Listing.objects.filter(on(day), register_id=register)
    rows = listed.values("place__level").annotate(n=Count("pk")).order_by("place__level")
    return {row["place__level"]: row["n"] for row in rows}


def children(place: Place | int | None, register: str, day: date) -> QuerySet[Place]:
    """The places directly below one (None: the provinces), by code."""
    parent = place.pk if isinstance(place, Place) else place
    listed = Listing.objects.filter(on(day), register_id=register, parent_id=parent)
    return Place.objects.filter(pk__in=listed.values("place_id")).order_by("code", "pk")


def descendants(place: Place | int, register: str, day: date, *, level: int) -> QuerySet[Place]:
    """The places of a level that lie in one, by code; itself where the level is its own."""
    pk = place.pk if isinstance(place, Place) else place
    inside = Closure.objects.filter(
        on(day), register_id=register, ancestor_id=pk, carried=False
    ).values("descendant_id")
    return Place.objects.filter(level=level, pk__in=inside).order_by("code", "pk")


def ancestors(place: Place | int, register: str, day: date) -> list[Place]:
    """The way down to a place: province first, the place itself left out.

    For a place that has ended, the way to its successor.
    """
    pk = place.pk if isinstance(place, Place) else place
    return paths([pk], register, day).get(pk, [])


def paths(place_ids: Collection[int], register: str, day: date) -> dict[int, list[Place]]:
    """The ways down to many places at once, in one query."""
    found: dict[int, list[Place]] = defaultdict(list)
    rows = Closure.objects.filter(
        on(day), register_id=register, descendant_id__in=place_ids, depth__gt=0
    ).select_related("ancestor")
    for row in rows.order_by("descendant_id", "-depth"):
        found[row.descendant_id].append(row.ancestor)
    return dict(found)


def by_code(code: str, register: str = DEEPEST, day: date | None = None) -> Place:
    """The place that a register lists under a code; at any time where no day is named.

    Args:
        code: as the register writes it, 2 to 12 digits; zeros that fill it up are left out.

    Raises:
        PlaceUnknown: none, or several in the course of time and no day was named.
    """
    listed = Listing.objects.filter(register_id=register, code=rules.short_code(code))
    if day is not None:
        listed = listed.filter(on(day))
    found = {listing.place_id: listing.place for listing in listed.select_related("place")}
    if len(found) != 1:
        text = _(
            "The register {register} lists no single place under {code}. Look the place up by name."
        )
        raise PlaceUnknown(text.format(register=register, code=code))
    return found.popitem()[1]


def search(
    text: str,
    *,
    day: date,
    level: int | None = None,
    within: Place | int | None = None,
    limit: int = 20,
) -> list[Place]:
    """Places by part of the Chinese name, pinyin in one word, initials, or the start of the code.

    Returns:
        At most ``limit``, on the day still there; names that start with the text first, then higher
        levels. Each carries ``way``: its ancestors, province first.
    """
    wanted = "".join(text.split()).lower()
    if not wanted:
        return []
    rows = Place.objects.filter(on(day))
    rows = rows.filter(Q(code__startswith=wanted) if wanted.isdecimal() else _named(wanted))
    if level is not None:
        rows = rows.filter(level=level)
    if within is not None:
        pk = within.pk if isinstance(within, Place) else within
        inside = Closure.objects.filter(on(day), ancestor_id=pk).values("descendant_id")
        rows = rows.filter(pk__in=inside)
    found: list[Place] = list(
        rows.annotate(rank=_rank(wanted)).order_by("rank", "level", "code", "pk")[:limit]
    )
    ways = paths([place.pk for place in found], DEEPEST, day)
    missing = [place.pk for place in found if place.level > 1 and place.pk not in ways]
    for other in registers().exclude(pk=DEEPEST) if missing else ():
        ways = {**paths(missing, other.pk, day), **ways}
    for place in found:
        place.way = ways.get(place.pk, [])  # type: ignore[attr-defined]
    return found


def _named(wanted: str) -> Q:
    if wanted.isascii():
        # A word of the search text starts with it: the pinyin or the initials.
        return Q(search_text__contains=f" {wanted}")
    return Q(name__contains=wanted)


def _rank(wanted: str) -> Case:
    starts = Q(name__startswith=wanted) | Q(search_text__contains=f" {wanted} ")
    ends = Q(search_text__endswith=f" {wanted}")
    return Case(
        When(Q(name=wanted), then=Value(0)),
        When(starts | ends, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
