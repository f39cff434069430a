"""The named people of the demo: one for each role, and some who must not see what the others may.

Made up. They sign in by name and without a password, and only where the site runs as a demo.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.db import transaction

from xueqiao.kernel import clock, ids
from xueqiao.network import institutions, tree
from xueqiao.people import accounts, roles
from xueqiao.people.models import RoleKind, Sex

if TYPE_CHECKING:
    from datetime import datetime

K = RoleKind
OPENED = date(2024, 3, 1)
COLLEGE = "SAMPLE-320924-community_college"


@dataclass(frozen=True)
class Held:
    """A role for a place, narrowed to an institution where one is named; both by code."""

    kind: RoleKind
    place: str
    institution: str = ""


@dataclass(frozen=True)
class DemoPerson:
    """Who somebody is. ``username`` without ``accounts.DEMO_PREFIX``; ``home`` a place code."""

    username: str
    name: str
    name_en: str
    sex: Sex
    birth_year: int
    home: str
    held: tuple[Held, ...] = ()


F, M = Sex.FEMALE, Sex.MALE
JIANGSU, HUNAN, SHEYANG = "32", "43", "320924"
PEOPLE = (
    DemoPerson("learner", "王秀英", "Wang Xiuying", F, 1958, "320924100001"),
    DemoPerson("helper", "周桂兰", "Zhou Guilan", F, 1972, "320924100001",
               (Held(K.HELPER, "320924100"),)),
    DemoPerson("teacher", "吴敏", "Wu Min", F, 1984, "320924100009",
               (Held(K.TEACHER, SHEYANG, COLLEGE),)),
    DemoPerson("institution", "郑海燕", "Zheng Haiyan", F, 1979, "320924100018",
               (Held(K.INSTITUTION, SHEYANG, COLLEGE),)),
    DemoPerson("assessor", "孙立新", "Sun Lixin", M, 1975, "320102002",
               (Held(K.ASSESSOR, JIANGSU),)),
    DemoPerson("assessor-2", "何静", "He Jing", F, 1981, "320102003", (Held(K.ASSESSOR, JIANGSU),)),
    DemoPerson("expert-labour", "蒋建华", "Jiang Jianhua", M, 1969, "320102002",
               (Held(K.ASSESSOR, JIANGSU),)),
    DemoPerson("expert-evaluation", "沈文英", "Shen Wenying", F, 1977, "320102003",
               (Held(K.ASSESSOR, JIANGSU),)),
    DemoPerson("expert-office", "韩正", "Han Zheng", M, 1980, "320102005",
               (Held(K.ASSESSOR, JIANGSU),)),
    DemoPerson("learner-2", "顾玉兰", "Gu Yulan", F, 1971, "320924100009"),
    DemoPerson("county", "徐国平", "Xu Guoping", M, 1970, "320924100",
               (Held(K.COUNTY, SHEYANG),)),
    DemoPerson("county-sibling", "刘芳", "Liu Fang", F, 1983, "320102005",
               (Held(K.COUNTY, "320102"),)),
    DemoPerson("province", "张晓东", "Zhang Xiaodong", M, 1973, "320102009",
               (Held(K.PROVINCE, JIANGSU),)),
    DemoPerson("province-2", "郭敏", "Guo Min", F, 1979, "320102010",
               (Held(K.PROVINCE, JIANGSU),)),
    DemoPerson("operator", "高翔", "Gao Xiang", M, 1988, "320102010",
               (Held(K.OPERATOR, JIANGSU), Held(K.OPERATOR, HUNAN))),
    DemoPerson("analyst", "梁思远", "Liang Siyuan", M, 1990, "320102005",
               (Held(K.ANALYST, JIANGSU),)),
    DemoPerson("hunan-learner", "陈志强", "Chen Zhiqiang", M, 1966, "430102001001"),
    DemoPerson("hunan-county", "谭志远", "Tan Zhiyuan", M, 1978, "430102009",
               (Held(K.COUNTY, "430102"),)),
    DemoPerson("hunan-province", "欧阳慧", "Ouyang Hui", F, 1976, "430102013",
               (Held(K.PROVINCE, HUNAN),)),
)  # fmt: skip


@transaction.atomic
def load_people(*, at: datetime) -> int:
    """Open the accounts of the demo people, give them their roles and let them sign in.

    Returns:
        How many there are; a second call changes nothing.

    Raises:
        PlaceUnknown, InstitutionUnknown: places and institutions are loaded first.
    """
    for each in PEOPLE:
        person = accounts.open_account(
            key=ids.stable_uuid("demo", each.username), name=each.name, name_en=each.name_en,
            sex=each.sex, birth_year=each.birth_year, home_id=tree.by_code(each.home).pk,
            opened_at=clock.start_of(OPENED), is_sample=True,
        )  # fmt: skip
        for held in each.held:
            narrow = institutions.by_code(held.institution).pk if held.institution else None
            roles.grant(
                person_id=person.pk, kind=held.kind, place_id=tree.by_code(held.place).pk,
                institution_id=narrow, valid_from=OPENED, at=at,
            )  # fmt: skip
        username = accounts.DEMO_PREFIX + each.username
        accounts.create_login(person_id=person.pk, username=username, password=None)
    return len(PEOPLE)
