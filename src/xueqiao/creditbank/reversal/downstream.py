"""The dry run of a reversal: everything that was made from a lot, and every voucher to undo."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet

from xueqiao.creditbank import capacity, lotstates, rules, rules_lots
from xueqiao.creditbank.models import (
    Award,
    Certificate,
    Conversion,
    CreditLot,
    Phase,
    Transfer,
    TransferGroup,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

CONVERTED = (Conversion.State.RESERVED, Conversion.State.REVIEWING, Conversion.State.APPROVED)
AWARDED = (Award.State.REQUESTED, Award.State.AWARDED, Award.State.IN_REVIEW)


@dataclass(frozen=True)
class Undo:
    """A voucher and those of its transfers that are to be undone, newest first."""

    group: TransferGroup
    transfers: tuple[Transfer, ...]
    is_reserved: bool

    @property
    def amount_hundredths(self) -> int:
        """Of the largest transfer, in 1/100 credit."""
        return max(each.amount_hundredths for each in self.transfers)


@dataclass(frozen=True)
class Plan:
    """What a reversal undoes. ``lots`` begins with the lot that is wrong; the rest by id."""

    lots: tuple[CreditLot, ...]
    conversions: tuple[Conversion, ...]
    awards: tuple[Award, ...]
    certificates: tuple[Certificate, ...]
    undo: tuple[Undo, ...]

    @property
    def lot_ids(self) -> list[int]:
        return [lot.pk for lot in self.lots]

    @property
    def digest(self) -> str:
        """SHA-256 of what would be undone: who approves it names the one that was seen."""
        return rules.canonical_hash(
            {
                "lots": self.lot_ids,
                "conversions": [[each.pk, str(each.state)] for each in self.conversions],
                "awards": [[each.pk, str(each.state)] for each in self.awards],
                "transfers": [each.pk for undo in self.undo for each in undo.transfers],
            }
        )

    @property
    def credit_hundredths(self) -> int:
        """Credit that learners lose, in 1/100; each lot counted."""
        return sum(lot.amount_hundredths for lot in self.lots)


def look(lot: CreditLot) -> Plan:
    """What a reversal of the lot would undo now. Changes and locks nothing."""
    ids = rules_lots.downstream([lot.pk], lotstates.children)
    related = ("account", "person", "level", "institution")
    found = CreditLot.objects.filter(pk__in=ids).exclude(state=CreditLot.State.REVERSED)
    lots = sorted(found.select_related(*related), key=lambda each: (each.pk != lot.pk, each.pk))
    alive = [each.pk for each in lots]
    touched = Q(uses__lot_id__in=alive) | Q(lots__in=alive)
    conversions = Conversion.objects.filter(touched, state__in=CONVERTED).distinct()
    awards = Award.objects.filter(uses__lot_id__in=alive, state__in=AWARDED).distinct()
    certificates = Certificate.objects.resting_on(alive).standing()
    return Plan(
        tuple(lots),
        tuple(conversions.select_related("version__rule__programme", "person").order_by("pk")),
        tuple(awards.select_related("qualification", "person").order_by("pk")),
        tuple(certificates.select_related("lot", "institution").order_by("pk")),
        _undo([lot.account_id for lot in lots] + capacity.accounts_of(alive)),
    )


def _undo(account_ids: Sequence[int]) -> tuple[Undo, ...]:
    """Every voucher that touched the accounts and still stands: reserved ones, then newest first.

    A voucher is undone whole: a conversion of two lots gives the other lot its right back.
    """
    touched = Q(debit_id__in=account_ids) | Q(credit_id__in=account_ids)
    groups = _standing().filter(touched).values("group_id")
    rows = _standing().filter(group_id__in=groups).order_by("-group_id", "-pk")
    found = [
        Undo(group, (held := tuple(each)), held[0].phase == Phase.PENDING)
        for group, each in groupby(
            rows.select_related("group", "debit", "credit"), key=lambda row: row.group
        )
    ]
    return tuple(sorted(found, key=lambda each: not each.is_reserved))


def _standing() -> QuerySet[Transfer]:
    """Transfers that nothing has undone: posted ones, and reservations not yet settled."""
    posted = Q(phase=Phase.POST, reverses=None, reversal=None)
    reserved = Q(phase=Phase.PENDING, resolution=None)
    return Transfer.objects.filter(posted | reserved)
