"""Computes all indicators from the marts and replaces their stored values in one transaction.

Roll-up happens here, once, for every definition: rows of the lowest places are joined to the tree
of their register and summed, or their distinct members recounted, at each level.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.kernel import bulk, errors, ids
from xueqiao.lake import build
from xueqiao.lake.recipes import recipes
from xueqiao.monitor.indicator import Clock, Counted, Indicator, Measure, RollUp, Unit
from xueqiao.monitor.indicators import ALL
from xueqiao.monitor.models import IndicatorRun, IndicatorValue, SourceClass

if TYPE_CHECKING:
    from pathlib import Path

    from xueqiao.lake.engine import Engine
    from xueqiao.lake.retention import lines

WRITE = 5_000
STORED = (
    "run_id", "indicator", "version", "register_id", "place_id", "parent_id", "period", "numerator",
    "denominator", "expected", "reported", "as_of", "source_class",
)  # fmt: skip
"""The columns of a stored value, as ``value_of`` gives them."""

Progress = Callable[[str, int, int], None]
"""Called with the code of an indicator, indicators done, indicators in all."""

COLUMNS = (
    "register",
    "place_id",
    "parent_id",
    "period",
    "numerator",
    "denominator",
    "samples",
    "expected",
    "reported",
)


class Impossible(errors.Refusal):
    """A share came out above 100 %: the definition or the data contradict themselves."""

    code = "monitor.impossible"


@dataclass(frozen=True)
class Computed:
    """What a computation did. ``values`` is None where nothing had changed since the last one."""

    run: IndicatorRun
    values: int | None


def compute(
    *, root: Path, engine: Engine, as_of: date, at: datetime, progress: Progress | None = None
) -> Computed:
    """Compute every indicator and replace the values of the years it covers, all or none.

    Args:
        root: the lake's folder.
        engine: runs the SQL.
        as_of: the day on which standing facts hold, and the last day of the running year.
        at: when it is computed; shown beside each value.
        progress: told after each indicator.

    Raises:
        build.Unbuilt, build.NotExtracted: the marts are not up to date.
        Impossible: a share above 100 %; nothing is stored.
    """
    told = progress or (lambda *_facts: None)
    reading = build.ready(root=root)
    inputs = inputs_digest(reading, as_of)
    last = IndicatorRun.objects.order_by("-pk").first()
    if last and last.inputs == inputs:
        return Computed(last, None)
    prepare(reading, engine, as_of)
    found = []
    for count, indicator in enumerate(ALL, 1):
        first = first_year(reading.lines, indicator)
        rows = [row for row in evaluate(engine, indicator) if row[3] >= first]
        found.append((indicator, first, rows))
        told(indicator.code, count, len(ALL))
    return store(found, inputs=inputs, as_of=as_of, at=at)


def inputs_digest(reading: build.Reading, as_of: date) -> str:
    """Everything that the values depend on: versions of the marts, definitions, the day."""
    versions = {
        name: (reading.pin(name).version(), build.identity(reading, name))
        for name in recipes()
        if "." not in name
    }
    definitions = [(one.code, one.version, one.grain, one.registers, statement(one)) for one in ALL]
    return ids.digest([versions, definitions, str(as_of)])


def first_year(kept: lines.Lines, indicator: Indicator) -> int:
    """The first year whose rows the lake still has; values of earlier ones stay as they are."""
    sql = statement(indicator)
    return max(
        (int(line[:4]) for name, line in kept.items() if re.search(rf"\b{re.escape(name)}\b", sql)),
        default=0,
    )


def prepare(reading: build.Reading, engine: Engine, as_of: date) -> None:
    """Make the marts and the calendar readable."""
    for name in recipes():
        if "." not in name:
            reading.attach(engine, name)
    first = engine.sql("select min(year(opened_day)) as first from account").read_all()
    start = min(first["first"][0].as_py() or as_of.year, as_of.year)
    years = list(range(start, as_of.year + 1))
    days = [min(date(year, 12, 31), as_of) for year in years]
    calendar = pa.table({"period": pa.array(years, pa.int64()), "day": pa.array(days, pa.date32())})
    engine.register("years", calendar)
    engine.register("latest_year", calendar.slice(len(years) - 1))


def evaluate(engine: Engine, indicator: Indicator) -> list[tuple[Any, ...]]:
    """All values of one indicator, rows of ``COLUMNS``, ordered by register, place, period.

    Raises:
        Impossible: a share above 100 % that the definition does not allow.
    """
    found = engine.sql(statement(indicator)).read_all().select(list(COLUMNS))
    rows = list(zip(*(column.to_pylist() for column in found.columns), strict=True))
    if indicator.unit is Unit.PERCENT and not indicator.may_exceed:
        for row in rows:
            if row[5] is not None and row[4] > row[5]:
                raise Impossible(impossible_text(indicator, row))
    return rows


def statement(indicator: Indicator) -> str:
    """The whole SQL of an indicator: base rows, rolled up, numerator beside denominator."""
    registers = ", ".join(f"'{register}'" for register in indicator.registers)
    # Without completeness of its own, a value is complete over what it divides by or counts.
    whole = "0" if indicator.completeness else "coalesce(framed.n, numerator.n, 0)"
    return f"""
        with numerator_base as ({indicator.numerator.sql}),
        numerator as ({rolled("numerator_base", indicator.numerator)}),
        {denominator(indicator)},
        {completeness(indicator)},
        periods as (
            select distinct period from numerator union select distinct period from complete
        ),
        framed as ({frame(indicator)})
        select framed.register, framed.place_id, framed.parent_id, framed.period,
               coalesce(numerator.n, 0) as numerator, framed.n as denominator,
               coalesce(numerator.samples, 0) as samples,
               coalesce(complete.expected, {whole}) as expected,
               coalesce(complete.reported, {whole}) as reported
        from framed
        left join numerator on {same("framed", "numerator")}
        left join complete on {same("framed", "complete")}
        where framed.register in ({registers})
        order by register, place_id nulls first, period
    """  # noqa: S608 - definitions are code, not input


def rolled(base: str, measure: Measure) -> str:
    """Base rows brought to every place above them, and what has no place kept apart."""
    facts = {
        RollUp.SUM: "sum(n)::bigint as n, coalesce(sum(samples), 0)::bigint as samples",
        RollUp.DISTINCT: "count(distinct member) as n, "
        "count(distinct member) filter (is_sample) as samples",
    }[measure.rolls_up]
    return up(base, facts, measure)


def up(base: str, facts: str, measure: Measure) -> str:
    """Group ``facts`` by every place above. An ended place counts where its ground went, but is no
    place of today, so counts of places leave it out.
    """
    period = "" if measure.is_standing else "period, "
    living = "and not tree.is_carried" if measure.counts is Counted.PLACES else ""
    return f"""
        select base.register, tree.ancestor_id as place_id, {period}{facts}
        from {base} base join closure tree
          on tree.register = base.register and tree.descendant_id = base.place_id {living}
        group by all
        union all
        select register, null, {period}{facts} from {base} where place_id is null group by all
    """  # noqa: S608 - definitions are code, not input


def denominator(indicator: Indicator) -> str:
    if indicator.denominator is None:
        return "denominator as (select 1 where false)"
    return f"""denominator_base as ({indicator.denominator.sql}),
        denominator as ({rolled("denominator_base", indicator.denominator)})"""


def completeness(indicator: Indicator) -> str:
    """The relation ``complete``: register, place_id, period, expected, reported; often empty."""
    if not indicator.completeness:
        return """complete as (
            select register, place_id, period, n as expected, n as reported
            from numerator where false
        )"""
    facts = {
        RollUp.SUM: "sum(expected)::bigint as expected, sum(reported)::bigint as reported",
        RollUp.DISTINCT: "count(distinct member) as expected, "
        "count(distinct member) filter (is_known) as reported",
    }[indicator.numerator.rolls_up]
    return f"""complete_base as ({indicator.completeness}),
        complete as ({up("complete_base", facts, indicator.numerator)})"""


def frame(indicator: Indicator) -> str:
    """Which places and periods get a value: each with a denominator; for counts, each counted."""
    if indicator.denominator and indicator.denominator.is_standing:
        return f"""
            select place.register, place.place_id, place.parent_id, period, denominator.n
            from denominator cross join periods
            join place on place.register = denominator.register
                      and place.place_id = denominator.place_id
            where place.level <= {indicator.grain} and denominator.n > 0
            union all
            select register, null, null, period, null
            from (
                select register, period from numerator where place_id is null
                union select register, period from complete where place_id is null
            )
        """  # noqa: S608 - definitions are code, not input
    source = "denominator" if indicator.denominator else "numerator"
    value = "counted.n" if indicator.denominator else "null"
    return f"""
        select counted.register, counted.place_id, place.parent_id, period, {value} as n
        from {source} counted
        left join place on place.register = counted.register
                       and place.place_id = counted.place_id
        where counted.n > 0
          and (counted.place_id is null or place.level <= {indicator.grain})
    """  # noqa: S608 - definitions are code, not input


def same(left: str, right: str) -> str:
    return (
        f"{left}.register = {right}.register and {left}.period = {right}.period "
        f"and {left}.place_id is not distinct from {right}.place_id"
    )


@transaction.atomic
def store(
    found: list[tuple[Indicator, int, list[tuple[Any, ...]]]],
    *,
    inputs: str,
    as_of: date,
    at: datetime,
) -> Computed:
    """Replace the values of the periods that were computed; those of other periods stay.

    Args:
        found: each indicator with the first year that it could be counted for, and its values.
    """
    total = sum(len(rows) for _indicator, _first, rows in found)
    run = IndicatorRun.objects.create(
        as_of=as_of, inputs=inputs, computed_at=at, values_written=total
    )
    for indicator, first, rows in found:
        old = IndicatorValue.objects.filter(indicator=indicator.code, period__gte=first)
        if indicator.clock is Clock.AT_DAY:
            old = old.filter(period__in={row[3] for row in rows} | {as_of.year})
        old.delete()
        fresh = [value_of(run, indicator, row) for row in rows]
        for start in range(0, len(fresh), WRITE):
            # Beside the ORM: 113,000 objects take half a minute, their rows two seconds.
            bulk.insert(IndicatorValue, STORED, fresh[start : start + WRITE])
    return Computed(run, total)


def value_of(run: IndicatorRun, indicator: Indicator, row: tuple[Any, ...]) -> tuple[Any, ...]:
    """One value in the order of ``STORED``."""
    register, place, parent, period, numerator, denominator, samples, expected, reported = row
    kind = SourceClass.MIXED
    if samples == 0:
        kind = SourceClass.REAL
    elif samples == numerator:
        kind = SourceClass.SAMPLE
    as_of = min(date(period, 12, 31), run.as_of)
    return (
        run.pk, indicator.code, indicator.version, register, place, parent, period, numerator,
        denominator, expected, reported, as_of, kind.value,
    )  # fmt: skip


def impossible_text(indicator: Indicator, row: tuple[Any, ...]) -> str:
    text = _(
        "{code} came out above 100 % for place {place} in {period} ({numerator} of "
        "{denominator}). Nothing was stored; look at the numerator's rows in the lake."
    )
    return text.format(
        code=indicator.code, place=row[1], period=row[3], numerator=row[4], denominator=row[5]
    )
