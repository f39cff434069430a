"""What evidence may be, and which results pass."""

from __future__ import annotations

from typing import Final

EVIDENCE_TYPES: Final = frozenset({"application/pdf", "image/jpeg", "image/png", "text/plain"})
EVIDENCE_BYTES: Final = 10 * 1024 * 1024
PASSED: Final = frozenset({"pass", "distinction"})
