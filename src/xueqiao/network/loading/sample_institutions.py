"""``load_institutions``: made-up institutions (示例) in the published numbers, on real places.

No list of the real ones is open. The numbers are those published for Jiangsu; Hunan gets the same
share of its own units. Which place gets one is decided by its code alone, so every machine makes
the same sample. See docs/decisions/0013.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from xueqiao.kernel import ids
from xueqiao.network import rules
from xueqiao.network.loading import ground, steps
from xueqiao.network.models import Institution, InstitutionKind, Seat

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from xueqiao.network.loading.ground import Ground, Spot
    from xueqiao.network.loading.steps import Done, Report

K = InstitutionKind
MARK = "（示例）"
OPENED_FIRST = rules.TREE_BEGINS
# Of one hundred, how many were there from the first; the others opened one by one up to 2021.
FROM_THE_FIRST, LAST_OPENING = 60, 2021


@dataclass(frozen=True)
class Plan:
    """How many institutions of each kind a province gets, and how far it serves its elders."""

    province: str
    open_universities: int
    colleges: int
    centres: int
    schools: int
    elder_percent: int
    lagging_cities: int


# The numbers published for Jiangsu (社区教育办学体系).
JIANGSU = Plan("32", 86, 100, 1234, 15_000, elder_percent=76, lagging_cities=3)


@dataclass(frozen=True)
class New:
    """An institution to be made: kind, name and the spot where it sits."""

    kind: K
    name: str
    spot: Spot
    serves_elders: bool = False

    @property
    def code(self) -> str:
        return f"SAMPLE-{self.spot.code}-{self.kind.value}"


def load_institutions(*, at: datetime, report: Report = steps.silent) -> list[Done]:
    """Make the sample institutions of both provinces, once. Needs the places.

    Returns:
        The step and its rows: institutions.

    Raises:
        PlacesMissing: the places were not loaded.
    """
    return [steps.run(name="sample institutions", sources=[], at=at, work=lambda: _load(report))]


def plan_for(land: Ground, model: Ground) -> Plan:
    """The numbers of another province: the share of units that Jiangsu has, rounded down."""
    scaled = {
        "open_universities": (JIANGSU.open_universities, ground.ABOVE_TOWNS),
        "colleges": (JIANGSU.colleges, ground.COUNTIES),
        "centres": (JIANGSU.centres, ground.TOWNS),
        "schools": (JIANGSU.schools, ground.VILLAGES),
    }
    numbers = {
        name: number * len(land.spots(what)) // len(model.spots(what))
        for name, (number, what) in scaled.items()
    }
    return Plan(land.province, **numbers, elder_percent=64, lagging_cities=5)


def drafts(land: Ground, plan: Plan) -> list[New]:
    """Every institution of a province, by kind."""
    centres = _centres(land, plan)
    elders = {new.spot.place_of["nbs"] for new in centres if new.serves_elders}
    return [
        *_open_universities(land, plan),
        *_colleges(land, plan),
        *centres,
        *_schools(land, plan, elders),
        *_elder_universities(land, plan),
    ]


def _load(report: Report) -> int:
    lands = ground.read()
    model = next(land for land in lands if land.province == JIANGSU.province)
    new = [
        each
        for land in lands
        for each in drafts(land, JIANGSU if land is model else plan_for(land, model))
    ]
    institutions = [_institution(each) for each in new]
    written = steps.write(institutions, Institution, report=report, step=_("Institutions"))
    seats = [
        seat for each, made in zip(new, institutions, strict=True) for seat in _seats(each, made)
    ]
    steps.write(seats, Seat, report=report, step=_("Seats"))
    return written


def _institution(new: New) -> Institution:
    return Institution(
        code=new.code, name=new.name + MARK, kind=new.kind, serves_elders=new.serves_elders,
        is_sample=True, valid_from=_opened(new),
    )  # fmt: skip


def _seats(new: New, institution: Institution) -> Iterable[Seat]:
    for register, place_id in new.spot.place_of.items():
        yield Seat(
            institution=institution, register_id=register, place_id=place_id,
            valid_from=institution.valid_from,
        )  # fmt: skip


def _opened(new: New) -> date:
    """Universities and colleges are as old as the tree; of the others, some opened later."""
    hundredth = ids.spread(f"opened:{new.code}", 100)
    if new.kind not in {K.TOWN_CENTRE, K.VILLAGE_SCHOOL} or hundredth < FROM_THE_FIRST:
        return OPENED_FIRST
    years = LAST_OPENING - OPENED_FIRST.year
    return date(OPENED_FIRST.year + 1 + ids.spread(f"year:{new.code}", years), 9, 1)


def _first(spots: Sequence[Spot], salt: str, number: int) -> list[Spot]:
    """A choice that depends on the codes alone, in the order of the codes."""
    chosen = sorted(spots, key=lambda spot: (ids.spread(f"{salt}:{spot.code}", 2**32), spot.code))
    return sorted(chosen[:number], key=lambda spot: spot.code)


def _open_universities(land: Ground, plan: Plan) -> list[New]:
    top = land.spots(ground.PROVINCE)[0]
    cities, counties = land.spots(ground.CITIES), land.spots(ground.COUNTIES)
    chosen = _first(counties, "open", plan.open_universities - 1 - len(cities))
    return [
        New(K.OPEN_UNIVERSITY, f"{top.name.removesuffix('省')}开放大学", top),
        *(New(K.OPEN_UNIVERSITY, f"{city.name}开放大学", city) for city in cities),
        *(New(K.OPEN_UNIVERSITY, f"{county.name}开放大学", county) for county in chosen),
    ]


def _colleges(land: Ground, plan: Plan) -> list[New]:
    """Every county first, then statistical zones as far as the number goes."""
    counties, zones = land.spots(ground.COUNTIES), land.spots(ground.ZONES)
    more = _first(zones, "college", plan.colleges - len(counties))
    return [
        New(K.COMMUNITY_COLLEGE, f"{spot.name}社区学院", spot)
        for spot in [*_first(counties, "college", plan.colleges), *more]
    ]


def _centres(land: Ground, plan: Plan) -> list[New]:
    """One in each town of both registers but those marked as dissolved and a few more."""
    made = []
    for spot in _first(land.spots(ground.TOWNS), "centre", plan.centres):
        serves = ids.spread(f"elders:{spot.code}", 100) < plan.elder_percent
        name = f"{spot.county}{spot.name}社区教育中心"
        made.append(New(K.TOWN_CENTRE, name, spot, serves))
    return made


def _schools(land: Ground, plan: Plan, elders: set[int]) -> list[New]:
    """Schools for villages; one in three serves elders, where the town's centre does."""
    made = []
    for spot in _first(land.spots(ground.VILLAGES), "school", plan.schools):
        serves = spot.town_id in elders and ids.spread(f"elders:{spot.code}", 3) == 0
        name = f"{spot.county}{spot.town}{rules.short_name(spot.name)}居民学校"
        made.append(New(K.VILLAGE_SCHOOL, name[:110], spot, serves))
    return made


def _elder_universities(land: Ground, plan: Plan) -> list[New]:
    """The city's own and those of counties; a lagging city has fewer than four."""
    cities = land.spots(ground.CITIES)
    lagging = {spot.code for spot in _first(cities, "lagging", plan.lagging_cities)}
    counties: dict[str, list[Spot]] = defaultdict(list)
    for spot in land.spots(ground.COUNTIES):
        counties[spot.code[:4]].append(spot)
    made: list[New] = []
    for city in cities:
        inside = counties[city.code]
        number = 2 if city.code in lagging else max(3, len(inside) * 4 // 5)
        made += [
            New(K.ELDER_UNIVERSITY, f"{spot.name}老年大学", spot, serves_elders=True)
            for spot in [city, *_first(inside, "elder", number)]
        ]
    return made
