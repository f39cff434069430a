"""A recognition case as its page shows it: facts, steps, and what the reader may do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.creditbank import moves, rules
from xueqiao.creditbank.models import Application, ApplicationItem, ApplicationStep, Assessment
from xueqiao.kernel import credit, errors
from xueqiao.people import rights
from xueqiao.web.templatetags.ui import Step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from django.db.models import QuerySet

    from xueqiao.people.models import Person

# The way through, in order.
WAY = (
    gettext_lazy("Submitted"),
    gettext_lazy("Accepted for assessment"),
    gettext_lazy("Assessed"),
    gettext_lazy("Proposed or on public notice"),
    gettext_lazy("Decided and posted"),
)
PLACE_ON_WAY = {
    "submitted": 0,
    "returned": 0,
    "accepted": 1,
    "assessing": 2,
    "proposed": 3,
    "public_notice": 3,
    "approved": 4,
    "posted": 4,
    "rejected": 4,
    "withdrawn": 4,
}
STAGE_OF_STATE = {
    "submitted": "screening",
    "accepted": "assessing",
    "assessing": "assessing",
    "proposed": "deciding",
    "public_notice": "deciding",
    "approved": "deciding",
}


@dataclass(frozen=True)
class Move:
    """One thing that can be done in this state. ``barrier`` says why this reader may not."""

    name: str
    address: str
    barrier: str = ""

    @property
    def title(self) -> str:
        return str(TITLES[self.name])


TITLES = {
    "accept": gettext_lazy("Accept for assessment"),
    "return": gettext_lazy("Return for more"),
    "assess": gettext_lazy("Record the assessment"),
    "propose": gettext_lazy("Send on for decision"),
    "decide": gettext_lazy("Approve and post the credit"),
    "reject": gettext_lazy("Do not recognise"),
}


def reviewable(person: Person | None, day: date) -> QuerySet[Application]:
    """The cases a person may see, with what every view of them shows."""
    rows = Application.objects.reviewable_by(person, day)
    return rows.select_related("applicant", "place", "institution", "entered_by")


def read(
    application: Application, *, me: Person, day: date, typed: Mapping[str, str],
    why: errors.Refusal | None = None, tried: str = "",
) -> dict[str, Any]:  # fmt: skip
    """The context of the case page. Six queries.

    Args:
        application: one that the reader may see.
        me: the reader.
        day: the day on which roles count.
        typed: what the reader sent, kept in the form after a refusal.
        why: the refusal of a move.
        tried: that move; the refusal is shown beside its button.
    """
    steps = list(application.steps.select_related("actor").order_by("number"))
    return {
        "case": application,
        "steps": steps,
        "way": _way(application, steps),
        "items": [_item(item, typed) for item in application.items.select_related("unit")],
        "evidence": application.evidence.order_by("pk"),
        "assessments": application.assessments.select_related("assessor").order_by("pk"),
        "moves": _moves(application, me, day, steps),
        "methods": Assessment.Method.choices,
        "refusal": why,
        "tried": tried,
    }


def _item(item: ApplicationItem, typed: Mapping[str, str]) -> ApplicationItem:
    """An item with ``typed``: the credits in the assessor's field, at first what was asked for."""
    kept = typed.get(f"unit-{item.unit_id}", credit.show(item.asked_hundredths))
    item.typed = kept  # type: ignore[attr-defined]
    return item


def _way(application: Application, steps: list[ApplicationStep]) -> list[Step]:
    """The way through, with who brought the case to each place on it, and when."""
    here = PLACE_ON_WAY.get(application.state, 0)
    last = {PLACE_ON_WAY[step.to_state]: step for step in steps if step.to_state in PLACE_ON_WAY}
    made = []
    for number, title in enumerate(WAY):
        step = last.get(number) if number <= here else None
        stands = _stands(application.state) if number == here else "done"
        made.append(
            Step(
                title=str(application.get_state_display() if stands == "stopped" else title),
                state=stands if number <= here else "todo",
                who=step.actor.name if step else "",
                since=step.at if step else None,
            )
        )
    return made


def _stands(state: str) -> Literal["done", "now", "stopped"]:
    if state in {"rejected", "withdrawn", "returned"}:
        return "stopped"
    return "done" if state in rules.CLOSED_STATES else "now"


def _moves(
    application: Application, me: Person, day: date, steps: list[ApplicationStep]
) -> list[Move]:
    """The moves of the present state for which the reader holds the right, and what bars them."""
    stage = STAGE_OF_STATE.get(application.state)
    if stage is None or not holds(application, me, stage, day):
        return []
    barrier = "" if stage in moves.may_act(application, me, steps) else two_steps_text()
    return [
        Move(name, reverse(f"console-case-{name}", args=[application.pk]), barrier)
        for name in MOVES[application.state]
    ]


MOVES = {
    "submitted": ("accept", "return"),
    "accepted": ("assess",),
    "assessing": ("propose",),
    "proposed": ("decide", "reject"),
    "public_notice": ("decide", "reject"),
    "approved": ("decide",),
}


def holds(application: Application, me: Person, stage: str, day: date) -> bool:
    """Whether a role of the person reaches the case for the stage."""
    reach = rights.within(
        me, moves.POLICIES[stage], day, place="place_id", institution="institution_id"
    )
    return Application.objects.filter(reach, pk=application.pk).exists()


def two_steps_text() -> str:
    return _("You already acted in another step of this case. Leave this step to somebody else.")
