"""What is spent."""

from __future__ import annotations

from fractions import Fraction

from django.utils.translation import gettext_lazy as _

from xueqiao.monitor.indicator import (
    Clock,
    Counted,
    Direction,
    Indicator,
    Measure,
    RollUp,
    Target,
    Unit,
)

COUNTY = 3

PER_RESIDENT = Indicator(
    code="F01",
    title=_("Approved budget per resident"),
    meaning=_(
        "Fiscal budget for lifelong education approved for the year by the place and the places "
        "below it, divided by its residents at the census of 2020. Beside the value: in how many "
        "of its counties a budget is known."
    ),
    unit=Unit.YUAN_PER_PERSON,
    numerator=Measure(
        counts=Counted.FEN,
        rolls_up=RollUp.SUM,
        sql="""
            select anchor.register, anchor.anchor_id as place_id, year as period, sum(fen) as n,
                   sum(fen) filter (is_sample) as samples
            from budget join anchor using (place_id) group by all
        """,
    ),
    denominator=Measure(
        counts=Counted.PERSONS,
        rolls_up=RollUp.SUM,
        is_standing=True,
        sql="""
            select register, place_id, residents as n, 0 as samples
            from population where census = 2020
        """,
    ),
    grain=COUNTY,
    clock=Clock.DURING_YEAR,
    better=Direction.HIGHER,
    target=Target(value=Fraction(5), basis="S0"),
    completeness=f"""
        select county.register, county.place_id, known.year as period, 1 as expected,
               max((budget.place_id is not null)::int) as reported
        from place county cross join (select distinct year from budget) known
        left join budget on budget.place_id = county.place_id and budget.year = known.year
        where county.level = {COUNTY} group by all
    """,  # noqa: S608 - the level is a constant of this file
    source="requirements F01",
)
