"""The service point and the centre below: accept or return a case, pass the first review."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from xueqiao.creditbank import evidence, moves, standards
from xueqiao.creditbank.models import Application
from xueqiao.creditbank.recognition import conflicts
from xueqiao.creditbank.recognition.refusals import refuse_silence
from xueqiao.creditbank.rules import recognition as rules
from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date, datetime

    from xueqiao.people.models import Person

STEPS = "prior.steps"


class Taken(errors.Refusal):
    """Somebody else has taken the case up."""

    code = "recognition.taken"


class NotWaiting(errors.Refusal):
    """Nothing in the case waits for the person."""

    code = "recognition.not_waiting"
    status = 403


@transaction.atomic
def accept(*, application: Application, by: Person, at: datetime, note: str = "") -> Application:
    """Accept the application: it is complete and belongs to this service point.

    From how much asked credit on it needs a first review and a panel is fixed here, by the version
    of ``prior.steps`` in force.
    """
    locked, repeated = moves.lock(application, "accept", by=by, at=at)
    if repeated:
        return locked
    asked = locked.items.aggregate(total=Sum("asked_hundredths"))["total"] or 0
    value = standards.rule(STEPS, clock.local_date(at)).value
    screening, panel = value["screening_from_hundredths"], value["panel_from_hundredths"]
    locked.needs_screening = 0 < screening <= asked
    locked.needs_panel = 0 < panel <= asked
    locked.save(update_fields=["needs_screening", "needs_panel"])
    return moves.move(locked, "accept", by=by, at=at, note=note)


@transaction.atomic
def return_for_more(
    *, application: Application, by: Person, at: datetime, note: str
) -> Application:
    """Give the application back and say what is missing; so may the first review.

    Raises:
        ReasonMissing: the note is empty.
    """
    stands = Application.objects.filter(pk=application.pk).values_list("state", flat=True).get()
    verb = "screen_back" if rules.may_move("screen_back", stands) else "return_for_more"
    locked, repeated = moves.lock(application, verb, by=by, at=at)
    if repeated:
        return locked
    refuse_silence(note)
    evidence.thaw(application=locked)
    return moves.move(locked, verb, by=by, at=at, note=note)


@transaction.atomic
def screen(*, application: Application, by: Person, at: datetime, note: str = "") -> Application:
    """Pass the first review: the claims fit the units, and the evidence is worth assessing.

    Raises:
        conflicts.ConflictOfInterest, evidence.Altered, moves.*.
    """
    locked, repeated = moves.lock(application, "screen", by=by, at=at)
    if repeated:
        return locked
    conflicts.refuse_conflict(locked, by, clock.local_date(at))
    evidence.check(application=locked)
    return moves.move(locked, "screen", by=by, at=at, note=note)


@transaction.atomic
def take(*, application: Application, by: Person, at: datetime) -> Application:
    """Take a waiting case up: others see who has it. Repeating it changes nothing.

    Raises:
        Taken: somebody else has it; they, or whoever decides, can release it.
        NotWaiting: its next step is not the person's.
        moves.OwnCase, moves.TwoSteps.
    """
    locked = Application.objects.select_for_update().get(pk=application.pk)
    if locked.holder_id == by.pk:
        return locked
    if locked.holder_id is not None:
        text = _("{name} has taken this case up. Ask them to release it.")
        raise Taken(text.format(name=locked.holder))
    _refuse_not_waiting(locked, by, clock.local_date(at))
    locked.holder = by
    locked.save(update_fields=["holder"])
    return locked


@transaction.atomic
def release(*, application: Application, by: Person, at: datetime) -> Application:
    """Give a case that was taken up back to all; the holder may, and whoever decides."""
    locked = Application.objects.select_for_update().get(pk=application.pk)
    if locked.holder_id is None:
        return locked
    may = locked.holder_id == by.pk or moves.reaches(locked, by, "deciding", clock.local_date(at))
    if not may:
        raise rights.NotAllowed(rights.not_allowed_text())
    locked.holder = None
    locked.save(update_fields=["holder"])
    return locked


def stage_of(application: Application) -> str:
    """The stage of the step that a case waits for; "" where none waits."""
    if application.state == "accepted":
        return "screening" if application.needs_screening else "assessing"
    return WAITING.get(application.state, "")


WAITING = {
    "submitted": "accepting",
    "screening": "assessing",
    "assessing": "assessing",
    "proposed": "deciding",
    "public_notice": "deciding",
    "approved": "deciding",
    "appealed": "reviewing",
    "reviewing": "reviewing",
}


def _refuse_not_waiting(application: Application, by: Person, day: date) -> None:
    stage = stage_of(application)
    own = application.applicant_id == by.pk
    if own or not stage or not moves.reaches(application, by, stage, day):
        raise NotWaiting(_("Nothing in this case waits for you. Choose one of your work list."))
    moves.refuse_two_steps(stage, by, application.steps.all())
