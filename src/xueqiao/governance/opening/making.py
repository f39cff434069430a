"""The job of open data: files of what is asked for, and new ones of what is published."""

from __future__ import annotations

import time
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
from django.db import transaction

from xueqiao.governance.designs import making
from xueqiao.governance.models import DataEdition, Frequency, OpenDataset
from xueqiao.governance.models.edition import newest
from xueqiao.governance.opening import publishing
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from datetime import datetime

State = OpenDataset.State
EVERY = {
    Frequency.DAILY: timedelta(days=1),
    Frequency.WEEKLY: timedelta(days=7),
    Frequency.MONTHLY: timedelta(days=28),
    Frequency.ANNUAL: timedelta(days=365),
}
RETRY = timedelta(hours=1)
TO_MAKE = (State.ASKED, State.PUBLISHED, State.LEAVING)
MOST_FAILURE = 1000


def work(*, now: datetime, seconds: float = 40.0) -> int:
    """Make what is due, oldest first, for about so many seconds. How many editions were made."""
    until, made = time.monotonic() + seconds, 0
    for row in OpenDataset.objects.filter(state__in=TO_MAKE).order_by("pk"):
        if time.monotonic() > until:
            break
        made += bool(_is_due(row, now) and make(dataset=row, at=now))
    return made


def make(*, dataset: OpenDataset, at: datetime) -> DataEdition | None:
    """Make an edition now; None where it cannot be made, or the text changed meanwhile.

    Why it cannot be made stands at the data set; what was made before is served further.
    """
    try:
        return _keep(dataset, making.run(publishing.design(dataset), purpose=""), at)
    except (errors.Refusal, OSError, pa.ArrowException) as why:
        OpenDataset.objects.filter(pk=dataset.pk).update(
            failure=str(why)[:MOST_FAILURE], failed_at=at
        )
        return None


@transaction.atomic
def _keep(dataset: OpenDataset, rows: making.Rows, at: datetime) -> DataEdition | None:
    now = OpenDataset.objects.select_for_update().get(pk=dataset.pk)
    if now.revision != dataset.revision or now.state not in TO_MAKE:
        return None
    earlier = list(now.editions.kept())
    made = making.keep(
        rows, name=now.code, revision=now.revision, at=at, opened=now, meanings=now.meanings
    )
    OpenDataset.objects.filter(pk=now.pk).update(failure="", failed_at=None)
    transaction.on_commit(partial(making.remove, earlier, at))
    return made


def _is_due(row: OpenDataset, now: datetime) -> bool:
    if row.failed_at is not None and row.failed_at > now - RETRY:
        return False
    last = newest(row.editions.all(), row.revision)
    if last is None:
        return True
    if last.made_at > now - EVERY[Frequency(row.frequency)]:
        return False
    try:
        return not making.is_current(publishing.design(row), last.versions)
    except errors.Refusal:
        return False
