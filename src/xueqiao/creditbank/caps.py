"""Counting rights and caps as accounts: opening, funding once, reserving."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from xueqiao.creditbank import accounts, ledger, rules
from xueqiao.creditbank.models import (
    AccountKind,
    CreditLot,
    LedgerUnit,
    RuleVersion,
)
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from xueqiao.people.models import Person

ORIGIN = "capsrc:rights"


class RightUsedUp(errors.Refusal):
    """A lot would count in the same scope for more than it is."""

    code = "conversion.right_used_up"


class CapReached(errors.Refusal):
    """The programme takes no more converted credit from this learner."""

    code = "conversion.cap_reached"


@dataclass(frozen=True, slots=True)
class Cap:
    """A limit for one learner: its account, how much it allows, where use is counted."""

    code: str
    used_code: str
    limit_hundredths: int


def capacity_code(lot_id: int, scope_code: str) -> str:
    """The account of what a lot may still count in a scope."""
    return f"cap:{lot_id}:{scope_code}"


def caps_of(version: RuleVersion, person_id: int) -> list[Cap]:
    """The programme's cap over all rules, the rule's own, and the value of the credit group."""
    programme, target = version.rule.programme, version.target
    total = programme.total_hundredths
    whole = rules.scaled(total, programme.cap_numerator, programme.cap_denominator)
    own = rules.scaled(total, version.cap_numerator, version.cap_denominator)
    group = f"group:{programme.code}:{target.code}"
    rule = f"rule:{version.rule.code}:v{version.number}"
    return [
        _cap(f"programme:{programme.code}", person_id, whole),
        _cap(rule, person_id, own),
        _cap(group, person_id, target.credit_hundredths),
    ]


def reserve(
    *, key: str, version: RuleVersion, person: Person, uses: Sequence[tuple[CreditLot, int]],
    granted: int, at: datetime, until: datetime,
) -> int:  # fmt: skip
    """Reserve the right of every lot used, and the room under every cap. In 1/100 credit.

    Each account is funded by a voucher of its own, whose key makes it happen once. The id of the
    group that holds the reservation.

    Raises:
        RightUsedUp, CapReached.
    """
    limits = caps_of(version, person.pk)
    ids = accounts.open_all(_accounts(version, person, uses, limits, at))
    scope, clearing = version.rule.programme.scope.code, ids[_clearing(version)]
    funding = [
        _funding(ids, capacity_code(lot.pk, scope), lot.amount_hundredths, at)
        for lot, _used in uses
    ] + [_funding(ids, cap.code, cap.limit_hundredths, at) for cap in limits]
    lines = [
        ledger.Line(ids[capacity_code(lot.pk, scope)], clearing, used, "use") for lot, used in uses
    ] + [ledger.Line(ids[cap.code], ids[cap.used_code], granted, "cap") for cap in limits]
    reserved = tuple(ledger.pending_line(line, until) for line in lines)
    voucher = ledger.Voucher(key, "reserve", reserved, at)
    try:
        return ledger.post_many(vouchers=[*funding, voucher], posted_at=at)[key]
    except ledger.Overdrawn as why:
        raise _in_words(why) from why


def grant_account(version: RuleVersion, at: datetime) -> int:
    """The id of the account from which a version's converted credit is granted."""
    code = f"grant:{version.rule.code}:v{version.number}"
    opening = accounts.Opening(
        code, LedgerUnit.CREDIT.value, AccountKind.GRANT.value, no_overdraw=False, opened_at=at
    )
    return accounts.open_all([opening])[code]


def _cap(name: str, person_id: int, limit: int) -> Cap:
    return Cap(f"caplim:{name}:{person_id}", f"used:{name}", limit)


def _clearing(version: RuleVersion) -> str:
    return f"clear:{version.rule.code}:v{version.number}"


def _accounts(
    version: RuleVersion, person: Person, uses: Sequence[tuple[CreditLot, int]], limits: list[Cap],
    at: datetime,
) -> list[accounts.Opening]:  # fmt: skip
    def right(
        code: str, kind: AccountKind, owner: int | None, *, no_overdraw: bool
    ) -> accounts.Opening:
        unit = LedgerUnit.RIGHT.value
        return accounts.Opening(code, unit, kind.value, no_overdraw, at, person_id=owner)

    scope = version.rule.programme.scope.code
    return [
        right(ORIGIN, AccountKind.CAPACITY_SOURCE, None, no_overdraw=False),
        right(_clearing(version), AccountKind.CLEARING, None, no_overdraw=False),
        *(
            right(capacity_code(lot.pk, scope), AccountKind.CAPACITY, person.pk, no_overdraw=True)
            for lot, _used in uses
        ),
        *(right(cap.code, AccountKind.CAP_LIMIT, person.pk, no_overdraw=True) for cap in limits),
        *(right(cap.used_code, AccountKind.CAP_USED, None, no_overdraw=False) for cap in limits),
    ]


def _funding(ids: dict[str, int], code: str, amount: int, at: datetime) -> ledger.Voucher:
    line = ledger.Line(ids[ORIGIN], ids[code], amount, "capacity")
    return ledger.Voucher(f"fund:{code}", "capacity", (line,), at)


def _in_words(why: ledger.Overdrawn) -> errors.Refusal:
    if why.account.startswith("caplim:"):
        text = _(
            "The programme takes {free} more credits by conversion; {asked} were asked. "
            "Ask for less."
        )
        return CapReached(text.format(free=why.free, asked=why.asked))
    text = _(
        "Of this credit {free} can still count towards such a qualification; {asked} were asked. A "
        "credit counts once for each kind of qualification."
    )
    return RightUsedUp(text.format(free=why.free, asked=why.asked))
