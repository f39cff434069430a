"""Residents: sums of census cells over a place and all that lies in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F, Q, Sum
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.network.models import Closure, Place, PopulationCell, Settlement
from xueqiao.network.tree import on

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

# The census counts by the units of the statistics bureau, zones included.
REGISTER = "nbs"
CENSUS = 2020


class AgesSplitBand(errors.Refusal):
    """The census has no count for these ages: they cut one of its bands in two."""

    code = "network.ages_split_band"
    status = 422


def residents(
    place: Place | int,
    *,
    age_from: int = 0,
    age_to: int | None = None,
    sex: str = "",
    census: int = CENSUS,
    day: date | None = None,
) -> int:
    """Residents of a place at a census.

    Args:
        age_from: youngest age, the first of a census band: 0, 1, 5, 10 … 85.
        age_to: oldest age, the last of a band; None: no limit.
        sex: GB/T 2261.1, 1 male, 2 female; "" both.
        day: of the tree: ground that went to another place before it counts there. None: today's
            tree, or for a place that has ended its last one.

    Raises:
        AgesSplitBand: an age lies inside a band.
    """
    pk = place.pk if isinstance(place, Place) else place
    return residents_of(
        [pk], age_from=age_from, age_to=age_to, sex=sex, census=census, day=day
    ).get(pk, 0)


def residents_of(
    place_ids: Collection[int],
    *,
    age_from: int = 0,
    age_to: int | None = None,
    sex: str = "",
    census: int = CENSUS,
    day: date | None = None,
) -> dict[int, int]:
    """Residents of many places, in one query; places without any are left out.

    Raises:
        AgesSplitBand: as ``residents``.
    """
    _check_bands(age_from, age_to, census)
    cells = PopulationCell.objects.filter(census=census, age_from__gte=age_from)
    if age_to is not None:
        cells = cells.filter(age_to__lte=age_to)
    if sex:
        cells = cells.filter(sex=sex)
    held = dict(cells.values_list("place_id").annotate(n=Sum("residents")))
    return _roll_up(place_ids, held, day)


def settlement(
    place: Place | int, *, census: int = CENSUS, day: date | None = None
) -> tuple[int, int]:
    """Residents of towns and of the countryside (城镇, 乡村) of a place at a census."""
    pk = place.pk if isinstance(place, Place) else place
    rows = Settlement.objects.filter(census=census)
    urban = dict(rows.values_list("place_id", "urban_residents"))
    rural = dict(rows.values_list("place_id", "rural_residents"))
    return _roll_up([pk], urban, day).get(pk, 0), _roll_up([pk], rural, day).get(pk, 0)


def _roll_up(place_ids: Collection[int], held: dict[int, int], day: date | None) -> dict[int, int]:
    """Sums of what single places hold over each place and all that lies in it on the day."""
    # Without a day, the last tree each place was part of: its rows end with it, or not at all.
    last = Q(valid_to=None) | Q(valid_to=F("ancestor__valid_to"))
    holds = last if day is None else on(day)
    inside = Closure.objects.filter(
        holds, register_id=REGISTER, ancestor_id__in=place_ids, descendant_id__in=held
    )
    total: dict[int, int] = {}
    for ancestor, descendant in inside.values_list("ancestor_id", "descendant_id").distinct():
        total[ancestor] = total.get(ancestor, 0) + held[descendant]
    return total


def _check_bands(age_from: int, age_to: int | None, census: int) -> None:
    cells = PopulationCell.objects.filter(census=census)
    cut = Q(age_from__lt=age_from) & (Q(age_to__gte=age_from) | Q(age_to=None))
    if age_to is not None:
        cut |= Q(age_from__lte=age_to) & (Q(age_to__gt=age_to) | Q(age_to=None))
    band = cells.filter(cut).order_by("age_from").first()
    if band is not None:
        text = _(
            "The census of {census} has no count for ages {start} to {end}: it counts {first} to "
            "{last} together. Choose ages that do not cut this band."
        )
        end = "…" if age_to is None else age_to
        last = "…" if band.age_to is None else band.age_to
        raise AgesSplitBand(
            text.format(census=census, start=age_from, end=end, first=band.age_from, last=last)
        )
