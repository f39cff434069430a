"""The journal of this process: a queue of batches that is on the disk before it is answered."""

from __future__ import annotations

import fcntl
import os
import secrets
import threading
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext as _

from xueqiao.kernel import clock, errors
from xueqiao.records.journal import marks, segments

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime
    from pathlib import Path
    from uuid import UUID

    from xueqiao.records.statements import Parcel

LOCK = "lock"
SEGMENT_BYTES = 64 << 20
# Up to here checked batches stay in memory; those behind are read from the file again.
_KEPT_BYTES = 32 << 20
# What has to wait until everything before it is stored waits this long, then comes again.
SETTLE_SECONDS = 10.0


class Full(errors.Refusal):
    """The journal holds as much as it may; the sender comes again."""

    code = "records.journal_full"
    status = 503
    retry_after_seconds = 5


def full_text() -> str:
    return _("Too much waits to be stored. Nothing was taken; send it again a little later.")


@dataclass
class Claim:
    """Ids that a request has taken for its batch, as whole numbers: many wait in a burst."""

    ids: Collection[int]
    is_used: bool = False


class Waiting(NamedTuple):
    """A batch that is answered and not stored yet."""

    at: datetime
    segment: segments.Segment
    place: int
    size: int
    ids: Collection[int]
    parcel: Parcel | None


class Journal:
    """Appends batches, and hands them out to be stored. Safe for many threads.

    Args:
        home: the folder with the folders of all processes.
        most_bytes: that may wait in this journal.
    """

    def __init__(self, home: Path, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._lock, self._syncing = threading.Lock(), threading.Lock()
        self._arrived = threading.Condition(self._lock)
        self._stored = threading.Condition(self._lock)
        self.folder = _folder(home)
        self._mark = marks.Mark(self.folder)
        self._queue: deque[Waiting] = deque()
        self._ids: set[int] = set()
        self.awaited = 0  # requests that wait until everything before them is stored
        self.bytes = self.taken_bytes = self._synced = self.taken = self.done = 0
        self._number = 0
        self._segment = self._next_segment()

    @contextmanager
    def taking(self, ids: Collection[UUID]) -> Iterator[Claim | None]:
        """Take ids for a batch, unless one of them is taken; they are given back unless appended.

        Taken before the store is asked for them, given back after they are in it: so two requests
        with one id never both find it free.
        """
        asked = [key.int for key in ids]
        with self._lock:
            claim = Claim(asked) if self._ids.isdisjoint(asked) else None
            if claim:
                self._ids.update(asked)
        try:
            yield claim
        finally:
            if claim and not claim.is_used:
                with self._lock:
                    self._ids.difference_update(asked)

    def append(self, content: bytes, *, claim: Claim, parcel: Parcel) -> None:
        """Write a batch and return when it is on the disk.

        Raises:
            Full: the journal holds as much as it may.
            OSError: the disk is full or broken; nothing was written.
        """
        with self._lock:
            if self.bytes + len(content) > self._most_bytes:
                raise Full(full_text())
            mine = self._write(content, claim, parcel)
        try:
            self._sync(mine)
        except OSError:
            # It waits in memory all the same; stored is as good as synced.
            if not self.settled(SETTLE_SECONDS):
                raise Full(full_text()) from None

    def _sync(self, mine: int) -> None:
        with self._syncing:
            # Whoever waited here is often done: the thread before synced for all.
            if self._synced >= mine:
                return
            with self._lock:
                reached, segment = self.taken_bytes, self._segment
            segment.sync()
            self._synced = reached

    def _write(self, content: bytes, claim: Claim, parcel: Parcel) -> int:
        if self._segment.size > SEGMENT_BYTES:
            self._segment.sync()
            self._segment.is_open = False
            self._segment = self._next_segment()
        now = clock.now()
        if not self._queue:
            self._mark.set(now, len(content))
        try:
            place = self._segment.append(content)
        except OSError:
            self._set_mark()
            raise
        self._segment.waiting += 1
        kept = parcel if self.bytes < _KEPT_BYTES else None
        claim.is_used = True
        self._queue.append(Waiting(now, self._segment, place, len(content), claim.ids, kept))
        self.bytes += len(content)
        self.taken += 1
        self.taken_bytes += len(content)
        self._set_mark()
        self._arrived.notify()
        return self.taken_bytes

    def _set_mark(self) -> None:
        self._mark.set(self._queue[0].at if self._queue else None, self.bytes)

    def first(self, most_bytes: int) -> list[Waiting]:
        """The batches that wait longest, at least one if any waits; they stay where they are."""
        found: list[Waiting] = []
        with self._lock:
            for each in self._queue:
                most_bytes -= each.size
                if found and most_bytes < 0:
                    break
                found.append(each)
        return found

    def stored(self, batches: list[Waiting]) -> None:
        """Let go of the longest waiting batches: their transaction is committed."""
        with self._lock:
            for each in batches:
                self._queue.popleft()
                self._ids.difference_update(each.ids)
                self.bytes -= each.size
                each.segment.waiting -= 1
            self.done += len(batches)
            self._set_mark()
            for segment in {each.segment for each in batches}:
                if not segment.is_open and not segment.waiting:
                    segment.drop()
            self._stored.notify_all()

    def settled(self, seconds: float) -> bool:
        """Wait until everything that was answered before this call is stored; whether it is."""
        with self._lock:
            target = self.taken
            self.awaited += 1
            try:
                return self._stored.wait_for(lambda: self.done >= target, seconds)
            finally:
                self.awaited -= 1

    def gather(self, most_bytes: int, seconds: float) -> None:
        """Wait until so many bytes are to be stored, at most this long."""
        with self._lock:
            self._arrived.wait_for(lambda: self.bytes >= most_bytes, seconds)

    def wait(self, seconds: float) -> bool:
        """Wait until something is to be stored; whether something is."""
        with self._lock:
            return self._arrived.wait_for(lambda: bool(self._queue), seconds)

    def _next_segment(self) -> segments.Segment:
        self._number += 1
        return segments.Segment(self.folder / f"{self._number:08}{segments.SUFFIX}")

    def close(self) -> None:
        """Remove the folder if everything is stored; else leave it to be found."""
        with self._lock:
            self._mark.close()
            if self._queue:
                return
            self._segment.drop()
            remove(self.folder)


def _folder(home: Path) -> Path:
    """A new folder that is locked for as long as this process lives."""
    if not home.exists():
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        segments.sync_folder(home.parent)
    name = f"{os.getpid()}-{secrets.token_hex(4)}"
    new = home / f".{name}"
    new.mkdir(mode=0o700)
    handle = os.open(new / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    # It gets its name when it is locked, so that nobody takes it for one that was left behind.
    new.rename(home / name)
    segments.sync_folder(home)
    return home / name


def remove(folder: Path) -> None:
    """Remove a folder of which everything is stored; its lock is held."""
    for path in sorted(folder.iterdir()):
        path.unlink()
    folder.rmdir()
