"""What a record holds: a checked batch as it arrived, so that a later version can read it again."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - read at run time to decode
from uuid import UUID  # noqa: TC003 - the same

import msgspec

from xueqiao.records import statements
from xueqiao.records.checking import Checked
from xueqiao.records.xapi import facts, familiar


class Entry(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A batch that was checked and answered.

    Attributes:
        ids: of the statements, in order; given by the sender or made here.
        texts: of the statements, exactly as they arrived.
        version: of the standard that the sender speaks.
    """

    source_id: int
    batch_key: str
    received_at: datetime
    version: str
    ids: list[UUID]
    texts: list[str]
    defines: bool = True


_DECODER = msgspec.msgpack.Decoder(Entry)


def written(parcel: statements.Parcel, *, version: str) -> bytes:
    """A record's content."""
    batch, row = parcel
    entry = Entry(
        row.source_id, row.batch_key, row.received_at, version, batch.order, batch.texts,
        batch.defines,
    )  # fmt: skip
    return msgspec.msgpack.encode(entry)


def read(content: bytes) -> statements.Parcel:
    """What a record's content is stored as. It was checked before it was written."""
    entry = _DECODER.decode(content)
    good = {
        key: (position, _facts(text, entry.version))
        for position, (key, text) in enumerate(zip(entry.ids, entry.texts, strict=True))
    }
    batch = Checked(entry.texts, [""] * len(entry.texts), entry.ids, good, defines=entry.defines)
    return statements.parcel(
        source_id=entry.source_id,
        batch=batch,
        received_at=entry.received_at,
        batch_key=entry.batch_key,
    )


def _facts(text: str, version: str) -> facts.Facts:
    found = familiar.read(text.encode(), version)
    return found or facts.read(msgspec.json.decode(text), version)
