"""One move of an application: who may make it, from where, and the audit row it leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from xueqiao.creditbank import deadlines, notices
from xueqiao.creditbank.models import Application, ApplicationStep
from xueqiao.creditbank.rules import recognition as rules
from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from xueqiao.people.models import Person


class WrongState(errors.Refusal):
    """The application does not stand where this move begins."""

    code = "recognition.wrong_state"


class OwnCase(errors.Refusal):
    """Nobody reviews what they asked for themselves."""

    code = "recognition.own_case"
    status = 403


class TwoSteps(errors.Refusal):
    """Somebody who acted in one stage of a case would act in another."""

    code = "recognition.two_steps"
    status = 403


POLICIES = {
    "accepting": rights.RECOGNITION_ACCEPT,
    "screening": rights.RECOGNITION_SCREEN,
    "assessing": rights.RECOGNITION_ASSESS,
    "deciding": rights.RECOGNITION_DECIDE,
    "reviewing": rights.RECOGNITION_REVIEW,
    "revoking": rights.RECOGNITION_REVOKE,
}


def lock(
    application: Application, verb: str, *, by: Person, at: datetime, begins_with: str = ""
) -> tuple[Application, bool]:
    """Lock an application for a move; the fresh row, and whether the same move was made before.

    Args:
        begins_with: the first of several moves that the verb makes; its state is the one checked.

    Raises:
        WrongState, OwnCase, TwoSteps, rights.NotAllowed.
    """
    first = begins_with or verb
    locked = Application.objects.select_for_update().get(pk=application.pk)
    steps = list(locked.steps.order_by("number"))
    stage = rules.MOVES[first].stage
    _refuse_person(locked, stage, by, at)
    if not rules.may_move(first, locked.state):
        last = steps[-1] if steps else None
        if last and last.actor_id == by.pk and last.verb in (verb, _twin(verb)):
            return locked, True
        raise WrongState(wrong_state_text(locked))
    refuse_two_steps(stage, by, steps)
    return locked, False


def move(
    application: Application, verb: str, *, by: Person | None, at: datetime, note: str = ""
) -> Application:
    """Make a move that ``lock`` has let through: its audit row, the next due day, the notice.

    A move that leaves the state as it is (a vote, a ruling) leaves a row only. ``by`` is None where
    the calendar made the move.
    """
    froms, to_state, stage = rules.MOVES[verb]
    assert application.state in froms, (verb, application.state)
    number = application.steps.count() + 1
    ApplicationStep.objects.create(
        application=application, number=number, verb=verb, stage=stage,
        from_state=application.state, to_state=to_state or application.state, actor=by, note=note,
        at=at,
    )  # fmt: skip
    if not to_state:
        return application
    application.state, application.state_since, application.holder = to_state, at, None
    application.due_on = _due(application, clock.local_date(at))
    application.save(update_fields=["state", "state_since", "holder", "due_on"])
    if to_state in rules.DEAD_STATES:
        application.certificates.filter(live=True).update(live=False)
    if by is None or by.pk != application.applicant_id:
        notices.tell_of_step(application, number=number, note=note, at=at)
    return application


def may_act(application: Application, person: Person, steps: Iterable[ApplicationStep]) -> set[str]:
    """The stages in which the person has not disqualified themselves, rights apart."""
    if application.applicant_id == person.pk:
        return {"asking"}
    earlier = _stages(person, steps)
    return {stage for stage in POLICIES if not rules.passes_two_steps(stage, earlier)}


def refuse_two_steps(stage: str, by: Person, steps: Iterable[ApplicationStep]) -> None:
    """Raises TwoSteps: the person acted in another stage of the case."""
    if rules.passes_two_steps(stage, _stages(by, steps)):
        text = _(
            "You already acted in another step of this case. Leave this step to somebody else."
        )
        raise TwoSteps(text)


def reaches(application: Application, person: Person, stage: str, day: date) -> bool:
    """Whether a role of the person reaches the case for the stage."""
    reach = rights.within(
        person, POLICIES[stage], day, place="place_id", institution="institution_id"
    )
    return Application.objects.filter(pk=application.pk).filter(reach).exists()


def _stages(person: Person, steps: Iterable[ApplicationStep]) -> set[str]:
    return {step.stage for step in steps if step.actor_id == person.pk}


def _refuse_person(application: Application, stage: str, by: Person, at: datetime) -> None:
    own = application.applicant_id == by.pk
    if stage == "asking":
        if own or application.entered_by_id == by.pk:
            return
        raise rights.NotAllowed(rights.not_allowed_text())
    if own:
        raise OwnCase(_("This is your own application. Somebody else has to review it."))
    if not reaches(application, by, stage, clock.local_date(at)):
        raise rights.NotAllowed(rights.not_allowed_text())


def _due(application: Application, today: date) -> date | None:
    """The last day for the next step, by the measures in force; None where none waits."""
    if application.state in {"draft", "returned"}:
        return deadlines.lapses_on(application.state, today)
    begins = application.notice_until if application.state == "public_notice" else None
    return deadlines.due_on(application.state, begins or today)


def _twin(verb: str) -> str:
    # ``propose`` leaves the step ``publish`` where a rule sets a public notice.
    return "publish" if verb == "propose" else verb


def wrong_state_text(application: Application) -> str:
    text = _("The application is “{state}” now. Load the page again to see what can be done.")
    return text.format(state=application.get_state_display())
