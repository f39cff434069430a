"""The sample network: made-up service points, banks and alliances, marked 示例."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import Q

from xueqiao import sample
from xueqiao.kernel import errors, tables
from xueqiao.network import tree
from xueqiao.service import banks, nodes
from xueqiao.service.models import ServiceNode

if TYPE_CHECKING:
    from datetime import datetime

FILE: Final = Path(sample.__file__).parent / "service" / "network.json"
SINCE: Final = date(2024, 3, 1)


@transaction.atomic
def load(*, at: datetime, path: Path = FILE) -> tuple[int, int]:
    """Set up the nodes and banks whose places are loaded; a second call changes nothing.

    Returns:
        How many nodes and banks there are.
    """
    given = json.loads(path.read_text(encoding="utf-8"))
    known = [_node(each, at) for each in given["nodes"]]
    founded = [_bank(each, at) for each in given["banks"]]
    return sum(known), sum(founded)


def _node(row: dict[str, Any], at: datetime) -> bool:
    try:
        place = tree.by_code(row["place"])
    except errors.Refusal:
        return False
    parent = ServiceNode.objects.filter(code=row.get("parent", "")).first()
    made = nodes.set_up(
        code=row["code"], name=row["name"], name_en=row["name_en"], kind=row["kind"],
        place_id=place.pk, parent=parent, address=row["address"], phone=row["phone"],
        note=row.get("note", ""), valid_from=SINCE, by=None, at=at, is_sample=True,
    )  # fmt: skip
    if not made.hours.exists():
        week = {int(day): text for day, text in row["week"].items()}
        nodes.set_hours(node=made, week=week, by=None, at=at)
        offered = {kind: (each[0], each[1]) for kind, each in row["services"].items()}
        nodes.set_services(node=made, offered=offered, by=None, at=at)
    for username in row.get("staff", []):
        login = tables.rows("people.Login").filter(username=username).first()
        if login:
            nodes.add_staff(node=made, person_id=login.person_id, valid_from=SINCE, by=None, at=at)
    return True


def _bank(row: dict[str, Any], at: datetime) -> bool:
    try:
        place = tree.by_code(row["place"])
    except errors.Refusal:
        return False
    office = ServiceNode.objects.filter(code=row["node"]).first()
    made = banks.found(
        code=row["code"], name_zh=row["name_zh"], name_en=row["name_en"], kind=row["kind"],
        place_id=place.pk, source=row["source"], valid_from=SINCE, by=None, at=at,
        charter_zh=row["charter_zh"], charter_en=row["charter_en"],
        node_id=office.pk if office else None, is_sample=True,
    )  # fmt: skip
    since: dict[str, Any] = {"bank": made, "valid_from": SINCE, "by": None, "at": at}
    for code, role in row["members"].items():
        who = tables.rows("network.Institution").filter(code=code).first()
        if who:
            banks.admit(institution_id=who.pk, role=role, **since)
    units = tables.rows("creditbank.Unit").filter(Q(code__startswith=row["units"]))
    for number in units.order_by("code").values_list("pk", flat=True):
        banks.offer(unit_id=number, **since)
    programmes = tables.rows("creditbank.Programme").filter(code__in=row["programmes"])
    for number in programmes.order_by("code").values_list("pk", flat=True):
        banks.offer(programme_id=number, **since)
    return True
