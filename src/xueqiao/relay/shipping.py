"""Sending: what passes the filter becomes shipments, shipments are sent until they arrive.

Reading and sending are apart. Reading writes shipments and moves the position in one transaction,
so nothing is left out however often the worker is killed. Sending may happen twice where the worker
dies between an answer and its note; a store knows the statement by its id and a webhook the message
by its own, so nothing arrives twice.
"""

from __future__ import annotations

import base64
import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from xueqiao.kernel import clock, cursor, errors, ids, outbound
from xueqiao.records import following
from xueqiao.relay import destinations, rules
from xueqiao.relay.models import (
    Authentication,
    Destination,
    DestinationKind,
    Shipment,
    ShipmentState,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

A_READ = 2000
# More is not read ahead: what lies behind stays with the statements, where it takes no room.
MOST_WAITING = 200
SECONDS = 50.0
# Nobody else tries a shipment meanwhile; a worker that died is followed after this.
CLAIM = timedelta(minutes=5)
KEPT = timedelta(days=30)
_BAD_REQUEST, _CONFLICT, _GONE, _TOO_LARGE, _UNPROCESSABLE = 400, 409, 410, 413, 422
# The other side will not take these statements, however often it is asked.
_FINAL = frozenset({_BAD_REQUEST, _CONFLICT, _TOO_LARGE, _UNPROCESSABLE})


class Sent(NamedTuple):
    """What a run did: statements read, shipments sent, tries that failed."""

    read: int
    sent: int
    failed: int


def run(*, now: datetime, seconds: float = SECONDS, only: Destination | None = None) -> Sent:
    """Read and send for every destination that is not paused, until the time is used up.

    Args:
        only: for this one alone.
    """
    ends, read, sent, failed = time.monotonic() + seconds, 0, 0, 0
    open_ones = Destination.objects.filter(paused_at=None, **({"pk": only.pk} if only else {}))
    for destination in open_ones.order_by("last_sent_at", "pk"):
        while time.monotonic() < ends:
            came = read_ahead(destination=destination, at=now)
            went, missed = send_due(destination=destination, at=now, ends=ends)
            read, sent, failed = read + came, sent + went, failed + missed
            if not went and not came:
                break
    return Sent(read, sent, failed)


def read_ahead(*, destination: Destination, at: datetime) -> int:
    """Make shipments of the next statements that pass. Returns how many statements were read."""
    if destination.shipments.filter(state=ShipmentState.WAITING).count() >= MOST_WAITING:
        return 0
    place = Destination.objects.get(pk=destination.pk)
    told = following.after(cursor.Position(place.xid, place.row), limit=A_READ)
    if not told:
        return 0
    passing = [
        str(each.uuid) for each in told if rules.passes(place.wanted, each.statement, each.source)
    ]
    with transaction.atomic():
        # Whoever read from the same position first has moved it; then these are already shipped.
        moved = Destination.objects.filter(pk=place.pk, xid=place.xid, row=place.row).update(
            xid=told[-1].position.xid, row=told[-1].position.row
        )
        if not moved:
            return 0
        _pack(place, rules.portions(passing, place.most_statements), at)
    return len(told)


def _pack(destination: Destination, portions: Iterable[list[str]], at: datetime) -> None:
    Shipment.objects.bulk_create(
        [
            Shipment(
                destination=destination,
                key=ids.stable_uuid("shipment", destination.code, *uuids),
                uuids=uuids,
                next_try_at=at,
                created_at=at,
            )
            for uuids in portions
        ],
        ignore_conflicts=True,
    )


def send_due(*, destination: Destination, at: datetime, ends: float) -> tuple[int, int]:
    """Send what is due, first things first, up to the first that must wait.

    Args:
        ends: the monotonic time to stop at.

    Returns:
        How many shipments arrived, and how many tries failed.
    """
    sent = 0
    while time.monotonic() < ends:
        found = destination.shipments.filter(state=ShipmentState.WAITING).order_by("pk").first()
        if found is None or found.next_try_at > at:
            return sent, 0
        due = Shipment.objects.due(at).filter(pk=found.pk, tries=found.tries)
        if not due.update(next_try_at=clock.now() + CLAIM, tries=F("tries") + 1):
            return sent, 0
        found.refresh_from_db()
        if not _try(destination, found):
            return sent, 1
        sent += found.state == ShipmentState.SENT
    return sent, 0


def _try(destination: Destination, shipment: Shipment) -> bool:
    """Send one shipment and note the answer; False: this destination has to wait."""
    told = following.some(UUID(each) for each in shipment.uuids)
    try:
        # What was erased meanwhile is not sent any more; a shipment of nothing has arrived.
        answer = _send(destination, shipment, told) if told else None
    except errors.Refusal as why:
        return _put_off(shipment, str(why), None, getattr(why, "retry_after_seconds", 0.0))
    if answer is None or answer.status // 100 == 2:  # noqa: PLR2004 - success
        _arrived(destination, shipment, len(told), answer)
        return True
    said = " ".join(answer.body[:300].decode(errors="replace").split())
    if answer.status == _GONE:
        text = _("The receiver answered that it is gone (410).")
        destinations.pause(destination=destination, at=clock.now(), why=text)
        return _put_off(shipment, said, answer.status, 0.0)
    if answer.status not in _FINAL:
        return _put_off(shipment, said, answer.status, 0.0)
    _refused(destination, shipment, said, answer.status)
    return True


def _arrived(
    destination: Destination, shipment: Shipment, count: int, answer: outbound.Answer | None
) -> None:
    now = clock.now()
    shipment.state, shipment.ended_at, shipment.why = ShipmentState.SENT, now, ""
    shipment.answered = answer.status if answer else None
    with transaction.atomic():
        shipment.save()
        Destination.objects.filter(pk=destination.pk).update(
            sent_statements=F("sent_statements") + count, last_sent_at=now
        )


def _put_off(shipment: Shipment, why: str, answered: int | None, asked_seconds: float) -> bool:
    now = clock.now()
    wait = max(rules.wait_seconds(shipment.tries), asked_seconds)
    shipment.why, shipment.answered = why, answered
    shipment.next_try_at = now + timedelta(seconds=min(wait, rules.LONGEST_WAIT_SECONDS))
    if shipment.tries >= rules.MOST_TRIES:
        shipment.state, shipment.ended_at = ShipmentState.DEAD, now
    shipment.save()
    return False


def _refused(destination: Destination, shipment: Shipment, why: str, answered: int) -> None:
    """Give up one statement that is refused; halve a list, because one bad one refuses it all."""
    now = clock.now()
    shipment.why, shipment.answered = why, answered
    with transaction.atomic():
        if len(shipment.uuids) == 1:
            shipment.state, shipment.ended_at = ShipmentState.DEAD, now
            shipment.save()
            return
        half = (len(shipment.uuids) + 1) // 2
        # Due at once, also for a run that began before now.
        _pack(destination, rules.portions(shipment.uuids, half), shipment.created_at)
        shipment.delete()


def _send(
    destination: Destination, shipment: Shipment, told: list[following.Told]
) -> outbound.Answer:
    secrets = destinations.opened_secrets(destination)
    headers = {"Content-Type": "application/json", **_authorization(destination, secrets)}
    if destination.kind == DestinationKind.STORE:
        is_new = any(each.statement["version"].startswith("2.") for each in told)
        headers["X-Experience-API-Version"] = "2.0.0" if is_new else "1.0.3"
        body = _json([each.statement for each in told])
        return outbound.post(f"{destination.url}/statements", headers=headers, body=body, tries=1)
    seconds, key = int(clock.now().timestamp()), str(shipment.key)
    body = _json(
        {
            "type": "statements.stored",
            "timestamp": clock.now().isoformat(),
            "data": {"statements": [each.statement for each in told]},
        }
    )
    signing = rules.secret_bytes(secrets["signing"])
    headers |= {
        "webhook-id": key,
        "webhook-timestamp": str(seconds),
        "webhook-signature": rules.signature(signing, key, seconds, body),
    }
    return outbound.post(destination.url, headers=headers, body=body, tries=1)


def _authorization(destination: Destination, secrets: dict[str, str]) -> dict[str, str]:
    if destination.authentication == Authentication.BASIC:
        pair = f"{secrets.get('user', '')}:{secrets['secret']}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    if destination.authentication == Authentication.BEARER:
        return {"Authorization": f"Bearer {secrets['secret']}"}
    return {}


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def prune(*, now: datetime) -> int:
    """Remove shipments that arrived more than ``KEPT`` ago. Returns how many."""
    old = Shipment.objects.filter(state=ShipmentState.SENT, ended_at__lt=now - KEPT)
    return old.delete()[0]
