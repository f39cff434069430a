"""Answering a conversion: take it up, approve, refuse, withdraw, let it lapse, mark it reversed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import caps, ledger, lots, matching
from xueqiao.creditbank.conversion.asking import lock_lots
from xueqiao.creditbank.models import Conversion, ConversionStep, CreditLot, Phase, TransferGroup
from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from xueqiao.people.models import Person

State = Conversion.State


class WrongState(errors.Refusal):
    """The conversion has been settled already."""

    code = "conversion.wrong_state"


class OwnConversion(errors.Refusal):
    """Nobody decides what they asked for themselves."""

    code = "conversion.own"
    status = 403


@transaction.atomic
def take_up(*, conversion: Conversion, by: Person, at: datetime) -> Conversion:
    """The receiving institution begins to review; the learner sees who has it.

    Repeating it changes nothing. The reservation's last day stays as it is.

    Raises:
        WrongState, OwnConversion, rights.NotAllowed.
    """
    locked = _lock(conversion, by, at)
    if locked.state == State.REVIEWING:
        return locked
    _refuse_settled(locked)
    return _move(locked, State.REVIEWING, by, at, "")


@transaction.atomic
def approve(*, conversion: Conversion, by: Person, at: datetime, reason: str = "") -> CreditLot:
    """Accept the conversion: its reservation is posted, and a lot is made for each of its results.

    Returns:
        The first of the lots; ``conversion.lots`` has all, one for each result.

    Raises:
        WrongState, OwnConversion, rights.NotAllowed, ledger.ReservationLapsed;
        matching.DoesNotCount: a lot has lapsed since.
    """
    locked = _lock(conversion, by, at)
    if locked.state == State.APPROVED:
        return locked.lots.order_by("pk")[0]
    _refuse_settled(locked)
    uses = {use.lot_id: use for use in locked.uses.all()}
    parents = lock_lots(list(uses), locked.person)
    rule = matching.applicable(locked.version)
    matching.refuse_misfits(parents.values(), rule, locked.person, clock.local_date(at))
    opened = lots.open_converted(conversion=locked, at=at)
    giver = caps.grant_account(locked.version, at)
    group = ledger.resolve(
        key=f"convert:{locked.pk}",
        kind="substitute" if rule.body.effect == "substitution" else "convert",
        reservation=locked.reservation,
        also=[
            ledger.Line(giver, account_id, result.granted_hundredths, "grant")
            for result, account_id in opened
        ],
        outcome=Phase.POST, event_at=at, posted_at=at, reason=reason,
    )  # fmt: skip
    _settle(locked, State.APPROVED, by, at, reason, group)
    amounts = {lot: uses[lot.pk].amount_hundredths for lot in parents.values()}
    return lots.write_converted(conversion=locked, opened=opened, parents=amounts, at=at)[0]


@transaction.atomic
def reject(*, conversion: Conversion, by: Person, at: datetime, reason: str) -> Conversion:
    """Refuse the conversion; what was reserved is free again. Raises as ``approve``."""
    locked = _lock(conversion, by, at)
    return _give_back(locked, State.REJECTED, by, at, reason)


@transaction.atomic
def withdraw(*, conversion: Conversion, by: Person, at: datetime) -> Conversion:
    """The learner takes the request back; what was reserved is free again.

    Raises:
        WrongState, rights.NotAllowed.
    """
    locked = _fresh(conversion)
    if by.pk not in (locked.person_id, locked.asked_by_id):
        raise rights.NotAllowed(rights.not_allowed_text())
    return _give_back(locked, State.WITHDRAWN, by, at, "")


@transaction.atomic
def mark_reversed(
    *, conversion_ids: Collection[int], by: Person | None, at: datetime, reason: str
) -> int:
    """Note that conversions were reversed, in the transaction that reverses their vouchers.

    The ledger's part, ``settlement``, is reversed by the caller. Returns how many were new.
    """
    rows = Conversion.objects.select_for_update(of=("self",), no_key=True)
    found = list(rows.filter(pk__in=conversion_ids, state=State.APPROVED).order_by("pk"))
    for conversion in found:
        _move(conversion, State.REVERSED, by, at, reason)
    return len(found)


def expire_due(*, now: datetime, limit: int = 500) -> int:
    """Let conversions lapse that nobody answered in time, one transaction each; how many did."""
    due = Conversion.objects.pending().filter(reserved_until__lte=now)
    found = list(due.order_by("pk")[:limit])
    for conversion in found:
        _expire(conversion, now)
    return len(found)


@transaction.atomic
def _expire(conversion: Conversion, now: datetime) -> None:
    locked = _fresh(conversion)
    if locked.is_pending:
        group = ledger.expire(reservation=locked.reservation, now=now)
        _settle(locked, State.TIMED_OUT, None, now, "", group)


def _fresh(conversion: Conversion) -> Conversion:
    rows = Conversion.objects.select_for_update(of=("self",), no_key=True)
    related = (
        "version__rule__programme__level", "version__rule__programme__institution", "person",
        "reservation",
    )  # fmt: skip
    return rows.select_related(*related).get(pk=conversion.pk)


def _lock(conversion: Conversion, by: Person, at: datetime) -> Conversion:
    locked = _fresh(conversion)
    if by.pk in (locked.person_id, locked.asked_by_id):
        raise OwnConversion(_("You asked for this conversion. Somebody else has to decide it."))
    reach = Conversion.objects.reviewable_by(by, clock.local_date(at))
    if not reach.filter(pk=locked.pk).exists():
        raise rights.NotAllowed(rights.not_allowed_text())
    return locked


def _give_back(
    locked: Conversion, to_state: Conversion.State, by: Person, at: datetime, reason: str
) -> Conversion:
    if locked.state == to_state:
        return locked
    _refuse_settled(locked)
    group = ledger.resolve(
        key=f"{to_state}:conversion:{locked.pk}", reservation=locked.reservation,
        outcome=Phase.VOID, event_at=at, posted_at=at, reason=reason,
    )  # fmt: skip
    return _settle(locked, to_state, by, at, reason, group)


def _refuse_settled(locked: Conversion) -> None:
    if not locked.is_pending:
        text = _("The conversion is “{state}” now. Load the page again to see what can be done.")
        raise WrongState(text.format(state=locked.get_state_display()))


def _settle(  # noqa: PLR0917 - all that makes up the move
    locked: Conversion, to_state: Conversion.State, by: Person | None, at: datetime, reason: str,
    group: TransferGroup,
) -> Conversion:  # fmt: skip
    locked.settlement = group
    return _move(locked, to_state, by, at, reason)


def _move(
    locked: Conversion, to_state: Conversion.State, by: Person | None, at: datetime, reason: str
) -> Conversion:
    locked.state = to_state
    locked.state_since = at
    locked.save(update_fields=["state", "state_since", "settlement"])
    ConversionStep.objects.create(
        conversion=locked, to_state=to_state, actor=by, reason=reason, at=at
    )
    return locked
