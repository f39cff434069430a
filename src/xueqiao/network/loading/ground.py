"""The places of a province as spots where a sample institution can sit, in both registers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.network.models import Listing

if TYPE_CHECKING:
    from collections.abc import Sequence

PROVINCE, CITIES, COUNTIES, ZONES, TOWNS, VILLAGES = (
    "province", "cities", "counties", "zones", "towns", "villages",
)  # fmt: skip
ABOVE_TOWNS = "cities and counties"
NBS, MCA = "nbs", "mca"
TOWN, VILLAGE = 4, 5


class PlacesMissing(errors.Refusal):
    """Institutions need places to sit in."""

    code = "network.places_missing"


class Row(NamedTuple):
    """A listing that holds now."""

    place_id: int
    parent_id: int | None
    level: int
    code: str
    name: str
    dissolved: bool


@dataclass(frozen=True)
class Spot:
    """A place for an institution: its place in each register that has one for it."""

    code: str
    name: str
    place_of: dict[str, int]
    county: str = ""
    town: str = ""
    town_id: int = 0


@dataclass
class Ground:
    """The spots of one province by what they are, each list by code."""

    province: str
    by_kind: dict[str, list[Spot]] = field(default_factory=lambda: defaultdict(list))

    def spots(self, what: str) -> Sequence[Spot]:
        if what == ABOVE_TOWNS:
            return [*self.by_kind[CITIES], *self.by_kind[COUNTIES]]
        return self.by_kind[what]


def read() -> list[Ground]:
    """The provinces that are loaded, by code.

    Raises:
        PlacesMissing: none is.
    """
    nbs, mca = _rows(NBS), _rows(MCA)
    found = [
        _province(row, nbs, mca)
        for row in sorted(nbs.values(), key=lambda row: row.code)
        if row.level == 1
    ]
    if not found:
        raise PlacesMissing(
            _("There are no places yet. Run: xueqiao load_places, then this command again.")
        )
    return found


def _rows(register: str) -> dict[int, Row]:
    listings = Listing.objects.filter(register_id=register, valid_to=None).order_by("code")
    columns = (
        "place_id", "parent_id", "place__level", "code", "name", "is_marked_dissolved",
    )  # fmt: skip
    return {values[0]: Row(*values) for values in listings.values_list(*columns)}


def _province(top: Row, nbs: dict[int, Row], mca: dict[int, Row]) -> Ground:
    land = Ground(top.code)
    inside = [row for row in nbs.values() if row.code.startswith(top.code)]
    other = [row for row in mca.values() if row.code.startswith(top.code)]
    kinds = {1: PROVINCE, 2: CITIES, 3: COUNTIES}
    for row in inside:
        if row.level in kinds:
            kind = ZONES if row.place_id not in mca else kinds[row.level]
            land.by_kind[kind].append(Spot(row.code, row.name, _both(row, nbs, mca)))
        elif row.level == VILLAGE:
            land.by_kind[VILLAGES].append(_village(row, nbs, mca))
    land.by_kind[TOWNS] = _towns(inside, other, nbs, mca)
    return land


def _towns(
    inside: list[Row], other: list[Row], nbs: dict[int, Row], mca: dict[int, Row]
) -> list[Spot]:
    """A spot for each town of the civil-affairs register that is not marked as dissolved.

    In the statistical register it lies in the same town; where that has none of the name, in one of
    the same county that the civil-affairs register lacks, each taken once: the zone that was set up
    on the town's ground, as far as anybody can tell.
    """
    free: dict[int | None, list[int]] = defaultdict(list)
    for row in inside:
        if row.level == TOWN and row.place_id not in mca:
            free[row.parent_id].append(row.place_id)
    spots = []
    for row in other:
        if row.level != TOWN or row.dissolved:
            continue
        place_of = {MCA: row.place_id}
        if row.place_id in nbs:
            place_of[NBS] = row.place_id
        elif free[row.parent_id]:
            place_of[NBS] = free[row.parent_id].pop(0)
        else:
            continue
        county = mca[row.parent_id].name if row.parent_id else ""
        spots.append(Spot(row.code, row.name, place_of, county))
    return spots


def _village(row: Row, nbs: dict[int, Row], mca: dict[int, Row]) -> Spot:
    town = nbs[row.parent_id or 0]
    county = nbs[town.parent_id or 0]
    return Spot(row.code, row.name, _both(row, nbs, mca), county.name, town.name, town.place_id)


def _both(row: Row, nbs: dict[int, Row], mca: dict[int, Row]) -> dict[str, int]:
    """The place itself; in the civil-affairs register the lowest one above it that it lists."""
    above = row
    while above.place_id not in mca:
        above = nbs[above.parent_id or 0]
    return {NBS: row.place_id, MCA: above.place_id}
