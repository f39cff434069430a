"""Opening ledger accounts: by name when they may exist, by the thousand when they cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from xueqiao.creditbank.models import Account
from xueqiao.kernel import bulk

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

ACCOUNT_COLUMNS = (
    "code", "unit", "kind", "no_overdraw", "opened_at", "person_id", "institution_id", "debits",
    "credits", "debits_pending", "credits_pending", "closed",
)  # fmt: skip


class Opening(NamedTuple):
    """An account that is to be opened; ``code`` is its stable name, as ``lot:completion:8``."""

    code: str
    unit: str
    kind: str
    no_overdraw: bool
    opened_at: datetime
    person_id: int | None = None
    institution_id: int | None = None


def open_all(openings: Iterable[Opening]) -> dict[str, int]:
    """Open those that do not exist yet; the ids of all by code.

    Call it before ``post_many`` in the same transaction: accounts are made in the order of their
    codes, so that two processes that open the same ones do not wait on each other in a ring.
    """
    wanted = {each.code: each for each in openings}
    ids = _ids(wanted)
    missing = [wanted[code] for code in sorted(wanted) if code not in ids]
    if missing:
        rows = [(*each, 0, 0, 0, 0, False) for each in missing]
        bulk.insert(Account, ACCOUNT_COLUMNS, rows, ignore_conflicts=True)
        ids |= _ids([each.code for each in missing])
    return ids


def open_fresh(openings: Sequence[Opening]) -> dict[str, int]:
    """Open accounts that nobody opened before; a code that exists stops the transaction."""
    ids = bulk.numbers(Account, len(openings))
    bulk.insert(
        Account, ("id", *ACCOUNT_COLUMNS),
        [(id_, *each, 0, 0, 0, 0, False) for id_, each in zip(ids, openings, strict=True)],
    )  # fmt: skip
    return {each.code: id_ for id_, each in zip(ids, openings, strict=True)}


def _ids(codes: Iterable[str]) -> dict[str, int]:
    return dict(Account.objects.filter(code__in=list(codes)).values_list("code", "pk"))
