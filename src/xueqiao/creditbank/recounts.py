"""The nightly recount 复算: every account from its transfers, written down, an alarm where not."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from django.db import transaction

from xueqiao.creditbank import audit
from xueqiao.creditbank.models import Account, Recount, Transfer
from xueqiao.kernel import clock
from xueqiao.records import log

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from xueqiao.people.models import Person

DIFFER = "creditbank.counters_differ"
# How many differences are named, and how many are counted at most.
NAMED, COUNTED = 20, 10_000


def run(*, now: datetime) -> Recount:
    """Recompute every account and write down what was found.

    A difference is an event in the log and stays on the console's work list until somebody takes
    it. While the ledger agrees, only the row is written.
    """
    found = list(islice(audit.recompute(), COUNTED))
    return _write(found, began_at=now, ended_at=clock.now())


@transaction.atomic
def _write(found: list[audit.Difference], *, began_at: datetime, ended_at: datetime) -> Recount:
    named: list[dict[str, Any]] = [
        {"code": each.code, "counted": each.counted, "recomputed": each.recomputed}
        for each in found[:NAMED]
    ]
    made: Recount = Recount.objects.create(
        began_at=began_at, ended_at=max(began_at, ended_at), accounts=Account.objects.count(),
        transfers=Transfer.objects.count(), differences=len(found), named=named,
    )  # fmt: skip
    if found:
        payload = {"recount_id": made.pk, "differences": len(found)}
        log.append(kind=DIFFER, key=f"recount:{made.pk}", event_at=began_at, payload=payload)
    return made


def alarms() -> QuerySet[Recount]:
    """Recounts that found differences and that nobody has taken, oldest first."""
    return Recount.objects.filter(differences__gt=0, seen_at=None).order_by("began_at", "pk")


@transaction.atomic
def take(*, recount: Recount, by: Person, at: datetime) -> Recount:
    """Somebody looks after what a recount found. Repeating it changes nothing."""
    locked = Recount.objects.select_for_update(no_key=True).get(pk=recount.pk)
    if locked.seen_at is None:
        locked.seen_by, locked.seen_at = by, at
        locked.save(update_fields=["seen_by", "seen_at"])
    return locked
