"""Asking for an award: the credit that meets the requirements, and its reservation."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import accounts, caps, conversion, ledger, lotfacts, planner, rules
from xueqiao.creditbank.models import AccountKind, Award, AwardStep, AwardUse
from xueqiao.creditbank.planner import reading, solver
from xueqiao.kernel import bulk, clock, credit, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xueqiao.creditbank.models import Qualification
    from xueqiao.creditbank.planner.reading import Case
    from xueqiao.people.models import Person


class RequestReused(errors.Refusal):
    """The request key already belongs to another application for an award."""

    code = "awards.request_reused"


class NotInForce(errors.Refusal):
    """The qualification is a draft, or not awarded on the day."""

    code = "awards.not_in_force"


class RequirementsUnmet(errors.Refusal):
    """The credit that counts does not meet what the qualification asks."""

    code = "awards.requirements_unmet"


@transaction.atomic
def ask(
    *, request_key: str, person: Person, by: Person, qualification_id: int, at: datetime
) -> Award:
    """Ask for an award with the credit that counts as it stands; its right is reserved.

    A repeated call with the same key returns the first application. Which credit stands behind it
    is chosen as by the planner: the highest level first, then the oldest.

    Args:
        by: the learner, or a helper of the service point who enters it.

    Raises:
        NotInForce, RequirementsUnmet, RequestReused, caps.RightUsedUp, rights.NotAllowed.
    """
    conversion.lock_learner(person)
    request_hash = rules.canonical_hash([person.pk, qualification_id])
    earlier = Award.objects.filter(request_key=request_key).first()
    if earlier:
        if earlier.request_hash == request_hash:
            return earlier
        raise RequestReused(_("This form was sent before with other contents. Open the form anew."))
    today = clock.local_date(at)
    if by != person:
        rights.check(by, rights.RECOGNITION_ENTER, today, place_id=person.home_id or 0)
    qualification = planner.in_force(today).filter(pk=qualification_id).first()
    if qualification is None:
        text = _("This qualification is not awarded on {day}. Choose one of those in force.")
        raise NotInForce(text.format(day=clock.written(today)))
    case = reading.read(person, qualification, today, convert=False)
    direct = solver.best(case.problem, seconds=planner.SECONDS).direct
    _refuse_unmet(case, direct)
    conversion.lock_lots([lot_id for lot_id, _part in direct], person)
    until = at + timedelta(days=qualification.reserve_days)
    group_id = _reserve(f"ask:{request_key}", case, direct, at, until)
    id_ = bulk.numbers(Award, 1)[0]
    award = Award.objects.create(
        pk=id_, number=f"{today.year}{rules.account_number(id_)}", request_key=request_key,
        request_hash=request_hash, qualification=qualification, person=person, asked_by=by,
        total_hundredths=sum(direct.values()), state_since=at, asked_at=at, reserved_until=until,
        reservation_id=group_id,
    )  # fmt: skip
    AwardUse.objects.bulk_create(
        [
            AwardUse(award=award, lot_id=lot_id, part=case.parts[code], amount_hundredths=amount)
            for (lot_id, code), amount in sorted(direct.items())
        ]
    )
    AwardStep.objects.create(award=award, to_state=Award.State.REQUESTED, actor=by, at=at)
    return award


def _refuse_unmet(case: Case, direct: Mapping[tuple[int, str], int]) -> None:
    above = lotfacts.above(case.parts.values())
    counted = [
        rules.Counted(
            code, above[code], amount, case.lots[lot_id].level.number,
            case.lots[lot_id].conversion_id is not None, lotfacts.kinds(case.lots[lot_id]),
        )
        for (lot_id, code), amount in direct.items()
    ]  # fmt: skip
    missing = rules.unmet(case.requirements, counted)
    if missing:
        first = missing[0]
        raise RequirementsUnmet(unmet_text(first), pointer=first.code)


def unmet_text(missing: rules.Unmet) -> str:
    """One thing that is missing, as the learner reads it."""
    texts = {
        "total": _("The qualification asks for {asked} credits; {have} count."),
        "part": _("The part “{name}” asks for {asked} credits; {have} count."),
        "residence": _("{asked} credits have to be earned in the programme itself; {have} are."),
        "level": _("{asked} credits have to be of level {name} or above; {have} are."),
        "kind": _("At most {asked} credits of the kind “{name}” may count; {have} would."),
    }
    said = texts[missing.code].format(
        name=missing.name,
        asked=credit.show(missing.asked_hundredths),
        have=credit.show(missing.have_hundredths),
    )
    return said + " " + _("Look at the plan to see what brings you there.")


def clearing_code(qualification: Qualification) -> str:
    """The account that takes the rights used up by awards of a qualification."""
    return f"award:{qualification.code}:{qualification.version}"


def _reserve(
    key: str, case: Case, direct: Mapping[tuple[int, str], int], at: datetime, until: datetime
) -> int:
    scope, person = case.qualification.programme.scope.code, case.person
    lots: Sequence[int] = sorted({lot_id for lot_id, _part in direct})
    code, kind = clearing_code(case.qualification), AccountKind.CLEARING
    ids = accounts.open_all(
        [
            *caps.capacity_accounts(lots, scope, person.pk, at),
            caps.right_account(code, kind, None, at, no_overdraw=False),
        ]
    )
    lines = [
        ledger.Line(ids[caps.capacity_code(lot_id, scope)], ids[code], amount, "award")
        for (lot_id, _part), amount in sorted(direct.items())
    ]
    reserved = tuple(ledger.pending_line(line, until) for line in lines)
    vouchers = [caps.fund_capacity(ids, case.lots[lot_id], scope, at) for lot_id in lots]
    vouchers.append(ledger.Voucher(key, "reserve", reserved, at))
    try:
        return ledger.post_many(vouchers=vouchers, posted_at=at)[key]
    except ledger.Overdrawn as why:
        raise caps.in_words(why) from why
