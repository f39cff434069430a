"""Files of records: appended, synced, read back. What was cut off by a crash is not a record.

A record is its length, the CRC-32 of its content, and the content. A record that was answered lies
whole on the disk; one that is cut off, and so was never answered, ends the file.
"""

from __future__ import annotations

import os
import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HEAD = struct.Struct("<II")
SUFFIX = ".segment"


class Segment:
    """One file that this process appends to. The caller keeps two threads from writing at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self.waiting = 0  # records that are not stored yet
        self.is_open = True  # records may still come
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        sync_folder(path.parent)

    def append(self, content: bytes) -> int:
        """Write a record, not yet synced. Returns its place.

        Raises:
            OSError: the disk is full or broken; the file is then as it was before.
        """
        at, record = self.size, memoryview(_HEAD.pack(len(content), zlib.crc32(content)) + content)
        try:
            while record:
                record = record[os.write(self._handle, record) :]
        except OSError:
            # What is left of a record would hide those behind it.
            os.ftruncate(self._handle, at)
            raise
        self.size = at + _HEAD.size + len(content)
        return at

    def sync(self) -> None:
        """Return when everything that was appended before lies on the disk."""
        os.fdatasync(self._handle)

    def read(self, at: int) -> bytes:
        """The content of the record at a place."""
        length, _crc = _HEAD.unpack(os.pread(self._handle, _HEAD.size, at))
        return os.pread(self._handle, length, at + _HEAD.size)

    def drop(self) -> None:
        """Remove the file: everything in it is stored."""
        os.close(self._handle)
        self.path.unlink()


def contents(path: Path) -> Iterator[bytes]:
    """The content of every whole record of a file that nobody writes any more, in order."""
    with path.open("rb") as file:
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            length, crc = _HEAD.unpack(head)
            content = file.read(length)
            if len(content) < length or zlib.crc32(content) != crc:
                return
            yield content


def sync_folder(folder: Path) -> None:
    """Make new and removed names of a folder outlast a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
