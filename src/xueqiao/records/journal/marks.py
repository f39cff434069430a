"""How far back the journals of this machine reach: the oldest batch that was answered, not stored.

Each process keeps two numbers in a file that others read: microseconds since 1970 (0 for nothing)
and the bytes that wait. The first is set before a batch is written and raised after its
transaction, so whoever reads it later than an answer finds a number at or below the time of that
answer, or the statements.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

NAME = "mark"
_NUMBERS = struct.Struct("<qq")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# A reader waits for what is stored in a moment, and not for what a burst has left.
_LITTLE_BYTES = 256 << 10
_POLL_SECONDS = 0.003


class Pending(NamedTuple):
    """What waits: since when, None for nothing, and how many bytes."""

    oldest: datetime | None
    bytes: int


def home() -> Path:
    """The folder with one folder for each process."""
    return Path(settings.HOME) / "journal"


class Mark:
    """The numbers of this process."""

    def __init__(self, folder: Path) -> None:
        handle = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(handle, _NUMBERS.size)
            self._shared = mmap.mmap(handle, _NUMBERS.size)
        finally:
            os.close(handle)

    def set(self, oldest: datetime | None, waiting: int) -> None:
        micros = (oldest - _EPOCH) // _MICROSECOND if oldest else 0
        self._shared[:] = _NUMBERS.pack(micros, waiting)

    def close(self) -> None:
        self._shared.close()


def pending() -> Pending:
    """What was answered and is not stored yet, over all processes."""
    try:
        folders = [entry.path for entry in os.scandir(home())]
    except FileNotFoundError:
        return Pending(None, 0)
    found = [numbers for folder in folders if (numbers := _read(folder))[0]]
    if not found:
        return Pending(None, 0)
    oldest = _EPOCH + timedelta(microseconds=min(micros for micros, _bytes in found))
    return Pending(oldest, sum(waiting for _micros, waiting in found))


def settle(now: datetime, seconds: float) -> None:
    """Wait until what was answered before is stored, if that is little; at most this long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        oldest, waiting = pending()
        if oldest is None or oldest > now or waiting > _LITTLE_BYTES:
            return
        time.sleep(_POLL_SECONDS)


def _read(folder: str) -> tuple[int, int]:
    try:
        handle = os.open(f"{folder}/{NAME}", os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        # A folder goes when all of it is stored.
        return 0, 0
    try:
        held = os.read(handle, _NUMBERS.size)
    finally:
        os.close(handle)
    return _NUMBERS.unpack(held) if len(held) == _NUMBERS.size else (0, 0)
