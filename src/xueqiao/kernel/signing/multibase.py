"""Base58 (Bitcoin alphabet), multibase ``z`` and Ed25519 Multikeys.

Source: https://www.w3.org/TR/controller-document/#multikey
"""

from __future__ import annotations

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
VALUES = {letter: value for value, letter in enumerate(ALPHABET)}
ED25519_PUBLIC = b"\xed\x01"
ED25519_SECRET = b"\x80\x26"
SM2_PUBLIC = b"\x86\x24"  # 0x1206 of the multicodec table, as a varint
KEY_BYTES = 32


def encode(raw: bytes) -> str:
    """Multibase base58btc.

    >>> encode(b"Hello World!")
    'z2NEpo7TZRRrLZSi2U'
    """
    number, text = int.from_bytes(raw), ""
    while number:
        number, digit = divmod(number, 58)
        text = ALPHABET[digit] + text
    return "z" + "1" * (len(raw) - len(raw.lstrip(b"\0"))) + text


def decode(text: str) -> bytes:
    """The bytes of a multibase base58btc text.

    Raises:
        ValueError: not base58btc.
    """
    if not text.startswith("z"):
        raise ValueError("not multibase base58btc")
    number = 0
    for letter in text[1:]:
        if letter not in VALUES:
            raise ValueError(f"{letter!r} is not a letter of base58btc")
        number = number * 58 + VALUES[letter]
    zeros = len(text[1:]) - len(text[1:].lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8)


def public_multikey(raw: bytes) -> str:
    """The 32 bytes of an Ed25519 public key as ``publicKeyMultibase``."""
    return encode(ED25519_PUBLIC + raw)


def public_bytes(multikey: str) -> bytes:
    """The 32 bytes of ``publicKeyMultibase``.

    Raises:
        ValueError: not an Ed25519 public Multikey.
    """
    return _unprefixed(multikey, ED25519_PUBLIC)


def secret_bytes(multikey: str) -> bytes:
    """The 32 bytes of ``secretKeyMultibase``.

    Raises:
        ValueError: not an Ed25519 secret Multikey.
    """
    return _unprefixed(multikey, ED25519_SECRET)


def _unprefixed(multikey: str, prefix: bytes) -> bytes:
    raw = decode(multikey)
    if not raw.startswith(prefix) or len(raw) != len(prefix) + KEY_BYTES:
        raise ValueError("not an Ed25519 Multikey")
    return raw[len(prefix) :]
