"""Alarms of sources and of the data as rows of one list: what each is of, and who may take it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.governance import alarms as of_data
from xueqiao.governance.models import DataAlarm, DataAlarmKind
from xueqiao.intake import alarms as of_sources
from xueqiao.intake.models import Alarm
from xueqiao.kernel import clock
from xueqiao.lake import facts
from xueqiao.people import rights
from xueqiao.web.console import lake_names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from xueqiao.people.models import Person

SOURCES, DATA = "sources", "data"
ORIGINS = {
    SOURCES: gettext_lazy("Sources and connections"),
    DATA: gettext_lazy("Data of the lake"),
}
"""Where an alarm comes from: the values of the filter ``of``."""
OPEN = "open"
SPANS = {"month": 31, "year": 366}
"""The values of the filter ``show`` beside ``OPEN``, and how many days back each reads."""


@dataclass(frozen=True)
class Row:
    """One alarm.

    Attributes:
        pk: ``<origin>-<number>``.
        way: address of the page on which something can be done about it; "": none.
        can_take: whether the reader may write down that she looks after it.
    """

    pk: str
    origin: str
    title: str
    way: str
    kind: str
    kind_text: str
    text: str
    opened_at: datetime
    taken_by: str
    closed_at: datetime | None
    can_take: bool

    @property
    def state(self) -> str:
        if self.closed_at:
            return _("Over")
        return _("Somebody looks after it") if self.taken_by else _("Not closed")

    @property
    def level(self) -> str:
        return "ok" if self.closed_at else "warn" if self.taken_by else "bad"


def address(origin: str) -> str:
    """The list, narrowed to one origin."""
    return f"{reverse('console-alarms')}?of={origin}"


def rows(person: Person, *, show: str, at: datetime) -> list[Row]:
    """The alarms that somebody may see. At most four queries.

    Args:
        person: who reads: whoever sees the lake sees its alarms, an operator those of sources too.
        show: with a key of ``SPANS`` also those that have ended within so many days; what ended
            earlier is not read.
    """
    shown = Q(closed_at=None)
    if show in SPANS:
        shown |= Q(closed_at__gte=at - timedelta(SPANS[show]))
    found = list(_of_data(person, shown))
    if rights.allows(person, rights.RECORDS_OPERATE, clock.local_date(at)):
        found += _of_sources(shown)
    return found


def take(chosen: list[str], *, by: Person, at: datetime) -> None:
    """Write down that somebody looks after some alarms; what is no alarm of hers is left out."""
    day = clock.local_date(at)
    if rights.allows(by, rights.RECORDS_OPERATE, day):
        for alarm in Alarm.objects.filter(pk__in=_numbers(chosen, SOURCES)):
            of_sources.acknowledge(alarm=alarm, by=by, at=at)
    if rights.allows(by, rights.LAKE_OPERATE, day):
        for data_alarm in DataAlarm.objects.filter(pk__in=_numbers(chosen, DATA)):
            of_data.acknowledge(alarm=data_alarm, by=by, at=at)


def _numbers(chosen: list[str], wanted: str) -> list[int]:
    pairs = (each.partition("-") for each in chosen)
    return [int(n) for origin, _bar, n in pairs if origin == wanted and n.isdecimal()]


def _of_sources(shown: Q) -> Iterator[Row]:
    found = Alarm.objects.select_related("source", "connection", "acknowledged_by")
    for alarm in found.filter(shown):
        yield Row(
            pk=f"{SOURCES}-{alarm.pk}",
            origin=SOURCES,
            title=alarm.source.name,
            way=reverse("console-connection", args=[alarm.connection_id])
            if alarm.connection_id
            else f"{reverse('console-connections')}?source={alarm.source.code}",
            kind=alarm.kind,
            kind_text=alarm.get_kind_display(),
            text=of_sources.text(alarm),
            opened_at=alarm.opened_at,
            taken_by=alarm.acknowledged_by.name if alarm.acknowledged_by else "",
            closed_at=alarm.closed_at,
            can_take=not (alarm.closed_at or alarm.acknowledged_at),
        )


def _of_data(person: Person, shown: Q) -> Iterator[Row]:
    may_take = rights.allows(person, rights.LAKE_OPERATE, clock.today())
    tables = facts.names()
    found = DataAlarm.objects.select_related("acknowledged_by")
    for alarm in found.filter(shown):
        is_table = alarm.subject in tables
        yield Row(
            pk=f"{DATA}-{alarm.pk}",
            origin=DATA,
            title=f"{lake_names.title(alarm.subject)} ({alarm.subject})"
            if is_table
            else alarm.subject,
            way=_way(alarm, is_table=is_table),
            kind=alarm.kind,
            kind_text=alarm.get_kind_display(),
            text=of_data.text(alarm),
            opened_at=alarm.opened_at,
            taken_by=alarm.acknowledged_by.name if alarm.acknowledged_by else "",
            closed_at=alarm.closed_at,
            can_take=may_take and not (alarm.closed_at or alarm.acknowledged_at),
        )


def _way(alarm: DataAlarm, *, is_table: bool) -> str:
    if alarm.kind == DataAlarmKind.STOPPED:
        return reverse("console-lake-contract", args=[alarm.subject])
    if is_table:
        return reverse("console-lake-table", args=[alarm.subject])
    is_source = alarm.kind in {DataAlarmKind.HELD, DataAlarmKind.LATE}
    return f"{reverse('console-lake-sources')}?q={alarm.subject}" if is_source else ""
