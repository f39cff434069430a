"""What waits at service points: rosters to open, merges and splits to decide, a visit to end."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.service.models import AccountMerge, CounterSession
from xueqiao.service.openings import sheets

if TYPE_CHECKING:
    from xueqiao.people.models import Person

# Targets of service, not rules of the bank.
ROSTER_DAYS, MERGE_DAYS = 3, 5
State = AccountMerge.State


class Waiting(NamedTuple):
    """Title, detail, address and due day of one thing."""

    title: str
    detail: str
    address: str
    due: date | None


class Kind(NamedTuple):
    """Things of one kind, most urgent first."""

    code: str
    title: str
    things: list[Waiting]
    address: str


def read(person: Person, today: date) -> list[Kind]:
    """Every kind the person's roles open. At most 5 queries."""
    found = []
    if rights.allows(person, rights.SERVICE_COUNTER, today):
        found.append(_visits(person))
    if rights.allows(person, rights.SERVICE_OPENING, today):
        found.append(_rosters(person))
    if rights.allows(person, rights.SERVICE_MERGE, today):
        found.append(_merges(person, today))
    return found


def _visits(person: Person) -> Kind:
    open_ = CounterSession.objects.open_of(person).select_related("person")
    things = [
        Waiting(
            each.person.name,
            each.purpose,
            reverse("console-session", args=[each.pk]),
            clock.local_date(each.started_at),
        )
        for each in open_
    ]
    return Kind("visits", _("A visit you have not ended"), things, reverse("console-counter"))


def _rosters(person: Person) -> Kind:
    things = [
        Waiting(
            each.file_name,
            f"{each.place.name} · {each.get_state_display()}",
            reverse("console-opening", args=[each.pk]),
            clock.local_date(each.uploaded_at) + timedelta(days=ROSTER_DAYS),
        )
        for each in sheets.waiting(person, clock.now())
    ]
    return Kind("openings", _("Rosters of accounts to open"), things, reverse("console-openings"))


def _merges(person: Person, today: date) -> Kind:
    """Merges and splits that somebody else asked for; never those of the own account."""
    rows = AccountMerge.objects.reachable_by(person, today).exclude(
        Q(kept=person) | Q(duplicate=person)
    )
    asked = Q(state=State.ASKED) & ~Q(asked_by=person)
    parted = Q(state=State.SPLIT_ASKED) & ~Q(split_asked_by=person)
    things = [
        Waiting(
            each.kept.name,
            f"{each.get_state_display()} · {each.reason}",
            reverse("console-merge", args=[each.pk]),
            clock.local_date(each.split_asked_at or each.asked_at) + timedelta(days=MERGE_DAYS),
        )
        for each in rows.filter(asked | parted).select_related("kept").order_by("asked_at", "pk")
    ]
    return Kind("merges", _("Accounts to merge or split"), things, reverse("console-merges"))
