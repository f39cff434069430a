"""One move of an application: who may make it, from where, and the audit row it leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from xueqiao.creditbank import rules
from xueqiao.creditbank.models import Application, ApplicationStep
from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import datetime

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
    "screening": rights.RECOGNITION_ACCEPT,
    "assessing": rights.RECOGNITION_ASSESS,
    "deciding": rights.RECOGNITION_DECIDE,
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
    stage = rules.APPLICATION_MOVES[first][2]
    _refuse_person(locked, stage, by, at)
    if not rules.may_move(first, locked.state):
        last = steps[-1] if steps else None
        if last and last.actor_id == by.pk and last.verb in (verb, _twin(verb)):
            return locked, True
        raise WrongState(wrong_state_text(locked))
    earlier = {step.stage for step in steps if step.actor_id == by.pk}
    if rules.passes_two_steps(stage, earlier):
        text = _(
            "You already acted in another step of this case. Leave this step to somebody else."
        )
        raise TwoSteps(text)
    return locked, False


def move(
    application: Application, verb: str, *, by: Person, at: datetime, note: str = ""
) -> Application:
    """Make a move that ``lock`` has let through, and write its audit row."""
    froms, to_state, stage = rules.APPLICATION_MOVES[verb]
    assert application.state in froms, (verb, application.state)
    ApplicationStep.objects.create(
        application=application, number=application.steps.count() + 1, verb=verb, stage=stage,
        from_state=application.state, to_state=to_state, actor=by, note=note, at=at,
    )  # fmt: skip
    application.state = to_state
    application.state_since = at
    application.save(update_fields=["state", "state_since"])
    return application


def may_act(application: Application, person: Person, steps: list[ApplicationStep]) -> set[str]:
    """The stages in which the person has not disqualified themselves, rights apart."""
    if application.applicant_id == person.pk:
        return {"asking"}
    earlier = {step.stage for step in steps if step.actor_id == person.pk}
    return {stage for stage in POLICIES if not rules.passes_two_steps(stage, earlier)}


def _refuse_person(application: Application, stage: str, by: Person, at: datetime) -> None:
    own = application.applicant_id == by.pk
    if stage == "asking":
        if own or application.entered_by_id == by.pk:
            return
        raise rights.NotAllowed(rights.not_allowed_text())
    if own:
        raise OwnCase(_("This is your own application. Somebody else has to review it."))
    reach = rights.within(
        by, POLICIES[stage], clock.local_date(at), place="place_id", institution="institution_id"
    )
    if not Application.objects.filter(pk=application.pk).filter(reach).exists():
        raise rights.NotAllowed(rights.not_allowed_text())


def _twin(verb: str) -> str:
    # ``propose`` leaves the step ``publish`` where a rule sets a public notice.
    return "publish" if verb == "propose" else verb


def wrong_state_text(application: Application) -> str:
    text = _("The application is “{state}” now. Load the page again to see what can be done.")
    return text.format(state=application.get_state_display())
