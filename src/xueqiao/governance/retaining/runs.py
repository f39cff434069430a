"""A plan from its approval to its receipt: two persons allow it, a job carries it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from xueqiao.governance.deciding import REASON_LETTERS, reason_given, waiting
from xueqiao.governance.exporting import asking
from xueqiao.governance.models import LakeRetention
from xueqiao.governance.retaining import holding, planning, receipt
from xueqiao.governance.workbench import running
from xueqiao.kernel import errors
from xueqiao.lake import engines
from xueqiao.lake.retention import carrying
from xueqiao.lake.retention.held import Held

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.lake.retention.looking import Going
    from xueqiao.people.models import Person

State = LakeRetention.State


class PlanOpen(errors.Refusal):
    """A plan waits for its decision or is being carried out; there is only one at a time."""

    code = "lake.retention_open"


class NothingDue(errors.Refusal):
    """Nothing is older than its term, or a hold keeps all of it."""

    code = "lake.retention_nothing_due"


def ask(*, by: Person | None, at: datetime) -> LakeRetention:
    """Count what is due and put it before a second person.

    Args:
        by: who asks; None where the platform does by itself.

    Raises:
        PlanOpen: another one has not come to its end.
        NothingDue: there is nothing to give up.
    """
    _refuse_open()
    plan = planning.look(at=at)
    if not plan.rows:
        raise NothingDue(_("Nothing is older than its term, or a hold keeps it."))
    try:
        with transaction.atomic():
            return LakeRetention.objects.create(
                plan=plan.document(), held=plan.held.document(), planned_at=at, asked_by=by
            )
    except IntegrityError:
        _refuse_open()
        raise


def raise_due(*, now: datetime) -> LakeRetention | None:
    """Make the plan that the terms call for; None where nothing is due or one is open.

    What was rejected is not asked for again until more is due.
    """
    if LakeRetention.objects.open().exists():
        return None
    last = LakeRetention.objects.order_by("pk").last()
    lines = planning.due(at=now)
    if not lines or (last and last.state == State.REJECTED and last.plan["lines"] == lines):
        return None
    try:
        return ask(by=None, at=now)
    except (PlanOpen, NothingDue):
        return None


@transaction.atomic
def approve(*, run: LakeRetention, note: str, by: Person, at: datetime) -> LakeRetention:
    """Allow what the plan says, and nothing beyond it. The job carries it out within minutes.

    Raises:
        deciding.SamePerson: whoever asked cannot allow it.
        deciding.Decided: it does not wait for a decision.
    """
    found = waiting(run, by)
    found.state, found.note = State.APPROVED, note.strip()[:REASON_LETTERS]
    found.decided_by, found.decided_at = by, at
    found.save(update_fields=["state", "note", "decided_by", "decided_at"])
    return found


@transaction.atomic
def reject(*, run: LakeRetention, note: str, by: Person, at: datetime) -> LakeRetention:
    """Refuse a plan, with the reason; everything stays.

    Raises:
        deciding.SamePerson, deciding.Decided: as for ``approve``.
        deciding.ReasonMissing: no reason is given.
    """
    found, said = waiting(run, by), reason_given(note)
    found.state, found.is_open, found.note = State.REJECTED, None, said
    found.decided_by, found.decided_at = by, at
    found.save(update_fields=["state", "is_open", "note", "decided_by", "decided_at"])
    return found


def work(*, now: datetime) -> LakeRetention | None:
    """Carry out the plan that was approved. Safe to stop at any moment and to run again.

    Returns:
        The run as it then stands, ``held_up_by`` set where a refusal stopped it; None without one.
    """
    run = _begin(now)
    if run is None:
        return None
    try:
        with engines.configured() as engine:
            done = carrying.carry_out(
                root=settings.LAKE, engine=engine, wanted=run.lines,
                held=lambda: _held(run, now), number=run.pk, memory=settings.LAKE_MEMORY,
                at=now, told=lambda going: _note(run, going),
            )  # fmt: skip
    except errors.Refusal as why:
        run.held_up_by, run.held_up_text = why.code, why.text
        # Unless another process has brought it to its end meanwhile.
        LakeRetention.objects.filter(pk=run.pk, state=State.RUNNING).update(
            held_up_by=why.code, held_up_text=why.text
        )
        return run
    return _finish(run, done, now)


@transaction.atomic
def _begin(now: datetime) -> LakeRetention | None:
    """The run to work on, with the lines that the plan and today's terms both allow."""
    to_work = LakeRetention.objects.filter(state__in=[State.APPROVED, State.RUNNING])
    run = to_work.select_for_update().first()
    if run is not None and not run.found:
        # Nothing has gone: a term that has become longer since counts, and a hold that was placed.
        today = planning.due(at=now)
        run.lines = {
            name: min(month, today[name])
            for name, month in run.plan["lines"].items()
            if name in today
        }
        run.state, run.started_at = State.RUNNING, run.started_at or now
        run.save(update_fields=["state", "started_at", "lines"])
    return run


def _held(run: LakeRetention, now: datetime) -> Held:
    """What is held now or was since the plan: it says that no more goes than was counted."""
    held = Held.of_document(run.held).and_also(holding.in_force(now))
    run.held = held.document()
    if not run.found:
        run.lines = {name: month for name, month in run.lines.items() if name not in held.tables}
    run.save(update_fields=["held", "lines"])
    return held


def _note(run: LakeRetention, going: Going) -> None:
    """Write down what goes of a table, before it goes."""
    run.found[going.table] = planning.told(going)
    run.save(update_fields=["found"])


@transaction.atomic
def _finish(run: LakeRetention, done: carrying.Done, now: datetime) -> LakeRetention:
    # Results that were read before hold rows that are given up.
    running.withdraw_all(at=now)
    asking.withdraw_all(at=now)
    run.held_up_by = run.held_up_text = ""
    run.files, run.size_bytes = done.purged.files, done.purged.size_bytes
    run.milliseconds = done.milliseconds
    run.state, run.is_open, run.finished_at = State.DONE, None, now
    run.digest = receipt.digest(run)
    run.save()
    return run


def _refuse_open() -> None:
    if LakeRetention.objects.open().exists():
        text = _("A plan waits for its decision or is being carried out. Let it end first.")
        raise PlanOpen(text)
