"""Merkle trees of RFC 6962: roots, inclusion proofs, consistency proofs, and checking them.

The tree is not held here. Whoever has it answers with the hash of a complete subtree, the one of
``2 ** level`` leaves that is the ``index``-th of its size; every root and every proof of every size
is made of such hashes, about two times the logarithm of the size of them.

Source: RFC 6962, section 2.1; checking: RFC 9162, sections 2.1.3.2 and 2.1.4.2
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

Subtree = Callable[[int, int], bytes]
EMPTY = sha256(b"").digest()


def leaf(data: bytes) -> bytes:
    """The hash of a leaf. Its first byte differs from a node's, so neither passes for the other."""
    return sha256(b"\0" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side."""
    return sha256(b"\1" + left + right).digest()


def complete(hashes: Sequence[bytes]) -> bytes:
    """The hash over subtrees of one size, side by side; their number is a power of two."""
    while len(hashes) > 1:
        pairs = iter(hashes)
        hashes = [node(left, right) for left, right in zip(pairs, pairs, strict=True)]
    return hashes[0]


def root(size: int, subtree: Subtree) -> bytes:
    """The root of the first ``size`` leaves: MTH(D[0:size])."""
    return _range(0, size, subtree) if size else EMPTY


def inclusion(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """What shows that leaf ``index`` is in the tree of ``size`` leaves: PATH(index, D[0:size]).

    Raises:
        ValueError: the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} of {size}")
    path, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range(middle, end, subtree))
            end = middle
        else:
            path.append(_range(start, middle, subtree))
            start = middle
    return path[::-1]


def consistency(old: int, new: int, subtree: Subtree) -> list[bytes]:
    """What shows that the tree of ``old`` leaves begins that of ``new``: PROOF(old, D[0:new]).

    Empty when there is nothing to show: the two are one, or the older one is empty.

    Raises:
        ValueError: the older tree is the larger one.
    """
    if not 0 <= old <= new:
        raise ValueError(f"{old} of {new}")
    if old in {0, new}:
        return []
    proof, start, end, whole = [], 0, new, True
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(_range(middle, end, subtree))
            end = middle
        else:
            proof.append(_range(start, middle, subtree))
            start, whole = middle, False
    if not whole:
        proof.append(_range(start, end, subtree))
    return proof[::-1]


def root_with(leaf_hash: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that an inclusion proof leads to; None when the proof has not the right length."""
    if not 0 <= index < size:
        return None
    place, last, found = index, size - 1, leaf_hash
    for each in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            found = node(each, found)
            # The right edge of a tree that is not full has no sibling on these levels.
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node(found, each)
        place, last = place >> 1, last >> 1
    return found if last == 0 else None


def is_consistent(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the proof shows that the tree of ``old`` leaves begins the tree of ``new``."""
    if not 0 <= old <= new:
        return False
    if old in {0, new}:
        same = old_root == (EMPTY if old == 0 else new_root)
        return same and not proof
    parts = list(proof)
    # A full older tree is a node of the newer one, and the proof need not repeat it.
    if old & (old - 1) == 0:
        parts.insert(0, old_root)
    if not parts:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    older = newer = parts[0]
    for each in parts[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            older, newer = node(each, older), node(each, newer)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            newer = node(newer, each)
        place, last = place >> 1, last >> 1
    return last == 0 and older == old_root and newer == new_root


def _split(size: int) -> int:
    """The largest power of two below a size of two or more."""
    return 1 << ((size - 1).bit_length() - 1)


def _range(start: int, end: int, subtree: Subtree) -> bytes:
    """MTH(D[start:end]) of a range that begins where a subtree of its length may begin."""
    parts = []
    while start < end:
        level = (end - start).bit_length() - 1
        parts.append(subtree(level, start >> level))
        start += 1 << level
    found = parts.pop()
    while parts:
        found = node(parts.pop(), found)
    return found
