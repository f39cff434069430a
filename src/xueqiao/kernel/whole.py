"""Files that are whole or absent, whenever the power goes."""

from __future__ import annotations

import hashlib
import os
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def write(path: Path, fill: Callable[[IO[bytes]], None]) -> str:
    """Write a file beside its place and move it there when it is whole and on the disk.

    Args:
        fill: writes the content into the open file.

    Returns:
        The SHA-256 of the content.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    with scratch.open("wb") as file:
        fill(file)
        file.flush()
        os.fsync(file.fileno())
    with scratch.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    scratch.replace(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return digest
