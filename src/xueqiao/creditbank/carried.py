"""Caps of a merged account: what one of the two has used counts against the other from then on.

A cap is an account of one learner. A line from the kept cap to the other's takes away as much room
as the other used, so that two accounts of one person never hold more converted credit than one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Sum
from django.utils.translation import gettext as _

from xueqiao.creditbank import accounts, caps, ledger
from xueqiao.creditbank.models import Account, AccountKind, LedgerUnit, TransferGroup
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from datetime import datetime


class CapsExceeded(errors.Refusal):
    """Together the two accounts hold more converted credit than a programme takes from one."""

    code = "creditbank.merged_caps_exceeded"


def carry(*, key: str, kept_id: int, duplicate_id: int, at: datetime) -> None:
    """Count the duplicate's use of every cap against the kept person's. In one transaction.

    Raises:
        CapsExceeded: a cap of the kept person has not enough room left.
    """
    tail = f":{duplicate_id}"
    used = [
        (account, limit, limit - _free(account))
        for account, limit in _funded(duplicate_id)
        if account.code.endswith(tail) and _free(account) < limit
    ]
    if not used:
        return
    codes = {
        account.pk: account.code.removesuffix(tail) + f":{kept_id}" for account, _l, _u in used
    }
    opened = accounts.open_all([_opening(code, kept_id, at) for code in codes.values()])
    origin = Account.objects.get(code=caps.ORIGIN).pk
    there = set(
        TransferGroup.objects.filter(
            key__in=[f"fund:{code}" for code in codes.values()]
        ).values_list("key", flat=True)
    )
    funding = [
        ledger.Voucher(
            f"fund:{code}", "capacity",
            (ledger.Line(origin, opened[code], limit, "capacity"),), at,
        )
        for account, limit, _used in used
        if f"fund:{(code := codes[account.pk])}" not in there
    ]  # fmt: skip
    lines = tuple(
        ledger.Line(opened[codes[account.pk]], account.pk, amount, "cap")
        for account, _limit, amount in used
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


def _funded(person_id: int) -> list[tuple[Account, int]]:
    """The caps of a person with the room each had at first, in 1/100 credit. 2 queries."""
    rows = list(
        Account.objects.filter(person_id=person_id, kind=AccountKind.CAP_LIMIT).order_by("pk")
    )
    groups = TransferGroup.objects.filter(key__in=[f"fund:{each.code}" for each in rows])
    limits = dict(groups.annotate(n=Sum("transfers__amount_hundredths")).values_list("key", "n"))
    return [(each, limits[f"fund:{each.code}"]) for each in rows if f"fund:{each.code}" in limits]


def _free(account: Account) -> int:
    return account.credits - account.debits - account.debits_pending


def _opening(code: str, person_id: int, at: datetime) -> accounts.Opening:
    return accounts.Opening(
        code, LedgerUnit.RIGHT.value, AccountKind.CAP_LIMIT.value, no_overdraw=True, opened_at=at,
        person_id=person_id,
    )  # fmt: skip
