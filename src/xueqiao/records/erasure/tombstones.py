"""What stays of an erased statement: the digest of its id."""

from __future__ import annotations

import hashlib
import time
import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection

from xueqiao.kernel import bulk, ids
from xueqiao.records.models import ErasedIdentifier, Tombstone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import Model

    from xueqiao.records.models import Erasure

_TABLES: dict[str, type[Model]] = {"ids": Tombstone, "identifiers": ErasedIdentifier}
# What this process has seen once: rows of these tables are never removed.
_seen: set[str] = set()
_looked: dict[str, float] = {}


def digest_of(key: uuid.UUID) -> uuid.UUID:
    """The first 128 bits of SHA-256 of the id, written in lower case with hyphens.

    >>> digest_of(uuid.UUID("00000000-0000-4000-8000-000000000000")).hex
    'db8055e0e0307d5a016bec4dc338d698'
    """
    return uuid.UUID(bytes=hashlib.sha256(str(key).encode()).digest()[:16])


def hash_of(identifier: str) -> str:
    """The keyed hash of an agent's identifier; without the platform's key nobody can guess it."""
    return ids.keyed_hash(settings.IDENTITY_KEY, f"records.erased\x1f{identifier}")


def bury(erasure: Erasure, keys: Iterable[uuid.UUID]) -> None:
    """Keep the digests of some ids, so that their statements do not come back."""
    for some in bulk.chunks(keys):
        rows = [(digest, erasure.pk) for digest in sorted(digest_of(key) for key in some)]
        bulk.insert(Tombstone, ("digest", "erasure_id"), rows, ignore_conflicts=True)


def is_tombstoned(keys: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Those of some ids whose statement was erased. One indexed query for 5,000."""
    digests = {digest_of(key): key for key in keys}
    found: set[uuid.UUID] = set()
    for some in bulk.chunks(digests):
        rows = Tombstone.objects.filter(digest__in=some)
        found.update(digests[digest] for digest in rows.values_list("digest", flat=True))
    return found


def known(*, believed_seconds: float = 0.0) -> set[str]:
    """Which tables have rows: ``ids``, ``identifiers``. One query until the first erasure.

    Args:
        believed_seconds: for how long an empty table may be taken to be empty still.
    """
    missing = {name: model for name, model in _TABLES.items() if name not in _seen}
    now = time.monotonic()
    if missing and now - _looked.get("at", -believed_seconds) >= believed_seconds:
        _looked["at"] = now
        asked = ", ".join(
            f"exists(select 1 from {connection.ops.quote_name(model._meta.db_table)})"  # noqa: S608 - names of our own tables
            for model in missing.values()
        )
        with connection.cursor() as ask:
            ask.execute(f"select {asked}")
            _seen.update(name for name, found in zip(missing, ask.fetchone(), strict=True) if found)
    return set(_seen)
