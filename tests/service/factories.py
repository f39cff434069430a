"""Rows for the tests of service points: a county with a centre, a branch and a staffed point."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.creditbank import factories as bank
from tests.hall import factories as network
from xueqiao.network.models import Listing, Place
from xueqiao.people.models import Person, RoleKind
from xueqiao.service import nodes
from xueqiao.service.models import ServiceNode

# A Tuesday, 10:00 in Asia/Shanghai.
AT = datetime(2026, 9, 1, 2, tzinfo=UTC)
DAY = bank.DAY
WEEK = dict.fromkeys(range(1, 6), "9:00-12:00, 13:30-17:00")
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass
class Point:
    """A certification point with its place, its helper, and the officers above it."""

    province: Place
    county: Place
    town: Place
    elsewhere: Place
    node: ServiceNode
    helper: Person
    officer: Person
    second: Person
    learner: Person


def point() -> Point:
    where = bank.places()
    town = network.place("320924100", 4, "合德镇", [where.county, where.province])
    Listing.objects.create(
        register=network.register(), place=town, code=town.code, name=town.name,
        parent=where.county, valid_from=bank.SINCE,
    )  # fmt: skip
    helper = bank.officer("周晓红", RoleKind.HELPER, town)
    officer = bank.officer("徐明", RoleKind.COUNTY, where.county)
    second = bank.officer("吴敏", RoleKind.PROVINCE, where.province)
    node = network_of(where.province, where.county, town)
    nodes.add_staff(node=node, person_id=helper.pk, valid_from=bank.SINCE, by=officer, at=AT)
    return Point(
        where.province, where.county, town, where.elsewhere, node, helper, officer, second,
        bank.person("李桂兰", town),
    )  # fmt: skip


def network_of(province: Place, county: Place, town: Place) -> ServiceNode:
    """Centre, branch and point; the point offers two kinds of service on weekdays."""
    centre = node("js-centre", "省管理中心", "centre", province)
    branch = node("sheyang", "射阳分中心", "branch", county, centre)
    made = node("sheyang-hede", "合德认证点", "point", town, branch)
    nodes.set_hours(node=made, week=WEEK, by=None, at=AT)
    offered = {"recognition": (30, 2), "account": (15, 0)}
    return nodes.set_services(node=made, offered=offered, by=None, at=AT)


def node(code, name, kind, place, parent=None):
    return nodes.set_up(
        code=code, name=name, kind=kind, place_id=place.pk, address="人民路 1 号", parent=parent,
        valid_from=bank.SINCE, by=None, at=AT, is_sample=True,
    )  # fmt: skip


def identity_number(seed: int = 0, *, year: int = 1960, female: bool = True) -> str:
    """A number of GB 11643 that checks; of nobody: the area code is one that was never given."""
    order = random.Random(seed).randrange(0, 499) * 2 + (0 if female else 1)
    first = f"999999{year}0101{order:03d}"
    total = sum(int(n) * w for n, w in zip(first, WEIGHTS, strict=True))
    return first + "10X98765432"[total % 11]
