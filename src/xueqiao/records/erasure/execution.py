"""Carrying an approved erasure out: in small transactions, each whole, so that it may be killed."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from typing import TYPE_CHECKING

from django.db import transaction

from xueqiao.kernel import clock, cursor
from xueqiao.people import identity
from xueqiao.records import attachments, documents, log
from xueqiao.records.erasure import removal, scrubbing, selection, tombstones
from xueqiao.records.exporting import jobs as exporting
from xueqiao.records.models import Actor, Erasure, ErasureTarget

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

BATCH = 500
ERASED = "records.erased"


def work(*, now: datetime, seconds: float = 40.0) -> int:
    """Carry out what is approved, oldest first, for about so many seconds. How many statements."""
    until, removed = time.monotonic() + seconds, 0
    for number in Erasure.objects.to_execute().order_by("pk").values_list("pk", flat=True):
        while time.monotonic() < until:
            done = step(number=number, at=now)
            removed += done or 0
            if done is None:
                break
    return removed


def run(
    *, erasure: Erasure, at: datetime, progress: Callable[[int, int], None] | None = None
) -> Erasure:
    """Carry out one approved erasure to its end, or until older writers have to be waited for."""
    removed, total = 0, erasure.preview.get("statements", 0)
    while (done := step(number=erasure.pk, at=at)) is not None:
        removed += done
        if progress and done:
            progress(removed, max(total, removed))
    erasure.refresh_from_db()
    return erasure


@transaction.atomic
def step(*, number: int, at: datetime) -> int | None:
    """One batch of one erasure, in one transaction; a killed one has not happened.

    Returns:
        How many statements went; None when there is nothing to do: it is finished, not approved, or
        waits for transactions that were running when it began.
    """
    erasure = Erasure.objects.select_for_update().get(pk=number)
    if erasure.state == Erasure.State.APPROVED:
        _begin(erasure, at)
        return 0
    if erasure.state != Erasure.State.RUNNING:
        return None
    if erasure.stage == Erasure.Stage.STATEMENTS:
        return _statements(erasure, at)
    if erasure.stage == Erasure.Stage.QUARANTINE:
        if not scrubbing.quarantine(erasure, at):
            _next(erasure, Erasure.Stage.TRACES)
        return 0
    _finish(erasure, at)
    return 0


def _begin(erasure: Erasure, at: datetime) -> None:
    """From here on nothing comes back: identifiers stand for nobody, ids are barred."""
    erasure.state, erasure.started_at = Erasure.State.RUNNING, at
    erasure.done = {"statements": 0, "blanked": 0, "source": {}, "verb": {}, "month": {}}
    erasure.save(update_fields=["state", "started_at", "done"])
    Erasure.objects.filter(pk=erasure.pk).update(fence=cursor.CurrentXid())
    for each in erasure.identifiers.select_related("actor").order_by("actor"):
        if each.actor is not None:
            _detach(each.actor, each.hash, erasure, at)
    erasure.identifiers.begin(at)


def _detach(actor: Actor, hashed: str, erasure: Erasure, at: datetime) -> None:
    if actor.name and identity.person_of(actor.home_page, actor.name):
        why = f"erasure {erasure.pk}"
        identity.unlink(home_page=actor.home_page, name=actor.name, at=at, why=why)
    # By number too: the same identifier may come anew and be erased again.
    actor.ifi = f"erased|{hashed}|{erasure.pk}"
    actor.home_page, actor.name, actor.person = "", "", None
    actor.updated_at = at
    actor.save(update_fields=["ifi", "home_page", "name", "person", "updated_at"])


def _statements(erasure: Erasure, at: datetime) -> int | None:
    rows = removal.take(erasure, at, BATCH)
    if not rows:
        return _statements_gone(erasure, at)
    gone, blank = removal.remove(erasure, rows)
    tombstones.bury(erasure, [row.uuid for row in gone + blank])
    _tell(erasure, gone, blank, at)
    _count(erasure, gone, blank)
    return len(gone)


def _statements_gone(erasure: Erasure, at: datetime) -> int | None:
    oldest = cursor.horizon()
    # Who began to write before the erasure began may yet commit a statement that it means.
    if oldest is not None and oldest < erasure.fence:
        return None
    if erasure.kind == Erasure.Kind.IDS:
        held = selection.rows(erasure).values("uuid")
        barred = ErasureTarget.objects.filter(erasure=erasure).exclude(uuid__in=held)
        tombstones.bury(erasure, barred.values_list("uuid", flat=True))
    erasure.kept = _kept(erasure, at)
    _next(erasure, Erasure.Stage.QUARANTINE)
    return 0


def _kept(erasure: Erasure, at: datetime) -> dict[str, int]:
    naming = selection.naming_only(erasure) if erasure.kind == Erasure.Kind.PERSON else None
    return {
        "held": selection.rows(erasure).count(),
        "blanked": erasure.done["blanked"],
        "naming": naming.count() if naming is not None else 0,
        "at": int(at.timestamp()),
    }


def _next(erasure: Erasure, stage: str) -> None:
    erasure.stage = stage
    erasure.save(update_fields=["stage", "kept"])


def _tell(
    erasure: Erasure, gone: list[removal.Row], blank: list[removal.Row], at: datetime
) -> None:
    """For readers of the log, first of all the lake: what they have to take out, and where it lies.

    Payload: ``erasure``; ``statements``: ids that went; ``blanked``: ids of which only the voiding
    stays; ``months``: of the events, in Asia/Shanghai.
    """
    rows = gone + blank
    payload = {
        "erasure": erasure.pk,
        "statements": [str(row.uuid) for row in gone],
        "blanked": [str(row.uuid) for row in blank],
        "months": sorted({_month(row) for row in rows}),
    }
    key = f"{erasure.pk}:{erasure.batches}"
    log.append(kind=ERASED, key=key, event_at=at, payload=payload)


def _month(row: removal.Row) -> str:
    return f"{clock.local_date(row.event_at):%Y-%m}"


def _count(erasure: Erasure, gone: list[removal.Row], blank: list[removal.Row]) -> None:
    done = erasure.done
    done["statements"] += len(gone)
    done["blanked"] += len(blank)
    for name, values in (
        ("source", [row.source for row in gone]),
        ("verb", [row.verb for row in gone]),
        ("month", [_month(row) for row in gone]),
    ):
        done[name] = dict(sorted((Counter(done[name]) + Counter(values)).items()))
    erasure.batches += 1
    erasure.save(update_fields=["done", "batches", "reached_at", "files"])


def _finish(erasure: Erasure, at: datetime) -> None:
    actors = selection.actors_of(erasure)
    if erasure.kind != Erasure.Kind.RETENTION:
        # Those end by themselves after days; a daily job must not take everybody's exports away.
        exporting.withdraw_all(at=at)
    erasure.done["documents"] = documents.forget(actor_ids=actors)
    # Their rows went with the statements, in transactions that are over.
    attachments.remove(erasure.files)
    erasure.done["attachments"], erasure.files = len(erasure.files), []
    erasure.done["memberships"] = removal.memberships(actors)
    erasure.targets.all().delete()
    erasure.identifiers.update(ifi="")
    erasure.preview = {**erasure.preview, "sample": []}
    erasure.state, erasure.finished_at = Erasure.State.DONE, max(clock.now(), at)
    erasure.digest = digest(erasure)
    erasure.save(update_fields=["done", "files", "preview", "state", "finished_at", "digest"])


def digest(erasure: Erasure) -> str:
    """SHA-256 of the tombstones of an erasure: 32 hexadecimal digits a line, sorted."""
    found = hashlib.sha256()
    for each in erasure.tombstones.order_by("digest").values_list("digest", flat=True).iterator():
        found.update(f"{each.hex}\n".encode())
    return found.hexdigest()
