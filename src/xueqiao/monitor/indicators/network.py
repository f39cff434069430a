"""How far the network reaches: shares of places that have what they should have."""

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

TOWN, CITY, VILLAGE = 4, 2, 5


def units(level: int) -> Measure:
    """All places of a level in a register."""
    return Measure(
        counts=Counted.PLACES,
        rolls_up=RollUp.SUM,
        sql=f"""
            select register, place_id, period, 1 as n, 0 as samples
            from place cross join latest_year where level = {level}
        """,  # noqa: S608 - the level is a constant of this file
    )


def units_with(level: int, *, institution: str, at_least: int = 1) -> Measure:
    """The places of a level in or below which enough active institutions of a kind sit.

    A place rests on sample data when not even one of its institutions is real.
    """
    return Measure(
        counts=Counted.PLACES,
        rolls_up=RollUp.SUM,
        sql=f"""
            select register, place_id, period, 1 as n, min(is_sample::int) as samples
            from institution_reach
            join latest_year on valid_from <= day and coalesce(day < valid_to, true)
            where level = {level} and {institution}
            group by all having count(distinct institution_id) >= {at_least}
        """,  # noqa: S608 - all parts are constants of this file
    )


TOWN_CENTRES = Indicator(
    code="N02",
    title=_("Towns with a community education centre"),
    meaning=_(
        "Towns and subdistricts in which at least one community education centre is active, of "
        "all towns and subdistricts that the register lists."
    ),
    unit=Unit.PERCENT,
    numerator=units_with(TOWN, institution="kind = 'town_centre'"),
    denominator=units(TOWN),
    grain=TOWN,
    clock=Clock.AT_DAY,
    better=Direction.HIGHER,
    target=Target(value=Fraction(100), basis="S0"),
    source="requirements N02",
)

VILLAGE_POINTS = Indicator(
    code="N03",
    title=_("Villages with a learning point"),
    meaning=_(
        "Villages and residential communities in which at least one residents' school is active, "
        "of all that the register lists. The civil-affairs register lists no villages."
    ),
    unit=Unit.PERCENT,
    numerator=units_with(VILLAGE, institution="kind = 'village_school'"),
    denominator=units(VILLAGE),
    registers=("nbs",),
    grain=VILLAGE,
    clock=Clock.AT_DAY,
    better=Direction.HIGHER,
    target=Target(value=Fraction(100), basis="S0"),
    source="requirements N03",
)

TOWN_ELDER_BODIES = Indicator(
    code="N05",
    title=_("Towns with an institution for elders"),
    meaning=_(
        "Towns and subdistricts in or below which at least one institution that serves elders is "
        "active, of all towns and subdistricts that the register lists."
    ),
    unit=Unit.PERCENT,
    numerator=units_with(TOWN, institution="serves_elders"),
    denominator=units(TOWN),
    grain=TOWN,
    clock=Clock.AT_DAY,
    better=Direction.HIGHER,
    target=Target(value=Fraction(70), strictly=True, basis="S2"),
    source="requirements N05",
)

CITY_ELDER_UNIVERSITIES = Indicator(
    code="N06",
    title=_("Cities with at least four universities of the third age"),
    meaning=_(
        "Cities in which at least four universities of the third age are active, in the city "
        "itself or in its counties, of all cities that the register lists."
    ),
    unit=Unit.PERCENT,
    numerator=units_with(CITY, institution="kind = 'elder_university'", at_least=4),
    denominator=units(CITY),
    grain=CITY,
    clock=Clock.AT_DAY,
    better=Direction.HIGHER,
    target=Target(value=Fraction(100), basis="S2"),
    source="requirements N06",
)
