"""The exchange with other banks as flat rows for the lake: what was sent, and where both differ."""

from __future__ import annotations

from xueqiao.exchange.models import Break, Message
from xueqiao.kernel import flat

MESSAGES = flat.Export(
    Message.objects.all(),
    {"message_id": "pk", "partner": "partner__code"}
    | flat.same("version", "withdraws", "day", "state", "attempts", "answered_at"),
    key="message_id",
)
BREAKS = flat.Export(
    Break.objects.all(),
    {"break_id": "pk", "partner": "partner__code"}
    | flat.same("day", "kind", "state", "tries", "opened_at", "resolved_at"),
    key="break_id",
)
