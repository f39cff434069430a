"""Taking extracts back: by a person, by an erasure, by time; and making one again."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from xueqiao.governance import deciding, leftovers
from xueqiao.governance.extracts import asking, copies, designs, handing
from xueqiao.governance.models import ResearchExtract
from xueqiao.governance.models.extract import OVER
from xueqiao.kernel import clock
from xueqiao.people import rights

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from xueqiao.people.models import Person

State = ResearchExtract.State


@transaction.atomic
def end(*, extract: ResearchExtract, by: Person, note: str, at: datetime) -> ResearchExtract:
    """End an extract before its day: by who asked, or by a steward of the place. At once.

    Raises:
        rights.NotAllowed; deciding.Decided: there is nothing to end.
    """
    locked = ResearchExtract.objects.select_for_update().get(pk=extract.pk)
    if locked.asked_by_id != by.pk:
        rights.check(by, rights.LAKE_STEWARD, clock.local_date(at), place_id=locked.place_id)
    if locked.state not in {State.GRANTED, State.MADE}:
        raise deciding.Decided(asking.stands_text(locked))
    locked.state, locked.ended_at, locked.end_note = State.ENDED, at, note.strip()
    locked.owner = ""
    locked.save(update_fields=["state", "ended_at", "end_note", "owner"])
    copies.remove(locked)
    return locked


@transaction.atomic
def withdraw(*, months: Iterable[str], is_of_persons: bool, at: datetime) -> int:
    """Withdraw the extracts that an erasure in the lake concerns. How many.

    Those made from events of its months; where persons were erased, all of them, because an extract
    does not remember who is in it. What is being made at this moment begins anew.

    Args:
        months: of the events that went, 'YYYY-MM'.
    """
    gone = sorted(months)
    # Held, so that one whose last copy is written at this moment is not taken for begun.
    open_ = ResearchExtract.objects.select_for_update().order_by("pk")
    open_ = open_.filter(state__in=[State.GRANTED, State.MADE])
    met = [each for each in open_ if is_of_persons or _is_met(each, gone)]
    made = [each for each in met if each.state == State.MADE]
    ResearchExtract.objects.filter(pk__in=[each.pk for each in made], state=State.MADE).update(
        state=State.WITHDRAWN, ended_at=at, owner=""
    )
    begun = ResearchExtract.objects.to_make().filter(pk__in=[each.pk for each in met])
    begun.exclude(owner="").update(owner="", report={}, rows=0, edition=F("edition") + 1)
    for extract in made:
        copies.remove(extract)
    return len(made)


def still_out(*, months: Iterable[str], is_of_persons: bool) -> list[dict[str, Any]]:
    """Copies that an erasure concerns, were fetched, and are not said to be destroyed.

    Args:
        months: as in ``withdraw``.

    Returns:
        One of each extract, ``extract`` and ``recipients``: the names of those whose copy was
        fetched, in the order of the extract.
    """
    gone = sorted(months)
    handed = ResearchExtract.objects.filter(handed_at__isnull=False, destroyed_at=None)
    met = [each for each in handed.order_by("pk") if is_of_persons or _is_met(each, gone)]
    return [{"extract": each.pk, "recipients": handing.fetched(each)} for each in met]


def _is_met(extract: ResearchExtract, months: list[str]) -> bool:
    first, last = f"{extract.first_month:%Y-%m}", f"{extract.last_month:%Y-%m}"
    return designs.of(extract).is_of_events and any(first <= month <= last for month in months)


@transaction.atomic
def make_again(*, extract: ResearchExtract, by: Person, at: datetime) -> ResearchExtract:
    """Have one made again that was withdrawn or failed: the decision of the steward still holds.

    The next edition has keys of its own and nobody in it who was erased.

    Raises:
        handing.ExtractOfAnother, rights.NotAllowed.
        deciding.Decided: it does not stand so, or its time is over.
    """
    locked = ResearchExtract.objects.select_for_update().get(pk=extract.pk)
    if locked.asked_by_id != by.pk:
        raise handing.ExtractOfAnother(_("Only who asked for an extract may have it made again."))
    day = clock.local_date(at)
    rights.check(by, rights.LAKE_ANALYSE, day, place_id=locked.place_id)
    if locked.state not in {State.WITHDRAWN, State.FAILED} or locked.valid_to <= day:
        raise deciding.Decided(asking.stands_text(locked))
    locked.state, locked.edition = State.GRANTED, locked.edition + 1
    locked.report, locked.rows, locked.failure = {}, 0, ""
    locked.made_at = locked.ended_at = None
    if locked.destroyed_at:
        # That was said of the copies until now. Those of this edition are to be destroyed in turn.
        locked.handed_at = locked.destroyed_at = None
    locked.save()
    return locked


@transaction.atomic
def confirm_destroyed(*, extract: ResearchExtract, by: Person, at: datetime) -> ResearchExtract:
    """Say that all recipients have destroyed their copies. A second time changes nothing.

    Raises:
        handing.ExtractOfAnother; deciding.Decided: the extract is not over.
    """
    locked = ResearchExtract.objects.select_for_update().get(pk=extract.pk)
    if locked.asked_by_id != by.pk:
        raise handing.ExtractOfAnother(_("Only who asked for an extract answers for its copies."))
    if locked.state not in OVER:
        raise deciding.Decided(asking.stands_text(locked))
    if locked.destroyed_at is None:
        locked.destroyed_at = at
        locked.save(update_fields=["destroyed_at"])
    return locked


def sweep(*, now: datetime) -> int:
    """End what is out of time, and delete every file that nobody may fetch. How many extracts."""
    day = clock.local_date(now)
    open_ = ResearchExtract.objects.filter(state__in=[State.GRANTED, State.MADE])
    late = open_.filter(valid_to__lte=day)
    late.update(state=State.EXPIRED, ended_at=now, owner="")
    cleared = 0
    for key, found in leftovers.by_key(copies.home()).items():
        extract = open_.filter(key=key).first()
        # An edition that was begun before an erasure may have been written on after it.
        old = [each for each in found.iterdir() if extract and each.name != str(extract.edition)]
        for each in old if extract else [found]:
            # A writer that has not heard yet may be in it; the next sweep takes the rest.
            shutil.rmtree(each, ignore_errors=True)
        cleared += extract is None
    return cleared
