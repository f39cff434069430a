"""Finding a node: by place, by what it offers, by its name; when it is open, when one can come."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Prefetch, Q

from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.service import rules
from xueqiao.service.models import (
    NodeClosed,
    NodeHours,
    NodeService,
    ServiceNode,
    Slot,
)

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.db.models import QuerySet

    from xueqiao.people.models import Person


@dataclass(frozen=True)
class Day:
    """One day of a node: its hours, or why it is closed against them."""

    day: date
    spans: list[rules.Span]
    reason: str = ""

    @property
    def text(self) -> str:
        return rules.shown(self.spans)


@dataclass(frozen=True)
class FreeSlot:
    """A slot that can be booked: its kind of service, its time, how many places are left."""

    kind: str
    starts_at: datetime
    ends_at: datetime
    left: int


def find(
    *, day: date, place_id: int | None = None, kind: str = "", text: str = ""
) -> QuerySet[ServiceNode]:
    """The nodes in force that fit; those that serve a place: in it, below it, or above it.

    Args:
        place_id: a place of the tree; somebody of a village is served by the county's nodes too.
        kind: of ``ServiceKind``; "" for any.
        text: part of the name, the address or the place's name.
    """
    rows = ServiceNode.objects.in_force(day).select_related("place", "parent", "institution")
    if place_id is not None:
        tree = rights.closure_on(day)
        near = tree.filter(ancestor_id=place_id).values("descendant_id")
        above = tree.filter(descendant_id=place_id).values("ancestor_id")
        rows = rows.filter(Q(place_id__in=near) | Q(place_id__in=above))
    if kind:
        rows = rows.filter(services__kind=kind)
    if text:
        named = Q(name__icontains=text) | Q(name_en__icontains=text) | Q(address__icontains=text)
        rows = rows.filter(named | Q(place__name__icontains=text))
    return rows


def with_days(rows: QuerySet[ServiceNode], day: date) -> QuerySet[ServiceNode]:
    """Nodes with what they offer, their hours and the closed days of a week. 4 queries."""
    closed = NodeClosed.objects.filter(day__gte=day, day__lt=day + timedelta(days=31))
    return rows.prefetch_related(
        Prefetch("services", NodeService.objects.order_by("kind")),
        Prefetch("hours", NodeHours.objects.order_by("weekday", "opens")),
        Prefetch("closed_days", closed.order_by("day")),
    )


def days(node: ServiceNode, first: date, count: int = 7) -> list[Day]:
    """A node's next days, closed ones too; the node was read by ``with_days``."""
    week = defaultdict(list)
    for each in node.hours.all():
        week[each.weekday].append(rules.Span(each.opens, each.closes))
    shut = {each.day: each.reason for each in node.closed_days.all()}
    found = []
    for day in (first + timedelta(days=n) for n in range(count)):
        if day in shut:
            found.append(Day(day, [], shut[day]))
        else:
            found.append(Day(day, sorted(week[day.isoweekday()])))
    return found


def is_open(node: ServiceNode, at: datetime) -> bool:
    """Whether a node serves at an instant; the node was read by ``with_days``."""
    return rules.is_open(at, days(node, clock.local_date(at), 1)[0].spans)


def free_slots(node: ServiceNode, *, kind: str, at: datetime, count: int = 14) -> list[FreeSlot]:
    """What can be booked in the next days, earliest first. The node was read by ``with_days``."""
    offered = next((each for each in node.services.all() if each.kind == kind), None)
    if offered is None or not offered.places:
        return []
    first = clock.local_date(at)
    end = clock.start_of(first + timedelta(days=count))
    held = Slot.objects.filter(node=node, kind=kind, starts_at__gte=at, starts_at__lt=end)
    known = {each.starts_at: each for each in held}
    found = []
    for each in days(node, first, count):
        for starts_at, ends_at in rules.slots(each.day, each.spans, offered.minutes):
            slot = known.get(starts_at)
            left = slot.places - slot.taken if slot else offered.places
            if left > 0 and rules.may_book(starts_at, at):
                found.append(FreeSlot(kind, starts_at, ends_at, left))
    return found


def counters_of(person: Person | None, day: date) -> list[ServiceNode]:
    """The nodes at whose counter somebody works, by name."""
    rows = ServiceNode.objects.served_by(person, day).select_related("place")
    return list(rows.order_by("name", "pk"))
