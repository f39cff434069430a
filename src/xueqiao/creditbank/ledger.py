"""The ledger: the only module that writes vouchers and transfers.

A posting is a voucher (one business act) of one or more lines, written together or not at all.
Many vouchers are posted in one call; each keeps its own key, so each may be repeated alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import hashed, rules
from xueqiao.creditbank.models import Account, Phase, Transfer, TransferGroup
from xueqiao.kernel import bulk, credit, errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

GROUP_COLUMNS = ("id", "key", "request_hash", "kind", "reason", "event_at", "posted_at")
TRANSFER_COLUMNS = (*hashed.COLUMNS, "leaf_hash")
_HELD_COLUMNS = (
    "id", "code", "unit", "no_overdraw", "closed", "debits", "credits", "debits_pending",
)  # fmt: skip


class Overdrawn(errors.Refusal):
    """The account can give less than was asked.

    Attributes:
        account: its code.
        free: what it can give, as people write credits; ``asked`` likewise.
    """

    code = "ledger.overdrawn"
    account: str = ""
    free: str = ""
    asked: str = ""


class KeyReused(errors.Refusal):
    """The key already belongs to a different request."""

    code = "ledger.key_reused"


class AccountClosed(errors.Refusal):
    code = "ledger.account_closed"


class AlreadyResolved(errors.Refusal):
    """The reservation was posted, given back or lapsed before."""

    code = "ledger.already_resolved"


class ReservationLapsed(errors.Refusal):
    """The reservation's time is over; it can only lapse."""

    code = "ledger.reservation_lapsed"


class NotReversible(errors.Refusal):
    """A reversal is never reversed, and nothing is reversed twice."""

    code = "ledger.not_reversible"


class _Held(NamedTuple):
    """What a posting must know of an account that it has locked."""

    pk: int
    code: str
    unit: str
    no_overdraw: bool
    closed: bool
    debits: int
    credits: int
    debits_pending: int


@dataclass(frozen=True, slots=True)
class Line:
    """One transfer that is to be posted. Accounts and transfers by id, amounts in 1/100 credit."""

    debit: int
    credit: int
    amount_hundredths: int
    code: str
    phase: str = Phase.POST.value
    pending: int | None = None
    reverses: int | None = None
    expires_at: datetime | None = None

    def asked(self) -> list[Any]:
        """What the request says, without the times: a repeated request comes later."""
        return [
            self.debit, self.credit, self.amount_hundredths,
            self.code, self.phase, self.pending, self.reverses,
        ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Voucher:
    """One business act: its key is its cause, such as ``completion:812``."""

    key: str
    kind: str
    lines: tuple[Line, ...]
    event_at: datetime
    reason: str = ""
    request_hash: str = field(init=False)

    def __post_init__(self) -> None:
        request = {"kind": self.kind, "lines": [line.asked() for line in self.lines]}
        object.__setattr__(self, "request_hash", rules.canonical_hash(request))


def post(
    *, key: str, kind: str, lines: Sequence[Line], event_at: datetime, posted_at: datetime,
    reason: str = "",
) -> TransferGroup:  # fmt: skip
    """Post one voucher. A repeated call with the same key changes nothing and returns the first.

    Args:
        event_at: when the act took effect; aware, possibly long ago.
        posted_at: when the bank came to know of it.

    Raises:
        Overdrawn, AccountClosed, KeyReused, AlreadyResolved, ReservationLapsed, NotReversible.
    """
    voucher = Voucher(key, kind, tuple(lines), event_at, reason)
    found, made = _post(vouchers=[voucher], posted_at=posted_at)
    if key in found:
        return TransferGroup.objects.get(pk=found[key])
    # Written a moment ago, so it is not read again; a column that is not named is, when asked for.
    row = _group_row(made[key], voucher, posted_at)
    return TransferGroup.from_db(DEFAULT_DB_ALIAS, GROUP_COLUMNS, row)


def post_many(*, vouchers: Sequence[Voucher], posted_at: datetime) -> dict[str, int]:
    """Post many vouchers in a handful of statements; the groups' ids by key, repeated ones too.

    All or nothing: one refusal refuses the whole call. Accounts must have been opened before
    (``accounts.open_all``), and a transaction posts once: a second posting could lock a lower id
    after a higher one.

    Raises:
        As ``post``.
    Source: docs/decisions/0020-one-row-per-transfer.md
    """
    found, made = _post(vouchers=vouchers, posted_at=posted_at)
    return found | made


@transaction.atomic
def _post(
    *, vouchers: Sequence[Voucher], posted_at: datetime
) -> tuple[dict[str, int], dict[str, int]]:
    # The groups' ids by key: those posted before, and those posted now.
    held = _lock(
        {id_ for each in vouchers for line in each.lines for id_ in (line.debit, line.credit)}
    )
    earlier = TransferGroup.objects.filter(key__in=[each.key for each in vouchers])
    found = {
        key: (id_, asked) for key, id_, asked in earlier.values_list("key", "pk", "request_hash")
    }
    hashes = {key: asked for key, (_id, asked) in found.items()}
    fresh: dict[str, Voucher] = {}
    for voucher in vouchers:
        if voucher.key not in hashes:
            fresh[voucher.key] = voucher
        if hashes.setdefault(voucher.key, voucher.request_hash) != voucher.request_hash:
            raise KeyReused(key_reused_text(voucher.key))
    lines = [line for voucher in fresh.values() for line in voucher.lines]
    _refuse_resolved(lines, posted_at)
    _refuse_reversed(lines)
    _refuse_overdraw(lines, held)
    made = _write(list(fresh.values()), posted_at)
    return {key: id_ for key, (id_, _asked) in found.items()}, made


def reserve(
    *, key: str, lines: Sequence[Line], event_at: datetime, posted_at: datetime,
    expires_at: datetime, reason: str = "",
) -> TransferGroup:  # fmt: skip
    """Set amounts aside until ``resolve`` or until ``expires_at``. Raises as ``post``."""
    return post(
        key=key, kind="reserve", lines=[pending_line(line, expires_at) for line in lines],
        event_at=event_at, posted_at=posted_at, reason=reason,
    )  # fmt: skip


def pending_line(line: Line, expires_at: datetime) -> Line:
    """The same line as a reservation."""
    return Line(
        line.debit, line.credit, line.amount_hundredths, line.code,
        phase=Phase.PENDING.value, expires_at=expires_at,
    )  # fmt: skip


def resolve(
    *, key: str, reservation: TransferGroup, outcome: Phase, event_at: datetime,
    posted_at: datetime, also: Sequence[Line] = (), kind: str = "", reason: str = "",
) -> TransferGroup:  # fmt: skip
    """Post, give back or let lapse everything that a group reserved; at most once.

    Args:
        also: further lines of the same act, such as the grant of the converted credit.

    Raises:
        AlreadyResolved: something else became of it before.
        ReservationLapsed: it is to be posted, and its time is over.
    """
    pending = reservation.transfers.filter(phase=Phase.PENDING).order_by("pk")
    return post(
        key=key, kind=kind or outcome.value, lines=[*resolving(pending, outcome), *also],
        event_at=event_at, posted_at=posted_at, reason=reason,
    )  # fmt: skip


def resolving(pending: Iterable[Transfer], outcome: Phase) -> tuple[Line, ...]:
    """The lines that post, give back or let lapse some reservations."""
    return tuple(
        Line(
            each.debit_id, each.credit_id, each.amount_hundredths, each.code, outcome.value, each.pk
        )
        for each in pending
    )


def expire_due(*, now: datetime, limit: int = 500) -> int:
    """Let reservations lapse whose time is over, one transaction each; how many groups did."""
    due = Transfer.objects.filter(phase=Phase.PENDING, expires_at__lte=now, resolution=None)
    ids = due.order_by("group_id").values_list("group_id", flat=True).distinct()[:limit]
    groups = TransferGroup.objects.filter(pk__in=list(ids)).order_by("pk")
    for group in groups:
        expire(reservation=group, now=now)
    return len(groups)


def expire(*, reservation: TransferGroup, now: datetime) -> TransferGroup:
    """Let one reservation lapse. Repeating it changes nothing."""
    return resolve(
        key=f"expire:{reservation.key}", reservation=reservation, outcome=Phase.EXPIRE,
        event_at=now, posted_at=now,
    )  # fmt: skip


def reverse(
    *, key: str, group: TransferGroup, reason: str, event_at: datetime, posted_at: datetime
) -> TransferGroup:
    """Undo what a group posted, in the opposite order, each line naming the one it reverses.

    Raises:
        NotReversible: the group is a reversal itself, or was reversed before.
        Overdrawn: what it gave has been used since; undo that first.
    """
    posted = group.transfers.filter(phase=Phase.POST).order_by("-pk")
    return post(
        key=key, kind="reverse", lines=undoing(posted), event_at=event_at, posted_at=posted_at,
        reason=reason,
    )  # fmt: skip


def undoing(posted: Iterable[Transfer]) -> tuple[Line, ...]:
    """The lines that reverse some posted transfers; give the newest first."""
    return tuple(
        Line(each.credit_id, each.debit_id, each.amount_hundredths, "reverse", reverses=each.pk)
        for each in posted
    )


def _lock(ids: set[int]) -> dict[int, _Held]:
    # Lowest id first, and without the key lock that would fight the foreign keys' share locks.
    rows = Account.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    held = {row[0]: _Held(*row) for row in rows.values_list(*_HELD_COLUMNS)}
    missing = ids - held.keys()
    if missing:
        raise ValueError(f"accounts {sorted(missing)[:5]} do not exist")
    return held


def _refuse_overdraw(lines: Sequence[Line], held: dict[int, _Held]) -> None:
    free = {pk: row.credits - row.debits - row.debits_pending for pk, row in held.items()}
    for line in lines:
        giver, taker = held[line.debit], held[line.credit]
        if giver.unit != taker.unit:
            raise ValueError(f"{giver.code} and {taker.code} count different units")
        if giver.closed or taker.closed:
            raise AccountClosed(closed_text(giver if giver.closed else taker))
        # What a resolution posts was taken from the free amount when it was reserved.
        if line.pending is None:
            if giver.no_overdraw and free[line.debit] < line.amount_hundredths:
                raise _overdrawn(giver, free[line.debit], line.amount_hundredths)
            free[line.debit] -= line.amount_hundredths
        elif line.phase != Phase.POST:
            free[line.debit] += line.amount_hundredths
        if line.phase == Phase.POST:
            free[line.credit] += line.amount_hundredths


def _refuse_resolved(lines: Sequence[Line], posted_at: datetime) -> None:
    ids = [line.pending for line in lines if line.pending is not None]
    if not ids:
        return
    if Transfer.objects.filter(pending_id__in=ids).exists():
        raise AlreadyResolved(
            _("This reservation was settled before. Ask again if it is still needed.")
        )
    posting = [line.pending for line in lines if line.pending and line.phase == Phase.POST]
    if Transfer.objects.filter(pk__in=posting, expires_at__lte=posted_at).exists():
        raise ReservationLapsed(
            _("The time of this reservation is over. Ask again to reserve anew.")
        )


def _refuse_reversed(lines: Sequence[Line]) -> None:
    ids = [line.reverses for line in lines if line.reverses is not None]
    if not ids:
        return
    if Transfer.objects.filter(reverses_id__in=ids).exists():
        raise NotReversible(_("This posting was reversed before. It cannot be reversed twice."))
    if Transfer.objects.filter(pk__in=ids, reverses__isnull=False).exists():
        raise NotReversible(
            _("This is a reversal. Post the original again under a new key instead.")
        )


def _write(fresh: list[Voucher], posted_at: datetime) -> dict[str, int]:
    if not fresh:
        return {}
    ids = bulk.numbers(TransferGroup, len(fresh))
    # By key: no writer waits for one who waits for it.
    groups = sorted(
        (_group_row(id_, each, posted_at) for id_, each in zip(ids, fresh, strict=True)),
        key=itemgetter(1),
    )
    if bulk.insert(TransferGroup, GROUP_COLUMNS, groups, ignore_conflicts=True) < len(groups):
        # Another process used one of the keys for other accounts, which this one has not locked.
        keys = [each.key for each in fresh]
        taken = TransferGroup.objects.filter(key__in=keys).exclude(pk__in=ids).earliest("pk")
        raise KeyReused(key_reused_text(taken.key))
    transfers = [
        _row(id_, each, number, line, posted_at)
        for id_, each in zip(ids, fresh, strict=True)
        for number, line in enumerate(each.lines, start=1)
    ]
    bulk.insert(Transfer, TRANSFER_COLUMNS, transfers)
    return {each.key: id_ for id_, each in zip(ids, fresh, strict=True)}


def _group_row(group_id: int, each: Voucher, posted_at: datetime) -> tuple[Any, ...]:
    return (
        group_id, each.key, each.request_hash, each.kind, each.reason, each.event_at, posted_at
    )  # fmt: skip


def _row(
    group_id: int, voucher: Voucher, number: int, line: Line, posted_at: datetime
) -> tuple[Any, ...]:
    facts = {
        "group_id": group_id, "key": f"{voucher.key}/{number}",
        "request_hash": rules.canonical_hash(line.asked()), "debit_id": line.debit,
        "credit_id": line.credit, "amount_hundredths": line.amount_hundredths, "code": line.code,
        "phase": line.phase, "pending_id": line.pending, "event_at": voucher.event_at,
        "posted_at": posted_at, "expires_at": line.expires_at, "reverses_id": line.reverses,
    }  # fmt: skip
    return (*facts.values(), hashed.digest(facts))


def _overdrawn(account: _Held, free: int, asked: int) -> Overdrawn:
    text = _(
        "Account {code} can give {free} credits; {asked} were asked. Lower the amount, or wait "
        "until a reservation is given back."
    )
    shown = {"free": credit.show(free), "asked": credit.show(asked)}
    refusal = Overdrawn(text.format(code=account.code, **shown))
    refusal.account, refusal.free, refusal.asked = account.code, shown["free"], shown["asked"]
    return refusal


def key_reused_text(key: str) -> str:
    text = _("The key {key} belongs to another request. Send the same request, or use a new key.")
    return text.format(key=key)


def closed_text(account: _Held) -> str:
    return _("Account {code} is closed and takes no further transfers.").format(code=account.code)
