"""Bitstring Status Lists: one bit a certificate, compressed, published as one credential.

Source: https://www.w3.org/TR/vc-bitstring-status-list/
"""

from __future__ import annotations

import base64
import binascii
import gzip
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SHORTEST = 131_072  # bits; fewer would tell apart whose status is asked for
LONGEST = 8 * SHORTEST


def encode(raised: Iterable[int], length: int = SHORTEST) -> str:
    """The ``encodedList`` of a list in which the bits at these indices are 1.

    Args:
        raised: indices of the bits that are 1.
        length: bits, a multiple of 8; index 0 is the leftmost bit.
    """
    bits = bytearray(length // 8)
    for index in raised:
        bits[index >> 3] |= 0x80 >> (index & 7)
    # mtime=0: the same bits always give the same text
    packed = gzip.compress(bytes(bits), mtime=0)
    return "u" + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def decode(text: str) -> bytes:
    """The bits of an ``encodedList``.

    Raises:
        ValueError: not multibase base64url of gzip, or of a length out of bounds.
    """
    if not text.startswith("u"):
        raise ValueError("not multibase base64url")
    try:
        packed = base64.b64decode(text[1:] + "=" * (-len(text[1:]) % 4), b"-_", validate=True)
        opened = zlib.decompressobj(wbits=31)
        # A few bytes could unpack to gigabytes; no list of ours is longer than LONGEST.
        bits = opened.decompress(packed, LONGEST // 8 + 1)
    except (binascii.Error, zlib.error) as why:
        raise ValueError("not a compressed bitstring") from why
    if not SHORTEST <= len(bits) * 8 <= LONGEST:
        raise ValueError(f"{len(bits) * 8} bits")
    return bits


def is_raised(bits: bytes, index: int) -> bool:
    """Whether the bit at an index is 1.

    Raises:
        ValueError: the index lies outside the list.
    """
    if not 0 <= index < len(bits) * 8:
        raise ValueError(f"index {index} of {len(bits) * 8}")
    return bool(bits[index >> 3] & (0x80 >> (index & 7)))
