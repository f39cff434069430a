"""Caps of a merged account: what one of the two has used counts against the other from then on.

A cap is an account of one learner. A line from the kept cap to the other's takes away as much room
as the other used, so that two accounts of one person never hold more converted credit than one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from xueqiao.creditbank import accounts, caps, ledger
from xueqiao.creditbank.models import Account, AccountKind, LedgerUnit, Phase, TransferGroup
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class CapsExceeded(errors.Refusal):
    """Together the two accounts hold more converted credit than a programme takes from one."""

    code = "creditbank.merged_caps_exceeded"


class Standing(NamedTuple):
    """A cap: what it was funded with and what is free of it, in 1/100 credit."""

    pk: int
    code: str
    funded: int
    free: int


def carry(*, key: str, kept_id: int, duplicate_id: int, at: datetime) -> None:
    """Count the duplicate's use of every cap against the kept person's. In one transaction.

    Raises:
        CapsExceeded: a cap of the kept person has not enough room left.
    """
    tail = f":{duplicate_id}"
    theirs = _standing(Q(person_id=duplicate_id, code__endswith=tail))
    used = [each for each in theirs if each.free < each.funded]
    if not used:
        return
    codes = {each.pk: each.code.removesuffix(tail) + f":{kept_id}" for each in used}
    opened = accounts.open_all([_opening(code, kept_id, at) for code in codes.values()])
    funded = {each.code: each.funded for each in _standing(Q(code__in=codes.values()))}
    origin = Account.objects.get(code=caps.ORIGIN).pk
    funding = [
        _funding(codes[each.pk], funded[codes[each.pk]], each.funded, origin, opened, at)
        for each in used
        if funded[codes[each.pk]] < each.funded
    ]
    lines = tuple(
        ledger.Line(opened[codes[each.pk]], each.pk, each.funded - each.free, "cap")
        for each in used
    )
    try:
        ledger.post_many(vouchers=[*funding, ledger.Voucher(key, "merge", lines, at)], posted_at=at)
    except ledger.Overdrawn as why:
        text = _(
            "Both accounts converted into the same programme: {asked} more would exceed the cap by "
            "which {free} are left. Reverse one of the conversions first."
        )
        raise CapsExceeded(text.format(asked=why.asked, free=why.free)) from why


def give_back(*, key: str, reason: str, at: datetime) -> None:
    """Undo ``carry``; nothing where nothing was carried."""
    group = TransferGroup.objects.filter(key=key).first()
    if group is not None:
        ledger.reverse(key=f"reverse:{key}", group=group, reason=reason, event_at=at, posted_at=at)


def _standing(which: Q) -> list[Standing]:
    """Some caps, by id: what they were funded with and what is free. One query."""
    funding = Q(incoming__code="capacity", incoming__phase=Phase.POST)
    rows = Account.objects.filter(which, kind=AccountKind.CAP_LIMIT).annotate(
        funded=Sum("incoming__amount_hundredths", filter=funding, default=0)
    )
    return [
        Standing(row.pk, row.code, row.funded, row.credits - row.debits - row.debits_pending)
        for row in rows.order_by("pk")
    ]


def _funding(  # noqa: PLR0917 - all that makes up the voucher
    code: str, funded: int, limit: int, origin: int, opened: Mapping[str, int], at: datetime
) -> ledger.Voucher:
    # Under the key by which ``caps`` would do it, so that it happens once.
    key = f"fund:{code}:{limit}" if funded else f"fund:{code}"
    line = ledger.Line(origin, opened[code], limit - funded, "capacity")
    return ledger.Voucher(key, "capacity", (line,), at)


def _opening(code: str, person_id: int, at: datetime) -> accounts.Opening:
    return accounts.Opening(
        code, LedgerUnit.RIGHT.value, AccountKind.CAP_LIMIT.value, no_overdraw=True, opened_at=at,
        person_id=person_id,
    )  # fmt: skip
