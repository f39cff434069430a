"""Counting rights and caps as accounts: opening, funding once, reserving."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from django.db.models import Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.creditbank import accounts, ledger, rules
from xueqiao.creditbank.models import (
    Account,
    AccountKind,
    CreditGroup,
    CreditLot,
    LedgerUnit,
    Phase,
    Programme,
    RuleVersion,
)
from xueqiao.kernel import credit, errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from xueqiao.creditbank.matching import Applicable
    from xueqiao.people.models import Person

ORIGIN = "capsrc:rights"


class RightUsedUp(errors.Refusal):
    """A lot would count in the same scope for more than it is."""

    code = "conversion.right_used_up"


class CapReached(errors.Refusal):
    """A cap of the programme, of one of its parts or of the rule leaves less than was asked."""

    code = "conversion.cap_reached"


REACHED = {
    "programme": gettext_lazy(
        "The programme takes {free} more credits by conversion; {asked} were asked. Ask for less."
    ),
    "residence": gettext_lazy(
        "A part of the programme has to be earned there. It takes {free} more credits by "
        "conversion; {asked} were asked. Ask for less."
    ),
    "group": gettext_lazy(
        "This part of the programme takes {free} more credits; {asked} were asked. Ask for less, "
        "or choose another rule."
    ),
    "rule": gettext_lazy(
        "Under this rule {free} more credits can be converted; {asked} were asked. Ask for less, "
        "or choose another rule."
    ),
    "application": gettext_lazy(
        "One application under this rule takes {free} credits; {asked} were asked. Ask for less."
    ),
}


@dataclass(frozen=True, slots=True)
class Cap:
    """A limit for one learner: its account, what it allows, where use is counted, what is asked."""

    code: str
    used_code: str
    limit_hundredths: int
    asked_hundredths: int


@dataclass(frozen=True, slots=True)
class Right:
    """What of a lot's right to count in a scope is used, and what it makes; in 1/100 credit."""

    lot: CreditLot
    used_hundredths: int
    made_hundredths: int


@dataclass(frozen=True, slots=True)
class Asked:
    """One reservation that is to be made: ``granted`` in 1/100 credit by part of the programme."""

    key: str
    rule: Applicable
    uses: Sequence[Right]
    granted: Mapping[str, int]
    until: datetime


def capacity_code(lot_id: int, scope_code: str) -> str:
    """The account of what a lot may still count in a scope."""
    return f"cap:{lot_id}:{scope_code}"


def programme_share(programme: Programme) -> int:
    """What of a programme may be converted credit, over all rules, in 1/100 credit."""
    return rules.scaled(
        programme.total_hundredths, programme.cap_numerator, programme.cap_denominator
    )


def caps_of(
    rule: Applicable, person_id: int, uses: Sequence[Right], granted: Mapping[str, int]
) -> list[Cap]:
    """The programme's caps, those of the parts that get credit and of all above, and the rule's."""
    programme, version = rule.version.rule.programme, rule.version
    total, made = programme.total_hundredths, sum(granted.values())
    asked = {f"programme:{programme.code}": (programme_share(programme), made)}
    if programme.residence_least_hundredths:
        room = max(total - programme.residence_least_hundredths, 0)
        asked[f"residence:{programme.code}"] = (room, made)
    name = f"rule:{version.rule.code}:v{version.number}"
    for limit in rule.body.limits:
        if limit.on == "rule":
            asked[name] = (limit.allows(total), made)
        elif limit.on == "source_kind":
            of_kind = [use for use in uses if use.lot.source_kind == limit.source_kind]
            part = sum(use.made_hundredths for use in of_kind)
            asked[f"{name}:kind:{limit.source_kind}"] = (limit.allows(total), part)
    for code, amount in _with_all_above(rule, granted).items():
        asked[f"group:{programme.code}:{code}"] = (rule.parts[code].credit_hundredths, amount)
    return [
        Cap(f"caplim:{each}:{person_id}", f"used:{each}", limit, amount)
        for each, (limit, amount) in asked.items()
        if amount
    ]


def reserve(*, person: Person, asked: Sequence[Asked], at: datetime) -> dict[str, int]:
    """Reserve the right of every lot used and the room under every cap, all or nothing.

    Each account is funded by a voucher of its own, whose key makes it happen once. The ids of the
    groups that hold the reservations, by key. The caller has locked the learner's account.

    Raises:
        RightUsedUp, CapReached.
    """
    limits = {each.key: caps_of(each.rule, person.pk, each.uses, each.granted) for each in asked}
    openings = [_accounts(each, person, limits[each.key], at) for each in asked]
    ids = accounts.open_all(chain.from_iterable(openings))
    _refuse_unwritten(person.pk, asked)
    vouchers = _cap_funding(ids, list(chain.from_iterable(limits.values())), at)
    for each in asked:
        scope = each.rule.version.rule.programme.scope.code
        vouchers += [fund_capacity(ids, use.lot, scope, at) for use in each.uses]
        lines = _lines(ids, each, limits[each.key])
        vouchers.append(ledger.Voucher(each.key, "reserve", lines, at))
    try:
        return ledger.post_many(vouchers=vouchers, posted_at=at)
    except ledger.Overdrawn as why:
        raise in_words(why) from why


def _lines(ids: Mapping[str, int], asked: Asked, limits: Sequence[Cap]) -> tuple[ledger.Line, ...]:
    scope = asked.rule.version.rule.programme.scope.code
    clearing = ids[_clearing(asked.rule.version)]
    lines = [
        ledger.Line(ids[capacity_code(use.lot.pk, scope)], clearing, use.used_hundredths, "use")
        for use in asked.uses
    ] + [
        ledger.Line(ids[cap.code], ids[cap.used_code], cap.asked_hundredths, "cap")
        for cap in limits
    ]
    return tuple(ledger.pending_line(line, asked.until) for line in lines)


def free_of_caps(person_id: int) -> dict[str, int]:
    """What is free under each cap of a learner that was ever touched, by the code of its account.

    One query. A cap that is not named here is untouched: its limit is free.
    """
    rows = Account.objects.filter(person_id=person_id, kind=AccountKind.CAP_LIMIT)
    return {row.code: row.credits - row.debits - row.debits_pending for row in rows}


def grant_account(version: RuleVersion, at: datetime) -> int:
    """The id of the account from which a version's converted credit is granted."""
    code = f"grant:{version.rule.code}:v{version.number}"
    opening = accounts.Opening(
        code, LedgerUnit.CREDIT.value, AccountKind.GRANT.value, no_overdraw=False, opened_at=at
    )
    return accounts.open_all([opening])[code]


def right_account(
    code: str, kind: AccountKind, owner: int | None, at: datetime, *, no_overdraw: bool
) -> accounts.Opening:
    """An account of counting rights that is to be opened."""
    unit = LedgerUnit.RIGHT.value
    return accounts.Opening(code, unit, kind.value, no_overdraw, at, person_id=owner)


def capacity_accounts(
    lot_ids: Iterable[int], scope_code: str, person_id: int, at: datetime
) -> list[accounts.Opening]:
    """The origin of rights, and what each lot may count in a scope."""
    kind, codes = AccountKind.CAPACITY, [capacity_code(id_, scope_code) for id_ in lot_ids]
    return [
        right_account(ORIGIN, AccountKind.CAPACITY_SOURCE, None, at, no_overdraw=False),
        *(right_account(code, kind, person_id, at, no_overdraw=True) for code in codes),
    ]


def fund_capacity(
    ids: Mapping[str, int], lot: CreditLot, scope_code: str, at: datetime
) -> ledger.Voucher:
    """The voucher that gives a lot its right in a scope, once."""
    return _funding(ids, capacity_code(lot.pk, scope_code), lot.amount_hundredths, at)


def reached(kind: str, free: int, asked: int) -> CapReached:
    """The refusal of a kind of cap, amounts in 1/100 credit."""
    text = str(REACHED[kind]).format(free=credit.show(free), asked=credit.show(asked))
    return CapReached(text, pointer=kind)


def in_words(why: ledger.Overdrawn) -> errors.Refusal:
    """An overdrawn right or cap as the learner reads it."""
    if why.account.startswith("caplim:"):
        kind = why.account.split(":")[1]
        return CapReached(str(REACHED[kind]).format(free=why.free, asked=why.asked), pointer=kind)
    text = _(
        "Of this credit {free} can still count towards such a qualification; {asked} were asked. A "
        "credit counts once for each kind of qualification."
    )
    return RightUsedUp(text.format(free=why.free, asked=why.asked))


def _with_all_above(rule: Applicable, granted: Mapping[str, int]) -> dict[str, int]:
    """Credit of each part and of every part that it lies in."""
    by_id = {part.pk: part for part in rule.parts.values()}
    found: dict[str, int] = {}
    for code, amount in granted.items():
        part: CreditGroup | None = rule.parts[code]
        while part is not None:
            found[part.code] = found.get(part.code, 0) + amount
            part = by_id.get(part.parent_id or 0)
    return found


def _refuse_unwritten(person_id: int, asked: Sequence[Asked]) -> None:
    """Limits that have no account of their own: of one application, and of the whole programme.

    The second is read from the programme's cap account, which nobody else can use meanwhile: the
    caller has locked the learner's account.
    """
    before: dict[str, int] = defaultdict(int)
    limited = {
        each.rule.version.rule.programme.code for each in asked if programme_rooms(each.rule)
    }
    for each in asked:
        programme, made = each.rule.version.rule.programme, sum(each.granted.values())
        code = f"caplim:programme:{programme.code}:{person_id}"
        for limit in each.rule.body.limits:
            room = limit.allows(programme.total_hundredths)
            if limit.on == "application" and made > room:
                raise reached("application", room, made)
        rooms = programme_rooms(each.rule)
        if programme.code in limited and code not in before:
            funded, free = _standing([code])[code]
            before[code] += funded - free
        for kind, room in rooms:
            if before[code] + made > room:
                raise reached(kind, max(room - before[code], 0), made)
        before[code] += made


def programme_rooms(rule: Applicable) -> list[tuple[str, int]]:
    """What the programme may hold by conversion where this rule is used, in 1/100 credit."""
    total = rule.version.rule.programme.total_hundredths
    rooms = [
        ("programme", limit.allows(total)) for limit in rule.body.limits if limit.on == "programme"
    ]
    if rule.body.residence_minimum_hundredths:
        rooms.append(("residence", max(total - rule.body.residence_minimum_hundredths, 0)))
    return rooms


def _clearing(version: RuleVersion) -> str:
    return f"clear:{version.rule.code}:v{version.number}"


def _accounts(
    asked: Asked, person: Person, limits: Sequence[Cap], at: datetime
) -> list[accounts.Opening]:
    version = asked.rule.version
    scope, lots = version.rule.programme.scope.code, [use.lot.pk for use in asked.uses]
    limited, used = AccountKind.CAP_LIMIT, AccountKind.CAP_USED
    return [
        *capacity_accounts(lots, scope, person.pk, at),
        right_account(_clearing(version), AccountKind.CLEARING, None, at, no_overdraw=False),
        *(right_account(cap.code, limited, person.pk, at, no_overdraw=True) for cap in limits),
        *(right_account(cap.used_code, used, None, at, no_overdraw=False) for cap in limits),
    ]


def _cap_funding(
    ids: Mapping[str, int], limits: Sequence[Cap], at: datetime
) -> list[ledger.Voucher]:
    """Vouchers that bring each cap to its limit; one that was lowered since is held to it here."""
    standing = _standing([cap.code for cap in limits])
    together: dict[str, int] = defaultdict(int)
    found = []
    for cap in limits:
        funded, free = standing[cap.code]
        missing = cap.limit_hundredths - funded
        together[cap.code] += cap.asked_hundredths
        if missing < 0 and free + missing < together[cap.code]:
            kind = cap.code.split(":")[1]
            raise reached(kind, max(free + missing, 0), together[cap.code])
        if missing > 0:
            key = f"{cap.code}:{cap.limit_hundredths}" if funded else cap.code
            line = ledger.Line(ids[ORIGIN], ids[cap.code], missing, "capacity")
            found.append(ledger.Voucher(f"fund:{key}", "capacity", (line,), at))
    return found


def _standing(codes: Sequence[str]) -> dict[str, tuple[int, int]]:
    """What each cap was funded with, and what is free of it, in 1/100 credit. One query."""
    funding = Q(incoming__code="capacity", incoming__phase=Phase.POST)
    rows = Account.objects.filter(code__in=codes).annotate(
        funded=Sum("incoming__amount_hundredths", filter=funding, default=0)
    )
    return {row.code: (row.funded, row.credits - row.debits - row.debits_pending) for row in rows}


def _funding(ids: Mapping[str, int], code: str, amount: int, at: datetime) -> ledger.Voucher:
    line = ledger.Line(ids[ORIGIN], ids[code], amount, "capacity")
    return ledger.Voucher(f"fund:{code}", "capacity", (line,), at)
