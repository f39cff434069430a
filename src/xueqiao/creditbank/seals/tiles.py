"""The stored tree: hashes in tiles of 256, read for proofs, extended by sealing.

A level of tiles spans eight levels of the tree. A proof touches at most two tiles a level, so that
in a tree of a thousand million leaves eight rows are read.

Source: https://c2sp.org/tlog-tiles
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from xueqiao.creditbank.models import SealTile
from xueqiao.kernel import merkle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

HEIGHT, WIDTH, HASH, ID = 8, 256, 32, 8


class Tree:
    """The tree as it is stored, for roots and proofs of every size it had. Tiles are read once."""

    def __init__(self) -> None:
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    def subtree(self, level: int, index: int) -> bytes:
        """The hash of the ``index``-th complete subtree of ``2 ** level`` leaves."""
        above, within = divmod(level, HEIGHT)
        first = index << within
        held = self._hashes(above, first // WIDTH)
        start = first % WIDTH
        return merkle.complete(held[start : start + (1 << within)])

    def root(self, size: int) -> bytes:
        return merkle.root(size, self.subtree)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        return merkle.inclusion(index, size, self.subtree)

    def consistency(self, old: int, new: int) -> list[bytes]:
        return merkle.consistency(old, new, self.subtree)

    def lay(self, level: int, index: int, hashes: list[bytes]) -> None:
        """Put hashes in the place of a tile, to see what would follow from them."""
        self._tiles[level, index] = hashes

    def _hashes(self, level: int, index: int) -> list[bytes]:
        place = (level, index)
        if place not in self._tiles:
            rows = SealTile.objects.filter(level=level, index=index)
            self._tiles[place] = split(rows.values_list("hashes", flat=True).get())
        return self._tiles[place]


def extend(size: int, leaves: Sequence[tuple[int, bytes]]) -> None:
    """Add leaves behind the ``size`` that are stored; costs by the new ones alone.

    Args:
        size: leaves in the tree before.
        leaves: id of the transfer and hash of the leaf, in the order of the tree.
    """
    ids = [transfer_id for transfer_id, _hash in leaves]
    fresh, level, start = [found for _id, found in leaves], 0, size
    while fresh:
        first, held = divmod(start, WIDTH)
        tiles = list(_cut(fresh, held))
        _store(level, first, held, tiles, list(_cut(ids, held)) if level == 0 else None)
        # A tile that is full now goes, as one hash, into the level above.
        full = [tile for number, tile in enumerate(tiles) if _is_full(number, held, tile)]
        fresh = [merkle.complete(_whole(level, first, tile)) for tile in full]
        level, start = level + 1, first


def _is_full(number: int, held: int, tile: Sequence[bytes]) -> bool:
    return len(tile) + (held if number == 0 else 0) == WIDTH


def _whole(level: int, first: int, tile: list[bytes]) -> list[bytes]:
    if len(tile) == WIDTH:
        return tile
    # Only the first one was begun before; what it held is read back with what was added.
    stored = SealTile.objects.filter(level=level, index=first)
    return split(stored.values_list("hashes", flat=True).get())


def _cut(values: Sequence[bytes] | Sequence[int], held: int) -> Iterator[list]:  # type: ignore[type-arg]
    """Parts that fill tiles, the first of which has ``held`` entries already."""
    end = WIDTH - held
    yield list(values[:end])
    for start in range(end, len(values), WIDTH):
        yield list(values[start : start + WIDTH])


def _store(
    level: int, first: int, held: int, tiles: list[list[bytes]], ids: list[list[int]] | None
) -> None:
    numbers = ids or [[] for _tile in tiles]
    if held:
        tile = SealTile.objects.get(level=level, index=first)
        tile.hashes = bytes(tile.hashes) + b"".join(tiles[0])
        if ids:
            tile.transfer_ids = bytes(tile.transfer_ids) + pack(ids[0])
            tile.low_id = min(tile.low_id, *ids[0])
            tile.high_id = max(tile.high_id, *ids[0])
        tile.save(update_fields=["hashes", "transfer_ids", "low_id", "high_id"])
    begun = 1 if held else 0
    SealTile.objects.bulk_create(
        [
            SealTile(
                level=level,
                index=first + begun + place,
                hashes=b"".join(tile),
                transfer_ids=pack(of),
                low_id=min(of, default=0),
                high_id=max(of, default=0),
            )
            for place, (tile, of) in enumerate(zip(tiles[begun:], numbers[begun:], strict=True))
        ],
        batch_size=500,
    )


def places_of(transfer_ids: Iterable[int]) -> dict[int, int]:
    """The leaf index of each of these transfers that is sealed."""
    found: dict[int, int] = {}
    for wanted in transfer_ids:
        if wanted in found:
            continue
        # Ids are nearly in order: of the tiles that span this one the first is almost always right.
        rows = SealTile.objects.filter(level=0, high_id__gte=wanted, low_id__lte=wanted)
        for index, packed in rows.order_by("high_id").values_list("index", "transfer_ids"):
            for place, each in enumerate(unpack(packed)):
                found[each] = index * WIDTH + place
            if wanted in found:
                break
    return {each: found[each] for each in transfer_ids if each in found}


def split(hashes: bytes | memoryview) -> list[bytes]:
    """The hashes of a tile, one by one."""
    raw = bytes(hashes)
    return [raw[start : start + HASH] for start in range(0, len(raw), HASH)]


def pack(ids: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(ids)}q", *ids)


def unpack(packed: bytes | memoryview) -> tuple[int, ...]:
    return struct.unpack(f"<{len(packed) // ID}q", bytes(packed))
