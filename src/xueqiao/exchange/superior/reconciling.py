"""The daily reconciliation 对账: a day's records here and there, compared one by one.

A record that is missing there, or differs, is sent again by itself; one that we never reported
waits for somebody's decision. A break is resolved when a later comparison finds both sides equal.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import rules
from xueqiao.exchange.models import Break, Message, Partner, Reconciliation
from xueqiao.exchange.superior import drivers
from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from xueqiao.exchange.superior.drivers import Held
    from xueqiao.people.models import Person

Kind, State = Break.Kind, Break.State
# So often a record is sent again by itself; then somebody has to look.
TRIES = 3
# A day is compared anew while a break of it is open, and in any case on this many days after it.
DAYS = 3


class WrongState(errors.Refusal):
    """The break does not wait for a decision."""

    code = "exchange.break_settled"


class NoReason(errors.Refusal):
    """Whoever decides a break says why."""

    code = "exchange.no_reason"
    status = 422


class Compared(NamedTuple):
    """What a run did: days compared, breaks that are open after it, partners not answering."""

    days: int
    open: int
    unanswered: int


def run(*, now: datetime) -> Compared:
    """Compare every day that is due, for every partner that is not paused."""
    days, unanswered = 0, 0
    for partner in Partner.objects.filter(paused_at=None).order_by("pk"):
        try:
            driver = drivers.of(partner)
        except errors.Refusal:
            unanswered += 1
            continue
        for day in due(partner=partner, today=clock.local_date(now)):
            try:
                reconcile(partner=partner, day=day, now=now, driver=driver)
            except errors.Refusal:
                unanswered += 1
                break
            days += 1
    return Compared(days, Break.objects.exclude(state=State.RESOLVED).count(), unanswered)


def due(*, partner: Partner, today: date) -> list[date]:
    """Days to be compared, earliest first: those with an open break, and the last ones.

    Today is not over and is not compared.
    """
    broken = partner.breaks.exclude(state=State.RESOLVED).values_list("day", flat=True)
    done = partner.reconciliations.order_by("-day").values_list("day", flat=True).first()
    first = min(done or today, today - timedelta(days=DAYS)) if done else partner.begins_on
    first = max(first, partner.begins_on)
    recent = {first + timedelta(days=n) for n in range((today - first).days)}
    return sorted(day for day in recent | set(broken) if day < today)


def reconcile(
    *, partner: Partner, day: date, now: datetime, driver: drivers.Driver | None = None
) -> Reconciliation:
    """Compare one day and mend what can be mended. Repeating it finds what is left.

    Raises:
        drivers.NotAnswered, drivers.AnswerUnreadable, outbound.Unreachable, outbound.Refused.
    """
    theirs = {(each.key, each.version): each for each in (driver or drivers.of(partner)).day(day)}
    return compare(partner=partner, day=day, theirs=theirs, now=now)


@transaction.atomic
def compare(
    *, partner: Partner, day: date, theirs: dict[tuple[str, int], Held], now: datetime
) -> Reconciliation:
    """The comparison itself, when the partner's list is here."""
    # One comparison of a partner at a time.
    Partner.objects.select_for_update(no_key=True).get(pk=partner.pk)
    rows = Message.objects.filter(partner=partner, day=day).exclude(state=Message.State.REFUSED)
    ours = {(row.key, row.version): row for row in rows}
    found = list(_differences(ours, theirs))
    standing = {
        (row.key, row.version): row
        for row in partner.breaks.filter(day=day).exclude(state=State.RESOLVED)
    }
    # One difference of a record is open at a time, on whichever day it was found.
    others = partner.breaks.exclude(day=day).exclude(state=State.RESOLVED)
    elsewhere = set(others.values_list("key", "version"))
    _resolve([row for key, row in standing.items() if key not in {each[0] for each in found}], now)
    for key, kind in found:
        if key in elsewhere:
            continue
        row = standing.get(key) or _open(partner, day, key, kind, now)
        _mend(row, kind, ours.get(key), theirs.get(key), now)
    matched = len((ours.keys() & theirs.keys()) - {key for key, _kind in found})
    return Reconciliation.objects.create(
        partner=partner, day=day, compared_at=now, theirs=len(theirs), matched=matched,
        # What we asked to be forgotten is no record of ours.
        ours=sum(not row.withdraws for row in ours.values()), breaks=len(found),
    )  # fmt: skip


@transaction.atomic
def withdraw(*, row: Break, by: Person, at: datetime, reason: str) -> Break:
    """Ask the partner to forget a record that we never reported.

    The request is a message of its own; the break is resolved when the record is gone there.

    Raises:
        NoReason, WrongState, rights.NotAllowed.
    """
    locked = _decide(row, by, at, reason)
    content = {"bank": locked.partner.own_code, "key": locked.key, "reason": reason}
    Message.objects.update_or_create(
        partner=locked.partner, key=locked.key, version=locked.version,
        defaults={
            "withdraws": True, "day": locked.day, "content": content,
            "digest": rules.canonical_hash(content), "state": Message.State.QUEUED, "next_at": at,
        },
    )  # fmt: skip
    return locked


@transaction.atomic
def send_again(*, row: Break, by: Person, at: datetime, reason: str) -> Break:
    """Send our record once more after the automatic tries were in vain. Raises as ``withdraw``."""
    locked = _decide(row, by, at, reason)
    rows = Message.objects.filter(
        partner=locked.partner, key=locked.key, version=locked.version, withdraws=False
    )
    if not rows.update(state=Message.State.QUEUED, next_at=at):
        raise WrongState(_("We hold no such record. Ask the partner to forget it instead."))
    return locked


def _decide(row: Break, by: Person, at: datetime, reason: str) -> Break:
    if not rights.allows(by, rights.EXCHANGE, clock.local_date(at)):
        raise rights.NotAllowed(rights.not_allowed_text())
    if not reason.strip():
        raise NoReason(_("Say why, in a sentence."), pointer="reason")
    rows = Break.objects.select_for_update(no_key=True, of=("self",)).select_related("partner")
    locked = rows.get(pk=row.pk)
    if locked.state != State.WAITING:
        raise WrongState(_("This difference does not wait for a decision (any more)."))
    locked.state, locked.decided_by, locked.note = State.MENDING, by, reason[:300]
    locked.save(update_fields=["state", "decided_by", "note"])
    return locked


def _differences(
    ours: dict[tuple[str, int], Message], theirs: dict[tuple[str, int], Held]
) -> Iterable[tuple[tuple[str, int], Break.Kind]]:
    for key in sorted(ours.keys() | theirs.keys()):
        here, there = ours.get(key), theirs.get(key)
        if here is not None and here.withdraws:
            if there is not None:
                yield key, Kind.MISSING_HERE
        elif there is None:
            yield key, Kind.MISSING_THERE
        elif here is None:
            yield key, Kind.MISSING_HERE
        elif here.digest != there.digest:
            yield key, Kind.DIFFERS


def _open(
    partner: Partner, day: date, key: tuple[str, int], kind: Break.Kind, now: datetime
) -> Break:
    return Break.objects.create(
        partner=partner, day=day, key=key[0], version=key[1], kind=kind, opened_at=now
    )


def _mend(
    row: Break, kind: Break.Kind, here: Message | None, there: Held | None, now: datetime
) -> None:
    row.kind = kind
    row.ours, row.theirs = here.digest if here else "", there.digest if there else ""
    if row.state != State.WAITING:
        by_itself = here is not None and (kind != Kind.MISSING_HERE or here.withdraws)
        row.state = State.MENDING if by_itself and row.tries < TRIES else State.WAITING
        if row.state == State.MENDING and here is not None:
            row.tries += 1
            here.state, here.next_at = Message.State.QUEUED, now
            here.save(update_fields=["state", "next_at"])
    row.save(update_fields=["kind", "ours", "theirs", "tries", "state"])


def _resolve(rows: list[Break], now: datetime) -> None:
    ids = [row.pk for row in rows]
    Break.objects.filter(pk__in=ids).update(state=State.RESOLVED, resolved_at=now)
