"""A recognition case as its page shows it: facts, steps, and what the reader may do next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.creditbank import moves
from xueqiao.creditbank.models import (
    Application,
    ApplicationItem,
    ApplicationStep,
    Assessment,
    InterestDeclaration,
    Revocation,
)
from xueqiao.creditbank.recognition import assessing, conflicts, panels, revoking, screening, work
from xueqiao.creditbank.rules import methods
from xueqiao.creditbank.rules import recognition as rules
from xueqiao.kernel import clock, credit, errors
from xueqiao.web.templatetags.ui import Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.db.models import QuerySet

    from xueqiao.people.models import Person

State = Application.State
# The way through, in order, with the states that stand at each place.
WAY = (
    (gettext_lazy("Submitted"), ("submitted", "returned", "draft", "lapsed")),
    (gettext_lazy("Accepted by the service point"), ("accepted",)),
    (gettext_lazy("First review"), ("screening",)),
    (gettext_lazy("Assessed"), ("assessing",)),
    (gettext_lazy("Proposed or on public notice"), ("proposed", "public_notice")),
    (gettext_lazy("Decided and posted"), ("approved", "posted", "rejected", "withdrawn")),
    (gettext_lazy("Appeal"), ("appealed", "reviewing", "upheld", "changed", "revoked")),
)
PLACE_ON_WAY = {state: place for place, (_title, states) in enumerate(WAY) for state in states}
STOPPED = frozenset({"rejected", "withdrawn", "returned", "lapsed", "revoked"})


@dataclass(frozen=True)
class Move:
    """One thing that can be done in this state. ``barrier`` says why this reader may not."""

    name: str
    address: str
    barrier: str = ""

    @property
    def title(self) -> str:
        return str(TITLES[self.name])

    @property
    def level(self) -> str:
        """How its button looks: main, danger or plain."""
        return LEVELS.get(self.name, "main")


TITLES = {
    "accept": gettext_lazy("Accept the application"),
    "return": gettext_lazy("Return for more"),
    "screen": gettext_lazy("Pass the first review"),
    "convene": gettext_lazy("Convene the panel"),
    "assess": gettext_lazy("Record the assessment"),
    "vote": gettext_lazy("Vote"),
    "propose": gettext_lazy("Send on for decision"),
    "decide": gettext_lazy("Approve and post the credit"),
    "send-back": gettext_lazy("Send back to assessment"),
    "reject": gettext_lazy("Do not recognise"),
    "take-up": gettext_lazy("Begin the review"),
    "change": gettext_lazy("Change the decision"),
    "uphold": gettext_lazy("Uphold the decision"),
    "ask-revocation": gettext_lazy("Ask for revocation"),
    "revoke": gettext_lazy("Revoke the recognition"),
    "keep": gettext_lazy("Leave it as it is"),
}
LEVELS = {
    "return": "", "send-back": "", "uphold": "", "reject": "danger", "ask-revocation": "danger",
    "revoke": "danger", "keep": "",
}  # fmt: skip
REVOKING = {"ask-revocation": "ask_revocation", "revoke": "revoke", "keep": "keep"}
# Name of the move to the verb whose stage it belongs to, by state.
MOVES: dict[str, dict[str, str]] = {
    "submitted": {"accept": "accept", "return": "return_for_more"},
    "accepted": {
        "convene": "convene", "screen": "screen", "return": "screen_back", "assess": "assess",
    },
    "screening": {"convene": "convene", "assess": "assess"},
    "assessing": {"assess": "assess_too", "vote": "vote", "propose": "propose"},
    "proposed": {"decide": "approve", "send-back": "send_back", "reject": "reject"},
    "public_notice": {"decide": "approve", "send-back": "send_back", "reject": "reject"},
    "approved": {"decide": "approve"},
    "appealed": {"take-up": "take_up"},
    "reviewing": {"change": "change", "uphold": "uphold"},
    "posted": REVOKING,
    "upheld": REVOKING,
    "changed": REVOKING,
}  # fmt: skip


# The moves that need a judgement free of ties to the applicant.
JUDGING = frozenset({"assess", "vote", "decide", "take-up"})


def reviewable(person: Person | None, day: date) -> QuerySet[Application]:
    """The cases a person may see, with what every view of them shows."""
    rows = Application.objects.reviewable_by(person, day)
    return rows.select_related("applicant", "place", "institution", "entered_by", "holder")


def read(
    application: Application, *, me: Person, day: date, typed: Mapping[str, str],
    why: errors.Refusal | None = None, tried: str = "",
) -> dict[str, Any]:  # fmt: skip
    """The context of the case page. The number of queries does not depend on the case's size.

    Args:
        application: one that the reader may see.
        me: the reader.
        day: the day on which roles count.
        typed: what the reader sent, kept in the form after a refusal.
        why: the refusal of a move.
        tried: that move; the refusal is shown beside its button.
    """
    steps = list(application.steps.select_related("actor").order_by("number"))
    panel = panels.sitting(application)
    objections = application.objections.select_related("ruling__ruled_by").order_by("pk")
    declarations = list(application.declarations.select_related("person").order_by("pk"))
    leave = _leave(declarations, me)
    return {
        "case": application,
        "steps": [(step, verb_title(step)) for step in steps],
        "way": _way(application, steps),
        "items": [
            _item(item, typed)
            for item in application.items.select_related("unit", "certificate").order_by("pk")
        ],
        "certificates": list(application.certificates.order_by("pk")),
        "work": list(application.work_periods.order_by("began")),
        "worth": work.worth(application, day),
        "evidence": list(application.evidence.order_by("pk")),
        "assessments": [
            (each, method_fields(each))
            for each in application.assessments.select_related("assessor").order_by("pk")
        ],
        "panel": panel,
        "members": _members(application, panel),
        "tally": panels.tally(application) if panel else None,
        "objections": list(objections),
        "appeal": getattr(application, "appeal", None),
        "revocations": list(
            application.revocations.select_related("asked_by", "answer__answered_by").order_by("pk")
        ),
        "grounds": Revocation.Ground.choices,
        "ties": conflicts.ties(application, me, day),
        "declarations": declarations,
        "leave": leave,
        "moves": list(_moves(application, me, day, steps, leave)),
        "may_rule": _may(application, me, day, steps, "deciding"),
        "may_assess": _may(application, me, day, steps, "assessing"),
        "waits": bool(screening.stage_of(application)),
        "methods": _methods(typed),
        "refusal": why,
        "tried": tried,
    }


def verb_title(step: ApplicationStep) -> str:
    """What a row of the history says was done: the state reached, or the act that left it."""
    return str(ACTS.get(step.verb) or step.get_to_state_display())


ACTS = {
    "convene": gettext_lazy("Panel convened"),
    "assess_too": gettext_lazy("Assessed by another member"),
    "vote": gettext_lazy("Voted"),
    "rule_on": gettext_lazy("Ruled on an objection"),
    "send_back": gettext_lazy("Sent back to assessment"),
    "ask_revocation": gettext_lazy("Revocation asked for"),
    "keep": gettext_lazy("Revocation refused"),
}


def method_fields(assessment: Assessment) -> list[tuple[str, str]]:
    """What the method wrote down, as (title, text)."""
    found = []
    for each in methods.METHODS.get(assessment.method, ()):
        value = assessment.details.get(each.name)
        if value is None:
            continue
        found.append((str(assessing.FIELDS[each.name]), _detail(each.kind, value)))
    return found


def _detail(kind: str, value: Any) -> str:
    if kind == methods.SCORE:
        return credit.show(value)
    if kind == methods.DAY:
        return clock.written(date.fromisoformat(value))
    return _("yes") if kind == methods.TICK else str(value)


def _methods(typed: Mapping[str, str]) -> list[dict[str, Any]]:
    """Each method with its fields and what was typed into them."""
    titles = dict(Assessment.Method.choices)
    return [
        {
            "value": method,
            "title": titles[method],
            "fields": [
                {
                    "name": f"{method}-{each.name}",
                    "title": assessing.FIELDS[each.name],
                    "kind": each.kind,
                    "most": each.most,
                    "required": each.required,
                    "typed": typed.get(f"{method}-{each.name}", ""),
                }
                for each in fields
            ],
        }
        for method, fields in methods.METHODS.items()
    ]


def _item(item: ApplicationItem, typed: Mapping[str, str]) -> ApplicationItem:
    """An item with ``typed``: the credits in the assessor's field, at first what was asked for."""
    standing = item.proposed_hundredths
    first = item.asked_hundredths if standing is None else standing
    item.typed = typed.get(f"unit-{item.unit_id}", credit.show(first))  # type: ignore[attr-defined]
    return item


def _members(application: Application, panel: Any) -> list[dict[str, Any]]:
    """Members of the present panel with seat, declaration and vote."""
    if panel is None:
        return []
    free = {each.person_id: each for each in application.declarations.order_by("pk")}
    digest = panels.proposal(application)
    rows = panel.members.select_related("person", "seat").prefetch_related("votes").order_by("pk")
    return [
        {
            "member": each,
            "declared": free.get(each.person_id),
            "vote": next((v for v in each.votes.all() if v.proposal == digest), None),
        }
        for each in rows
    ]


def _way(application: Application, steps: list[ApplicationStep]) -> list[Step]:
    """The way through, with who brought the case to each place on it, and when."""
    here = PLACE_ON_WAY.get(application.state, 0)
    last = {PLACE_ON_WAY[step.to_state]: step for step in steps if step.to_state in PLACE_ON_WAY}
    made = []
    for number, (title, _states) in enumerate(WAY):
        step = last.get(number) if number <= here else None
        if step is None and _left_out(application, number, here):
            continue
        stands = _stands(application.state) if number == here else "done"
        made.append(
            Step(
                title=str(application.get_state_display() if stands == "stopped" else title),
                state=stands if number <= here else "todo",
                who=step.actor.name if step and step.actor else "",
                since=step.at if step else None,
            )
        )
    return made


def _left_out(application: Application, number: int, here: int) -> bool:
    """Places that this case does not pass: no first review, no appeal, or over before."""
    review, appeal = PLACE_ON_WAY["screening"], PLACE_ON_WAY["appealed"]
    closed = application.state in rules.CLOSED_STATES
    return (
        number < here
        or closed
        or number == appeal
        or (
            number == review
            and not application.needs_screening
            and application.state != "submitted"
        )
    )


def _stands(state: str) -> Literal["done", "now", "stopped"]:
    if state in STOPPED:
        return "stopped"
    return "done" if state in rules.CLOSED_STATES else "now"


def _moves(
    application: Application, me: Person, day: date, steps: list[ApplicationStep], leave: str
) -> Iterator[Move]:
    """The moves of the present state for which the reader holds the right, and what bars them."""
    held: dict[str, bool] = {}
    free = moves.may_act(application, me, steps)
    for name, verb in MOVES.get(application.state, {}).items():
        stage = rules.MOVES[verb].stage
        if stage not in held:
            held[stage] = moves.reaches(application, me, stage, day)
        if held[stage] and _fits(application, me, name):
            barrier = "" if stage in free else two_steps_text()
            barrier = barrier or _second(application, me, name)
            barrier = barrier or (leave if name in JUDGING else "")
            yield Move(name, reverse(f"console-case-{name}", args=[application.pk]), barrier)


def _fits(application: Application, me: Person, name: str) -> bool:
    """Whether a move makes sense in this very case, for a reader who may have made it already."""
    sits = panels.sitting(application) is not None
    if name == "convene":
        return application.needs_panel or sits
    if name in REVOKING:
        asked = revoking.open_revocation(application) is not None
        return asked != (name == "ask-revocation") and bool(revoking.lots_of(application))
    if name == "assess":
        waits = application.needs_screening and application.state == State.ACCEPTED
        mine = application.assessments.filter(round=application.round, assessor=me)
        alone = application.state == State.ASSESSING and (not sits or mine.exists())
        return not waits and not alone and (sits or not application.needs_panel)
    return sits if name == "vote" else True


def _leave(declarations: list[InterestDeclaration], me: Person) -> str:
    """What the reader is told whose last declaration names a tie to the applicant; "" otherwise."""
    last = next((each for each in reversed(declarations) if each.person_id == me.pk), None)
    return conflicts.declared_tie_text(last) if last and not last.is_free else ""


def _second(application: Application, me: Person, name: str) -> str:
    """Why who asked for a revocation does not answer it; "" otherwise."""
    asked = revoking.open_revocation(application) if name in {"revoke", "keep"} else None
    if asked is None or asked.asked_by_id != me.pk:
        return ""
    return _("You asked for this revocation. A second person has to look at it and answer.")


def _may(
    application: Application, me: Person, day: date, steps: list[ApplicationStep], stage: str
) -> bool:
    """Whether the reader may act in a stage of the case."""
    return stage in moves.may_act(application, me, steps) and moves.reaches(
        application, me, stage, day
    )


def two_steps_text() -> str:
    return _("You already acted in another step of this case. Leave this step to somebody else.")
