"""A plan towards a qualification: what counts, what to convert, what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from xueqiao.creditbank import conversion, rules
from xueqiao.creditbank.models import Qualification
from xueqiao.creditbank.planner import reading, reasons, solver
from xueqiao.kernel import clock, errors

if TYPE_CHECKING:
    from datetime import date, datetime

    from xueqiao.creditbank.matching import Applicable
    from xueqiao.creditbank.models import Conversion, CreditGroup, CreditLot
    from xueqiao.creditbank.planner.problem import Step
    from xueqiao.creditbank.planner.reading import Case
    from xueqiao.creditbank.planner.reasons import Uncounted
    from xueqiao.people.models import Person

# For all parts of the score; the answer as a whole stays under 0.3 s (bench/planner.py).
SECONDS = 0.2


class PlanChanged(errors.Refusal):
    """The plan that was looked at is not the best any more, or cannot be carried out."""

    code = "planner.plan_changed"


class NothingToDo(errors.Refusal):
    """The plan holds no conversion."""

    code = "planner.nothing_to_do"


@dataclass(frozen=True)
class PlannedConversion:
    """One conversion of a plan: its rule, what it uses of each lot, what it gives in each part."""

    rule: Applicable
    uses: list[tuple[CreditLot, int]]
    granted: list[tuple[CreditGroup, int]]
    step: Step

    @property
    def made_hundredths(self) -> int:
        return self.step.made_hundredths


@dataclass(frozen=True)
class PartProgress:
    """How far a part of the programme is, in 1/100 credit.

    Attributes:
        standing: counts as it stands. ``reserved``: waits for an answer. ``planned``: would come.
    """

    part: CreditGroup
    least_hundredths: int
    standing_hundredths: int
    reserved_hundredths: int
    planned_hundredths: int


@dataclass(frozen=True)
class Plan:
    """The best way on towards a qualification. Amounts in 1/100 credit.

    Attributes:
        standing: what counts as it stands, by lot and part.
        proven: False where the time was over before it was certain that none is better.
        digest: of the conversions; who carries the plan out names the one that was seen.
    """

    qualification: Qualification
    requirements: rules.Requirements
    conversions: list[PlannedConversion]
    standing: list[tuple[CreditLot, CreditGroup, int]]
    parts: list[PartProgress]
    uncounted: list[Uncounted]
    reserved_hundredths: int
    proven: bool

    @property
    def standing_hundredths(self) -> int:
        return sum(amount for _lot, _part, amount in self.standing)

    @property
    def planned_hundredths(self) -> int:
        return sum(each.made_hundredths for each in self.conversions)

    @property
    def missing_hundredths(self) -> int:
        """What remains to be learnt when everything of the plan is done."""
        done = self.standing_hundredths + self.planned_hundredths + self.reserved_hundredths
        return max(self.requirements.total_hundredths - done, 0)

    @property
    def is_complete(self) -> bool:
        """Whether the award can be asked for now, without any conversion."""
        return self.standing_hundredths >= self.requirements.total_hundredths

    @property
    def digest(self) -> str:
        return rules.canonical_hash(
            [[each.step.rule_id, sorted(each.step.offers.items())] for each in self.conversions]
        )


def in_force(day: date) -> QuerySet[Qualification]:
    """Qualifications that are awarded on a day, with all that a plan reads of them."""
    rows = Qualification.objects.filter(is_draft=False, valid_from__lte=day)
    rows = rows.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=day))
    related = ("programme__scope", "programme__level", "programme__institution", "level",
               "institution")  # fmt: skip
    rows = rows.select_related(*related).prefetch_related("programme__groups")
    return rows.order_by("code", "valid_from", "pk")


def plan(
    *, person: Person, qualification: Qualification, day: date, seconds: float = SECONDS
) -> Plan:
    """The best plan towards a qualification with the credit that a learner holds. Changes nothing.

    Best is: most credit that counts, then of the highest level, then under the most specific
    rules, then of the oldest lots; ties by code and id. 6 queries.

    Args:
        qualification: one of ``in_force``.
        seconds: for the search; a plan that is not proven the best in it says so.
    """
    case = reading.read(person, qualification, day)
    answer = solver.best(case.problem, seconds=seconds)
    conversions = [_conversion(case, step) for step in answer.steps]
    standing = [
        (case.lots[lot_id], case.parts[code], amount)
        for (lot_id, code), amount in sorted(answer.direct.items())
    ]
    return Plan(
        qualification, case.requirements, conversions, standing,
        _progress(case, conversions, standing), reasons.uncounted(case, answer, day),
        case.reserved.get("", 0), proven=answer.proven > 0,
    )  # fmt: skip


@transaction.atomic
def convert(
    *, request_key: str, person: Person, by: Person, qualification: Qualification, digest: str,
    at: datetime,
) -> list[Conversion]:  # fmt: skip
    """Ask for every conversion of a plan at once; all are reserved, or none.

    A repeated call with the same key returns what was asked first.

    Args:
        digest: of the plan that the learner looked at.

    Raises:
        PlanChanged, NothingToDo; otherwise as ``conversion.request``.
    """
    conversion.lock_learner(person)
    earlier = conversion.asked_with(person, f"{request_key}:")
    if earlier:
        return earlier
    found = plan(person=person, qualification=qualification, day=clock.local_date(at))
    if not found.conversions:
        raise NothingToDo(_("This plan holds nothing to convert. Look at what is missing instead."))
    if found.digest != digest:
        text = _("Your credit or the rules have changed since. Look at the new plan first.")
        raise PlanChanged(text)
    requests = [
        conversion.Request(
            f"{request_key}:{number}",
            each.step.rule_id,
            [conversion.Use(lot_id, amount) for lot_id, amount in each.step.offers.items()],
        )
        for number, each in enumerate(found.conversions, start=1)
    ]
    return conversion.request_all(person=person, by=by, requests=requests, at=at)


def _conversion(case: Case, step: Step) -> PlannedConversion:
    return PlannedConversion(
        case.rules[step.rule_id],
        [(case.lots[lot_id], amount) for lot_id, amount in sorted(step.used.items())],
        [(case.parts[code], amount) for code, amount in step.granted.items()],
        step,
    )


def _progress(
    case: Case, conversions: list[PlannedConversion],
    standing: list[tuple[CreditLot, CreditGroup, int]],
) -> list[PartProgress]:  # fmt: skip
    least = {group.code: group.least_hundredths for group in case.requirements.groups}
    planned = [item for each in conversions for item in each.granted]

    def inside(code: str, part: CreditGroup) -> bool:
        return code == part.code or code in case.problem.parts[part.code].above

    return [
        PartProgress(
            part, least.get(code, 0),
            sum(amount for _lot, where, amount in standing if inside(code, where)),
            case.reserved.get(code, 0),
            sum(amount for where, amount in planned if inside(code, where)),
        )
        for code, part in case.parts.items()
    ]  # fmt: skip
