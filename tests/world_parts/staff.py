"""The people of the world: learners, and one for every role. All sign in by name."""

from __future__ import annotations

from datetime import datetime

from tests.world_parts.places import SINCE, Where
from xueqiao.kernel import ids
from xueqiao.people import accounts, roles
from xueqiao.people.models import Person, RoleKind

K = RoleKind


def person(key: str, name: str, home_id: int, now: datetime) -> Person:
    made = accounts.open_account(
        key=ids.stable_uuid("world", key),
        name=name,
        birth_year=1958,
        sex="2",
        home_id=home_id,
        opened_at=now,
        is_sample=True,
    )
    accounts.create_login(person_id=made.pk, username=f"demo-{key}", password=None)
    return made


def people(where: Where, now: datetime) -> dict[str, Person]:
    """By role, and ``learner``, ``neighbour`` (same village) and ``sibling`` (next county)."""
    found = {
        "learner": person("learner", "李桂兰", where.village.pk, now),
        "neighbour": person("neighbour", "张建国", where.village.pk, now),
        "sibling": person("sibling", "陈秀英", where.sibling.pk, now),
    }
    held = {
        K.HELPER: ("周晓红", where.town.pk, None),
        K.TEACHER: ("王海涛", where.county.pk, where.institution.pk),
        K.INSTITUTION: ("孙丽华", where.county.pk, where.institution.pk),
        K.ASSESSOR: ("赵志强", where.city.pk, None),
        K.COUNTY: ("徐明", where.county.pk, None),
        K.PROVINCE: ("吴敏", where.province.pk, None),
        K.OPERATOR: ("郑宇", where.province.pk, None),
        K.ANALYST: ("梁思远", where.province.pk, None),
    }
    for kind, (name, place_id, institution_id) in held.items():
        found[kind.value] = person(kind.value, name, where.county.pk, now)
        roles.grant(
            person_id=found[kind.value].pk,
            kind=kind.value,
            place_id=place_id,
            institution_id=institution_id,
            valid_from=SINCE,
            at=now,
        )
    return found
