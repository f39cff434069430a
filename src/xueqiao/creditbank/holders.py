"""Whose account it is: how sure the bank is of that, and two accounts of one person as one.

Lots, ledger accounts, applications and conversions of a merged account change hands, so that
everything that reads by person finds them. What is evidence (outcomes, decisions, signed
certificates) keeps the person it names; ``persons`` says under which persons to look for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from xueqiao.creditbank import carried, lots
from xueqiao.creditbank.models import (
    Account,
    AccountKind,
    Application,
    Award,
    Conversion,
    ConversionUse,
    CreditLot,
    LearningAccount,
)
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

Status = LearningAccount.Status
STANDING_CONVERSIONS = frozenset(
    {Conversion.State.RESERVED, Conversion.State.REVIEWING, Conversion.State.APPROVED}
)
STANDING_AWARDS = frozenset({Award.State.REQUESTED, Award.State.AWARDED, Award.State.IN_REVIEW})
Moved = dict[str, list[int]]


class AccountMerged(errors.Refusal):
    """One of the two accounts is frozen or was merged already."""

    code = "creditbank.account_merged"


class NotPartable(errors.Refusal):
    """Credit of both accounts was converted together since they were merged."""

    code = "creditbank.not_partable"


def persons(person_id: int) -> QuerySet[LearningAccount, int]:
    """The ids of the persons whose evidence is this one's: itself and those merged into it.

    A subquery for ``person_id__in``.
    """
    rows = LearningAccount.objects.filter(
        Q(person_id=person_id) | Q(merged_into__person_id=person_id)
    )
    return rows.values_list("person_id", flat=True)


def merged_into(person_id: int) -> LearningAccount | None:
    """The account into which somebody's was merged; None where it stands by itself."""
    found = LearningAccount.objects.filter(person_id=person_id, status=Status.MERGED)
    own = found.select_related("merged_into__person").first()
    return own.merged_into if own else None


def by_number(number: str) -> int | None:
    """The person of an account's number, as people write it; None where nobody has it."""
    digits = "".join(number.split())
    found = LearningAccount.objects.filter(number=digits).values_list("person_id", flat=True)
    return found.first()


def open_own(*, person_id: int, at: datetime) -> LearningAccount:
    """Open one's own account, before there is any credit; who has one keeps it as it is."""
    lots.open_learning_accounts(person_ids={person_id}, opened_at=at)
    return LearningAccount.objects.get(person_id=person_id)


@transaction.atomic
def verify(*, person_id: int, level: int, at: datetime) -> LearningAccount:
    """Write down how sure the bank is of a holder; it never becomes less sure.

    Args:
        level: of ``LearningAccount.Verified``.
    """
    lots.open_learning_accounts(person_ids={person_id}, opened_at=at)
    account = LearningAccount.objects.select_for_update().get(person_id=person_id)
    if account.verified < level:
        account.verified, account.verified_at = level, at
        account.save(update_fields=["verified", "verified_at"])
    return account


@transaction.atomic
def verify_many(*, person_ids: set[int], level: int, at: datetime) -> int:
    """The same for many. Returns how many accounts were less sure before."""
    lots.open_learning_accounts(person_ids=person_ids, opened_at=at)
    changed = 0
    ordered = sorted(person_ids)
    for start in range(0, len(ordered), 5000):
        part = ordered[start : start + 5000]
        less = LearningAccount.objects.filter(person_id__in=part, verified__lt=level)
        changed += less.update(verified=level, verified_at=at)
    return changed


@transaction.atomic
def join(*, key: str, kept_id: int, duplicate_id: int, at: datetime) -> Moved:
    """Let one person hold what the other held; the other's account points to it from now on.

    Args:
        key: the cause, under which caps are carried over; ``part`` gets the same.

    Returns:
        The ids of the rows that changed hands, by table, for ``part``.

    Raises:
        AccountMerged: one of the two is frozen or merged, or something of the duplicate waits for
            its answer: its caps and its holder are those of the account that asked.
        carried.CapsExceeded: together they used more than a programme's cap.
    """
    lots.open_learning_accounts(person_ids={kept_id, duplicate_id}, opened_at=at)
    kept, duplicate = _both(kept_id, duplicate_id)
    if {kept.status, duplicate.status} != {Status.ACTIVE}:
        text = _("Account {number} is not active. Look at it before you merge the two.")
        named = kept if kept.status != Status.ACTIVE else duplicate
        raise AccountMerged(text.format(number=named.number))
    if duplicate.merged.exists():
        text = _("Another account was merged into {number} before. Split that one first.")
        raise AccountMerged(text.format(number=duplicate.number))
    if _waits(duplicate_id):
        text = _(
            "A conversion or an award of account {number} waits for its answer. Settle it first, "
            "then merge."
        )
        raise AccountMerged(text.format(number=duplicate.number))
    carried.carry(key=key, kept_id=kept_id, duplicate_id=duplicate_id, at=at)
    moved = {
        name: list(rows.order_by("pk").values_list("pk", flat=True))
        for name, rows in _held_by(duplicate_id).items()
    }
    _hand_over(moved, kept_id)
    duplicate.status, duplicate.merged_into = Status.MERGED, kept
    duplicate.save(update_fields=["status", "merged_into"])
    return moved


@transaction.atomic
def part(
    *, key: str, kept_id: int, duplicate_id: int, moved: Moved, since: datetime, at: datetime
) -> None:
    """Undo ``join``: exactly the rows that changed hands go back, and what came of them.

    Args:
        since: when the two were joined.

    Raises:
        NotPartable: a conversion since then used lots of both, or an award rests on the
            duplicate's.
    """
    _kept, duplicate = _both(kept_id, duplicate_id)
    theirs = set(moved["lots"])
    mixed, own = _conversions_since(kept_id, theirs, since)
    if mixed:
        text = _(
            "Conversion {number} used credit of both accounts. Reverse it first, then split them."
        )
        raise NotPartable(text.format(number=mixed[0]))
    if (
        Award.objects.filter(uses__lot_id__in=theirs, state__in=STANDING_AWARDS)
        .exclude(person_id=duplicate_id)
        .exists()
    ):
        text = _(
            "A qualification rests on credit of the other account. Withdraw or revoke it first, "
            "then split them."
        )
        raise NotPartable(text)
    # What was converted from the duplicate's lots since then is the duplicate's, too.
    moved = {name: list(ids) for name, ids in moved.items()}
    moved["conversions"] = sorted({*moved["conversions"], *own})
    made = CreditLot.objects.filter(conversion_id__in=own)
    moved["lots"] += list(made.values_list("pk", flat=True))
    moved["accounts"] += list(made.values_list("account_id", flat=True))
    moved["accounts"] += _capacity_of(theirs, kept_id, moved["accounts"])
    _hand_over(moved, duplicate_id)
    duplicate.status, duplicate.merged_into = Status.ACTIVE, None
    duplicate.save(update_fields=["status", "merged_into"])
    carried.give_back(key=key, reason=_("The two accounts were split again."), at=at)


def _both(kept_id: int, duplicate_id: int) -> tuple[LearningAccount, LearningAccount]:
    rows = LearningAccount.objects.select_for_update().filter(person_id__in=[kept_id, duplicate_id])
    found = {row.person_id: row for row in rows.order_by("pk")}
    return found[kept_id], found[duplicate_id]


def _held_by(person_id: int) -> dict[str, QuerySet[Any]]:
    # A cap is named after its person; what was used of it is carried over by the ledger.
    held = Account.objects.exclude(kind=AccountKind.CAP_LIMIT)
    return {
        "lots": CreditLot.objects.filter(person_id=person_id),
        "accounts": held.filter(person_id=person_id),
        "conversions": Conversion.objects.filter(person_id=person_id),
        "applications": Application.objects.filter(applicant_id=person_id),
    }


def _hand_over(moved: Moved, person_id: int) -> None:
    tables: dict[str, tuple[Any, str]] = {
        "lots": (CreditLot, "person_id"),
        "accounts": (Account, "person_id"),
        "conversions": (Conversion, "person_id"),
        "applications": (Application, "applicant_id"),
    }
    for name, (model, field) in tables.items():
        for start in range(0, len(moved.get(name, [])), 5000):
            part_ = moved[name][start : start + 5000]
            model._default_manager.filter(pk__in=part_).update(**{field: person_id})


def _conversions_since(
    kept_id: int, theirs: set[int], since: datetime
) -> tuple[list[int], list[int]]:
    """Ids of the conversions since an instant that used lots of both, and of the duplicate only.

    What came of the duplicate's lots is added to ``theirs``. Of conversions of both only those
    count that still stand or wait.
    """
    rows = ConversionUse.objects.filter(
        conversion__person_id=kept_id, conversion__asked_at__gte=since
    )
    used: dict[int, set[int]] = {}
    standing: set[int] = set()
    for conversion, state, lot in rows.values_list("conversion_id", "conversion__state", "lot_id"):
        used.setdefault(conversion, set()).add(lot)
        if state in STANDING_CONVERSIONS:
            standing.add(conversion)
    mixed, own = [], []
    # A lot is made before it is used, so one way through finds the chains, too.
    for conversion in sorted(used):
        whose = {lot in theirs for lot in used[conversion]}
        if whose == {True}:
            own.append(conversion)
            made = CreditLot.objects.filter(conversion_id=conversion)
            theirs |= set(made.values_list("pk", flat=True))
        elif whose == {True, False} and conversion in standing:
            mixed.append(conversion)
    return mixed, own


def _waits(person_id: int) -> bool:
    """Whether a conversion or an award of a person waits for its answer."""
    awards = Award.objects.filter(person_id=person_id, state=Award.State.REQUESTED)
    return Conversion.objects.filter(person_id=person_id).pending().exists() or awards.exists()


def _capacity_of(lots_: set[int], person_id: int, known: list[int]) -> list[int]:
    """Accounts of counting rights that were opened for some lots since they changed hands."""
    rows = Account.objects.filter(person_id=person_id, kind=AccountKind.CAPACITY)
    rows = rows.exclude(pk__in=known)
    prefixes = {f"cap:{pk}" for pk in lots_}
    return [
        pk
        for pk, code in rows.values_list("pk", "code")
        if ":".join(code.split(":")[:2]) in prefixes
    ]
