"""The job of sharing: files for agreements that hold, off the disk when they end."""

from __future__ import annotations

import time
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from django.db import transaction

from xueqiao.governance.designs import making
from xueqiao.governance.models import DataEdition, Shape, SharedDataset, SharedUse, SharingAgreement
from xueqiao.governance.models.edition import newest
from xueqiao.governance.sharing import agreements
from xueqiao.kernel import clock, errors

if TYPE_CHECKING:
    from datetime import datetime

EVERY = timedelta(days=1)
RETRY = timedelta(hours=1)
MOST_FAILURE = 1000


def work(*, now: datetime, seconds: float = 40.0) -> int:
    """Make what is due, and remove files of agreements that are over. How many were made."""
    sweep(now=now)
    until, made = time.monotonic() + seconds, 0
    holding = SharingAgreement.objects.in_force(clock.local_date(now))
    rows = SharedDataset.objects.filter(agreement__in=holding).select_related("agreement")
    for row in rows.order_by("pk"):
        if time.monotonic() > until:
            break
        made += bool(_is_due(row, now) and make(dataset=row, at=now))
    return made


def make(*, dataset: SharedDataset, at: datetime) -> DataEdition | None:
    """Make an edition now; None where it cannot be made, or the agreement ended meanwhile."""
    agreement = dataset.agreement
    if not agreements.holds(agreement, clock.local_date(at)):
        return None
    try:
        purpose = f"agreement:{agreement.code}"
        rows = making.run(agreements.design(agreement, dataset), purpose=purpose)
        return keep(dataset=dataset, rows=rows, at=at)
    except (errors.Refusal, OSError, pa.ArrowException) as why:
        SharedDataset.objects.filter(pk=dataset.pk).update(
            failure=str(why)[:MOST_FAILURE], failed_at=at
        )
        return None


@transaction.atomic
def keep(*, dataset: SharedDataset, rows: making.Rows, at: datetime) -> DataEdition | None:
    """Make rows the newest edition of a data set; None where they may not be kept any more.

    Rows of persons are kept only while the lake stands as they were read: an erasure may have taken
    some out since, and takes away what is there (``withdraw_all``).
    """
    now = SharingAgreement.objects.select_for_update().get(pk=dataset.agreement_id)
    if not agreements.holds(now, clock.local_date(at)):
        return None
    is_current = making.is_current(agreements.design(now, dataset), rows.versions)
    if dataset.shape == Shape.ROWS and not is_current:
        return None
    earlier = list(dataset.editions.kept())
    made = making.keep(
        rows, name=f"{now.code}-{dataset.code}", revision=now.revision, at=at, shared=dataset
    )
    SharedDataset.objects.filter(pk=dataset.pk).update(failure="", failed_at=None)
    transaction.on_commit(partial(making.remove, earlier, at))
    return made


def sweep(*, now: datetime) -> int:
    """Remove the files of agreements that do not hold any more. How many editions."""
    holding = SharingAgreement.objects.in_force(clock.local_date(now))
    over = DataEdition.objects.kept().filter(shared__isnull=False)
    found = list(over.exclude(shared__agreement__in=holding))
    making.remove(found, now)
    return len(found)


@transaction.atomic
def withdraw_all(*, at: datetime) -> int:
    """Remove files with rows of persons: an erasure took rows out of the lake. How many.

    The job makes them anew from the lake as it is now.
    """
    # Held, so that what is being kept at this moment is seen.
    held = SharingAgreement.objects.filter(datasets__shape=Shape.ROWS)
    list(held.select_for_update(of=("self",)).order_by("pk"))
    found = list(DataEdition.objects.kept().filter(shared__shape=Shape.ROWS))
    making.remove(found, at)
    return len(found)


def still_out() -> list[dict[str, Any]]:
    """Who has fetched rows of persons, ever: ``agreement`` and ``recipients`` of each agreement."""
    fetched = SharedUse.objects.filter(edition__shared__shape=Shape.ROWS).values("agreement")
    rows = SharingAgreement.objects.filter(pk__in=fetched).order_by("pk")
    return [{"agreement": each.code, "recipients": [each.receiving]} for each in rows]


def _is_due(row: SharedDataset, now: datetime) -> bool:
    if row.failed_at is not None and row.failed_at > now - RETRY:
        return False
    last = newest(row.editions.all(), row.agreement.revision)
    if last is None:
        return True
    if last.made_at > now - EVERY:
        return False
    try:
        return not making.is_current(agreements.design(row.agreement, row), last.versions)
    except errors.Refusal:
        return False
