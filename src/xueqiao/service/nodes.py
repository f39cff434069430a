"""Nodes of the network: set up, described, staffed and ended by whoever keeps their places."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from xueqiao.kernel import clock, errors
from xueqiao.people import accounts, rights
from xueqiao.service import rules
from xueqiao.service.models import (
    NodeClosed,
    NodeHours,
    NodeKind,
    NodeService,
    NodeStaff,
    ServiceKind,
    ServiceNode,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from xueqiao.people.models import Person

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{1,39}")
LONGEST_VISIT, SHORTEST_VISIT = 240, 5
MOST_PLACES = 50


class NodeCodeTaken(errors.Refusal):
    """Another node has this code."""

    code = "service.node_code_taken"


class NodeMisplaced(errors.Refusal):
    """The node above is missing, ended, or of a kind that does not stand above this one."""

    code = "service.node_misplaced"
    status = 422


class NodeUnfit(errors.Refusal):
    """A code, hours or a length of visits that cannot be."""

    code = "service.node_unfit"
    status = 422


class NodeInUse(errors.Refusal):
    """Nodes below it still serve, or people have appointments there."""

    code = "service.node_in_use"


class StaffUnfit(errors.Refusal):
    """Somebody without a helper's role cannot be staff of a node."""

    code = "service.staff_unfit"
    status = 422


@transaction.atomic
def set_up(
    *, code: str, name: str, kind: str, place_id: int, address: str, valid_from: date,
    by: Person | None, at: datetime, parent: ServiceNode | None = None,
    institution_id: int | None = None, name_en: str = "", phone: str = "", note: str = "",
    is_sample: bool = False,
) -> ServiceNode:  # fmt: skip
    """Set a node up, once for each code; a repeated call with the same facts returns it.

    Args:
        by: None only from the shell.

    Raises:
        NodeUnfit, NodeMisplaced, NodeCodeTaken, rights.NotAllowed.
    """
    _may(by, place_id, at)
    if not CODE.fullmatch(code):
        text = _("A code has 2 to 40 letters, digits and hyphens, such as sheyang-hede.")
        raise NodeUnfit(text, pointer="code")
    _refuse_parent(kind, parent, clock.local_date(at))
    facts: dict[str, Any] = {
        "name": name, "kind": kind, "place_id": place_id, "parent_id": parent and parent.pk,
        "institution_id": institution_id, "address": address,
    }  # fmt: skip
    more = {"name_en": name_en, "phone": phone, "note": note, "is_sample": is_sample}
    node, made = ServiceNode.objects.get_or_create(
        code=code, defaults={**facts, **more, "valid_from": valid_from}
    )
    if not made and any(getattr(node, field) != value for field, value in facts.items()):
        text = _("The code {code} belongs to {name}. Choose another one.")
        raise NodeCodeTaken(text.format(code=code, name=node.name), pointer="code")
    return node


@transaction.atomic
def describe(
    *, node: ServiceNode, name: str, name_en: str, address: str, phone: str, note: str,
    by: Person, at: datetime,
) -> ServiceNode:  # fmt: skip
    """Say anew how a node is called, where it is, how one gets there. Raises NotAllowed."""
    locked = _locked(node, by, at)
    locked.name, locked.name_en, locked.address = name, name_en, address
    locked.phone, locked.note = phone, note
    locked.save(update_fields=["name", "name_en", "address", "phone", "note"])
    return locked


@transaction.atomic
def set_hours(
    *, node: ServiceNode, week: Mapping[int, str], by: Person | None, at: datetime
) -> ServiceNode:
    """Write the hours of a week; they hold for appointments that are not made yet.

    Args:
        week: weekday (1 Monday … 7 Sunday) to hours as typed, ``"9:00-12:00, 13:30-17:00"``; a day
            that is empty or missing is closed.

    Raises:
        NodeUnfit: hours that cannot be; its pointer is ``day_<weekday>``.
        rights.NotAllowed.
    """
    locked = _locked(node, by, at)
    rows = []
    for weekday, text in sorted(week.items()):
        try:
            found = rules.spans(text)
        except ValueError as why:
            said = _("“{text}” are no hours. Write them as 9:00-12:00, 13:30-17:00.")
            raise NodeUnfit(said.format(text=why), pointer=f"day_{weekday}") from None
        rows += [
            NodeHours(node=locked, weekday=weekday, opens=each.opens, closes=each.closes)
            for each in found
        ]
    NodeHours.objects.filter(node=locked).delete()
    NodeHours.objects.bulk_create(rows)
    return locked


@transaction.atomic
def set_services(
    *, node: ServiceNode, offered: Mapping[str, tuple[int, int]], by: Person | None, at: datetime
) -> ServiceNode:
    """Write what a node offers.

    Args:
        offered: kind of service to (minutes of one visit, people at once); 0 people: walk-in only.

    Raises:
        NodeUnfit, rights.NotAllowed.
    """
    locked = _locked(node, by, at)
    for kind, (minutes, places) in offered.items():
        fits = SHORTEST_VISIT <= minutes <= LONGEST_VISIT and 0 <= places <= MOST_PLACES
        if kind not in ServiceKind.values or not fits:
            text = _(
                "A visit takes {least} to {most} minutes, with at most {places} people at once."
            )
            said = text.format(least=SHORTEST_VISIT, most=LONGEST_VISIT, places=MOST_PLACES)
            raise NodeUnfit(said, pointer=f"minutes_{kind}")
    NodeService.objects.filter(node=locked).delete()
    NodeService.objects.bulk_create(
        [
            NodeService(node=locked, kind=kind, minutes=minutes, places=places)
            for kind, (minutes, places) in sorted(offered.items())
        ]
    )
    return locked


@transaction.atomic
def close_day(*, node: ServiceNode, day: date, reason: str, by: Person, at: datetime) -> NodeClosed:
    """Close a node on a day; appointments that were made stay until somebody moves them.

    Raises:
        NodeInUse: people have appointments on that day; they are called first.
        NodeUnfit: no reason.
        rights.NotAllowed.
    """
    locked = _locked(node, by, at)
    if not reason.strip():
        raise NodeUnfit(_("Say why, so that people can read it."), pointer="reason")
    start, end = clock.start_of(day), clock.start_of(day + timedelta(days=1))
    booked = locked.slots.filter(starts_at__gte=start, starts_at__lt=end, taken__gt=0)
    if booked.exists():
        text = _("People have appointments on {day}. Call them and withdraw those first.")
        raise NodeInUse(text.format(day=clock.written(day)), pointer="day")
    found, _made = NodeClosed.objects.get_or_create(
        node=locked, day=day, defaults={"reason": reason.strip()}
    )
    return found


@transaction.atomic
def reopen_day(*, node: ServiceNode, day: date, by: Person, at: datetime) -> None:
    """Let the hours hold again on a day that was closed. Raises rights.NotAllowed."""
    _locked(node, by, at).closed_days.filter(day=day).delete()


@transaction.atomic
def add_staff(
    *, node: ServiceNode, person_id: int, valid_from: date, by: Person | None, at: datetime
) -> NodeStaff:
    """Let a helper work at a node. A repeated call returns what is there.

    Raises:
        StaffUnfit: no helper's role that reaches the node's place.
        rights.NotAllowed.
    """
    locked = _locked(node, by, at)
    there = locked.staff.filter(person_id=person_id, valid_to=None).first()
    if there:
        return there
    _refuse_staff(locked, person_id, clock.local_date(at))
    try:
        with transaction.atomic():
            return NodeStaff.objects.create(
                node=locked, person_id=person_id, valid_from=valid_from, added_by=by
            )
    except IntegrityError:
        return locked.staff.get(person_id=person_id, valid_to=None)


@transaction.atomic
def end_staff(*, staff: NodeStaff, day: date, by: Person, at: datetime) -> NodeStaff:
    """End somebody's work at a node; the day is the first without. Raises rights.NotAllowed."""
    _locked(staff.node, by, at)
    locked = NodeStaff.objects.select_for_update().get(pk=staff.pk)
    if locked.valid_to is None:
        locked.valid_to = day
        locked.save(update_fields=["valid_to"])
    return locked


@transaction.atomic
def end(*, node: ServiceNode, day: date, by: Person, at: datetime) -> ServiceNode:
    """End a node; the day is the first on which it no longer serves.

    Raises:
        NodeInUse: nodes below it serve on, or somebody has an appointment from that day on.
        NodeUnfit: the day is not after the start.
        rights.NotAllowed.
    """
    locked = _locked(node, by, at)
    if day <= locked.valid_from:
        text = _("The node serves since {start}. Choose a later day.")
        raise NodeUnfit(text.format(start=clock.written(locked.valid_from)), pointer="day")
    if locked.below.in_force(day).exists():
        raise NodeInUse(_("Nodes below it still serve. End those first, or move them."))
    if locked.slots.filter(starts_at__gte=clock.start_of(day), taken__gt=0).exists():
        raise NodeInUse(_("People have appointments after that day. Choose a later day."))
    locked.valid_to = day
    locked.save(update_fields=["valid_to"])
    return locked


def _may(by: Person | None, place_id: int, at: datetime) -> None:
    if by is not None:
        rights.check(by, rights.SERVICE_NODES, clock.local_date(at), place_id=place_id)


def _locked(node: ServiceNode, by: Person | None, at: datetime) -> ServiceNode:
    locked = ServiceNode.objects.select_for_update().get(pk=node.pk)
    _may(by, locked.place_id, at)
    return locked


def _refuse_parent(kind: str, parent: ServiceNode | None, day: date) -> None:
    wanted = rules.ABOVE.get(kind)
    is_gone = parent is not None and parent.valid_to is not None and parent.valid_to <= day
    if wanted is None or (parent.kind if parent else "") != wanted or is_gone:
        above = NodeKind(wanted).label if wanted else _("nothing")
        text = _("Above this kind of node stands: {above}. Choose one that still serves.")
        raise NodeMisplaced(text.format(above=above), pointer="parent")


def _refuse_staff(node: ServiceNode, person_id: int, day: date) -> None:
    person = accounts.by_id(person_id)
    try:
        rights.check(person, rights.SERVICE_COUNTER, day, place_id=node.place_id)
    except rights.NotAllowed:
        raise StaffUnfit(
            _(
                "Staff of a node need the role “service point helper” for its place. Have the role "
                "given first."
            ),
            pointer="person",
        ) from None
