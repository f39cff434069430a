"""Private keys in files: made once, mode 600, never in a database or its backups."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from xueqiao.kernel.signing import multibase

if TYPE_CHECKING:
    from pathlib import Path


class KeyFileLost(ValueError):  # noqa: N818 - says what became of the file
    """The file is not there, cannot be read, or holds another key; ``path`` says which file."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


def make(path: Path) -> Ed25519PrivateKey:
    """The Ed25519 key in a file, made when there is none. Two processes get the same one.

    Raises:
        KeyFileLost: what lies there is no such key.
    """
    if not path.exists():
        fresh = Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        keep(path, fresh)
    return load(path)


def load(path: Path, public_multikey: str = "") -> Ed25519PrivateKey:
    """The Ed25519 key in a file.

    Args:
        path: where it lies.
        public_multikey: the public half that it must have; "" for any.

    Raises:
        KeyFileLost: missing, unreadable, or another key.
    """
    try:
        found = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as why:
        raise KeyFileLost(path) from why
    if not isinstance(found, Ed25519PrivateKey):
        raise KeyFileLost(path)
    if public_multikey not in {"", multikey(found)}:
        raise KeyFileLost(path)
    return found


def multikey(key: Ed25519PrivateKey) -> str:
    """The public half as ``publicKeyMultibase``."""
    return multibase.public_multikey(key.public_key().public_bytes_raw())


def keep(path: Path, secret: bytes) -> None:
    """Write a secret into a file of its own, on the disk before this returns.

    A file that is there already stays: of two processes the first one's secret counts.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(scratch, path)  # fails when another process was first
    except FileExistsError:
        pass
    finally:
        scratch.unlink()
