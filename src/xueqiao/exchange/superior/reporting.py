"""Reporting: the log's events of lots become messages, messages are sent until they are taken.

Reading and sending are apart, as in ``relay``: reading writes messages and moves the position in
one transaction. Sending may happen twice; the partner knows a message by its key and version.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import transaction
from django.db.models import Max

from xueqiao.creditbank import exports, rules
from xueqiao.exchange.models import Message, Partner
from xueqiao.exchange.superior import drivers
from xueqiao.kernel import clock, errors
from xueqiao.records import log

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from xueqiao.exchange.superior.drivers import Acknowledgement

# What the credit bank says became of a lot.
KINDS = (
    "creditbank.posted",
    "creditbank.frozen",
    "creditbank.released",
    "creditbank.expired",
    "creditbank.refreshed",
    "creditbank.reversed",
)
A_READ, A_SENDING = 500, 200
LONGEST_WAIT = timedelta(hours=6)
# The account of many lots changed at once.
MOVED = ("service.accounts_merged", "service.accounts_split")
State = Message.State


class Sent(NamedTuple):
    """What a run did: events read, messages sent, messages whose sending failed."""

    read: int
    sent: int
    failed: int


def run(*, now: datetime) -> Sent:
    """Read and send for every partner that is not paused."""
    total = Sent(0, 0, 0)
    for partner in Partner.objects.filter(paused_at=None).order_by("pk"):
        try:
            done = report(partner=partner, now=now)
        except errors.Refusal:
            # What is wrong with one partner holds up no other; the console shows what waits.
            done = Sent(0, 0, 1)
        total = Sent(*(sum(part) for part in zip(total, done, strict=True)))
    return total


def report(*, partner: Partner, now: datetime) -> Sent:
    """Read what is new, send what waits, take in what the partner answered meanwhile."""
    read = follow(partner=partner, now=now)
    driver = drivers.of(partner)
    take(partner=partner, found=driver.answers(), at=now)
    sent, failed = send(partner=partner, driver=driver, now=now)
    return Sent(read, sent, failed)


def follow(*, partner: Partner, now: datetime) -> int:
    """Write a message for each lot that something happened to; how many events were read."""
    total = 0

    def work(batch: list[log.LogEntry]) -> None:
        people = {
            row.payload[who]
            for row in batch
            if row.kind in MOVED
            for who in ("kept_id", "duplicate_id")
        }
        ids = {row.payload["lot_id"] for row in batch if row.kind not in MOVED}
        write(partner=partner, lot_ids=ids | exports.lots_of(people), at=now)

    reader, rows = f"exchange.{partner.code}", log.entries(*KINDS, *MOVED)
    while read := log.follow(reader=reader, rows=rows, work=work, limit=A_READ):
        total += read
    return total


@transaction.atomic
def write(*, partner: Partner, lot_ids: Iterable[int], at: datetime) -> int:
    """The next version of the lots that differ from their last message; how many there were."""
    contents = {key_of(partner, row): row for row in exports.reported_lots(set(lot_ids))}
    last = latest(partner, contents)
    made = []
    for key, row in sorted(contents.items()):
        content = {"bank": partner.own_code, "key": key, **row}
        digest = rules.canonical_hash(content)
        before = last.get(key)
        if before and before.digest == digest and not before.withdraws:
            continue
        version = before.version + 1 if before else 1
        made.append(_message(partner, key, version, content, digest, at))
    Message.objects.bulk_create(made)
    return len(made)


def latest(partner: Partner, keys: Iterable[str]) -> dict[str, Message]:
    """The last message about each key."""
    rows = Message.objects.filter(partner=partner, key__in=list(keys))
    newest = rows.values("key").annotate(newest=Max("version"))
    wanted = {(row["key"], row["newest"]) for row in newest}
    return {row.key: row for row in rows if (row.key, row.version) in wanted}


def key_of(partner: Partner, row: dict[str, Any]) -> str:
    """How both banks name a lot."""
    return f"{partner.own_code}:lot:{row['lot']}"


def send(
    *, partner: Partner, driver: drivers.Driver, now: datetime, at_most: int = 20 * A_SENDING
) -> tuple[int, int]:
    """Send what waits, in portions; how many messages were sent, and how many have to wait."""
    sent = 0
    while sent < at_most:
        due = Message.objects.filter(partner=partner, state=State.QUEUED, next_at__lte=now)
        portion = list(due.order_by("next_at", "pk")[:A_SENDING])
        if not portion:
            return sent, 0
        try:
            found = driver.send(portion)
        except errors.Refusal as why:
            _put_off(portion, str(why), now)
            return sent, len(portion)
        ids = [each.pk for each in portion]
        Message.objects.filter(pk__in=ids).update(state=State.SENT)
        take(partner=partner, found=found, at=now)
        sent += len(portion)
    return sent, 0


@transaction.atomic
def take(*, partner: Partner, found: Sequence[Acknowledgement], at: datetime) -> None:
    """Note what the partner answered. An answer that comes twice changes nothing."""
    for each in found:
        rows = Message.objects.filter(partner=partner, key=each.key, version=each.version)
        rows.update(
            state=State.TAKEN if each.taken else State.REFUSED,
            answer=each.reason[:300],
            answered_at=at,
        )


def _put_off(portion: list[Message], why: str, now: datetime) -> None:
    for message in portion:
        message.attempts += 1
        wait = timedelta(minutes=2 ** min(message.attempts, 9))
        message.next_at, message.answer = now + min(wait, LONGEST_WAIT), why[:300]
    Message.objects.bulk_update(portion, ["attempts", "next_at", "answer"])


def _message(  # noqa: PLR0917 - all that makes up the row
    partner: Partner, key: str, version: int, content: dict[str, Any], digest: str, at: datetime
) -> Message:
    return Message(
        partner=partner, key=key, version=version, content=content, digest=digest,
        day=clock.local_date(at), next_at=at,
    )  # fmt: skip
