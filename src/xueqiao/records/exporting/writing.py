"""Writing an export: part by part, each whole on the disk before its row says so."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from xueqiao.kernel import errors, lease, whole
from xueqiao.records import parameters, query
from xueqiao.records.exporting import rows
from xueqiao.records.models import ExportJob, ExportPart
from xueqiao.records.personas import statements as personas

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from xueqiao.records.models import Statement

PART_ROWS = 20_000
PAGE_ROWS = 1000
KEPT = timedelta(hours=72)


def folder(job: ExportJob) -> Path:
    """Where the parts of an export lie."""
    home: Path = settings.HOME
    return home / "exports" / job.key.hex


def work(*, now: datetime, seconds: float = 40.0) -> int:
    """Write on what is asked for, oldest first, for about so many seconds. How many parts."""
    until, written = time.monotonic() + seconds, 0
    for number in ExportJob.objects.to_work().order_by("pk").values_list("pk", flat=True):
        while time.monotonic() < until and step(number=number, at=now):
            written += 1
    return written


def run(
    *, job: ExportJob, at: datetime, progress: Callable[[int, int], None] | None = None
) -> ExportJob:
    """Write one export to its end, from wherever it is."""
    while step(number=job.pk, at=at):
        job.refresh_from_db()
        if progress:
            progress(job.place_row, max(job.last_row, job.place_row))
    job.refresh_from_db()
    return job


def step(*, number: int, at: datetime) -> bool:
    """Write the next part of a job, if nobody else does; whether there is more to do."""
    job = _claim(number, at)
    if job is None:
        return False
    try:
        found, following = _next(job)
        if found:
            _part(job, found, at)
        if following is None:
            _end(job, at)
    except errors.Refusal as why:
        _fail(job, str(why), at)
        return False
    except OSError as why:
        _fail(job, f"{why.strerror}", at)
        return False
    return following is not None


def _claim(number: int, at: datetime) -> ExportJob | None:
    me = lease.owner()
    with transaction.atomic():
        job = ExportJob.objects.select_for_update().to_work().filter(pk=number).first()
        if job is None or not lease.is_free(job.owner, job.owned_at, at=at):
            return None
        job.state, job.owner, job.owned_at = ExportJob.State.RUNNING, me, at
        job.save(update_fields=["state", "owner", "owned_at"])
    return job


def _next(job: ExportJob) -> tuple[list[Statement], query.Place | None]:
    """The rows of the next part, and where the one after it starts; None at the end."""
    place = query.Place(job.place_at, job.place_row) if job.place_at else None
    found: list[Statement] = []
    while len(found) < PART_ROWS:
        page = _page(job, place)
        found += page.rows
        place = page.following
        if place is None:
            break
    return found, place


def _page(job: ExportJob, behind: query.Place | None) -> query.Page:
    given = {name: value for name, value in job.filters.items() if name != "persona"}
    asked = parameters.filters(given)
    until = min(asked.until, job.until) if asked.until else job.until
    asked = replace(asked, until=until, ascending=True, limit=PAGE_ROWS, behind=behind)
    if "persona" in job.filters:
        return personas.page(job.filters["persona"], asked)
    return query.page(asked)


def _part(job: ExportJob, found: list[Statement], at: datetime) -> None:
    number = job.parts.count() + 1
    name = f"part-{number:05d}.{rows.SUFFIXES[ExportJob.Kind(job.kind)]}"
    path = folder(job) / name
    digest = whole.write(path, lambda file: rows.write(job.kind, file, found, is_first=number == 1))
    with transaction.atomic():
        # Who lost the job in the meantime, to a cancel or to another worker, adds nothing.
        still = ExportJob.objects.filter(
            pk=job.pk, state=ExportJob.State.RUNNING, owner=job.owner, rows=job.rows
        )
        job.rows += len(found)
        job.place_at, job.place_row = found[-1].stored_at, found[-1].pk
        values = {"rows": job.rows, "place_at": job.place_at, "place_row": job.place_row}
        if still.update(**values, owned_at=at):
            ExportPart.objects.create(
                job=job, number=number, name=name, rows=len(found),
                size_bytes=path.stat().st_size, sha256=digest,
            )  # fmt: skip


def _end(job: ExportJob, at: datetime) -> None:
    done = ExportJob.objects.filter(
        pk=job.pk, state=ExportJob.State.RUNNING, owner=job.owner, rows=job.rows
    )
    done.update(
        state=ExportJob.State.DONE, finished_at=at, expires_at=at + KEPT, owner="", owned_at=None
    )


def _fail(job: ExportJob, why: str, at: datetime) -> None:
    running = ExportJob.objects.filter(pk=job.pk, state=ExportJob.State.RUNNING)
    running.update(state=ExportJob.State.FAILED, failure=why[:300], finished_at=at, owner="")


def sweep(*, now: datetime) -> int:
    """Remove the files of exports whose time is over or that came to nothing. How many exports."""
    ended = [ExportJob.State.CANCELLED, ExportJob.State.FAILED, ExportJob.State.EXPIRED]
    over = ExportJob.objects.filter(Q(state__in=ended) | Q(state="done", expires_at__lte=now))
    removed = 0
    for job in over:
        if job.state == ExportJob.State.DONE:
            ExportJob.objects.filter(pk=job.pk).update(state=ExportJob.State.EXPIRED)
        if folder(job).exists():
            shutil.rmtree(folder(job))
            removed += 1
    return removed
