"""Sealing: the transfers since the last seal become leaves, and the new root is signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from xueqiao.creditbank.models import LedgerSeal, SealReader, SealTile, Transfer
from xueqiao.creditbank.seals import addresses, keys, leaves, tiles
from xueqiao.kernel import cursor
from xueqiao.kernel.signing import notes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from django.db.models import QuerySet

AT_ONCE = 100_000
CHUNK = 5_000


def seal(*, now: datetime, at_most: int = AT_ONCE) -> LedgerSeal | None:
    """Seal the transfers that are safe to read and not sealed yet; None when there are none.

    The order of the tree is that of reading (``kernel.cursor``) and is kept in the tiles. What is
    hashed are the facts of the row as they stand, not the hash that was stored with it. Two
    processes that seal at once do it one after the other.

    Args:
        now: the instant of the seal.
        at_most: transfers under one seal.

    Raises:
        keys.KeyLost, keys.NotInstalled: nothing is sealed; the transfers wait.
    """
    # Asked without a lock: most runs of the job end here.
    if not _waiting(_position()).exists():
        return None
    with transaction.atomic():
        signers = [(key.name, keys.signer(key)) for key in keys.in_use(at=now)]
        return _seal(now, at_most, signers)


def catch_up(*, now: datetime, limit: int, report: Callable[[int, int], None] | None = None) -> int:
    """Seal until nothing waits or ``limit`` transfers are sealed; how many were.

    There is one seal for each ``AT_ONCE`` of them.

    Args:
        now: the instant of the seals.
        limit: about how many.
        report: told after each seal how many are done, of how many.
    """
    done, waiting = 0, min(limit, _waiting(_position()).count()) if report else 0
    while done < limit:
        before = size()
        made = seal(now=now, at_most=min(AT_ONCE, limit - done))
        if made is None:
            break
        done += made.size - before
        if report:
            report(done, max(done, waiting))
    return done


def size() -> int:
    """How many transfers are sealed."""
    last = latest()
    return last.size if last else 0


def latest() -> LedgerSeal | None:
    """The newest seal."""
    return LedgerSeal.objects.order_by("-number").first()


def waiting() -> int:
    """How many transfers could be sealed now and are not."""
    return _waiting(_position()).count()


def rescan(*, now: datetime) -> int:
    """Seal what reading by transaction number has passed over; how many transfers.

    For after a restore into another server, where those numbers begin anew. Compares the ids in
    the tiles with those in the ledger; the reader then stands behind the last transfer.
    """
    with transaction.atomic():
        signers = [(key.name, keys.signer(key)) for key in keys.in_use(at=now)]
        sealed = sealed_ids()
        rows = cursor.after(Transfer.objects.all(), cursor.Position())
        missing = [row for row in rows.values_list("pk", flat=True).iterator() if row not in sealed]
        for start in range(0, len(missing), CHUNK):
            chosen = Transfer.objects.filter(pk__in=missing[start : start + CHUNK]).order_by("pk")
            _append(list(_hashed(chosen, CHUNK)), now, signers)
        last = rows.order_by("-xid", "-pk").values_list("xid", "pk").first()
        if last:
            SealReader.objects.update_or_create(pk=1, defaults={"xid": last[0], "row": last[1]})
    return len(missing)


def sealed_ids() -> set[int]:
    """The ids of all sealed transfers; 60 bytes each in memory."""
    rows = SealTile.objects.filter(level=0).values_list("transfer_ids", flat=True)
    return {each for packed in rows.iterator() for each in tiles.unpack(packed)}


def _seal(now: datetime, at_most: int, signers: list[notes.Signer]) -> LedgerSeal | None:
    fresh = list(_hashed(_waiting(_position()), at_most))
    if not fresh:
        return None
    last = Transfer.objects.values_list("xid", "pk").get(pk=fresh[-1][0])
    SealReader.objects.update_or_create(pk=1, defaults={"xid": last[0], "row": last[1]})
    return _append(fresh, now, signers)


def _append(
    fresh: list[tuple[int, bytes]], now: datetime, signers: list[notes.Signer]
) -> LedgerSeal:
    last = latest()
    before = last.size if last else 0
    tiles.extend(before, fresh)
    grown = before + len(fresh)
    root = tiles.Tree().root(grown)
    return LedgerSeal.objects.create(
        number=last.number + 1 if last else 1,
        size=grown,
        root=root.hex(),
        previous=last,
        checkpoint=notes.checkpoint(
            origin=addresses.origin(), size=grown, root=root, signers=signers
        ),
        sealed_at=now,
    )


def _hashed(rows: QuerySet[Transfer], at_most: int) -> Iterator[tuple[int, bytes]]:
    found = rows.values_list(*leaves.COLUMNS)[:at_most]
    for row in found.iterator(chunk_size=CHUNK):
        yield row[0], leaves.leaf(leaves.facts(row))


def _position() -> cursor.Position:
    held = SealReader.objects.filter(pk=1).values_list("xid", "row").first()
    return cursor.Position(*held) if held else cursor.Position()


def _waiting(position: cursor.Position) -> QuerySet[Transfer]:
    return cursor.after(Transfer.objects.all(), position)
