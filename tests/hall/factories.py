"""Rows for the hall's tests: a county with a town, an institution, people, classes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from xueqiao.hall import offerings
from xueqiao.hall.models import Offering
from xueqiao.network.models import (
    Closure,
    Institution,
    InstitutionKind,
    Place,
    PopulationCell,
    Register,
    Seat,
)
from xueqiao.people.models import Person, Role, RoleKind

AT = datetime(2026, 9, 1, 2, tzinfo=UTC)
DAY = date(2026, 9, 1)
SINCE = date(2000, 1, 1)


@dataclass
class County:
    """A county with one town, in one register."""

    register: Register
    county: Place
    town: Place
    institution: Institution


def register() -> Register:
    found, _made = Register.objects.get_or_create(
        code="nbs",
        defaults={
            "name_zh": "统计用区划",
            "name_en": "Statistical",
            "as_of": date(2023, 6, 30),
            "deepest_level": 5,
            "source": "test",
        },
    )
    return found


def place(code: str, level: int, name: str, above: list[Place] | None = None) -> Place:
    nbs = register()
    made = Place.objects.create(origin=nbs, code=code, level=level, name=name, valid_from=SINCE)
    for depth, ancestor in enumerate([made, *(above or [])]):
        Closure.objects.create(
            register=nbs, ancestor=ancestor, descendant=made, depth=depth, valid_from=SINCE
        )
    return made


def county(code: str = "320924", name: str = "射阳县") -> County:
    whole = place(code, 3, name)
    town = place(f"{code}100", 4, f"{name}合德镇", [whole])
    institution = Institution.objects.create(
        code=f"SAMPLE-{code}-community_college",
        name=f"{name}社区学院（示例）",
        kind=InstitutionKind.COMMUNITY_COLLEGE,
        is_sample=True,
        valid_from=SINCE,
    )
    Seat.objects.create(institution=institution, register=register(), place=whole, valid_from=SINCE)
    return County(register(), whole, town, institution)


def person(name: str = "王芳", home: Place | None = None) -> Person:
    return Person.objects.create(key=uuid.uuid4(), name=name, home=home, opened_at=AT)


def people(count: int, home: Place | None = None) -> list[Person]:
    return Person.objects.bulk_create(
        Person(key=uuid.uuid4(), name=f"学员 {n}", home=home, opened_at=AT) for n in range(count)
    )


def role(who: Person, kind: RoleKind, where: Place, institution: Institution | None = None) -> Role:
    return Role.objects.create(
        person=who,
        kind=kind,
        place=where,
        institution=institution,
        valid_from=SINCE,
        granted_at=AT,
    )


def offering(where: County, code: str = "C1", seats: int = 2, **facts) -> Offering:
    return offerings.create(
        code=code,
        capacities={"general": seats},
        **{
            "title": "智能手机入门",
            "institution": where.institution,
            "place": where.town,
            "term": "2026秋",
            "starts_on": date(2026, 9, 10),
            "ends_on": date(2026, 12, 10),
            "enrol_from": AT - timedelta(days=10),
            "enrol_to": AT + timedelta(days=5),
            **facts,
        },
    )


def province_with_villages(villages: int = 6) -> list[County]:
    """Two counties of Jiangsu with villages; three of four residents live in the first."""
    made = [county("320102", "玄武区"), county("320924", "射阳县")]
    for each, residents in zip(made, (3000, 1000), strict=True):
        PopulationCell.objects.create(
            place=each.county, census=2020, sex="1", age_from=0, residents=residents
        )
        for number in range(villages):
            place(f"{each.town.code}{number:03}", 5, f"第{number}村", [each.town, each.county])
    return made
