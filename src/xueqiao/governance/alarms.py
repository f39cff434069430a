"""Alarms of the lake: opened once for each cause, closed when the cause is gone."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from xueqiao.governance import publishing
from xueqiao.governance.models import DataAlarm, DataAlarmKind
from xueqiao.lake import mending
from xueqiao.lake.quality import monitors

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from xueqiao.people.models import Person


class Watched(NamedTuple):
    """What a look at the lake changed."""

    opened: int
    closed: int


def run(*, now: datetime) -> Watched:
    """Hand the lake what was decided, then look at it: for the table of periodic jobs."""
    publishing.publish(root=settings.LAKE)
    return watch(causes=causes(now=now), now=now)


def causes(*, now: datetime) -> monitors.Causes:
    """What is not as it should be: with contracts, sources and batches, and with files."""
    root = settings.LAKE
    lost = {("lost", name): {"files": len(files)} for name, files in mending.lost(root).items()}
    return {**monitors.causes(root, at=now), **lost}


@transaction.atomic
def watch(*, causes: monitors.Causes, now: datetime) -> Watched:
    """Open an alarm for each cause that has none, and close those whose cause is gone."""
    open_rows = {
        (row.kind, row.subject): row.pk for row in DataAlarm.objects.filter(closed_at=None)
    }
    over = [pk for cause, pk in open_rows.items() if cause not in causes]
    fresh = [
        DataAlarm(kind=DataAlarmKind(kind), subject=subject, facts=facts, opened_at=now)
        for (kind, subject), facts in sorted(causes.items(), key=lambda pair: pair[0])
        if (kind, subject) not in open_rows
    ]
    DataAlarm.objects.filter(pk__in=over, closed_at=None).update(closed_at=now)
    # Another worker that looked at the same moment has opened the same ones.
    DataAlarm.objects.bulk_create(fresh, ignore_conflicts=True)
    return Watched(len(fresh), len(over))


def acknowledge(*, alarm: DataAlarm, by: Person, at: datetime) -> None:
    """Write down that somebody looks after an alarm. The first one stays written down."""
    rows = DataAlarm.objects.filter(pk=alarm.pk, acknowledged_at=None)
    rows.update(acknowledged_at=at, acknowledged_by=by)


def waiting() -> QuerySet[DataAlarm]:
    """Alarms that nobody looks after yet, oldest first."""
    rows = DataAlarm.objects.filter(closed_at=None, acknowledged_at=None)
    return rows.order_by("opened_at", "pk")


def text(alarm: DataAlarm) -> str:
    """What an alarm says, in one sentence."""
    if alarm.kind == DataAlarmKind.STOPPED:
        return monitors.said_of_table(alarm.facts)
    texts: dict[str, Any] = {
        DataAlarmKind.HELD: _("{batches} batches with {rows} rows that break a rule wait."),
        DataAlarmKind.LATE: _("Nothing new since {since}; {hours} hours were agreed."),
        DataAlarmKind.UNBALANCED: _("{rows} rows are in the lake; {accepted} were accepted."),
        DataAlarmKind.LOST: _("{files} files that the table names are not there."),
        DataAlarmKind.UNSCORED: _(
            "{times} checks in a row could not say how good its rows are, the first at {since} "
            "({error}). The scores shown are as old; the log of the server says more."
        ),
    }
    return str(texts[alarm.kind].format_map(_Known(_shown(alarm.facts))))


def _shown(facts: dict[str, Any]) -> dict[str, Any]:
    """Facts for people: times in Asia/Shanghai to the minute, numbers with separators."""
    found = {key: f"{value:,}" if type(value) is int else value for key, value in facts.items()}
    if facts.get("since"):
        since = datetime.fromisoformat(facts["since"])
        found["since"] = f"{timezone.localtime(since):%Y-%m-%d %H:%M}" if since.tzinfo else since
    return found


class _Known(dict[str, Any]):
    """Facts of an alarm; what an older version did not write down is shown as a dash."""

    def __missing__(self, key: str) -> str:
        return "–"
