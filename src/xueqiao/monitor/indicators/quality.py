"""How learning ends."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from xueqiao.monitor.indicator import (
    Clock,
    Counted,
    Direction,
    Indicator,
    Measure,
    RollUp,
    Unit,
)

TOWN = 4


def enrolments(condition: str) -> Measure:
    """Enrolments closed in a year, where the institution that ran the class sits."""
    return Measure(
        counts=Counted.ENROLMENTS,
        rolls_up=RollUp.SUM,
        sql=f"""
            select register, place_id, year(closed_day) as period, count(*) as n,
                   count(*) filter (is_sample) as samples
            from enrolment join enrolment_place using (enrolment_id)
            where {condition}
            group by all
        """,  # noqa: S608 - the condition is a constant of this file
    )


COMPLETION = Indicator(
    code="Q02",
    title=_("Enrolments that end with completion"),
    meaning=_(
        "Enrolments closed in the year with a pass or a distinction, of all enrolments closed in "
        "it: passed, failed or given up. An enrolment counts where the institution sits that ran "
        "the class."
    ),
    unit=Unit.PERCENT,
    numerator=enrolments("is_completed"),
    denominator=enrolments("true"),
    grain=TOWN,
    clock=Clock.DURING_YEAR,
    better=Direction.HIGHER,
    source="requirements Q02",
)
