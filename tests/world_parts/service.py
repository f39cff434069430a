"""Service points of the world: a staffed point, an appointment, a queue, a session, a roster."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any

from openpyxl import Workbook

from tests.service import factories
from tests.world_parts.places import SINCE, Where
from xueqiao.creditbank.models import LearningAccount
from xueqiao.kernel import clock
from xueqiao.people import documents, particulars
from xueqiao.people.models import Person
from xueqiao.service import appointments, banks, finder, honours, merges, nodes, sessions, tickets
from xueqiao.service.models import ServiceNode
from xueqiao.service.openings import sheets

ALWAYS = dict.fromkeys(range(1, 8), "0:00-23:59")


def service(where: Where, people: dict[str, Person], now: datetime) -> dict[str, Any]:
    node = _node(where, people, now)
    return {
        "node": node.code,
        "session": _session(node, people, now),
        **_rosters(where, people, now),
        "merge": _merge(people, now),
        "moved": _move(where, now),
        "bank": _bank(where, people, now),
        "honour": _honour(people, now),
    }


def _node(where: Where, people: dict[str, Person], now: datetime) -> ServiceNode:
    def set_up(code: str, name: str, kind: str, place: Any, parent: Any = None) -> ServiceNode:
        return nodes.set_up(
            code=code, name=name, kind=kind, place_id=place.pk, parent=parent, by=None, at=now,
            address="人民东路 12 号", phone="0515-00000001", note="一楼，有坡道", valid_from=SINCE,
            institution_id=where.centre.pk if kind == "point" else None, is_sample=True,
        )  # fmt: skip

    centre = set_up("js-centre", "省管理中心", "centre", where.province)
    branch = set_up("yancheng", "盐城分中心", "branch", where.city, centre)
    node = set_up("hede", "合德认证点", "point", where.town, branch)
    nodes.set_hours(node=node, week=ALWAYS, by=None, at=now)
    offered = {"recognition": (60, 2), "account": (30, 1)}
    nodes.set_services(node=node, offered=offered, by=None, at=now)
    nodes.add_staff(node=node, person_id=people["helper"].pk, valid_from=SINCE, by=None, at=now)
    read = finder.with_days(ServiceNode.objects.filter(pk=node.pk), clock.local_date(now)).get()
    first = finder.free_slots(read, kind="recognition", at=now)[0]
    appointments.book(
        node=node, kind="recognition", starts_at=first.starts_at, person=people["learner"],
        by=people["learner"], at=now, request_key="world:visit", note="带护理证书",
    )  # fmt: skip
    for number in range(3):
        tickets.draw(node=node, kind="account", at=now, request_key=f"world:{number}")
    tickets.call_next(node=node, counter="1", by=people["helper"], at=now)
    return node


def _session(node: ServiceNode, people: dict[str, Person], now: datetime) -> int:
    helper = people["helper"]
    session = sessions.start(
        node=node, person=people["neighbour"], by=helper, purpose="申请认定护理经历", at=now,
        request_key="world:session",
    )  # fmt: skip
    sessions.scan_consent(session=session, content=b"%PDF-1.4 signed", by=helper, at=now)
    sessions.check_identity(
        session=session, document="id_card", number=factories.identity_number(41, year=1958),
        by=helper, at=now,
    )  # fmt: skip
    return session.pk


def _rosters(where: Where, people: dict[str, Person], now: datetime) -> dict[str, int]:
    head = ["姓名", "性别", "身份证号", "居住地"]
    number = factories.identity_number(50)
    good = [["周桂芳", "女", number, where.village.code]]
    bad = [["周桂芳", "男", number, where.village.code], ["", "女", "123", "不存在"]]
    made = {}
    for name, rows in {"roster": good, "faulty": bad}.items():
        book = Workbook()
        for row in [head, *rows]:
            book.active.append(row)
        out = io.BytesIO()
        book.save(out)
        made[name] = sheets.upload(
            content=out.getvalue(), name=f"{name}.xlsx", place_id=where.town.pk,
            by=people["helper"], at=now,
        ).pk  # fmt: skip
    return made


def _merge(people: dict[str, Person], now: datetime) -> int:
    learner, number = people["learner"], factories.identity_number(60, year=1958)
    documents.give(person_id=learner.pk, identity_hash=documents.hashed(number))
    twin = Person.objects.create(
        key="00000000-0000-4000-8000-00000000abcd", name=learner.name, birth_year=1958, sex="2",
        home_id=learner.home_id, opened_at=now,
    )  # fmt: skip
    LearningAccount.objects.get_or_create(
        person=twin, defaults={"number": "9999999999999", "opened_at": now}
    )
    learner.refresh_from_db()
    return merges.ask(
        kept=learner, duplicate=twin, identity_number=number, reason="两次开户",
        by=people["county"], at=now, request_key="world:merge",
    ).pk  # fmt: skip


def _move(where: Where, now: datetime) -> int:
    mover = Person.objects.create(
        key="00000000-0000-4000-8000-00000000abce", name="周迁", home_id=where.village.pk,
        opened_at=now,
    )  # fmt: skip
    day = clock.local_date(now) - timedelta(days=20)
    return particulars.move(
        person_id=mover.pk, home_id=where.town.pk, since=day, at=now, why="户口簿（示例）"
    ).pk


def _bank(where: Where, people: dict[str, Person], now: datetime) -> str:
    by = {"by": people["province"], "at": now, "valid_from": SINCE}
    bank = banks.found(
        code="continuing", name_zh="继续教育学分银行（示例）", name_en="Continuing education bank",
        kind="continuing", place_id=where.province.pk, source="示例", charter_zh="面向社区学习者",
        charter_en="For learners in the community", is_sample=True, **by,
    )  # fmt: skip
    banks.admit(bank=bank, institution_id=where.institution.pk, role="lead", **by)
    return bank.code


def _honour(people: dict[str, Person], now: datetime) -> int:
    day = clock.local_date(now) - timedelta(days=1)
    return honours.give(
        person=people["learner"], kind="star", title="百姓学习之星", reason="十年坚持学习",
        document="射教〔2026〕1 号", given_on=day, by=people["county"], at=now,
        request_key="world:honour",
    ).pk  # fmt: skip
