"""Who learns: distinct persons, recounted at every level, and attendances, which are no rate."""

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

COUNTY, VILLAGE = 3, 5
ELDER, ADULT = 60, 15

# Who has no known year of birth belongs to no age group; the completeness says how many that are.
KNOWN_AGE = """
    select home.register, home.place_id, year(month) as period, learner_id as member,
           learner.birth_year is not null as is_known
    from learner_month join learner using (learner_id) join learner_place home using (learner_id)
    where activities > 0
"""


def active(age: int) -> Measure:
    """Persons of an age and over at the end of the year, with a counted activity in that year."""
    return Measure(
        counts=Counted.PERSONS,
        rolls_up=RollUp.DISTINCT,
        sql=f"""
            select home.register, home.place_id, year(month) as period, learner_id as member,
                   learner.is_sample
            from learner_month
            join learner using (learner_id) join learner_place home using (learner_id)
            where activities > 0 and year(month) - learner.birth_year >= {age}
        """,  # noqa: S608 - the age is a constant of this file
    )


def residents(age: int) -> Measure:
    """Residents of an age and over at the census of 2020."""
    return Measure(
        counts=Counted.PERSONS,
        rolls_up=RollUp.SUM,
        is_standing=True,
        sql=f"""
            select register, place_id, residents_{age} as n, 0 as samples
            from population where census = 2020
        """,  # noqa: S608 - the age is a constant of this file
    )


ELDERS_YEARLY = Indicator(
    code="P01",
    title=_("Elders who learn during the year"),
    meaning=_(
        "Distinct persons aged 60 and over at the end of the year with at least one counted "
        "activity in it, of the residents aged 60 and over at the census of 2020. A person "
        "counts where home is; persons without a known home or year of birth are left out and "
        "shown beside the value. The census gives ages by county, so the rate ends there."
    ),
    unit=Unit.PERCENT,
    numerator=active(ELDER),
    denominator=residents(ELDER),
    grain=COUNTY,
    clock=Clock.DURING_YEAR,
    better=Direction.HIGHER,
    target=Target(value=Fraction(25), strictly=True, basis="S2"),
    completeness=KNOWN_AGE,
    may_exceed=True,
    source="requirements P01",
)

RESIDENTS_YEARLY = Indicator(
    code="P03",
    title=_("Residents who learn during the year"),
    meaning=_(
        "Distinct persons aged 15 and over at the end of the year with at least one counted "
        "activity in it, of the residents aged 15 and over at the census of 2020. A person "
        "counts where home is; persons without a known home or year of birth are left out and "
        "shown beside the value. The census gives ages by county, so the rate ends there."
    ),
    unit=Unit.PERCENT,
    numerator=active(ADULT),
    denominator=residents(ADULT),
    grain=COUNTY,
    clock=Clock.DURING_YEAR,
    better=Direction.HIGHER,
    completeness=KNOWN_AGE,
    may_exceed=True,
    source="requirements P03",
)

ATTENDANCES = Indicator(
    code="P09",
    title=_("Attendances"),
    meaning=_(
        "One learner in one class (or, outside classes, on one platform) on one day is one "
        "attendance, however many activities. It counts visits, not persons, and is never a "
        "rate. Attendances of learners without a known home are shown beside the value."
    ),
    unit=Unit.ATTENDANCES,
    numerator=Measure(
        counts=Counted.ATTENDANCES,
        rolls_up=RollUp.SUM,
        sql="""
            select home.register, home.place_id, year(month) as period, sum(attendances) as n,
                   sum(attendances) filter (learner.is_sample) as samples
            from learner_month
            join learner using (learner_id) join learner_place home using (learner_id)
            group by all
        """,
    ),
    denominator=None,
    grain=VILLAGE,
    clock=Clock.DURING_YEAR,
    better=Direction.NEITHER,
    source="requirements P09",
)
