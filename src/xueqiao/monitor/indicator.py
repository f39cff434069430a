"""What an indicator is: a definition that can be checked, computed and shown.

Numerator and denominator are SQL over the lake's marts (``lake/marts/*.sql``). Each gives rows of
the lowest places, and its roll-up says how the places above get theirs:

=========  ================================================  =====================================
roll-up    columns of the SQL                                a place gets
=========  ================================================  =====================================
SUM        register, place_id, period, n, samples            the sum over itself and all below it
DISTINCT   register, place_id, period, member, is_sample     their members, each counted once
=========  ================================================  =====================================

``samples`` is how much of ``n`` rests on sample data; ``place_id`` null is "no known place". A
standing measure (a census) holds for every period and has no column ``period``. Besides the marts
the SQL may read ``years`` (period, day), the calendar years of the computation with the last day
covered of each, and ``latest_year``, the last of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from xueqiao.kernel import errors

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class MixedUnits(errors.Refusal):
    """A definition divides what may not be divided, such as attendances by persons as per cent."""

    code = "monitor.mixed_units"


class Counted(Enum):
    """What is counted, with the word people use."""

    PLACES = _("places")
    PERSONS = _("persons")
    ATTENDANCES = _("attendances")
    ENROLMENTS = _("enrolments")
    FEN = _("fen")


class Unit(Enum):
    """The unit in which a value is shown."""

    PERCENT = _("%")
    YUAN_PER_PERSON = _("yuan per resident")
    ATTENDANCES = _("person-times")


class RollUp(Enum):
    """How a measure gets from its base rows to the places above them. Rates are never averaged."""

    SUM = "sum"
    DISTINCT = "distinct"


class Direction(Enum):
    """Which way is better."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


class Clock(Enum):
    """What a period means: the whole year, or the state on the last day covered."""

    DURING_YEAR = "during"
    AT_DAY = "at"


@dataclass(frozen=True, kw_only=True)
class Measure:
    """Numerator or denominator: what is counted, the SQL that counts it, how it rolls up."""

    counts: Counted
    sql: str
    rolls_up: RollUp
    is_standing: bool = False


@dataclass(frozen=True, kw_only=True)
class Target:
    """The value to reach, in the indicator's unit, and the document that sets it."""

    value: Fraction
    strictly: bool = False
    basis: str = ""

    def is_met(self, value: Fraction) -> bool:
        return value > self.value if self.strictly else value >= self.value


@dataclass(frozen=True, kw_only=True)
class Indicator:
    """A number of the cockpit. Refused at definition when its units do not fit.

    Attributes:
        code: as in the requirements: N02.
        version: raised whenever the meaning changes; stored with every value.
        meaning: what is counted, of what, and what is left out: the text of the definition panel.
        registers: in whose trees it is computed; each needs its own denominator.
        grain: the deepest level (1 province … 5 village) at which it has a meaning.
        completeness: SQL with register, place_id, period and, for a numerator that is summed,
            ``expected`` and ``reported``, for one of distinct members ``member`` and ``is_known``;
            rolled up like it. "" where the numerator is complete by construction.
        may_exceed: whether the numerator may be larger than the denominator of a percentage,
            because the two come from different sources.
        source: requirement or document that asks for it.
    """

    code: str
    version: int = 1
    title: StrPromise
    meaning: StrPromise
    unit: Unit
    numerator: Measure
    denominator: Measure | None
    registers: tuple[str, ...] = ("nbs", "mca")
    grain: int
    clock: Clock
    better: Direction
    target: Target | None = None
    completeness: str = ""
    may_exceed: bool = False
    source: str

    def __post_init__(self) -> None:
        above = self.numerator.counts
        below = self.denominator.counts if self.denominator else None
        fits = {
            Unit.PERCENT: above == below and above is not Counted.FEN,
            Unit.YUAN_PER_PERSON: (above, below) == (Counted.FEN, Counted.PERSONS),
            Unit.ATTENDANCES: (above, below) == (Counted.ATTENDANCES, None),
        }
        if not fits[self.unit]:
            raise MixedUnits(
                f"{self.code} counts {above.name} over {below.name if below else 'nothing'}, which "
                f"is no {self.unit.name}. Count the same thing above and below, or change the unit."
            )

    @property
    def factor(self) -> Fraction:
        """What the stored quotient is multiplied by to be in the shown unit."""
        return {
            Unit.PERCENT: Fraction(100),
            Unit.YUAN_PER_PERSON: Fraction(1, 100),
            Unit.ATTENDANCES: Fraction(1),
        }[self.unit]

    def value(self, numerator: int, denominator: int | None) -> Fraction:
        """The exact value in the shown unit."""
        return self.factor * numerator / (denominator or 1)
