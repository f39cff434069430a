"""Signatures under a text, by one interface whatever the algorithm: Ed25519, and SM2 if wanted.

Ed25519 is always there. SM2 (GB/T 32918) needs the package ``gmssl``, the extra ``sm2``; a bank
that signs in a crypto service puts a ``Sealer`` of its own in its place.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from xueqiao.kernel.signing import keyfiles, multibase

if TYPE_CHECKING:
    from pathlib import Path

ED25519, SM2 = "ed25519", "sm2"
# The type of a signature line; 0xff says that C2SP has assigned none and a name follows.
TYPES = {ED25519: b"\x01", SM2: b"\xffsm2-sm3"}


class Sealer(Protocol):
    """Whoever can sign for one public key."""

    algorithm: str
    public_multikey: str

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""


class NotInstalled(RuntimeError):  # noqa: N818 - says what is missing
    """The algorithm needs a package that is not installed."""


class Ed25519Sealer:
    """Signs with a key that lies in a file."""

    algorithm = ED25519

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_multikey = keyfiles.multikey(key)

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


def is_installed(algorithm: str) -> bool:
    """Whether this installation can sign and check with an algorithm."""
    return algorithm == ED25519 or find_spec("gmssl") is not None


def make(algorithm: str, path: Path) -> Sealer:
    """Who signs with the key in a file, made when there is none.

    Raises:
        keyfiles.KeyFileLost: what lies there is no such key.
        NotInstalled: the algorithm needs a package that is not there.
    """
    if algorithm == ED25519:
        return Ed25519Sealer(keyfiles.make(path))
    made: Sealer = _sm2().make(path)
    return made


def load(algorithm: str, path: Path, public_multikey: str) -> Sealer:
    """Who signs with the key in a file. Raises as ``make``, and for another public half."""
    if algorithm == ED25519:
        return Ed25519Sealer(keyfiles.load(path, public_multikey))
    found: Sealer = _sm2().load(path, public_multikey)
    return found


def public_bytes(public_multikey: str) -> tuple[str, bytes]:
    """The algorithm and the bare bytes of a public key: 32 for Ed25519, 33 (compressed) for SM2.

    Raises:
        ValueError: neither.
    """
    raw = multibase.decode(public_multikey)
    for algorithm, prefix, length in (
        (ED25519, multibase.ED25519_PUBLIC, multibase.KEY_BYTES),
        (SM2, multibase.SM2_PUBLIC, multibase.KEY_BYTES + 1),
    ):
        if raw.startswith(prefix) and len(raw) == len(prefix) + length:
            return algorithm, raw[len(prefix) :]
    raise ValueError("not a public key of a known kind")


def holds(*, public_multikey: str, message: bytes, signature: bytes) -> bool:
    """Whether a signature was made over exactly this message with this key.

    Raises:
        NotInstalled: the algorithm needs a package that is not there.
    """
    try:
        algorithm, raw = public_bytes(public_multikey)
        if algorithm == SM2:
            return bool(_sm2().holds(raw, message, signature))
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, message)
    except (ValueError, InvalidSignature):
        return False
    return True


def _sm2() -> Any:
    """The module that needs the package."""
    if not is_installed(SM2):
        raise NotInstalled("SM2 needs the package gmssl: pip install 'xueqiao[sm2]'")
    return import_module("xueqiao.kernel.signing.sm2")
