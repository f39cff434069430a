"""The counting rights of some lots, read: their accounts, what is free, what is reserved."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import F, Q

from xueqiao.creditbank import caps
from xueqiao.creditbank.models import Account, AccountKind, Phase, Transfer

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from django.db.models import QuerySet


def _rows(lot_ids: Collection[int]) -> QuerySet[Account]:
    nothing = Q(pk__in=[])
    return Account.objects.filter(
        reduce(or_, [_of_lot(lot_id) for lot_id in lot_ids], nothing), kind=AccountKind.CAPACITY
    )


def _of_lot(lot_id: int) -> Q:
    prefix = caps.capacity_code(lot_id, "")
    if connection.vendor == "sqlite":
        # SQLite reads the whole table for LIKE, but its order is that of the code points.
        after = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        return Q(code__gte=prefix, code__lt=after)
    return Q(code__startswith=prefix)


def accounts_of(lot_ids: Collection[int]) -> list[int]:
    """The ids of the capacity accounts of some lots, in every scope."""
    return list(_rows(lot_ids).order_by("pk").values_list("pk", flat=True))


def free_of(lot_ids: Collection[int], *, given_back: Collection[Transfer] = ()) -> dict[int, int]:
    """What each capacity account can give, in 1/100 credit, by account id.

    Args:
        given_back: reservations that are about to be given back, counted as free.
    """
    rows = _rows(lot_ids).annotate(free=F("credits") - F("debits") - F("debits_pending"))
    found = dict(rows.order_by("pk").values_list("pk", "free"))
    for each in given_back:
        if each.debit_id in found:
            found[each.debit_id] += each.amount_hundredths
    return found


def reserved_by(group_ids: Collection[int]) -> Sequence[Transfer]:
    """What some vouchers reserved and nothing became of yet, in posting order."""
    rows = Transfer.objects.filter(group_id__in=group_ids, phase=Phase.PENDING, resolution=None)
    return list(rows.order_by("pk"))
