"""The places of the world: 江苏省 › 盐城市 › 射阳县 › 合德镇 › 村, a sibling county, Hunan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tests.hall import factories
from tests.hall.factories import register
from xueqiao.network import names
from xueqiao.network.models import Institution, InstitutionKind, Listing, Place, Seat

SINCE = date(2000, 1, 1)


@dataclass
class Where:
    """The county in the middle of the tests, and its family."""

    province: Place
    city: Place
    county: Place
    town: Place
    village: Place
    sibling: Place
    elsewhere: Place
    institution: Institution
    centre: Institution


def place(code: str, level: int, name: str, above: list[Place] | None = None) -> Place:
    """A place with its ancestors, lowest first, listed and found by name and pinyin."""
    made = factories.place(code, level, name, above)
    made.search_text = names.search_text(name)
    made.save(update_fields=["search_text"])
    Listing.objects.create(
        register=register(),
        place=made,
        code=code,
        name=name,
        parent=above[0] if above else None,
        valid_from=SINCE,
    )
    return made


def institution(where: Place, kind: InstitutionKind, name: str) -> Institution:
    made = Institution.objects.create(
        code=f"SAMPLE-{where.code}-{kind.value}",
        name=name,
        kind=kind,
        is_sample=True,
        serves_elders=True,
        valid_from=SINCE,
    )
    Seat.objects.create(institution=made, register=register(), place=where, valid_from=SINCE)
    return made


def county_with_family() -> Where:
    province = place("32", 1, "江苏省")
    city = place("3209", 2, "盐城市", [province])
    county = place("320924", 3, "射阳县", [city, province])
    town = place("320924100", 4, "合德镇", [county, city, province])
    village = place("320924100201", 5, "友爱村", [town, county, city, province])
    sibling = place("320923", 3, "阜宁县", [city, province])
    hunan = place("43", 1, "湖南省")
    elsewhere = place("4301", 2, "长沙市", [hunan])
    return Where(
        province,
        city,
        county,
        town,
        village,
        sibling,
        elsewhere,
        institution(county, InstitutionKind.COMMUNITY_COLLEGE, "射阳县社区学院（示例）"),
        institution(town, InstitutionKind.TOWN_CENTRE, "合德镇社区教育中心（示例）"),
    )
