"""Simulation 规则试算: a version run over the conversions of past days before it is published.

For each learner: what the versions then in force made, and what this one would have made of the
same credit. Learners who converted nothing are told apart by whether the door opens or closes for
them. A job works in batches; a stopped one goes on where it was.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _

from xueqiao.creditbank import matching
from xueqiao.creditbank.models import (
    Conversion,
    CreditLot,
    RuleVersion,
    Simulation,
    SimulationRow,
)
from xueqiao.creditbank.rulebook import rules_simulation, steps, texts
from xueqiao.creditbank.rulebook.rules_simulation import Form, Held, Past
from xueqiao.kernel import clock, errors, lease
from xueqiao.people import accounts, rights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from django.db.models import QuerySet

    from xueqiao.people.models import Person

BATCH = 200
OPENED, CLOSED = "opened", "closed"
LIVING = (CreditLot.State.ACTIVE, CreditLot.State.EXPIRED)


class DaysImpossible(errors.Refusal):
    """A history that would end before it begins, or in the future."""

    code = "simulation.days_impossible"
    status = 422


@dataclass(frozen=True)
class Summary:
    """What a simulation found: learners, and 1/100 credit that they gain or lose together."""

    gain: int
    gained_hundredths: int
    lose: int
    lost_hundredths: int
    same: int
    opened: int
    closed: int


@transaction.atomic
def ask(*, version: RuleVersion, since: date, until: date, by: Person, at: datetime) -> Simulation:
    """Ask for a simulation over the conversions of some days; once for what the version says.

    Args:
        until: the last day, inclusive, not after today.

    Raises:
        DaysImpossible, steps.WrongState, rights.NotAllowed.
    """
    locked = steps.lock(version, "simulate", by=by, at=at, policy=rights.RULES_EDIT)
    if not since <= until <= clock.local_date(at):
        words = _("Choose days in their order, the last one not after today.")
        raise DaysImpossible(words, pointer="until")
    asked = {"asked_by": by, "asked_at": at}
    found, _made = Simulation.objects.get_or_create(
        version=locked, text_hash=texts.text_hash(locked), since=since, until=until, defaults=asked
    )
    return found


def work(*, now: datetime, seconds: float = 40.0) -> int:
    """Work on what is asked for, oldest first, for about so many seconds. How many batches."""
    until, done = time.monotonic() + seconds, 0
    for number in Simulation.objects.to_work().order_by("pk").values_list("pk", flat=True):
        while time.monotonic() < until and step(number=number, at=now):
            done += 1
    return done


def run(*, simulation: Simulation, at: datetime) -> Simulation:
    """Bring one simulation to its end, from wherever it is."""
    while step(number=simulation.pk, at=at):
        pass
    simulation.refresh_from_db()
    return simulation


def step(*, number: int, at: datetime) -> bool:
    """Count the next batch of learners, if nobody else does; whether there is more to do."""
    row = _claim(number, at)
    if row is None:
        return False
    with transaction.atomic():
        version = _version(row.version_id)
        if row.text_hash != texts.text_hash(version):
            return _end(row, Simulation.State.FAILED, at, _("The version was changed meanwhile."))
        people = _people(row)
        if not row.total:
            row.total = _learners(row).count()
        SimulationRow.objects.bulk_create(_rows(row, version, people))
        row.done += len(people)
        row.place = people[-1] if people else row.place
        row.save(update_fields=["total", "done", "place"])
        if len(people) == BATCH:
            return True
        return _end(row, Simulation.State.DONE, at, "")


def summary(simulation: Simulation) -> Summary:
    """The totals of a simulation, in one query."""
    doors = Q(reason__in=[OPENED, CLOSED])
    more, less = Q(difference_hundredths__gt=0), Q(difference_hundredths__lt=0)
    found = simulation.rows.aggregate(
        gain=Count("pk", ~doors & more), gained=Sum("difference_hundredths", filter=~doors & more),
        lose=Count("pk", ~doors & less), lost=Sum("difference_hundredths", filter=~doors & less),
        same=Count("pk", ~doors & Q(difference_hundredths=0)),
        opened=Count("pk", Q(reason=OPENED)), closed=Count("pk", Q(reason=CLOSED)),
    )  # fmt: skip
    return Summary(
        found["gain"], found["gained"] or 0, found["lose"], -(found["lost"] or 0), found["same"],
        found["opened"], found["closed"],
    )  # fmt: skip


@transaction.atomic
def _claim(number: int, at: datetime) -> Simulation | None:
    me = lease.owner()
    rows = Simulation.objects.select_for_update().to_work()
    row = rows.filter(pk=number).first()
    if row is None or not lease.is_free(row.owner, row.owned_at, at=at):
        return None
    row.state, row.owner, row.owned_at = Simulation.State.RUNNING, me, at
    row.save(update_fields=["state", "owner", "owned_at"])
    return row


def _end(row: Simulation, state: str, at: datetime, problem: str) -> bool:
    row.state, row.finished_at, row.problem = state, at, problem
    row.save(update_fields=["state", "finished_at", "problem"])
    return False


def _version(pk: int) -> RuleVersion:
    rows = RuleVersion.objects.select_related("rule__programme__level")
    return rows.prefetch_related("rule__programme__groups").get(pk=pk)


def _learners(row: Simulation) -> QuerySet[CreditLot, int]:
    lots = CreditLot.objects.filter(state__in=LIVING, obtained__lte=row.until)
    return lots.order_by("person_id").values_list("person_id", flat=True).distinct()


def _people(row: Simulation) -> list[int]:
    """The next learners by id: whoever holds credit that was obtained by the last day."""
    rows = _learners(row)
    return list(rows.filter(person_id__gt=row.place)[:BATCH])


def _rows(row: Simulation, version: RuleVersion, people: Sequence[int]) -> list[SimulationRow]:
    new, old = _form(version), _before(row, version)
    born = accounts.birth_years(people)
    past, lots = _past(row, version, people), _lots(row, people)
    found = []
    for person_id in people:
        made = (
            _replayed(new, born[person_id], past[person_id])
            if person_id in past
            else _door(new, old, born[person_id], lots[person_id], row.until)
        )
        if made is not None:
            count, before, after, reason = made
            found.append(
                SimulationRow(
                    simulation=row, person_id=person_id, conversions=count,
                    before_hundredths=before, after_hundredths=after,
                    difference_hundredths=after - before, reason=reason,
                )
            )  # fmt: skip
    return found


def _replayed(new: Form, birth_year: int | None, past: list[Past]) -> tuple[int, int, int, str]:
    after, reason = rules_simulation.replay(new, birth_year, past)
    return len(past), sum(each.granted_hundredths for each in past), after, reason


def _door(
    new: Form, old: Form | None, birth_year: int | None, lots: list[Held], day: date
) -> tuple[int, int, int, str] | None:
    before = rules_simulation.could(old, birth_year, lots, day) if old else 0
    after = rules_simulation.could(new, birth_year, lots, day)
    if bool(before) == bool(after):
        return None
    return 0, before, after, OPENED if after else CLOSED


def _form(version: RuleVersion) -> Form:
    read = matching.applicable(version)
    total = version.rule.programme.total_hundredths
    return Form(read.body, read.destination, read.worth, total)


def _before(row: Simulation, version: RuleVersion) -> Form | None:
    """The version of the same rule that holds on the last day, if one does."""
    rows = matching.versions_in_force(row.until).filter(rule=version.rule_id)
    found = rows.exclude(pk=version.pk).order_by("number").last()
    return _form(found) if found else None


def _past(row: Simulation, version: RuleVersion, people: Sequence[int]) -> dict[int, list[Past]]:
    """Approved conversions of the days under the rule, by learner, the first one first."""
    until = clock.start_of(row.until + timedelta(days=1))
    rows = Conversion.objects.filter(
        person__in=people, state=Conversion.State.APPROVED, asked_at__lt=until,
        version__rule__programme=version.rule.programme_id,
    )  # fmt: skip
    related = [f"uses__lot__{name}" for name in matching.LOT_RELATED]
    rows = rows.select_related("version").prefetch_related(*related).order_by("asked_at", "pk")
    since, found = clock.start_of(row.since), defaultdict(list)
    elsewhere: dict[int, int] = defaultdict(int)
    for each in rows:
        if each.version.rule_id != version.rule_id or each.asked_at < since:
            elsewhere[each.person_id] += each.granted_hundredths
            continue
        used = tuple(
            Held(use.lot_id, matching.facts(use.lot), use.amount_hundredths)
            for use in each.uses.all()
        )
        day = clock.local_date(each.asked_at)
        past = Past(day, used, each.granted_hundredths, elsewhere[each.person_id])
        found[each.person_id].append(past)
    return found


def _lots(row: Simulation, people: Sequence[int]) -> dict[int, list[Held]]:
    rows = CreditLot.objects.filter(
        person__in=people, state__in=LIVING, obtained__lte=row.until
    ).select_related(*matching.LOT_RELATED)
    found: dict[int, list[Held]] = defaultdict(list)
    for lot in rows.order_by("obtained", "pk"):
        found[lot.person_id].append(Held(lot.pk, matching.facts(lot), lot.amount_hundredths))
    return found
