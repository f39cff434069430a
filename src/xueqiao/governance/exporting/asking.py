"""Asking for a result as files, cancelling, fetching: by who asked, as the grants let it leave."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.governance import readings, rules
from xueqiao.governance.exporting import writing
from xueqiao.governance.models import AccessGrant, LakeExport, LakeReading, QueryRun
from xueqiao.governance.workbench import results
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from xueqiao.governance.models import LakeExportPart
    from xueqiao.people.models import Person

State = LakeExport.State
MOST_OPEN = 3
ONE_READING = timedelta(minutes=10)


class MayNotLeave(errors.Refusal):
    """The grants let these rows be seen and not be taken away."""

    code = "lake.may_not_leave"
    status = 403


class TooManyExports(errors.Refusal):
    """Several exports of the same person are being written."""

    code = "lake.too_many_exports"
    status = 429


class ExportOfAnother(errors.Refusal):
    """The export was asked for by somebody else."""

    code = "lake.export_of_another"
    status = 403


class ExportOver(errors.Refusal):
    """The export has ended, or its files are not there: not ready, cancelled, out of time."""

    code = "lake.export_over"


def ask(*, run: QueryRun, kind: str, by: Person, at: datetime) -> LakeExport:
    """Ask for the result of a run as files.

    Raises:
        results.GrantOver, running.RunOver, running.RunOfAnother: the result cannot be read.
        MayNotLeave: its grants do not let it out.
        TooManyExports.
    """
    results.refuse_unreadable(run=run, by=by, at=at)
    _refuse_staying(run)
    if LakeExport.objects.to_work().filter(asked_by=by).count() >= MOST_OPEN:
        text = _("{n} of your exports are being written. Wait for one, or cancel it.")
        raise TooManyExports(text.format(n=MOST_OPEN))
    return LakeExport.objects.create(
        key=uuid.uuid4(), run=run, kind=LakeExport.Kind(kind).value, asked_by=by, asked_at=at
    )


@transaction.atomic
def cancel(*, export: LakeExport, by: Person, at: datetime) -> LakeExport:
    """Stop an export; what was written is removed by the next job.

    Raises:
        ExportOfAnother, ExportOver.
    """
    locked = LakeExport.objects.select_for_update().get(pk=export.pk)
    _own(locked, by)
    if locked.state not in {State.WAITING, State.RUNNING}:
        text = _("This export has ended: {state}.")
        raise ExportOver(text.format(state=locked.get_state_display()))
    locked.state, locked.finished_at = State.CANCELLED, at
    locked.save(update_fields=["state", "finished_at"])
    return locked


def take(*, export: LakeExport, number: int, by: Person, at: datetime, way: str = "") -> Path:
    """The file of a part, for whoever asked for the export; a reading where it is about persons.

    Args:
        way: the link it is fetched by; "" for a signed-in person.

    Raises:
        ExportOfAnother, ExportOver, results.GrantOver.
    """
    _own(export, by)
    part = export.parts.filter(number=number).first()
    is_over = export.state != State.DONE or export.expires_at is None or export.expires_at <= at
    if part is None or is_over:
        raise ExportOver(gone_text())
    results.refuse_unreadable(run=export.run, by=by, at=at)
    if export.run.is_personal:
        _note(export, part, by, at, way)
    return writing.folder(export) / part.name


def gone_text() -> str:
    return _("This file is not there (any more). Ask for the export again.")


def withdraw_all(*, at: datetime) -> int:
    """Remove every file with rows of persons that was made before: an erasure has changed the lake.

    Returns how many exports could have been fetched.
    """
    ready = LakeExport.objects.filter(state=State.DONE, run__is_personal=True)
    withdrawn = ready.update(state=State.EXPIRED, expires_at=at)
    open_ = LakeExport.objects.to_work().filter(run__is_personal=True)
    open_.update(state=State.CANCELLED, finished_at=at)
    writing.sweep(now=at)
    return withdrawn


def _refuse_staying(run: QueryRun) -> None:
    if not run.is_personal:
        return
    wanted = "counts" if run.shape == QueryRun.Shape.COUNTS else "rows"
    held = AccessGrant.objects.filter(pk__in=run.grants).values_list("leaving", flat=True)
    if all(rules.lets_out(leaving, wanted) for leaving in held):
        return
    if wanted == "rows":
        text = _(
            "Your grant shows these rows on the screen only. Run the query as counts of persons."
        )
    else:
        text = _("Your grant shows results on the screen only. Ask for one by which counts leave.")
    raise MayNotLeave(text)


def _note(export: LakeExport, part: LakeExportPart, by: Person, at: datetime, way: str) -> None:
    run = export.run
    detail = {"export": export.pk, "part": part.number, "run": run.pk, "way": way}
    if way and _noted_just_now(detail, by, at):
        return
    readings.note(
        by=by, at=at, what=LakeReading.What.FILE, purpose=run.purpose, tables=run.tables,
        rows=part.rows, grants=run.grants,
        detail=detail,
    )  # fmt: skip


def _noted_just_now(detail: dict[str, object], by: Person, at: datetime) -> bool:
    """Programs fetch a file by many small requests; together they are one reading."""
    lately = LakeReading.objects.filter(by=by, what=LakeReading.What.FILE, at__gt=at - ONE_READING)
    return lately.filter(detail=detail).exists()


def _own(export: LakeExport, by: Person) -> None:
    if export.asked_by_id != by.pk:
        raise ExportOfAnother(_("Only who asked for an export may fetch or cancel it."))
