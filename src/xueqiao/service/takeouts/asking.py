"""Asking for an export of everything and fetching it: the learner alone, or a helper who asks."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.service.models import Takeout
from xueqiao.service.takeouts import packing

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from django.db.models import QuerySet

    from xueqiao.people.models import Person

State = Takeout.State
PAUSE: Final = timedelta(minutes=10)


class TakeoutGone(errors.Refusal):
    """The file is not ready, failed, or its time is over."""

    code = "service.takeout_gone"


class TakeoutOfAnother(errors.Refusal):
    """An export is fetched by the person whose data it holds, by nobody else."""

    code = "service.takeout_of_another"
    status = 403


class TakeoutTooSoon(errors.Refusal):
    """The last one was made some minutes ago."""

    code = "service.takeout_too_soon"
    status = 429


def ask(*, person: Person, by: Person, at: datetime) -> Takeout:
    """Ask for everything the platform holds about somebody; one that is under way is returned.

    Raises:
        TakeoutTooSoon: one was finished less than ``PAUSE`` ago.
    """
    mine = Takeout.objects.filter(person=person)
    if open_ := mine.filter(state__in=[State.WAITING, State.RUNNING]).first():
        return open_
    if mine.filter(state=State.DONE, asked_at__gt=at - PAUSE).exists():
        minutes = int(PAUSE.total_seconds() // 60)
        text = _("An export was made just now. Fetch that one, or ask again in {n} minutes.")
        raise TakeoutTooSoon(text.format(n=minutes))
    try:
        with transaction.atomic():
            return Takeout.objects.create(key=uuid.uuid4(), person=person, asked_by=by, asked_at=at)
    except IntegrityError:
        # Asked twice at one moment.
        return mine.filter(state__in=[State.WAITING, State.RUNNING]).get()


def take(*, takeout: Takeout, by: Person, at: datetime) -> Path:
    """The file, for the person whose data it holds.

    Raises:
        TakeoutOfAnother, TakeoutGone.
    """
    if takeout.person_id != by.pk:
        raise TakeoutOfAnother(_("Only the person whose data it holds may fetch an export."))
    file = packing.path(takeout)
    is_over = takeout.state != State.DONE or (takeout.expires_at and takeout.expires_at <= at)
    if is_over or not file.exists():
        raise TakeoutGone(_("This file is not there (any more). Ask for the export again."))
    return file


def of(person: Person) -> QuerySet[Takeout]:
    """Somebody's exports, newest first."""
    return Takeout.objects.filter(person=person).order_by("-asked_at", "-pk")
