"""Alarms: a source that fell silent or sends far less than usual, a connection that keeps failing.

An alarm is opened once, may be acknowledged by somebody, and is closed when its cause is gone.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import transaction
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from xueqiao.intake import rules
from xueqiao.intake.models import Alarm, AlarmKind, Connection
from xueqiao.kernel import clock
from xueqiao.records import health

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.people.models import Person

FAILURES = 3
# Source, connection (None for alarms of the source itself), kind.
Cause = tuple[int, int | None, str]


class Watched(NamedTuple):
    """What a look at all sources changed."""

    opened: int
    closed: int


@transaction.atomic
def watch(*, now: datetime) -> Watched:
    """Open an alarm for each cause that has none, and close those whose cause is gone."""
    causes = {**_silent(now), **_fallen(now), **_failing()}
    open_rows = {
        (row.source_id, row.connection_id, row.kind): row.pk
        for row in Alarm.objects.filter(closed_at=None)
    }
    over = [pk for cause, pk in open_rows.items() if cause not in causes]
    fresh = [
        Alarm(source_id=source, connection_id=connection, kind=kind, facts=facts, opened_at=now)
        for (source, connection, kind), facts in sorted(causes.items(), key=str)
        if (source, connection, kind) not in open_rows
    ]
    Alarm.objects.filter(pk__in=over, closed_at=None).update(closed_at=now)
    # Another worker that looked at the same moment has opened the same ones.
    Alarm.objects.bulk_create(fresh, ignore_conflicts=True)
    return Watched(len(fresh), len(over))


def acknowledge(*, alarm: Alarm, by: Person, at: datetime) -> None:
    """Write down that somebody looks after an alarm. The first one stays written down."""
    rows = Alarm.objects.filter(pk=alarm.pk, acknowledged_at=None)
    rows.update(acknowledged_at=at, acknowledged_by=by)


def text(alarm: Alarm) -> str:
    """What an alarm says, in one sentence."""
    facts = alarm.facts
    if alarm.kind == AlarmKind.SILENT:
        since = parse_datetime(facts["since"])
        said = _("Nothing has come since {since}.")
        return said.format(since=f"{since.astimezone(clock.LOCAL):%Y-%m-%d %H:%M}" if since else "")
    if alarm.kind == AlarmKind.VOLUME:
        said = _("{received} came on {day}; {usual} is usual.")
        return said.format(**facts)
    said = _("“{name}” failed {failures} times in a row: {reason}")
    return said.format(**facts)


def _silent(now: datetime) -> dict[Cause, dict[str, Any]]:
    return {
        (source, None, AlarmKind.SILENT.value): {"since": since.isoformat()}
        for source, since in health.silent_sources(at=now).items()
    }


def _fallen(now: datetime) -> dict[Cause, dict[str, Any]]:
    """Sources whose last whole day brought far less than the days before it."""
    today = clock.local_date(now)
    days = [today - timedelta(days=n) for n in range(1, rules.DAYS_LOOKED_AT + 2)]
    by_day = health.received_by_day(since=clock.start_of(days[-1]), until=clock.start_of(today))
    found: dict[Cause, dict[str, Any]] = {}
    for source, counted in by_day.items():
        usual = rules.usual_volume([counted.get(day, 0) for day in days[1:]])
        received = counted.get(days[0], 0)
        if rules.has_fallen(usual=usual, now=received):
            facts = {"received": received, "usual": usual, "day": days[0].isoformat()}
            found[source, None, AlarmKind.VOLUME.value] = facts
    return found


def _failing() -> dict[Cause, dict[str, Any]]:
    found: dict[Cause, dict[str, Any]] = {}
    for connection in Connection.objects.filter(failures__gte=FAILURES, paused_at=None):
        last = connection.runs.order_by("-pk").first()
        facts = {
            "name": connection.name,
            "failures": connection.failures,
            "reason": last.reason if last else "",
        }
        found[connection.source_id, connection.pk, AlarmKind.FAILING.value] = facts
    return found
