"""What can be had: a fixed set of designs, each with its rows, columns and tables.

A free query would let an analyst build the very column that names somebody; a design says of each
column whether others may know it, whether it is sensitive, and in which unit it leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from xueqiao.governance.models import ResearchExtract

AGE, SEX, HOME = "age", "sex", "home"
HELPERS: Final = ("closure", "learner", "learner_place", "place", "register")


@dataclass(frozen=True)
class Measure:
    """A whole number of a row. ``unit``: it is divided by this and rounded down."""

    name: str
    source: str
    unit: int = 1


@dataclass(frozen=True)
class Design:
    """One shippable data set.

    Attributes:
        sql: gives ``learner_id``, ``month``, the sources of the measures and the sensitive columns
            for the months from {first} to {last}, one row a learner or a learner and month.
        month: what its month is called; others may know it, as they may know age, sex and home.
        is_monthly: a learner has a row for each month.
        is_of_events: it counts statements, which an erasure of records takes out.
    """

    tables: tuple[str, ...]
    sql: str
    month: str
    is_monthly: bool
    is_of_events: bool
    measures: tuple[Measure, ...]
    sensitive: tuple[str, ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        """Columns that others may know of a person, in the order of the file."""
        return (SEX, AGE, HOME, self.month)


ACTIVITY = Design(
    tables=("learner_month",),
    sql="""
        select learner_id, month, days, activities, attendances, seconds
        from learner_month where month between date '{first}' and date '{last}'
    """,
    month="month",
    is_monthly=True,
    is_of_events=True,
    measures=(
        Measure("days", "days"),
        Measure("activities", "activities"),
        Measure("attendances", "attendances"),
        Measure("hours", "seconds", unit=3600),
    ),
)
COMPLETIONS = Design(
    tables=("enrolment", "completion"),
    sql="""
        select enrolment.learner_id, count(*) as enrolments,
               count(*) filter (where is_completed) as completed,
               coalesce(sum(studied_credits_hundredths), 0)::bigint as studied_hundredths,
               max(case when is_completed then date_trunc('month', closed_day)::date end) as month,
               case when bool_or(coalesce(enrolment.result, '') = 'distinction') then 'distinction'
                    when bool_or(coalesce(enrolment.result, '') = 'pass') then 'pass'
                    when bool_or(coalesce(enrolment.result, '') = 'fail') then 'fail'
                    when bool_or(coalesce(enrolment.result, '') = 'withdrawn') then 'withdrawn'
                    else 'open' end as best_result
        from enrolment left join completion using (enrolment_id)
        where date_trunc('month', enrolled_day)::date between date '{first}' and date '{last}'
        group by enrolment.learner_id
    """,
    month="last_completed",
    is_monthly=False,
    is_of_events=False,
    measures=(
        Measure("enrolments", "enrolments"),
        Measure("completed", "completed"),
        Measure("studied_credits", "studied_hundredths", unit=100),
    ),
    sensitive=("best_result",),
)
CREDIT = Design(
    tables=("credit",),
    sql="""
        with kinds as (
            select learner_id, source_kind, count(*) as lots,
                   sum(amount_hundredths)::bigint as amount_hundredths,
                   max(date_trunc('month', obtained)::date) as month
            from credit
            where date_trunc('month', obtained)::date between date '{first}' and date '{last}'
            group by learner_id, source_kind
        ), ranked as (
            select *, row_number() over (
                partition by learner_id order by amount_hundredths desc, source_kind) as place
            from kinds
        )
        select learner_id, max(month) as month, sum(lots)::bigint as lots,
               sum(amount_hundredths)::bigint as amount_hundredths,
               max(case when place = 1 then source_kind end) as main_kind
        from ranked group by learner_id
    """,
    month="last_credited",
    is_monthly=False,
    is_of_events=False,
    measures=(Measure("lots", "lots"), Measure("credits", "amount_hundredths", unit=100)),
    sensitive=("main_kind",),
)
DESIGNS: Final = {
    ResearchExtract.Design.ACTIVITY.value: ACTIVITY,
    ResearchExtract.Design.COMPLETIONS.value: COMPLETIONS,
    ResearchExtract.Design.CREDIT.value: CREDIT,
}


def of(extract: ResearchExtract) -> Design:
    return DESIGNS[extract.design]


def is_followed(extract: ResearchExtract) -> bool:
    """Whether several rows of one learner can be told to be one learner's."""
    return extract.follows and of(extract).is_monthly
