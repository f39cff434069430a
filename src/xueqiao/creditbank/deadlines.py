"""Until when each step of a case should be made: numbers of measures, looked up by day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from xueqiao.creditbank import rules, standards

if TYPE_CHECKING:
    from datetime import date

STEPS, LAPSE, APPEAL = "prior.deadlines", "prior.lapse", "prior.appeal"


def due_on(state: str, begins: date) -> date | None:
    """The last day for the step that waits in a state; None where none waits, or no measure says.

    The rule ``prior.deadlines`` names working days by state.
    """
    days = _number(STEPS, f"{state}_working_days", begins)
    return rules.working_days_later(begins, days) if days else None


def lapses_on(state: str, begins: date) -> date | None:
    """The last day on which the applicant can go on with a draft or a returned application."""
    days = _number(LAPSE, f"{state}_days", begins)
    return begins + timedelta(days=days) if days else None


def warned_days(today: date) -> int:
    """So many days before an application lapses its applicant is told."""
    return _number(LAPSE, "warn_days", today)


def appeal_until(decided: date) -> date | None:
    """The last day for an appeal against a decision of that day; None: none is foreseen."""
    days = _number(APPEAL, "days", decided)
    return decided + timedelta(days=days) if days else None


def _number(code: str, name: str, day: date) -> int:
    try:
        return int(standards.rule(code, day).value.get(name, 0))
    except standards.NoRule:
        return 0
