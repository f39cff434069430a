"""Following the log of erasures: count, take out of the lake, write the receipt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from xueqiao.governance.erasing import receipt
from xueqiao.governance.exporting import asking
from xueqiao.governance.extracts import ending
from xueqiao.governance.models import LakeErasure
from xueqiao.governance.sharing import making as sharing
from xueqiao.governance.workbench import running
from xueqiao.kernel import errors
from xueqiao.lake import catalogue, engines, tables
from xueqiao.lake.erasure import carrying
from xueqiao.lake.erasure.holdings import MONTH, Meant, counted
from xueqiao.records import log
from xueqiao.records.erasure import told

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.records.erasure.told import Told

READER = "governance.lake_erasure"
PORTION = 100
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
BUSY = (tables.LakeBusy, tables.Overtaken)
"""Somebody else was at work on the lake."""
Counts = dict[str, dict[str, int]]
"""Rows by table and part."""


@dataclass(frozen=True)
class Followed:
    """What one call did: batches of the log, tickets finished, and what held it up, if anything."""

    batches: int
    finished: int
    refusal: errors.Refusal | None = None


def follow(*, now: datetime, is_asked: bool = False) -> Followed:
    """Take out of the lake what was erased since the last time, a portion of the log a call.

    What was held up is tried again after a minute, then two, four, and at last every hour: each try
    looks through the lake. Where somebody else was at work on the lake, after a minute each time.

    Args:
        is_asked: somebody asked for it; it does not wait for the next try.

    Safe to stop at any moment and to run again. A lake that was restored from a copy says itself
    how far it had followed, and is brought up to today by the same calls.
    """
    refusal = _count_or_hold_up(now, is_asked=is_asked)
    announced = log.position(READER)
    after = told.after(carrying.position(root=settings.LAKE), limit=PORTION)
    batches = [each for each in after if each.position <= announced]
    if not batches:
        return Followed(0, _finish(now), refusal)
    if not is_asked and _waits(batches, now):
        return Followed(0, 0, refusal)
    try:
        done = _carry_out(batches, now)
    except errors.Refusal as why:
        _hold_up(batches, why, now)
        return Followed(0, 0, why)
    _note(batches, done)
    return Followed(len(batches), _finish(now), refusal)


def follow_all(*, now: datetime) -> Followed:
    """``follow`` at once until the log has nothing more, or something holds it up."""
    batches = finished = 0
    while True:
        one = follow(now=now, is_asked=True)
        batches, finished = batches + one.batches, finished + one.finished
        if one.refusal or not one.batches:
            return Followed(batches, finished, one.refusal)


def count_new(*, now: datetime) -> int:
    """Open the tickets of what the log announces, with the rows that the lake holds of it.

    Counted once, before anything is taken out. Returns how many batches are new.
    """
    fresh = told.after(log.position(READER), limit=PORTION)
    if not fresh:
        return 0
    counts = {
        number: counted(
            carrying.dry_run(
                root=settings.LAKE, meant=meant([each for each in fresh if each.erasure == number]),
                memory=settings.LAKE_MEMORY,
            )
        )
        for number in sorted({each.erasure for each in fresh})
    }  # fmt: skip
    rows = log.LogEntry.objects.filter(pk__in=[each.position.row for each in fresh])
    return log.follow(
        reader=READER,
        rows=rows,
        work=lambda _rows: _announce(fresh, counts, now),
        limit=PORTION,
    )


def _count_or_hold_up(now: datetime, *, is_asked: bool) -> errors.Refusal | None:
    """``count_new``; what keeps the lake from being searched stands on the tickets, and is given.

    What was announced before goes on meanwhile.
    """
    fresh = told.after(log.position(READER), limit=PORTION)
    if not is_asked and _waits(fresh, now):
        return None
    try:
        count_new(now=now)
    except errors.Refusal as why:
        _announce(fresh, {each.erasure: {} for each in fresh}, now, is_counted=False)
        _hold_up(fresh, why, now)
        return why
    return None


def meant(batches: list[Told]) -> Meant:
    """What batches of the log mean, together."""
    named = {each for batch in batches for each in batch.blanked}
    blanked = told.blanked(named)
    return Meant(
        # One that was blanked may have gone since.
        frozenset(each for batch in batches for each in batch.statements) | named - blanked.keys(),
        blanked,
        frozenset(month for batch in batches for month in batch.months),
    )


@transaction.atomic
def _announce(
    fresh: list[Told], counts: dict[int, Counts], now: datetime, *, is_counted: bool = True
) -> None:
    """Open the tickets of some batches, and add up what they are about.

    Args:
        is_counted: False where they are to be announced again, with what the lake holds of them.
    """
    for number, found in sorted(counts.items()):
        ticket, _is_new = LakeErasure.objects.select_for_update().get_or_create(erasure_id=number)
        mine = [each for each in fresh if each.erasure == number]
        ticket.state, ticket.finished_at = LakeErasure.State.ANNOUNCED, None
        ticket.announced_at = ticket.announced_at or now
        if not is_counted:
            ticket.save()
            continue
        ticket.statements += sum(len(each.statements) for each in mine)
        ticket.blanked += sum(len(each.blanked) for each in mine)
        ticket.found = _added(ticket.found, found)
        ticket.save()


def _added(before: Counts, more: Counts) -> Counts:
    """Counts by table and part, added up.

    >>> _added({"a": {"1": 1}}, {"a": {"1": 2}, "b": {"": 1}})
    {'a': {'1': 3}, 'b': {'': 1}}
    """
    return {
        table: {
            part: before.get(table, {}).get(part, 0) + more.get(table, {}).get(part, 0)
            for part in sorted({*before.get(table, {}), *more.get(table, {})})
        }
        for table in sorted({*before, *more})
    }


def _carry_out(batches: list[Told], now: datetime) -> carrying.Erased:
    with engines.configured() as engine:
        return carrying.carry_out(
            root=settings.LAKE,
            engine=engine,
            meant=meant(batches),
            upto=batches[-1].position,
            memory=settings.LAKE_MEMORY,
            at=now,
            # Who was erased stands for nobody any more.
            again=[catalogue.actor()],
        )


def _waits(batches: list[Told], now: datetime) -> bool:
    """Whether the next try of any of them is still to come: they are taken out together."""
    mine = LakeErasure.objects.filter(erasure_id__in={each.erasure for each in batches})
    return mine.filter(next_try_at__gt=now).exists()


@transaction.atomic
def _hold_up(batches: list[Told], why: errors.Refusal, now: datetime) -> None:
    mine = LakeErasure.objects.filter(erasure_id__in={each.erasure for each in batches})
    for ticket in mine.select_for_update().order_by("pk"):
        ticket.tries = 0 if isinstance(why, BUSY) else ticket.tries + 1
        pause = min(FIRST_PAUSE * 2 ** min(max(ticket.tries - 1, 0), 10), LONGEST_PAUSE)
        ticket.next_try_at = now + pause
        ticket.held_up_by, ticket.held_up_text = why.code, why.text
        ticket.save(update_fields=["tries", "next_try_at", "held_up_by", "held_up_text"])


@transaction.atomic
def _note(batches: list[Told], done: carrying.Erased) -> None:
    """What a run did belongs to every ticket it worked for: files are shared.

    A receipt that was given stays as it is, also where a restored lake was brought up to date.
    """
    mine = LakeErasure.objects.filter(erasure_id__in={each.erasure for each in batches})
    mine.update(held_up_by="", held_up_text="", tries=0, next_try_at=None)
    for ticket in mine.select_for_update().unfinished().order_by("pk"):
        for built in done.built:
            before = ticket.rebuilt.get(built.table, [])
            whole = built.parts is None or before is None
            ticket.rebuilt[built.table] = None if whole else sorted({*before, *(built.parts or ())})
        ticket.files += done.purged.files
        ticket.size_bytes += done.purged.size_bytes
        ticket.milliseconds += done.milliseconds
        ticket.save()


@transaction.atomic
def _finish(now: datetime) -> int:
    """Close the tickets whose erasure is done and whose last batch the lake has followed."""
    reached = carrying.position(root=settings.LAKE)
    if log.position(READER) > reached or told.after(reached, limit=1):
        return 0
    rows = list(LakeErasure.objects.select_for_update().unfinished().order_by("pk"))
    done = told.finished(ticket.erasure_id for ticket in rows)
    ready = [ticket for ticket in rows if ticket.erasure_id in done]
    if ready:
        # Results that were read before hold the person's rows still.
        running.withdraw_all(at=now)
        asking.withdraw_all(at=now)
        sharing.withdraw_all(at=now)
    for ticket in ready:
        _take_back(ticket, now)
        # Of a run that was killed behind its last step.
        ticket.held_up_by = ticket.held_up_text = ""
        ticket.tries, ticket.next_try_at = 0, None
        ticket.state, ticket.finished_at = LakeErasure.State.DONE, now
        ticket.digest = receipt.digest(ticket)
        ticket.save()
    return len(ready)


def _take_back(ticket: LakeErasure, now: datetime) -> None:
    """Withdraw the extracts that an erasure concerns; the receipt says who has rows from before."""
    parts = {part for found in ticket.found.values() for part in found}
    months = {part[:MONTH] for part in parts if part}
    is_of_persons = told.PERSON in told.kinds([ticket.erasure_id]).values()
    ending.withdraw(months=months, is_of_persons=is_of_persons, at=now)
    copies = ending.still_out(months=months, is_of_persons=is_of_persons)
    ticket.handed_out = copies + sharing.still_out()
