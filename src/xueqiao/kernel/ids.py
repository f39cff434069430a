"""Identifiers: the same input gives the same id, so that what is done twice is done once."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from typing import Any

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "tag:xueqiao.example,2026:ids")


def stable_uuid(*parts: str) -> uuid.UUID:
    """A version 5 UUID of the parts; equal parts give an equal id on every machine."""
    return uuid.uuid5(NAMESPACE, "\x1f".join(parts))


def digest(value: Any) -> str:
    """SHA-256, hex, of the sorted, compact JSON of a value: a request hash."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def keyed_hash(key: str, text: str) -> str:
    """HMAC-SHA-256, hex: for identity numbers and secrets, which are never stored in clear."""
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def spread(text: str, buckets: int) -> int:
    """A number from 0 to ``buckets - 1`` that depends on the text alone: a deterministic choice."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) % buckets
