"""What is hashed of a transfer, so that anybody can hash it anew."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from xueqiao.creditbank import rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xueqiao.creditbank.models import Transfer

COLUMNS = (
    "group_id", "key", "request_hash", "debit_id", "credit_id", "amount_hundredths", "code",
    "phase", "pending_id", "event_at", "posted_at", "expires_at", "reverses_id",
)  # fmt: skip


def digest(values: Mapping[str, Any]) -> str:
    """The leaf hash of what is about to be written: SHA-256 of the canonical form, in hex."""
    return rules.canonical_hash(facts(values))


def of(transfer: Transfer) -> str:
    """The leaf hash of a row as it stands: over every fact but the database's own id and xid."""
    return digest({name: getattr(transfer, name) for name in COLUMNS})


def facts(values: Mapping[str, Any]) -> dict[str, Any]:
    """What is hashed of a transfer: its ``COLUMNS``, instants as UTC text."""
    return {
        name: _instant(value) if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
