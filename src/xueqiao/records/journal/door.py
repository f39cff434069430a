"""The way in through the journal: checked, written down, answered; stored a moment later."""

from __future__ import annotations

import functools
import logging
from multiprocessing import util
from typing import TYPE_CHECKING

from django.conf import settings

from xueqiao.records import checking, statements
from xueqiao.records.journal import entries, marks
from xueqiao.records.journal.drain import Drain
from xueqiao.records.journal.writer import SETTLE_SECONDS, Full, Journal, full_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from xueqiao.records.attachments import Part
    from xueqiao.records.checking import Checked, Familiar, Incoming
    from xueqiao.records.models import Source

_LOG = logging.getLogger(__name__)
_LAST_SECONDS = 20.0


@functools.cache
def open_() -> Journal:
    """The journal of this process, opened at first use and drained until the process ends."""
    journal = Journal(marks.home(), settings.JOURNAL_BYTES)
    drain = Drain(journal, settings.JOURNAL_BYTES)

    def end() -> None:
        if drain.stop(_LAST_SECONDS):
            journal.close()

    # Runs at the end of any process, also of one that a server forked; atexit does not.
    util.Finalize(None, end, exitpriority=100)
    return journal


def accept(
    *,
    source: Source,
    items: Sequence[Incoming | Familiar],
    received_at: datetime,
    batch_key: str,
    parts: Mapping[str, Part] | None = None,
    defines: bool = True,
    journal: Journal | None = None,
) -> list[UUID]:
    """Take in a batch as a whole or not at all; it is on the disk when this returns.

    What is plainly new is written to the journal. Anything else (an id that is held or waits or was
    erased, a voiding statement, files) is decided by ``statements.store_all``, after what waits is
    stored.

    Args:
        source: whose statements they are.
        items: in the order of arrival, all of one version of the standard.
        received_at: when they arrived.
        batch_key: what makes the batch one for its source.
        parts: files that came with them, by hash; None: files are not looked at.
        defines: whether their sender may say what an activity is.
        journal: that of this process unless given; none where the intake is direct.

    Returns:
        The id of each statement, in the order of arrival.

    Raises:
        Full: the journal holds as much as it may, or does not get empty in time.
        values.Invalid, checking.IdTwice, statements.Conflict: as ``store_all``.
    """
    journal = journal or (open_() if settings.INTAKE == "journal" else None)
    if journal is not None:
        batch = checking.check(items, strict=True, at=received_at, parts=parts)
        batch.defines = defines
        parcel = statements.parcel(
            source_id=source.pk, batch=batch, received_at=received_at, batch_key=batch_key
        )
        if _is_plain(batch) and _is_written(journal, parcel, items[0].version):
            return batch.order
        if not journal.settled(SETTLE_SECONDS):
            raise Full(full_text())
    return statements.store_all(
        source=source,
        items=items,
        received_at=received_at,
        batch_key=batch_key,
        parts=parts,
        defines=defines,
    )


def _is_plain(batch: Checked) -> bool:
    is_text = bool(batch.texts) and not batch.files
    return is_text and all(found.voids is None for _place, found in batch.good.values())


def _is_written(journal: Journal, parcel: statements.Parcel, version: str) -> bool:
    """Write a batch to the journal, if every id in it is free and the disk takes it."""
    given = [found.uuid for _place, found in parcel.batch.good.values() if found.uuid]
    with journal.taking(given) as claim:
        if claim is None or not statements.is_new(parcel.batch):
            return False
        try:
            journal.append(entries.written(parcel, version=version), claim=claim, parcel=parcel)
        except OSError:
            _LOG.exception("The journal takes nothing; statements go into the database at once.")
            return False
    return True
