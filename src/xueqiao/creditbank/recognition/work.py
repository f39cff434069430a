"""Work experience behind an application: months become units by a published table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import moves, standards
from xueqiao.creditbank.models import (
    Application,
    ApplicationItem,
    RuleTable,
    Unit,
    WorkPeriod,
)
from xueqiao.creditbank.recognition import refusals
from xueqiao.creditbank.recognition.refusals import AmountTooHigh, NothingAsked
from xueqiao.creditbank.rules import recognition as rules
from xueqiao.kernel import clock, credit, errors

if TYPE_CHECKING:
    from datetime import date, datetime

    from xueqiao.people.models import Person

PREFIX, LEAST = "work.", "least_percent"
LONGEST_WEEK = 84


class PeriodImpossible(errors.Refusal):
    """A period of work that ends before it begins, begins in the future, or has no hours."""

    code = "recognition.period_impossible"
    status = 422


class NoTable(errors.Refusal):
    """No published table turns work of this occupation into units."""

    code = "recognition.no_work_table"
    status = 422


@dataclass(frozen=True)
class Worth:
    """What the work of an application is worth of one unit, by which table. In 1/100 credit."""

    unit: Unit
    table: RuleTable
    months: int
    months_needed: int
    worth_hundredths: int


@transaction.atomic
def add_work(
    *,
    application: Application,
    by: Person,
    occupation: str,
    employer: str,
    began: date,
    ended: date | None,
    weekly_hours: int,
    at: datetime,
    post: str = "",
) -> WorkPeriod:
    """Put a period of work behind a draft, and ask for what the table gives for all of it.

    The same occupation, employer and first day a second time is the same period, put right.

    Args:
        occupation: what follows ``work.`` in the code of a table in force.
        ended: the last day; None while it lasts.
        weekly_hours: 1 to 84.

    Raises:
        PeriodImpossible, NoTable, moves.*.
    """
    locked, _repeated = moves.lock(application, "edit", by=by, at=at)
    today = clock.local_date(at)
    _refuse_period(employer, began, ended, weekly_hours, today)
    if occupation not in {each.code.removeprefix(PREFIX) for each in tables(today)}:
        text = _("No table for work as “{occupation}” is in force. Choose one of the list.")
        raise NoTable(text.format(occupation=occupation), pointer="occupation")
    period, _made = WorkPeriod.objects.update_or_create(
        application=locked, occupation=occupation, employer=employer.strip(), began=began,
        defaults={
            "ended": ended, "weekly_hours": weekly_hours, "post": post.strip(), "added_at": at,
        },
    )  # fmt: skip
    _ask_for(locked, today)
    return period


@transaction.atomic
def drop_work(*, period: WorkPeriod, by: Person, at: datetime) -> None:
    """Take a period out of a draft; what is asked for follows. Repeating it is harmless."""
    locked, _repeated = moves.lock(period.application, "edit", by=by, at=at)
    locked.work_periods.filter(pk=period.pk).delete()
    _ask_for(locked, clock.local_date(at))


def tables(day: date) -> list[RuleTable]:
    """The tables for work that are in force on a day, one for each occupation."""
    rows = RuleTable.objects.filter(code__startswith=PREFIX)
    found = {each.code: each for each in standards.in_force(rows, day).order_by("valid_from", "pk")}
    return [found[code] for code in sorted(found)]


def worth(application: Application, day: date) -> list[Worth]:
    """What the work behind an application is worth by the tables of a day, unit by unit.

    At most four queries, whatever the number of periods.
    """
    periods = list(application.work_periods.order_by("began", "pk"))
    wanted = {f"{PREFIX}{each.occupation}" for each in periods}
    found = [each for each in tables(day) if each.code in wanted] if wanted else []
    codes = {code for table in found for code in table.value}
    units = {
        each.code: each
        for each in standards.in_force(Unit.objects.filter(code__in=codes), day).order_by("pk")
    }
    made: list[Worth] = []
    for table in found:
        months = rules.months_worked(
            rules.Period(each.began, min(each.ended or day, day), each.weekly_hours)
            for each in periods
            if f"{PREFIX}{each.occupation}" == table.code
        )
        made += [_worth(units[code], table, months) for code in table.value if code in units]
    return made


def check(application: Application, today: date) -> None:
    """Nothing that rests on work asks for more than the tables give today.

    Raises:
        AmountTooHigh.
    """
    by_unit = {each.unit.pk: each for each in worth(application, today)}
    resting = application.items.filter(ground=ApplicationItem.Ground.WORK).select_related("unit")
    for item in resting:
        limit = by_unit[item.unit_id].worth_hundredths if item.unit_id in by_unit else 0
        refuse_above_table(item.unit, item.asked_hundredths, limit)


def refuse_above_table(unit: Unit, amount_hundredths: int, limit_hundredths: int) -> None:
    """Raises AmountTooHigh: more than the table gives for the work shown."""
    if amount_hundredths > limit_hundredths:
        text = _(
            "By the table, the work shown is worth {limit} credits of {unit}; {asked} were asked. "
            "Lower the amount, or add the missing work."
        )
        shown = text.format(
            limit=credit.show(limit_hundredths),
            unit=refusals.named(unit),
            asked=credit.show(amount_hundredths),
        )
        raise AmountTooHigh(shown, pointer=unit.code)


def _worth(unit: Unit, table: RuleTable, months: int) -> Worth:
    needed = table.value[unit.code]
    value = rules.work_value(months, needed, unit.credit_hundredths, table.value.get(LEAST, 0))
    return Worth(unit, table, months, needed, value)


def _ask_for(application: Application, today: date) -> None:
    """The units that rest on work become what the tables give; other grounds stay."""
    ground = ApplicationItem.Ground.WORK
    others = set(application.items.exclude(ground=ground).values_list("unit_id", flat=True))
    application.items.filter(ground=ground).delete()
    ApplicationItem.objects.bulk_create(
        [
            ApplicationItem(
                application=application, unit=each.unit, ground=ground,
                asked_hundredths=each.worth_hundredths,
            )
            for each in worth(application, today)
            if each.worth_hundredths and each.unit.pk not in others
        ]
    )  # fmt: skip


def _refuse_period(
    employer: str, began: date, ended: date | None, weekly_hours: int, today: date
) -> None:
    if not employer.strip():
        text = _("Say for whom you worked; for your own business, write its name.")
        raise NothingAsked(text, pointer="employer")
    if began > today or (ended is not None and (ended < began or ended > today)):
        text = _("The work would begin on {began} and end on {ended}. Choose days up to today.")
        end = clock.written(ended) if ended else "–"
        raise PeriodImpossible(text.format(began=clock.written(began), ended=end), pointer="ended")
    if not 0 < weekly_hours <= LONGEST_WEEK:
        text = _("Write the hours of a usual week, from 1 to {most}.")
        raise PeriodImpossible(text.format(most=LONGEST_WEEK), pointer="weekly_hours")
