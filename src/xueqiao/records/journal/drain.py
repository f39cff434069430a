"""Storing what waits: the threads behind a journal, and the journals of processes that died."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import DatabaseError, InterfaceError, OperationalError, connection

from xueqiao.records import checking, statements
from xueqiao.records.journal import entries, pressure, segments, writer
from xueqiao.records.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from xueqiao.records.journal.writer import Journal

_LOG = logging.getLogger(__name__)
# About 2,000 statements of a kilobyte: longer transactions are no faster a statement.
_GROUP_BYTES = 2 << 20
# A transaction costs as much as 50 statements. Where many arrive, as many as come in a moment share
# one; what comes alone is stored at once.
_GATHER_SECONDS = 0.15
_PAUSE_SECONDS = 0.1
_LOOK_SECONDS = 0.2
_LOOK_AROUND_SECONDS = 2.0
_TRY_AGAIN_SECONDS = 1.0
_TURN = ".turn"


class Drain:
    """Stores what waits in a journal, until it is stopped; then what is left, and ends."""

    def __init__(self, journal: Journal, most_bytes: int) -> None:
        self._journal = journal
        self._ending = threading.Event()
        self._pace = pressure.Pace(journal, most_bytes, now=time.monotonic())
        self._threads = [
            threading.Thread(target=self._store, name="journal-drain", daemon=True),
            threading.Thread(target=self._look_around, name="journal-adopt", daemon=True),
        ]
        for each in self._threads:
            each.start()

    def stop(self, seconds: float) -> bool:
        """Store what is left, for at most this long; whether both threads have ended."""
        self._ending.set()
        until = time.monotonic() + seconds
        for each in self._threads:
            each.join(max(0.0, until - time.monotonic()))
        return not any(each.is_alive() for each in self._threads)

    def _store(self) -> None:
        while self._journal.wait(_LOOK_SECONDS) or not self._ending.is_set():
            if not self._ending.is_set():
                self._let_come()
            try:
                store_first(self._journal)
            except (OperationalError, InterfaceError):
                _LOG.exception("The database is away; what was answered waits in the journal.")
                connection.close()
                self._ending.wait(_TRY_AGAIN_SECONDS)
        connection.close()

    def _let_come(self) -> None:
        """Give way to a burst while the journal has room; gather a transaction where many come."""
        while self._pace.gives_way(time.monotonic()) and not self._ending.wait(_PAUSE_SECONDS):
            pass
        if self._pace.is_fast and not self._journal.awaited:
            self._journal.gather(_GROUP_BYTES, _GATHER_SECONDS)

    def _look_around(self) -> None:
        """Adopt journals of processes that died, now and again."""
        while True:
            for folder in left_behind(self._journal.folder.parent):
                try:
                    adopt(folder)
                except (OSError, OperationalError, InterfaceError):
                    _LOG.exception("The journal %s is stored later.", folder)
                connection.close()
            if self._ending.wait(_LOOK_AROUND_SECONDS):
                return


def store_first(journal: Journal) -> int:
    """Store the batches that wait longest, in one transaction; how many.

    Raises:
        OperationalError, InterfaceError: the database is away; they go on waiting.
    """
    batches = journal.first(_GROUP_BYTES)
    if batches:
        parcels = [each.parcel or entries.read(each.segment.read(each.place)) for each in batches]
        with _turn(journal.folder.parent):
            store(parcels)
        journal.stored(batches)
    return len(batches)


@contextmanager
def _turn(home: Path) -> Iterator[None]:
    """Let the processes of this machine write to SQLite in turn.

    Who waits for its own lock asks again now and then, and may lose for seconds to a busy one.
    """
    if connection.vendor != "sqlite":
        yield
        return
    handle = os.open(home / _TURN, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def store(parcels: list[statements.Parcel]) -> None:
    """Store batches; one that the database refuses for ever is held in quarantine as it is."""
    try:
        statements.store_acknowledged(parcels)
    except (OperationalError, InterfaceError):
        raise
    except DatabaseError as why:
        if len(parcels) == 1:
            _LOG.exception("A batch is put into quarantine as a whole.")
            _hold(parcels[0], str(why))
            return
        for each in parcels:
            store([each])


def _hold(parcel: statements.Parcel, why: str) -> None:
    statements.store_batch(
        source=parcel.row.source,
        items=[checking.Refused(text, Reason.INVALID, why) for text in parcel.batch.texts],
        received_at=parcel.row.received_at,
        batch_key=parcel.row.batch_key,
    )


def left_behind(home: Path) -> Iterator[Path]:
    """The folders of processes that have ended."""
    for folder in sorted(home.glob("[!.]*")):
        if _is_free(folder):
            yield folder


def _is_free(folder: Path) -> bool:
    handle = _locked(folder)
    if handle is not None:
        os.close(handle)
    return handle is not None


def _locked(folder: Path) -> int | None:
    try:
        handle = os.open(folder / writer.LOCK, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def adopt(folder: Path) -> int:
    """Store what a process left behind and remove its folder; 0 where another one does.

    Returns:
        How many batches were read; those that were in already are not stored again.
    """
    handle = _locked(folder)
    if handle is None:
        return 0
    count = 0
    try:
        for path in sorted(folder.glob(f"*{segments.SUFFIX}")):
            for group in _groups(segments.contents(path)):
                store([entries.read(each) for each in group])
                count += len(group)
        writer.remove(folder)
    finally:
        os.close(handle)
    return count


def _groups(contents: Iterable[bytes]) -> Iterator[list[bytes]]:
    group: list[bytes] = []
    for each in contents:
        group.append(each)
        if sum(map(len, group)) > _GROUP_BYTES:
            yield group
            group = []
    if group:
        yield group
