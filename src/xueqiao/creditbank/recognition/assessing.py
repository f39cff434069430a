"""Assessment by one of six methods, alone or in a panel, and the proposal that follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.creditbank import evidence, moves, rules, standards
from xueqiao.creditbank.models import Application, ApplicationItem, Assessment
from xueqiao.creditbank.recognition import conflicts, panels, work
from xueqiao.creditbank.recognition.refusals import refuse_amount, refuse_silence
from xueqiao.creditbank.rules import methods
from xueqiao.kernel import clock, errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from xueqiao.people.models import Person

NOTICE = "prior.notice"
WHY = {
    "missing": gettext_lazy("is missing"),
    "day": gettext_lazy("is no day; write it as 2026-03-02"),
    "future": gettext_lazy("lies in the future"),
    "whole": gettext_lazy("is no whole number that can be"),
    "score": gettext_lazy("is no score from 0 to 100 with at most two decimals"),
    "long": gettext_lazy("is too long"),
}
FIELDS = {
    "held_on": gettext_lazy("Day"),
    "paper": gettext_lazy("Paper"),
    "supervisor": gettext_lazy("Supervised by"),
    "score": gettext_lazy("Score (0 to 100)"),
    "pass_score": gettext_lazy("Score needed"),
    "pieces": gettext_lazy("Pieces of work"),
    "authentic": gettext_lazy("The pieces are the applicant's own"),
    "how_checked": gettext_lazy("How this was checked"),
    "minutes": gettext_lazy("Minutes"),
    "with_whom": gettext_lazy("Who took part"),
    "questions": gettext_lazy("What was asked"),
    "where": gettext_lazy("Where"),
    "tasks": gettext_lazy("Tasks"),
    "confirmed_by": gettext_lazy("Confirmed at the workplace by"),
    "compared_with": gettext_lazy("Compared with"),
    "register_checked": gettext_lazy("The issuer's register shows it"),
}


class MethodIncomplete(errors.Refusal):
    """What the method of assessment has to write down is missing or cannot be."""

    code = "assessment.incomplete"
    status = 422


class ScoreTooLow(errors.Refusal):
    """Credit is proposed although the score needed was not reached."""

    code = "assessment.score_too_low"
    status = 422


class AssessedAlready(errors.Refusal):
    """The assessor has assessed this round of the case, and otherwise."""

    code = "assessment.assessed_already"


@transaction.atomic
def assess(
    *,
    application: Application,
    by: Person,
    at: datetime,
    method: str,
    amounts: Mapping[int, int],
    findings: str,
    no_conflict_declared: bool,
    details: Mapping[str, str] | None = None,
) -> Application:
    """Record what the assessor found. In a panel each member may; the last amounts stand proposed.

    Args:
        method: one of ``Assessment.Method``.
        amounts: unit id to 1/100 credit, 0 where nothing is to be recognised; every unit asked for.
        no_conflict_declared: the assessor is neither kin nor employer of the applicant.
        details: what the method writes down, as typed: ``methods.METHODS`` names the fields.

    Raises:
        ConflictOfInterest, AmountTooHigh, ReasonMissing, MethodIncomplete, ScoreTooLow,
        AssessedAlready, panels.*, evidence.Altered, moves.*.
    """
    standing = Application.objects.filter(pk=application.pk).values_list("state", flat=True).get()
    verb = "assess_too" if standing == Application.State.ASSESSING else "assess"
    locked, _repeated = moves.lock(application, verb, by=by, at=at)
    today = clock.local_date(at)
    read = _details(method, details or {}, today)
    written = {str(unit): amount for unit, amount in amounts.items()}
    if verb == "assess_too" and _said_before(locked, by, (method, read, written, findings)):
        return locked
    _refuse_assessor(locked, by, today, no_conflict_declared)
    refuse_silence(findings, pointer="findings")
    evidence.check(application=locked)
    _propose_amounts(locked, amounts, today, read)
    Assessment.objects.create(
        application=locked, round=locked.round, assessor=by, method=method, details=read,
        amounts=written, findings=findings,
        no_conflict_declared=True, assessed_at=at,
    )  # fmt: skip
    return moves.move(locked, verb, by=by, at=at, note=findings)


@transaction.atomic
def propose(*, application: Application, by: Person, at: datetime, note: str = "") -> Application:
    """Send the assessment on for decision, by way of the public notice where a rule sets one.

    Raises:
        panels.VotesMissing, panels.VoteLost: the panel has not carried it; moves.*.
    """
    locked, repeated = moves.lock(application, "propose", by=by, at=at)
    if repeated:
        return locked
    panels.refuse_unvoted(locked)
    today = clock.local_date(at)
    days = standards.rule(NOTICE, today).value["working_days"]
    if not days:
        return moves.move(locked, "propose", by=by, at=at, note=note)
    locked.notice_until = rules.working_days_later(today, days)
    locked.save(update_fields=["notice_until"])
    return moves.move(locked, "publish", by=by, at=at, note=note)


def _details(method: str, typed: Mapping[str, str], today: date) -> dict[str, Any]:
    if method not in methods.METHODS:
        text = _("Choose one of the six methods of assessment.")
        raise MethodIncomplete(text, pointer="method")
    found, wrong = methods.read(method, typed, today)
    if wrong:
        said = [
            _("“{field}” {why}").format(field=FIELDS[each.name], why=WHY[each.why])
            for each in wrong
        ]
        text = _("{said}. Complete what this method writes down.")
        raise MethodIncomplete(text.format(said=_("; ").join(said)), pointer=wrong[0].name)
    return found


def _said_before(application: Application, by: Person, said: tuple[Any, ...]) -> bool:
    """Whether the assessor said exactly this before in this round.

    Raises:
        AssessedAlready: they said something else, or the case has no panel and was assessed.
    """
    mine = application.assessments.filter(round=application.round, assessor=by).last()
    if mine and (mine.method, mine.details, mine.amounts, mine.findings) == said:
        return True
    if mine or panels.sitting(application) is None:
        text = _("The case was assessed in this round. It goes on with the proposal.")
        raise AssessedAlready(text)
    return False


def _refuse_assessor(
    application: Application, by: Person, today: date, no_conflict_declared: bool
) -> None:
    if application.needs_screening and application.state == Application.State.ACCEPTED:
        text = _("This case needs a first review before it is assessed.")
        raise moves.WrongState(text)
    if not no_conflict_declared:
        text = _("Only somebody who is neither kin nor employer of the applicant may assess. Leave "
                 "the case to another assessor.")  # fmt: skip
        raise conflicts.ConflictOfInterest(text, pointer="no_conflict_declared")
    panels.refuse_outsider(application, by)
    conflicts.refuse_conflict(application, by, today)


def _propose_amounts(
    application: Application, amounts: Mapping[int, int], today: date, details: dict[str, Any]
) -> None:
    items = list(application.items.select_related("unit"))
    if methods.failed(details) and any(amounts.values()):
        text = _("The score needed was not reached, so no credit can be proposed by this method.")
        raise ScoreTooLow(text, pointer="score")
    _refuse_above_work(application, items, amounts, today)
    for item in items:
        item.proposed_hundredths = amounts.get(item.unit_id, 0)
        refuse_amount(item.unit, item.proposed_hundredths, least=0)
    ApplicationItem.objects.bulk_update(items, ["proposed_hundredths"])


def _refuse_above_work(
    application: Application, items: Sequence[ApplicationItem], amounts: Mapping[int, int],
    today: date,
) -> None:  # fmt: skip
    resting = [item for item in items if item.ground == ApplicationItem.Ground.WORK]
    if not resting:
        return
    limits = {each.unit.pk: each.worth_hundredths for each in work.worth(application, today)}
    for item in resting:
        asked = amounts.get(item.unit_id, 0)
        work.refuse_above_table(item.unit, asked, limits.get(item.unit_id, 0))
