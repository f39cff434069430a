"""Asking for an export, cancelling it, fetching its parts: by the one who asked, for a while."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.records import parameters, readings, visibility
from xueqiao.records.exporting import writing
from xueqiao.records.models import ExportJob, ExportPart, Reading, Statement

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from xueqiao.people.models import Person

MOST_OPEN = 3
# They say how a page is shown or where it starts, and mean nothing for a file.
_OF_PAGES = frozenset({"limit", "from", "ascending", "format", "attachments"})


class TooManyExports(errors.Refusal):
    """Somebody has several exports under way and asks for another one."""

    code = "records.too_many_exports"
    status = 429


class ExportOver(errors.Refusal):
    """The export has ended, or its files are not there: not ready, cancelled, or out of time."""

    code = "records.export_over"


class NotYours(errors.Refusal):
    """The export was asked for by somebody else."""

    code = "records.export_not_yours"
    status = 403


class KindUnknown(errors.Refusal):
    """A kind of file that is not written here."""

    code = "records.export_kind_unknown"
    status = 422


@transaction.atomic
def ask(*, filters: Mapping[str, str], kind: str, by: Person | None, at: datetime) -> ExportJob:
    """Ask for all statements that filters let through, up to this moment.

    Args:
        filters: parameters of the statement resource; besides, ``persona``: an identifier, for the
            statements of all identifiers of the same human being. Those about pages are left out.
        kind: ``ExportJob.Kind``.
        by: who may fetch it; None for a command.

    Raises:
        ParameterUnfit: a filter is unknown or its value does not fit.
        KindUnknown: no such kind.
        TooManyExports: ``MOST_OPEN`` of the same person are under way.
    """
    given = {name: value for name, value in filters.items() if name not in _OF_PAGES and value}
    parameters.filters({name: value for name, value in given.items() if name != "persona"})
    if kind not in ExportJob.Kind.values:
        text = _("Choose one of {kinds}.")
        raise KindUnknown(text.format(kinds=", ".join(ExportJob.Kind.values)), pointer="kind")
    if by and ExportJob.objects.to_work().filter(asked_by=by).count() >= MOST_OPEN:
        text = _("{n} of your exports are being written. Wait for one, or cancel it.")
        raise TooManyExports(text.format(n=MOST_OPEN))
    job = ExportJob(
        key=uuid.uuid4(),
        kind=kind,
        filters=given,
        asked_by=by,
        asked_at=at,
        until=visibility.consistent_through(at),
        last_row=Statement.objects.aggregate(highest=Max("pk"))["highest"] or 0,
    )
    job.save(force_insert=True)
    readings.note(
        by=by, at=at, what=Reading.What.EXPORT_ASKED, detail={"export": job.pk, "filters": given}
    )
    return job


@transaction.atomic
def cancel(*, job: ExportJob, by: Person, at: datetime) -> ExportJob:
    """Stop an export; what was written is removed by the next job.

    Raises:
        NotYours: somebody else asked for it.
        ExportOver: it has ended.
    """
    found = ExportJob.objects.select_for_update().get(pk=job.pk)
    _own(found, by)
    if found.state not in {ExportJob.State.WAITING, ExportJob.State.RUNNING}:
        raise ExportOver(
            _("This export has ended: {state}.").format(state=found.get_state_display())
        )
    found.state, found.finished_at = ExportJob.State.CANCELLED, at
    found.save(update_fields=["state", "finished_at"])
    return found


def take(*, job: ExportJob, number: int, by: Person, at: datetime) -> Path:
    """The file of a part, for whoever asked for the export; written down as a reading.

    Raises:
        NotYours: somebody else asked for it.
        ExportOver: it is not ready, or its time is over.
    """
    _own(job, by)
    part = job.parts.filter(number=number).first()
    is_over = job.state != ExportJob.State.DONE or job.expires_at is None or job.expires_at <= at
    if part is None or is_over:
        raise ExportOver(gone_text())
    readings.note(
        by=by, at=at, what=Reading.What.EXPORT_TAKEN, rows=part.rows,
        detail={"export": job.pk, "part": number},
    )  # fmt: skip
    return writing.folder(job) / part.name


def gone_text() -> str:
    return _("This file is not there (any more). Ask for the export again.")


def withdraw_all(*, at: datetime) -> int:
    """Let no export be fetched that was made before: an erasure took rows out of the store.

    One that is being written starts over, from the rows that are there now.

    Returns:
        How many could have been fetched.
    """
    ready = ExportJob.objects.filter(state=ExportJob.State.DONE)
    withdrawn = ready.update(state=ExportJob.State.EXPIRED, expires_at=at)
    open_ = list(ExportJob.objects.to_work().select_for_update().values_list("pk", flat=True))
    ExportPart.objects.filter(job__in=open_).delete()
    ExportJob.objects.filter(pk__in=open_).update(
        state=ExportJob.State.WAITING, rows=0, place_at=None, place_row=0, owner="", owned_at=None
    )
    return withdrawn


def _own(job: ExportJob, by: Person) -> None:
    if job.asked_by_id != by.pk:
        raise NotYours(_("Only who asked for an export may fetch or cancel it."))
