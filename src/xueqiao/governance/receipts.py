"""What makes a receipt one: the digest of what it says, in one language and one order."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from django.utils import translation

if TYPE_CHECKING:
    from collections.abc import Callable


def digest(read: Callable[[], dict[str, Any]]) -> str:
    """SHA-256 of a receipt as JSON in English, keys sorted, without spaces.

    >>> digest(lambda: {"b": 1, "a": "学"}) == digest(lambda: {"a": "学", "b": 1})
    True
    """
    with translation.override("en"):
        text = json.dumps(read(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
