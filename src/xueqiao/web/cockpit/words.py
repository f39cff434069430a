"""Values, targets and states of indicators as people read them. No query, no arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from xueqiao.monitor import rules
from xueqiao.monitor.indicator import Counted, Direction, Indicator, Unit
from xueqiao.monitor.models import SourceClass
from xueqiao.web.templatetags import ui

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xueqiao.monitor.queries import Figure


LEAST = Decimal("0.01")


@dataclass(frozen=True)
class Standing:
    """How a value stands to its target: a code for the style, a sign and a word for the reader."""

    code: str
    sign: str
    word: str


_STANDINGS = {
    rules.Standing.OK: ("✓", gettext_lazy("target met")),
    rules.Standing.NEAR: ("△", gettext_lazy("nearly met")),
    rules.Standing.SHORT: ("✕", gettext_lazy("below target")),
    rules.Standing.NONE: ("–", gettext_lazy("no target set")),
}


def standing(figure: Figure) -> Standing:
    """Met, nearly met or missed; judged on the exact value, never by rank."""
    aim = figure.indicator.target
    return told(
        rules.standing(figure.exact, aim.value if aim else None, is_met=figure.meets_target)
    )


def told(code: rules.Standing) -> Standing:
    """A standing with its sign and word."""
    sign, word = _STANDINGS[code]
    return Standing(code.value, sign, str(word))


def legend() -> list[Standing]:
    """The standings of the map's legend."""
    return [told(code) for code in (rules.Standing.OK, rules.Standing.NEAR, rules.Standing.SHORT)]


def unit(indicator: Indicator) -> str:
    """The unit behind a number: "%" or a word."""
    return "%" if indicator.unit is Unit.PERCENT else str(indicator.unit.value)


def short_unit(indicator: Indicator) -> str:
    """The unit where there is little room."""
    return {
        Unit.PERCENT: "%",
        Unit.YUAN_PER_PERSON: pgettext("unit", "yuan"),
        Unit.ATTENDANCES: pgettext("unit", "times"),
    }[indicator.unit]


def value(figure: Figure) -> str:
    """The number alone, as a tile shows it: 99.20, 1,250 or, in Chinese, 12.5万."""
    if figure.indicator.denominator:
        return number(figure)
    return ui.grouped(int(figure.shown))


def number(figure: Figure) -> str:
    """The number alone, as a table shows it. What would round to nothing says that it is more."""
    if figure.numerator and not figure.shown:
        return f"< {LEAST}"
    return f"{figure.shown:,}"


def value_with_unit(figure: Figure) -> str:
    """The number with its unit, for sentences and tables: 99.20%."""
    return with_unit(figure.indicator, number(figure))


def with_unit(indicator: Indicator, shown: str, word: str = "") -> str:
    """A number with the indicator's unit, or with a shorter word for it."""
    gap = "" if indicator.unit is Unit.PERCENT else " "
    return f"{shown}{gap}{word or unit(indicator)}"


def counted(kind: Counted, number: int) -> str:
    """A whole number of what was counted: 1,234 places; money in yuan."""
    if kind is Counted.FEN:
        return _("{yuan} yuan").format(yuan=ui.yuan(number))
    return f"{number:,} {kind.value}"


def parts(figure: Figure) -> str:
    """Numerator and denominator: "1,234 of 1,244 places"."""
    above, below = figure.indicator.numerator.counts, figure.indicator.denominator
    if below is None or figure.denominator is None:
        return counted(above, figure.numerator)
    if above is below.counts:
        text = _("{part} of {whole} {what}")
        return text.format(
            part=f"{figure.numerator:,}", whole=f"{figure.denominator:,}", what=above.value
        )
    text = _("{part} for {whole}")
    return text.format(
        part=counted(above, figure.numerator), whole=counted(below.counts, figure.denominator)
    )


def target(indicator: Indicator, word: str = "") -> str:
    """The target with its sign: "≥ 100%"; empty where none is set. ``word``: a shorter unit."""
    if indicator.target is None:
        return ""
    exact = rules.rounded(indicator.target.value, 2)
    plain = exact.quantize(Decimal(1)) if exact == exact.to_integral() else exact
    sign = ">" if indicator.target.strictly else "≥"
    shown = with_unit(indicator, f"{plain:,}", word)
    return f"{sign} {shown}"


def direction(indicator: Indicator) -> str:
    """Which way is better, as words."""
    return {
        Direction.HIGHER: pgettext("indicator", "higher is better"),
        Direction.LOWER: pgettext("indicator", "lower is better"),
        Direction.NEITHER: pgettext("indicator", "a count, neither way is better"),
    }[indicator.better]


def formula(indicator: Indicator) -> str:
    """How the value comes about, in words: "persons ÷ persons × 100"."""
    above, below = indicator.numerator.counts.value, indicator.denominator
    if below is None:
        return str(above)
    factor = "× 100 = %" if indicator.unit is Unit.PERCENT else f"= {unit(indicator)}"
    text = _("numerator ({above}) ÷ denominator ({below}) {factor}")
    return text.format(above=above, below=below.counts.value, factor=factor)


def source_class(figure: Figure) -> str:
    """What the numerator rests on."""
    return str(SourceClass(figure.source_class).label)


def completeness(figure: Figure) -> str:
    """Reported of expected in words."""
    share = figure.completeness
    if share is None:
        return _("complete by construction")
    return _("{share}% complete").format(share=share)


def children_summary(indicator: Indicator, figures: list[Figure], without: int) -> str:
    """One sentence about the places of a map, computed from their values."""
    if not figures:
        return _("No place here has a value.")
    ranked = sorted(figures, key=lambda each: each.exact)
    low, high = ranked[0], ranked[-1]
    said = [_met_sentence(indicator, figures)] if indicator.target else []
    if low.exact == high.exact:
        text = _("All {n} places have {value}.")
        said.append(text.format(n=len(figures), value=value_with_unit(high)))
    else:
        text = _("Highest: {high} ({high_value}); lowest: {low} ({low_value}).")
        said.append(
            text.format(
                high=high.place.name,
                high_value=value_with_unit(high),
                low=low.place.name,
                low_value=value_with_unit(low),
            )
        )
    if without:
        missing = ngettext("{n} place has no value.", "{n} places have no value.", without)
        said.append(missing.format(n=without))
    return " ".join(said)


def _met_sentence(indicator: Indicator, figures: list[Figure]) -> str:
    met = sum(1 for each in figures if each.meets_target)
    text = _("{met} of {n} places reach the target ({target}).")
    return text.format(met=met, n=len(figures), target=target(indicator))


def series_summary(figures: Iterable[Figure]) -> str:
    """One sentence about a value over the years."""
    found = list(figures)
    if not found:
        return _("No year has a value.")
    first, last = found[0], found[-1]
    if first is last:
        text = _("Only {year} has a value: {value}.")
        return text.format(year=last.period, value=value_with_unit(last))
    text = _("{first_year}: {first}; {last_year}: {last}.")
    return text.format(
        first_year=first.period,
        first=value_with_unit(first),
        last_year=last.period,
        last=value_with_unit(last),
    )
