"""How long tables are kept: longer at once, shorter only by two persons (``deciding``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.governance import catalogue, rules
from xueqiao.governance.deciding import put_in_force, reason_given
from xueqiao.governance.models import LakeTerm
from xueqiao.kernel import errors
from xueqiao.lake.levels import Class, Level
from xueqiao.lake.retention import scope as scopes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from xueqiao.governance.catalogue import Entry
    from xueqiao.people.models import Person

Scope, State = LakeTerm.Scope, LakeTerm.State
Months = dict[tuple[str, str], int | None]
"""(scope, subject) → months, as they are in force."""


class TermUnfit(errors.Refusal):
    """A term of less than a month or more than a hundred years, or of nothing that exists."""

    code = "lake.term_unfit"
    status = 422


class NoTermHere(errors.Refusal):
    """This table is not given up by age."""

    code = "lake.no_term_here"
    status = 422


class TermWaiting(errors.Refusal):
    """Another term of the same waits for a second person."""

    code = "lake.term_waiting"


@dataclass(frozen=True)
class Effective:
    """How long one table is kept, and by which rule.

    Attributes:
        months: None: always.
        by: the rule as (scope, subject); None where nobody laid one down.
    """

    months: int | None
    by: tuple[str, str] | None


@transaction.atomic
def ask(
    *, scope: str, subject: str, months: int | None, reason: str, by: Person, at: datetime
) -> LakeTerm:
    """Lay down how long something is kept; in force at once unless a table is kept shorter by it.

    The same as in force changes nothing and returns that one.

    Args:
        scope: one of ``LakeTerm.Scope``.
        subject: a table, a class or the number of a level.
        months: None: a table is kept always; a default says nothing any more.

    Raises:
        TermUnfit: no such number of months, class or level.
        catalogue.UnknownTable: no such table.
        NoTermHere: the table is not given up by age.
        TermWaiting: another one of the same waits.
        deciding.ReasonMissing: no reason is given.
    """
    _check(scope, subject, months)
    said = reason_given(reason)
    same = LakeTerm.objects.select_for_update().filter(scope=scope, subject=subject)
    waiting = {row.state: row for row in same.filter(state__in=[State.ASKED, State.IN_FORCE])}
    if State.ASKED in waiting:
        raise TermWaiting(_("Another term of the same waits for a second person; decide it first."))
    now = waiting.get(State.IN_FORCE)
    if now and now.months == months:
        return now
    asked = LakeTerm(
        scope=scope, subject=subject, months=months, reason=said, asked_by=by, asked_at=at,
        shortens=_shortens(scope, subject, months),
    )  # fmt: skip
    if asked.shortens:
        asked.save(force_insert=True)
        return asked
    return put_in_force(asked, by=by, at=at)


def in_force() -> Months:
    """All rules. One query."""
    rows = LakeTerm.objects.filter(state=State.IN_FORCE)
    return {(scope, subject): n for scope, subject, n in rows.values_list(*_KEY, "months")}


_KEY = ("scope", "subject")


def effective() -> list[tuple[Entry, Effective]]:
    """Every table of the lake with how long it is kept. Three queries."""
    known = in_force()
    return [(entry, of(entry, known)) for entry in catalogue.entries()]


def of(entry: Entry, known: Mapping[tuple[str, str], int | None]) -> Effective:
    """How long a table is kept by some rules.

    Where the class and the level both name a term, the longer one counts.
    """
    own = (str(Scope.TABLE), entry.name)
    if scopes.way(entry.name) is None:
        return Effective(None, None)
    if own in known:
        return Effective(known[own], own)
    defaults = {
        key: months
        for key in (
            (str(Scope.CATEGORY), str(entry.category.value)),
            (str(Scope.LEVEL), str(entry.level.value)),
        )
        if (months := known.get(key)) is not None
    }
    longest = rules.longest(defaults.values())
    by = next((key for key, months in defaults.items() if months == longest), None)
    return Effective(longest, by)


def _shortens(scope: str, subject: str, months: int | None) -> bool:
    before = in_force()
    now = before.get((scope, subject))
    if months is not None and (now is None or months < now):
        # Also where no table is concerned yet: one may be, when it is classed otherwise.
        return True
    after = {**before, (scope, subject): months}
    for entry in catalogue.entries():
        was, becomes = of(entry, before).months, of(entry, after).months
        if becomes is not None and (was is None or becomes < was):
            return True
    return False


def _check(scope: str, subject: str, months: int | None) -> None:
    if months is not None and not 0 < months <= rules.LONGEST_MONTHS:
        text = _("Give 1 to {most} months, or leave it empty.")
        raise TermUnfit(text.format(most=rules.LONGEST_MONTHS), pointer="months")
    if scope == Scope.TABLE:
        catalogue.entry(subject)
        if why := scopes.why_not(subject):
            raise NoTermHere(f"{subject}: {why}", pointer="subject")
        return
    known = {
        Scope.CATEGORY: set(Class.values),
        Scope.LEVEL: {str(each.value) for each in Level},
    }.get(Scope(scope), set())
    if subject not in known:
        raise TermUnfit(_("Choose a class or a level of the list."), pointer="subject")
