"""How far the credit bank reaches."""

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
from xueqiao.monitor.indicators.participation import ADULT, COUNTY, residents

ACCOUNTS = Indicator(
    code="X01",
    title=_("Residents with a lifelong learning account"),
    meaning=_(
        "Persons aged 15 and over whose lifelong learning account is open on the last day of the "
        "year (in the running year: on the day of computation), of the residents aged 15 and "
        "over at the census of 2020. Persons without a known home or year of birth are left out."
    ),
    unit=Unit.PERCENT,
    numerator=Measure(
        counts=Counted.PERSONS,
        rolls_up=RollUp.DISTINCT,
        sql=f"""
            select home.register, home.place_id, period, learner_id as member, learner.is_sample
            from account join learner using (learner_id) join learner_place home using (learner_id)
            join years on opened_day <= day
            where period - learner.birth_year >= {ADULT}
        """,  # noqa: S608 - the age is a constant
    ),
    denominator=residents(ADULT),
    grain=COUNTY,
    clock=Clock.AT_DAY,
    better=Direction.HIGHER,
    completeness="""
        select home.register, home.place_id, period, learner_id as member,
               learner.birth_year is not null as is_known
        from account join learner using (learner_id) join learner_place home using (learner_id)
        join years on opened_day <= day
    """,
    may_exceed=True,
    source="requirements X01",
)
