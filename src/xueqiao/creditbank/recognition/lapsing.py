"""The calendar's side: applications that nobody goes on with are warned about, then lapse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from xueqiao.creditbank import deadlines, moves, notices
from xueqiao.creditbank.models import Application
from xueqiao.creditbank.rules import recognition as rules
from xueqiao.kernel import clock

if TYPE_CHECKING:
    from datetime import datetime

BATCH = 500


@dataclass
class Lapsed:
    """How many applications lapsed, and how many applicants were warned that theirs will."""

    lapsed: int = 0
    warned: int = 0


def lapse_due(*, now: datetime, limit: int = BATCH) -> Lapsed:
    """Lapse drafts and returned applications whose last day is over; warn before. Repeatable.

    Each application is one transaction, so that a stopped run loses nothing.
    """
    today = clock.local_date(now)
    waiting = Application.objects.filter(state__in=rules.MOVES["lapse"].froms)
    over = waiting.filter(due_on__lt=today).order_by("due_on", "pk")
    soon = today + timedelta(days=deadlines.warned_days(today))
    near = waiting.filter(due_on__gte=today, due_on__lte=soon).exclude(
        notices__code="application.lapses_soon"
    )
    count = Lapsed()
    for application in over[:limit]:
        count.lapsed += _lapse(application, now)
    for application in near.order_by("due_on", "pk")[:limit]:
        count.warned += _warn(application, now)
    return count


@transaction.atomic
def _lapse(application: Application, now: datetime) -> bool:
    locked = Application.objects.select_for_update().get(pk=application.pk)
    due = locked.due_on
    if not rules.may_move("lapse", locked.state) or due is None or due >= clock.local_date(now):
        return False
    moves.move(locked, "lapse", by=None, at=now)
    return True


def _warn(application: Application, now: datetime) -> bool:
    assert application.due_on is not None
    day = application.due_on.isoformat()
    notices.tell(
        person_id=application.applicant_id, key=f"application:{application.pk}:lapses:{day}",
        code="application.lapses_soon", at=now, application_id=application.pk,
        facts={"title": application.title, "number": application.number, "due": day},
    )  # fmt: skip
    return True
