"""Laying down what is received and not believed, with its exact text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xueqiao.kernel import bulk
from xueqiao.records.erasure import gate
from xueqiao.records.models import Batch, HeldState, Quarantine

if TYPE_CHECKING:
    from xueqiao.records.checking import Refused


def hold(held: dict[int, Refused], written: Batch) -> None:
    """Lay the refused items of a batch down, by their places in it."""
    columns = (
        "batch_id", "position", "reason", "pointer", "detail", "text", "form", "state", "mended",
    )  # fmt: skip
    texts = gate.cleaned([each.text for _position, each in sorted(held.items())])
    rows = [
        (written.pk, position, str(each.reason), each.pointer[:200], each.detail,
         text.replace("\x00", "\ufffd"), each.form, HeldState.OPEN.value, "")
        for (position, each), text in zip(sorted(held.items()), texts, strict=True)
    ]  # fmt: skip
    bulk.insert(Quarantine, columns, rows)
