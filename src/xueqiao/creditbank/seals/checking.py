"""Checking the sealed ledger: every sealed row is hashed anew and led up to every signed root.

One flipped bit is found, and located: in which transfer, in which tile, or in which seal. A row and
its tile vouch for each other only as far as the level above them and the signed root say so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from xueqiao.creditbank.models import (
    BankKey,
    LedgerSeal,
    SealCheck,
    SealReader,
    SealTile,
    Transfer,
)
from xueqiao.creditbank.seals import leaves, sealing, tiles
from xueqiao.creditbank.seals.findings import Finding
from xueqiao.kernel import bulk, clock, errors, merkle
from xueqiao.kernel.signing import notes, sealers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    Report = Callable[[int, int], None]

MOST = 100
TILES_AT_ONCE = 16


class LedgerBroken(errors.Refusal):
    """What is sealed and what stands in the database differ."""

    code = "seals.ledger_broken"


def refuse_findings(*, now: datetime) -> None:
    """The nightly check.

    Raises:
        LedgerBroken: naming the first finding; all are kept with the check.
    """
    made = check(now=now)
    if made and made.found:
        text = _("{count} differences from the sealed ledger. First: {first}. Call the operator.")
        first = Finding(**made.findings[0]).text
        raise LedgerBroken(text.format(count=made.found, first=first))


def check(*, now: datetime, report: Report | None = None) -> SealCheck | None:
    """Check every seal, every tile and every sealed transfer; None where nothing is sealed.

    Reads 4,096 transfers at a time, so that memory does not grow with the ledger. The bank may post
    and seal meanwhile; what was sealed before the check began is checked.

    Args:
        now: when the check begins.
        report: told how many transfers are done, of how many.
    """
    last = sealing.latest()
    if last is None:
        return None
    walk = _Walk(last)
    walk.run(report)
    with transaction.atomic():
        return SealCheck.objects.create(
            seal=last,
            began_at=now,
            ended_at=max(now, clock.now()),
            transfers=walk.done,
            findings=[each.stored() for each in walk.findings[:MOST]],
            found=len(walk.findings),
        )


@dataclass
class Frontier:
    """The roots of the complete subtrees that make up what was read so far, largest first."""

    parts: list[tuple[int, bytes]] = field(default_factory=list)

    def push(self, level: int, found: bytes) -> None:
        while self.parts and self.parts[-1][0] == level:
            found = merkle.node(self.parts.pop()[1], found)
            level += 1
        self.parts.append((level, found))

    def root(self) -> bytes:
        found = self.parts[-1][1]
        for _level, left in reversed(self.parts[:-1]):
            found = merkle.node(left, found)
        return found

    def copy(self) -> Frontier:
        return Frontier(list(self.parts))


class _Walk:
    """One check: from the first leaf to the last seal."""

    def __init__(self, last: LedgerSeal) -> None:
        self.last, self.size, self.done = last, last.size, 0
        self.findings: list[Finding] = []
        self.frontier = Frontier()
        self.gone = 0
        self.tree = tiles.Tree()
        self.roots = self._signed_roots()
        self.ends = sorted(self.roots)
        self.next_end = 0
        self.rewritten = False

    def run(self, report: Report | None) -> None:
        for tile_rows in self._chunks():
            sealed = self._hashed([each for _i, ids, _h in tile_rows for each in ids])
            for index, ids, held in tile_rows:
                self._tile(index, ids, held, sealed)
            if report:
                report(self.done, self.size)
        self._upper_tiles()
        self._skipped()

    # Seals

    def _signed_roots(self) -> dict[int, tuple[int, bytes]]:
        """Number and root of each seal, by its size, as signed; what is not is a finding."""
        keys = [key for key in BankKey.objects.all() if sealers.is_installed(key.algorithm)]
        rows = LedgerSeal.objects.filter(number__lte=self.last.number).order_by("number")
        found, expected, before = {}, 1, None
        for seal in rows.iterator(chunk_size=2000):
            if seal.number != expected or seal.previous_id != before:
                self._add("seal_missing", seal=expected)
            expected, before = seal.number + 1, seal.pk
            root = _signed_root(seal, keys)
            if root is None:
                self._add("seal_changed", seal=seal.number)
            else:
                found[seal.size] = (seal.number, root)
        return found

    def _compare(self, size: int, root: bytes) -> None:
        number, signed = self.roots[size]
        # One root after a rewritten row is wrong, and so is every later one; the first is told.
        if root != signed and not self.rewritten:
            self.rewritten = True
            before = self.ends[self.next_end - 1] if self.next_end else 0
            self._add("history_rewritten", seal=number, index=before)

    # Leaves

    def _chunks(self) -> Iterator[list[tuple[int, tuple[int, ...], list[bytes]]]]:
        """Tiles of level 0 in order, cut to what was sealed when the check began."""
        rows = SealTile.objects.filter(level=0, index__lt=-(-self.size // tiles.WIDTH))
        found = rows.order_by("index").values_list("index", "transfer_ids", "hashes")
        stored, expected = found.iterator(chunk_size=TILES_AT_ONCE), 0
        while chunk := list(islice(stored, TILES_AT_ONCE)):
            made = []
            for index, packed, hashes in chunk:
                for missing in range(expected, index):
                    self._add("tile_missing", tile=f"0/{missing}")
                    self.rewritten = True  # without its leaves no later root can be compared
                expected = index + 1
                width = min(tiles.WIDTH, self.size - index * tiles.WIDTH)
                made.append((index, tiles.unpack(packed)[:width], tiles.split(hashes)[:width]))
            yield made

    def _hashed(self, ids: Sequence[int]) -> dict[int, bytes]:
        found = {}
        for chosen in bulk.chunks(ids):
            rows = Transfer.objects.filter(pk__in=chosen)
            for row in rows.values_list(*leaves.COLUMNS, "leaf_hash"):
                data = leaves.data(leaves.facts(row))
                found[row[0]] = merkle.leaf(data)
                if row[-1] not in {None, data.hex()}:
                    self._add("hash_differs", transfer_id=row[0])
        return found

    def _tile(
        self, index: int, ids: Sequence[int], held: list[bytes], sealed: dict[int, bytes]
    ) -> None:
        computed = [sealed.get(each) for each in ids]
        place = index * tiles.WIDTH
        wrong = [n for n, (a, b) in enumerate(zip(computed, held, strict=True)) if a != b]
        settled = held
        if wrong:
            mended = [a or b for a, b in zip(computed, held, strict=True)]
            if self._fits(index, held) or not self._fits(index, mended):
                self._changed_rows([(ids[n], place + n, computed[n] is None) for n in wrong])
            else:
                settled = mended
                for n in wrong:
                    self._add("tile_changed", tile=f"0/{index}", index=n)
        elif len(held) == tiles.WIDTH and not self._fits(index, held):
            above, entry = divmod(index, tiles.WIDTH)
            self._add("tile_changed", tile=f"1/{above}", index=entry)
        self._grow(place, settled)
        self.done += len(ids)

    def _changed_rows(self, rows: Sequence[tuple[int, int, bool]]) -> None:
        for transfer_id, index, is_gone in rows:
            self.gone += is_gone
            self._add(
                "transfer_missing" if is_gone else "transfer_changed",
                transfer_id=transfer_id,
                index=index,
                seal=self._seal_of(index),
            )

    def _fits(self, index: int, hashes: list[bytes]) -> bool:
        """Whether the hashes of a level 0 tile are those that were sealed."""
        if len(hashes) == tiles.WIDTH:
            above = _or_none(self.tree, tiles.HEIGHT, index)
            return above in {None, merkle.complete(hashes)}
        tree = tiles.Tree()
        tree.lay(0, index, hashes)
        signed = self.roots.get(self.size)
        return signed is None or tree.root(self.size) == signed[1]

    def _grow(self, place: int, hashes: list[bytes]) -> None:
        """Go on by one tile, comparing with every root that was signed on the way."""
        end = place + len(hashes)
        inner = self.frontier.copy()
        taken = 0
        while self.next_end < len(self.ends) and self.ends[self.next_end] <= end:
            size = self.ends[self.next_end]
            for found in hashes[taken : size - place]:
                inner.push(0, found)
            taken = size - place
            self._compare(size, inner.root())
            self.next_end += 1
        if len(hashes) == tiles.WIDTH:
            self.frontier.push(tiles.HEIGHT, merkle.complete(hashes))

    def _seal_of(self, index: int) -> int | None:
        covering = (self.roots[end][0] for end in self.ends if end > index)
        return next(covering, None)

    # What lies above the leaves, and beside them

    def _upper_tiles(self) -> None:
        """Every full tile of level 1 and above is one hash of the tile above it."""
        level, count = 1, self.size // tiles.WIDTH
        while count:
            expected = -(-count // tiles.WIDTH)
            rows = SealTile.objects.filter(level=level, index__lt=expected).order_by("index")
            stored = {index: tiles.split(h) for index, h in rows.values_list("index", "hashes")}
            for index in range(expected):
                held = stored.get(index)
                if held is None:
                    self._add("tile_missing", tile=f"{level}/{index}")
                elif len(held) == tiles.WIDTH and merkle.complete(held) != _or_none(
                    self.tree, tiles.HEIGHT * (level + 1), index
                ):
                    above, entry = divmod(index, tiles.WIDTH)
                    self._add("tile_changed", tile=f"{level + 1}/{above}", index=entry)
            level, count = level + 1, count // tiles.WIDTH

    def _skipped(self) -> None:
        """Transfers that the reader has passed and that no tile holds."""
        with transaction.atomic():
            held = SealReader.objects.select_for_update().filter(pk=1).first()
            if held is None:
                return
            passed = Transfer.objects.filter(
                Q(xid__lt=held.xid) | Q(xid=held.xid, pk__lte=held.row)
            )
            if passed.count() == sealing.size() - self.gone:
                return
            sealed = sealing.sealed_ids()
            ids = passed.order_by("pk").values_list("pk", flat=True)
            for each in ids.iterator():
                if each not in sealed:
                    self._add("transfer_skipped", transfer_id=each)

    def _add(self, code: str, **where: int | str | None) -> None:
        self.findings.append(Finding(code, **where))  # type: ignore[arg-type]


def _or_none(tree: tiles.Tree, level: int, index: int) -> bytes | None:
    try:
        return tree.subtree(level, index)
    except (SealTile.DoesNotExist, IndexError):
        return None


def _signed_root(seal: LedgerSeal, keys: Sequence[BankKey]) -> bytes | None:
    """The root of a seal, if its checkpoint says the same and a key of the bank has signed it."""
    try:
        found = notes.read(seal.checkpoint)
    except notes.NotACheckpoint:
        return None
    if (found.size, found.root.hex()) != (seal.size, seal.root):
        return None
    signed = any(found.is_signed_by(key.name, key.public_multikey) for key in keys)
    return found.root if signed else None
