"""What somebody needs to check certificates without us: every issuer's keys and status lists."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from xueqiao.creditbank.credentials import addresses, keys
from xueqiao.creditbank.models import IssuerKey, StatusList
from xueqiao.kernel.signing import instants

if TYPE_CHECKING:
    from datetime import datetime


def bundle(*, now: datetime) -> dict[str, Any]:
    """DID documents and signed status lists of all issuers, as they stand now.

    Returns:
        ``issuers``: did -> document; ``lists``: address -> signed list; ``made``: the instant.
    """
    names = IssuerKey.objects.order_by("did").values_list("did", flat=True).distinct()
    rooms = StatusList.objects.exclude(document="").order_by("pk")
    return {
        "made": instants.show(now),
        "issuers": {name: keys.did_document(name) for name in names},
        "lists": {
            addresses.status_list(number): json.loads(document)
            for number, document in rooms.values_list("pk", "document")
        },
    }
