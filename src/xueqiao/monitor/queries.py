"""What pages ask of the monitor. At most three database queries each; none needs the lake."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.monitor import rules
from xueqiao.monitor.indicators import ALL, BY_CODE
from xueqiao.monitor.models import IndicatorValue

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime
    from decimal import Decimal

    from xueqiao.monitor.indicator import Indicator


class UnknownIndicator(errors.Refusal):
    """No definition in force has this code."""

    code = "monitor.unknown_indicator"
    status = 404


@dataclass(frozen=True)
class Figure:
    """A value that a page can show and open: both numbers, register, dates, completeness.

    Attributes:
        place: the ``network.Place``, or None for what belongs to no known place.
        period: calendar year.
        expected, reported: what a complete numerator would rest on, and what it does rest on.
        unplaced: how much more was counted (or, for rates of persons, how many persons were active)
            without a known place; None where nobody asked.
    """

    indicator: Indicator
    place: Any
    register: str
    period: int
    numerator: int
    denominator: int | None
    expected: int
    reported: int
    as_of: date
    computed_at: datetime
    source_class: str
    unplaced: int | None = None

    @property
    def exact(self) -> Fraction:
        return self.indicator.value(self.numerator, self.denominator)

    @property
    def shown(self) -> Decimal:
        """The value in the indicator's unit: two decimals, whole for counts; rounded half up."""
        return rules.rounded(self.exact, 2 if self.indicator.denominator else 0)

    @property
    def completeness(self) -> Decimal | None:
        """Reported of expected in per cent, one decimal; None when nothing was expected."""
        if not self.expected:
            return None
        return rules.rounded(Fraction(self.reported * rules.PERCENT, self.expected), 1)

    @property
    def meets_target(self) -> bool | None:
        """Whether the target is met; None without one. Judged on the exact value."""
        return self.indicator.target.is_met(self.exact) if self.indicator.target else None


def definitions() -> tuple[Indicator, ...]:
    """All definitions in force, in the order of the cockpit."""
    return ALL


def definition(code: str) -> Indicator:
    """The definition of a code.

    Raises:
        UnknownIndicator: there is none.
    """
    try:
        return BY_CODE[code]
    except KeyError:
        text = _("There is no indicator {code}. Choose one of {codes}.")
        raise UnknownIndicator(text.format(code=code, codes=", ".join(BY_CODE))) from None


def tile(*, place: Any, code: str, register: str, period: int | None = None) -> Figure | None:
    """One value with what could not be placed in the same year. One query.

    Args:
        place: a ``network.Place`` or its id.
        code: of the indicator.
        register: ``nbs`` or ``mca``.
        period: a year; None takes the newest that the place has.

    Returns:
        None where the indicator has no value there: not computed, or no denominator is published.
    """
    figures = tiles(place=place, codes=[code], register=register, period=period)
    return figures.get(code)


def tiles(
    *, place: Any, codes: Iterable[str], register: str, period: int | None = None
) -> dict[str, Figure]:
    """Several values of one place at once, by code. One query; see ``tile``."""
    rows = _values(register, list(codes)).filter(Q(place=place) | Q(place=None))
    if period is not None:
        rows = rows.filter(period=period)
    placed: dict[str, IndicatorValue] = {}
    unplaced: dict[tuple[str, int], IndicatorValue] = {}
    for row in rows.order_by("period"):
        if row.place_id is None:
            unplaced[row.indicator, row.period] = row
        elif row.reported or row.indicator not in placed:
            placed[row.indicator] = row
    return {
        code: _figure(row, unplaced=_count(unplaced.get((code, row.period))))
        for code, row in placed.items()
    }


def children(*, place: Any, code: str, register: str, period: int | None = None) -> list[Figure]:
    """The values of the places directly below, by code of place: for a map and a table. One query.

    Args:
        place: a ``network.Place`` or its id; None gives the provinces.
        code: of the indicator.
        register: ``nbs`` or ``mca``.
        period: a year; None takes the newest for which any of them has anything reported.

    Returns:
        One figure for each place that has a value. A count of zero is not stored, so it is absent.
    """
    rows = _values(register, [code]).filter(parent=place, place__isnull=False)
    if period is not None:
        rows = rows.filter(period=period)
    found = list(rows.order_by("place__code"))
    newest = max((row.period for row in found if row.reported), default=None)
    newest = newest or max((row.period for row in found), default=None)
    return [_figure(row) for row in found if row.period == newest]


def below(
    *, place: Any, level: int, code: str, register: str, period: int | None = None
) -> list[Figure]:
    """The values of all places of one level below a place: a province by county. One query.

    Args, Returns: as ``children``.
    """
    rows = _values(register, [code]).filter(
        place__level=level,
        place__above__ancestor=place,
        place__above__register=register,
        place__above__valid_to=None,
        place__above__carried=False,
    )
    if period is not None:
        rows = rows.filter(period=period)
    found = list(rows.order_by("place__code"))
    newest = max((row.period for row in found if row.reported), default=None)
    newest = newest or max((row.period for row in found), default=None)
    return [_figure(row) for row in found if row.period == newest]


def series(*, place: Any, code: str, register: str) -> list[Figure]:
    """The values of one place over the years, oldest first. One query."""
    rows = _values(register, [code]).filter(place=place).order_by("period")
    return [_figure(row) for row in rows]


def periods(*, code: str, register: str) -> list[int]:
    """The years for which an indicator has values in a register, oldest first. One query."""
    definition(code)
    rows = IndicatorValue.objects.filter(indicator=code, register=register)
    return sorted(rows.values_list("period", flat=True).distinct())


def _values(register: str, codes: list[str]) -> QuerySet[IndicatorValue]:
    for code in codes:
        definition(code)
    return IndicatorValue.objects.filter(indicator__in=codes, register=register).select_related(
        "place", "run"
    )


def _count(row: IndicatorValue | None) -> int:
    if row is None:
        return 0
    return row.expected if BY_CODE[row.indicator].denominator else row.numerator


def _figure(row: IndicatorValue, unplaced: int | None = None) -> Figure:
    return Figure(
        indicator=BY_CODE[row.indicator],
        place=row.place,
        register=row.register_id,
        period=row.period,
        numerator=row.numerator,
        denominator=row.denominator,
        expected=row.expected,
        reported=row.reported,
        as_of=row.as_of,
        computed_at=row.run.computed_at,
        source_class=row.source_class,
        unplaced=unplaced,
    )
