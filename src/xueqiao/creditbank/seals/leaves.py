"""The leaves of the ledger's tree: what of a transfer is sealed, and how it is hashed.

A leaf's data are the 32 bytes of the SHA-256 of the transfer's RFC 8785 form, so that a tree can be
built, and a leaf be looked for, by whoever has the hash alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xueqiao.creditbank import hashed, rules
from xueqiao.kernel import merkle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# In the order in which rows are read for hashing.
COLUMNS = ("id", *hashed.COLUMNS)


def facts(row: Sequence[Any]) -> dict[str, Any]:
    """What is sealed of a transfer whose ``COLUMNS`` were read: texts, whole numbers, null."""
    return hashed.facts(dict(zip(hashed.COLUMNS, row[1 : len(COLUMNS)], strict=True)))


def data(sealed: Mapping[str, Any]) -> bytes:
    """The data of a leaf."""
    return bytes.fromhex(rules.canonical_hash(sealed))


def leaf(sealed: Mapping[str, Any]) -> bytes:
    """The hash of a leaf in the tree."""
    return merkle.leaf(data(sealed))
