"""Where sample learners live and sample classes are held: chosen from the network, always the same.

Only loads read the network's tables this way, because they need whole provinces at once; they are
named by string, since only the network app imports its own models.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

from django.utils.translation import gettext as _

from xueqiao.kernel import errors, ids, tables
from xueqiao.network import population

REGISTER = "nbs"
COUNTY, VILLAGE = 3, 5


class NetworkMissing(errors.Refusal):
    """Places or sample institutions are not loaded yet."""

    code = "hall.network_missing"


@dataclass(frozen=True)
class Site:
    """An institution and the place where it sits."""

    institution_id: int
    institution_name: str
    place_id: int
    place_code: str
    place_name: str


class Homes:
    """Chooses a village for a learner: a county by its residents, then any of its villages."""

    def __init__(self, villages: dict[str, list[int]], residents: dict[str, int]) -> None:
        """Take the villages' place ids and the number of residents, both by county code."""
        self._counties = sorted(code for code in villages if residents.get(code, 0) > 0)
        self._villages = villages
        self._ends = list(accumulate(residents[code] for code in self._counties))
        if not self._ends:
            raise NetworkMissing(missing_text())

    def choose(self, key: str) -> int:
        """The place id of the village for a key; equal keys live in equal villages."""
        at = ids.spread(f"home-county:{key}", self._ends[-1])
        villages = self._villages[self._counties[bisect_right(self._ends, at)]]
        return villages[ids.spread(f"home-village:{key}", len(villages))]


def homes(*, province: str) -> Homes:
    """The villages of a province on the statistical register, with the residents of its counties.

    Raises:
        NetworkMissing: no villages or no census.
    """
    closure = tables.rows("network.Closure")
    rows = closure.filter(
        register=REGISTER,
        valid_to=None,
        carried=False,
        ancestor__level=COUNTY,
        descendant__level=VILLAGE,
        ancestor__code__startswith=province,
    )
    villages: dict[str, list[int]] = {}
    for county, village in rows.order_by("ancestor__code", "descendant__code").values_list(
        "ancestor__code", "descendant_id"
    ):
        villages.setdefault(county, []).append(village)
    counties = dict(rows.values_list("ancestor__code", "ancestor_id").distinct().order_by())
    residents = population.residents_of(list(counties.values()))
    return Homes(villages, {code: residents.get(pk, 0) for code, pk in counties.items()})


def county_colleges(*, province: str) -> list[Site]:
    """The county community colleges of a province with their seats, by county.

    Raises:
        NetworkMissing: none are loaded.
    """
    return sites(province=province, kind="community_college")


def sites(*, province: str, kind: str, must: bool = True) -> list[Site]:
    """The sample institutions of a kind with their seats on the statistical register, by place.

    Args:
        kind: one of ``network.InstitutionKind``.
        province: the first digits of the places' codes; a county's code narrows to the county.
        must: refuse when there are none.

    Raises:
        NetworkMissing: none are loaded.
    """
    seats = tables.rows("network.Seat")
    rows = seats.filter(
        register=REGISTER,
        valid_to=None,
        institution__kind=kind,
        institution__is_sample=True,
        place__code__startswith=province,
    ).order_by("place__code", "institution__code")
    columns = ("institution_id", "institution__name", "place_id", "place__code", "place__name")
    found = [Site(*row) for row in rows.values_list(*columns)]
    if must and not found:
        raise NetworkMissing(missing_text())
    return found


def missing_text() -> str:
    return _(
        "The places and sample institutions are not loaded. Run: xueqiao load_places, then "
        "xueqiao load_institutions."
    )
