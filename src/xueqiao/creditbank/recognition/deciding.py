"""The centre's decision: approve and post, reject, or send back to assessment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import evidence, moves, posting
from xueqiao.creditbank.recognition import conflicts, held, objections
from xueqiao.creditbank.recognition.refusals import refuse_silence
from xueqiao.kernel import clock, errors

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.creditbank.models import Application
    from xueqiao.people.models import Person


class NoticeRunning(errors.Refusal):
    """The public notice is not over."""

    code = "recognition.notice_running"


class NothingProposed(errors.Refusal):
    """No unit was proposed with any credit; such an application is rejected, not approved."""

    code = "recognition.nothing_proposed"


@transaction.atomic
def decide(*, application: Application, by: Person, at: datetime, reasons: str) -> Application:
    """Approve what was proposed and post it: one decision and one lot for each unit with credit.

    Raises:
        NoticeRunning, NothingProposed, ReasonMissing, objections.*, conflicts.ConflictOfInterest,
        held.UnitHeld, evidence.Altered, moves.*.
    """
    locked, repeated = moves.lock(application, "post", by=by, at=at, begins_with="approve")
    if repeated:
        return locked
    today = clock.local_date(at)
    refuse_silence(reasons)
    if locked.notice_until and today <= locked.notice_until:
        text = _("The public notice runs until {day}. Decide on the day after, or later.")
        raise NoticeRunning(text.format(day=clock.written(locked.notice_until)))
    objections.refuse_disputed(locked)
    conflicts.refuse_conflict(locked, by, today)
    evidence.check(application=locked)
    items = posting.items_of(locked)
    if not any(item.proposed_hundredths for item in items):
        raise NothingProposed(
            _("No credit was proposed for any unit. Reject the application instead.")
        )
    held.refuse_held(locked, {item.unit_id: item.proposed_hundredths or 0 for item in items})
    moves.move(locked, "approve", by=by, at=at, note=reasons)
    posting.post_application(application=locked, items=items, by=by, at=at, reasons=reasons)
    return moves.move(locked, "post", by=by, at=at, note=reasons)


@transaction.atomic
def reject(*, application: Application, by: Person, at: datetime, reasons: str) -> Application:
    """Refuse recognition, with reasons; the applicant may appeal, or apply again with more.

    Raises:
        ReasonMissing, conflicts.ConflictOfInterest, moves.*.
    """
    locked, repeated = moves.lock(application, "reject", by=by, at=at)
    if repeated:
        return locked
    refuse_silence(reasons)
    conflicts.refuse_conflict(locked, by, clock.local_date(at))
    posting.refuse_application(
        application=locked, items=posting.items_of(locked), by=by, at=at, reasons=reasons
    )
    return moves.move(locked, "reject", by=by, at=at, note=reasons)


@transaction.atomic
def send_back(*, application: Application, by: Person, at: datetime, reasons: str) -> Application:
    """Send a case back to assessment, in a new round: with a new panel, votes and public notice.

    Raises:
        ReasonMissing, moves.*.
    """
    locked, repeated = moves.lock(application, "send_back", by=by, at=at)
    if repeated:
        return locked
    refuse_silence(reasons)
    locked.round += 1
    locked.notice_until = None
    locked.save(update_fields=["round", "notice_until"])
    locked.items.update(proposed_hundredths=None)
    return moves.move(locked, "send_back", by=by, at=at, note=reasons)
