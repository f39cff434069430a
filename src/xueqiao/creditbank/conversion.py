"""Conversion of credit into a programme: reserve, then approve, refuse, withdraw or lapse.

A conversion never moves the credit of a lot; it uses the lot's right to count in a scope, of which
the database holds one account for each lot and scope, and it grants a new lot in the programme.
Caps are accounts too, so that two approvals at the same instant cannot pass together
(docs/decisions/0022-rights-and-caps-are-accounts.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import caps, ledger, lots, matching, rules
from xueqiao.creditbank.models import (
    Conversion,
    ConversionStep,
    ConversionUse,
    CreditLot,
    Phase,
    RuleVersion,
)
from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xueqiao.people.models import Person


class RequestReused(errors.Refusal):
    """The request key already belongs to another conversion."""

    code = "conversion.request_reused"


class NothingToConvert(errors.Refusal):
    """No lot, an amount below 0.01, or so little that the rule makes nothing of it."""

    code = "conversion.nothing_to_convert"
    status = 422


class WrongState(errors.Refusal):
    """The conversion has been settled already."""

    code = "conversion.wrong_state"


class OwnConversion(errors.Refusal):
    """Nobody decides what they asked for themselves."""

    code = "conversion.own"
    status = 403


@dataclass(frozen=True, slots=True)
class Use:
    """How much of a lot is to be used, in 1/100 credit of the lot."""

    lot_id: int
    amount_hundredths: int


@transaction.atomic
def request(
    *,
    request_key: str,
    person: Person,
    by: Person,
    version_id: int,
    uses: Sequence[Use],
    at: datetime,
) -> Conversion:
    """Ask for conversion under a published rule; what it needs is reserved until it is answered.

    A repeated call with the same key returns the first conversion.

    Args:
        by: the learner, or a helper of the service point who enters it.

    Raises:
        matching.DoesNotCount, caps.RightUsedUp, caps.CapReached, NothingToConvert, RequestReused,
        rights.NotAllowed.
    """
    asked = sorted((each.lot_id, each.amount_hundredths) for each in uses)
    request_hash = rules.canonical_hash([person.pk, version_id, *asked])
    # The lots are locked first: of two equal requests at one moment the second finds the first.
    held = _lock_lots([lot_id for lot_id, _amount in asked], person)
    found = Conversion.objects.filter(request_key=request_key).first()
    if found:
        if found.request_hash == request_hash:
            return found
        raise RequestReused(_("This form was sent before with other contents. Open the form anew."))
    if by != person:
        place = person.home_id or 0
        rights.check(by, rights.RECOGNITION_ENTER, clock.local_date(at), place_id=place)
    version = matching.version_in_force(version_id, clock.local_date(at))
    matching.refuse_misfits(held.values(), version, clock.local_date(at))
    used, granted = _amounts(asked, version)
    until = at + timedelta(days=version.reserve_days)
    lines = [(held[lot_id], amount) for lot_id, amount in used.items()]
    group_id = caps.reserve(
        key=f"reserve:{request_key}", version=version, person=person, uses=lines, granted=granted,
        at=at, until=until,
    )  # fmt: skip
    return _reserved(
        request_key, request_hash, person, by, version, used, granted, at, until, group_id
    )


@transaction.atomic
def approve(*, conversion: Conversion, by: Person, at: datetime, reason: str = "") -> CreditLot:
    """Accept the conversion: its reservation is posted and the converted credit becomes a lot.

    Raises:
        WrongState, OwnConversion, rights.NotAllowed, ledger.ReservationLapsed;
        matching.DoesNotCount: a lot has lapsed since.
    """
    locked = _lock(conversion, by, at)
    if locked.state == Conversion.State.APPROVED:
        return locked.lots.get()
    _refuse_settled(locked)
    uses = {use.lot_id: use for use in locked.uses.all()}
    parents = _lock_lots(list(uses), locked.person)
    matching.refuse_misfits(parents.values(), locked.version, clock.local_date(at))
    account_id = lots.open_converted(conversion=locked, at=at)
    grant = ledger.Line(
        caps.grant_account(locked.version, at), account_id, locked.granted_hundredths, "grant"
    )
    ledger.resolve(
        key=f"convert:{locked.pk}", kind="convert", reservation=locked.reservation, also=[grant],
        outcome=Phase.POST, event_at=at, posted_at=at, reason=reason,
    )  # fmt: skip
    _settle(locked, Conversion.State.APPROVED, by, at, reason)
    amounts = {lot: uses[lot.pk].amount_hundredths for lot in parents.values()}
    return lots.write_converted(conversion=locked, account_id=account_id, parents=amounts, at=at)


@transaction.atomic
def reject(*, conversion: Conversion, by: Person, at: datetime, reason: str) -> Conversion:
    """Refuse the conversion; what was reserved is free again. Raises as ``approve``."""
    locked = _lock(conversion, by, at)
    return _give_back(locked, Conversion.State.REJECTED, by, at, reason)


@transaction.atomic
def withdraw(*, conversion: Conversion, by: Person, at: datetime) -> Conversion:
    """The learner takes the request back; what was reserved is free again.

    Raises:
        WrongState, rights.NotAllowed.
    """
    locked = _fresh(conversion)
    if by.pk not in (locked.person_id, locked.asked_by_id):
        raise rights.NotAllowed(rights.not_allowed_text())
    return _give_back(locked, Conversion.State.WITHDRAWN, by, at, "")


def expire_due(*, now: datetime, limit: int = 500) -> int:
    """Let conversions lapse that nobody answered in time, one transaction each; how many did."""
    due = Conversion.objects.filter(state=Conversion.State.RESERVED, reserved_until__lte=now)
    found = list(due.order_by("pk")[:limit])
    for conversion in found:
        _expire(conversion, now)
    return len(found)


@transaction.atomic
def _expire(conversion: Conversion, now: datetime) -> None:
    locked = _fresh(conversion)
    if locked.state == Conversion.State.RESERVED:
        ledger.expire(reservation=locked.reservation, now=now)
        _settle(locked, Conversion.State.TIMED_OUT, None, now, "")


def _amounts(asked: list[tuple[int, int]], version: RuleVersion) -> tuple[dict[int, int], int]:
    """What is used of each lot, and what it makes together; the remainder stays in its lot."""
    numerator, denominator = version.ratio_numerator, version.ratio_denominator
    used, granted = {}, 0
    for lot_id, amount in asked:
        made = rules.scaled(amount, numerator, denominator)
        if made <= 0 or lot_id in used:
            text = _(
                "Choose at least one lot, each once, and an amount that makes at least 0.01 "
                "credits."
            )
            raise NothingToConvert(text, pointer="uses")
        used[lot_id] = rules.needed(made, numerator, denominator)
        granted += made
    if not used:
        raise NothingToConvert(_("Choose at least one lot."), pointer="uses")
    return used, granted


def _lock_lots(ids: list[int], person: Person) -> dict[int, CreditLot]:
    rows = CreditLot.objects.select_for_update(no_key=True).filter(pk__in=ids, person=person)
    held = {lot.pk: lot for lot in rows.order_by("pk")}
    if len(held) < len(set(ids)):
        raise rights.NotAllowed(rights.not_allowed_text())
    return held


def _reserved(  # noqa: PLR0917 - all that makes up the row
    request_key: str, request_hash: str, person: Person, by: Person, version: RuleVersion,
    used: dict[int, int], granted: int, at: datetime, until: datetime, group_id: int,
) -> Conversion:  # fmt: skip
    conversion = Conversion.objects.create(
        request_key=request_key, request_hash=request_hash, person=person, version=version,
        asked_by=by, granted_hundredths=granted, state_since=at, asked_at=at, reserved_until=until,
        reservation_id=group_id,
    )  # fmt: skip
    ConversionUse.objects.bulk_create(
        [
            ConversionUse(conversion=conversion, lot_id=lot_id, amount_hundredths=amount)
            for lot_id, amount in used.items()
        ]
    )
    ConversionStep.objects.create(
        conversion=conversion, to_state=Conversion.State.RESERVED, actor=by, at=at
    )
    return conversion


def _fresh(conversion: Conversion) -> Conversion:
    rows = Conversion.objects.select_for_update(of=("self",), no_key=True)
    related = ("version__rule__programme__level", "version__target", "person", "reservation")
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
    ledger.resolve(
        key=f"{to_state}:conversion:{locked.pk}", reservation=locked.reservation,
        outcome=Phase.VOID, event_at=at, posted_at=at, reason=reason,
    )  # fmt: skip
    return _settle(locked, to_state, by, at, reason)


def _refuse_settled(locked: Conversion) -> None:
    if locked.state != Conversion.State.RESERVED:
        text = _("The conversion is “{state}” now. Load the page again to see what can be done.")
        raise WrongState(text.format(state=locked.get_state_display()))


def _settle(
    locked: Conversion, to_state: Conversion.State, by: Person | None, at: datetime, reason: str
) -> Conversion:
    locked.state = to_state
    locked.state_since = at
    locked.save(update_fields=["state", "state_since"])
    ConversionStep.objects.create(
        conversion=locked, to_state=to_state, actor=by, reason=reason, at=at
    )
    return locked
