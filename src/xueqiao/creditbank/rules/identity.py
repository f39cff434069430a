"""Hashes of requests and numbers of accounts."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import orjson

ACCOUNT_DIGITS: Final = 12


def canonical_hash(value: Any) -> str:
    """SHA-256, hex, of the RFC 8785 form of a value.

    For keys of ASCII, whole numbers, text, lists and null, as here, sorted compact JSON is that
    form; a test holds it against the ``rfc8785`` package.
    """
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()


def account_number(sequence: int) -> str:
    """A learning account's number: twelve digits and a Luhn check digit.

    >>> account_number(1), account_number(11391)
    ('0000000000018', '0000000113910')
    """
    digits = f"{sequence:0{ACCOUNT_DIGITS}d}"
    return f"{digits}{_luhn(digits)}"


def _luhn(digits: str) -> int:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled  # noqa: PLR2004 - two digits add up to n - 9
    return -total % 10
