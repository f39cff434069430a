"""The road of an application as its learner sees it: what was done, who has it, until when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.creditbank.models import Application
from xueqiao.creditbank.rules import recognition as rules
from xueqiao.web.templatetags.ui import Step

if TYPE_CHECKING:
    from xueqiao.creditbank.models import ApplicationStep

State = Application.State
# In order, with who has it while it stands there.
ROAD = [
    (State.DRAFT, gettext_lazy("You")),
    (State.SUBMITTED, gettext_lazy("Service point")),
    (State.ACCEPTED, gettext_lazy("Centre below, first review")),
    (State.SCREENING, gettext_lazy("Assessors")),
    (State.ASSESSING, gettext_lazy("Assessors")),
    (State.PUBLIC_NOTICE, gettext_lazy("Management centre, deciding")),
    (State.POSTED, gettext_lazy("Your account")),
]
APPEAL = [
    (State.APPEALED, gettext_lazy("Management centre, somebody new")),
    (State.REVIEWING, gettext_lazy("Management centre, somebody new")),
]
STANDS_AT = {
    State.RETURNED: State.DRAFT,
    State.PROPOSED: State.PUBLIC_NOTICE,
    State.APPROVED: State.POSTED,
}
STOPPED = frozenset({"rejected", "withdrawn", "lapsed", "revoked"})
# What members of a panel and the centre do among themselves.
INTERNAL = frozenset({"convene", "assess_too", "vote", "rule_on", "ask_revocation", "keep"})


def of(application: Application) -> list[Step]:
    """What was done, by whom and when; who has it now and until when; what is still to come."""
    rows = application.steps.exclude(verb__in=INTERNAL).select_related("actor").order_by("number")
    done = [_done(row) for row in rows]
    if application.state in rules.CLOSED_STATES:
        return done
    way = APPEAL if application.state in dict(APPEAL) else _way(application)
    at = STANDS_AT.get(State(application.state), State(application.state))
    places = [state for state, _who in way]
    here = places.index(at)
    now = done.pop()
    text = _with(application, str(way[here][1]))
    current = Step(now.title, "now", text, now.since, now.note)
    return [*done, current, *(Step(str(state.label), "todo") for state in places[here + 1 :])]


def _way(application: Application) -> list[tuple[State, object]]:
    """The road without the first review where this case needs none."""
    if application.needs_screening or application.state == State.SCREENING:
        return list(ROAD)
    assessors = dict(ROAD)[State.SCREENING]
    return [
        (state, assessors if state == State.ACCEPTED else who)
        for state, who in ROAD
        if state != State.SCREENING
    ]


def _done(row: ApplicationStep) -> Step:
    stands = "stopped" if row.to_state in STOPPED else "done"
    who = row.actor.name if row.actor else ""
    title = _("Sent back to assessment") if row.verb == "send_back" else row.get_to_state_display()
    return Step(title, stands, who, row.at, row.note)  # type: ignore[arg-type]


def _with(application: Application, who: str) -> str:
    """Who has it, by name where somebody took it up, and until when."""
    if application.holder_id:
        who = f"{who} ({application.holder.name})"  # type: ignore[union-attr]
    if application.due_on is None:
        return _("now with: {who}").format(who=who)
    day = date_format(application.due_on, "DATE_FORMAT")
    return _("now with: {who}, until {day}").format(who=who, day=day)
