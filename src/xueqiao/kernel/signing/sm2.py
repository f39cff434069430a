"""SM2 signatures with SM3 (GB/T 32918.2), by the package ``gmssl``.

Pure Python: about 30 ms a signature, and not hardened against who can time it. It shows the form of
a second seal; a bank that must pass a cryptography review signs in a certified service.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from gmssl import sm2

from xueqiao.kernel.signing import keyfiles, multibase
from xueqiao.kernel.signing.sealers import SM2

if TYPE_CHECKING:
    from pathlib import Path

# The recommended curve of GB/T 32918.5.
ORDER = int(sm2.default_ecc_table["n"], 16)
PRIME = int(sm2.default_ecc_table["p"], 16)
A = int(sm2.default_ecc_table["a"], 16)
B = int(sm2.default_ecc_table["b"], 16)
HALF = 64  # hex digits of one coordinate
SIGNATURE_BYTES = 64


class Sm2Sealer:
    """Signs with a private number. The signature is r and s, 32 bytes each."""

    algorithm = SM2

    def __init__(self, secret: int) -> None:
        self._secret = f"{secret:064x}"
        self._point = _engine("").public_of(secret)
        self.public_multikey = multibase.encode(multibase.SM2_PUBLIC + _compressed(self._point))

    def sign(self, message: bytes) -> bytes:
        engine = _engine(self._point, self._secret)
        while True:
            # The package's own random number is not made for keys, so it is given one.
            found = engine.sign_with_sm3(message, f"{secrets.randbelow(ORDER - 1) + 1:064x}")
            if found:
                return bytes.fromhex(found)


class _Engine(sm2.CryptSM2):  # type: ignore[misc]
    """The package's arithmetic, with a public key set as it is.

    Its own constructor takes every leading 0 and 4 from a key, those of the number too.
    """

    def __init__(self, point: str, secret: str) -> None:
        super().__init__(private_key=secret, public_key="")
        self.public_key = point

    def public_of(self, secret: int) -> str:
        return str(self._kg(secret, self.ecc_table["g"]))


def make(path: Path) -> Sm2Sealer:
    """Who signs with the number in a file, made when there is none."""
    if not path.exists():
        keyfiles.keep(path, f"{secrets.randbelow(ORDER - 2) + 1:064x}\n".encode())
    return load(path, "")


def load(path: Path, public_multikey: str) -> Sm2Sealer:
    """Who signs with the number in a file.

    Raises:
        keyfiles.KeyFileLost: missing, unreadable, or of another public half.
    """
    try:
        secret = int(path.read_text("ascii").strip(), 16)
    except (OSError, ValueError) as why:
        raise keyfiles.KeyFileLost(path) from why
    if not 1 <= secret < ORDER - 1:
        raise keyfiles.KeyFileLost(path)
    found = Sm2Sealer(secret)
    if public_multikey not in {"", found.public_multikey}:
        raise keyfiles.KeyFileLost(path)
    return found


def holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature fits; ``public`` is the compressed point."""
    point = _uncompressed(public)
    if point is None or len(signature) != SIGNATURE_BYTES:
        return False
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    if not (1 <= r < ORDER and 1 <= s < ORDER):
        return False
    return bool(_engine(point).verify_with_sm3(signature.hex(), message))


def _engine(point: str, secret: str = "") -> _Engine:
    return _Engine(point, secret)


def _compressed(point: str) -> bytes:
    odd = int(point[HALF:], 16) & 1
    return bytes([2 + odd]) + bytes.fromhex(point[:HALF])


def _uncompressed(public: bytes) -> str | None:
    """The coordinates, in hex, of a compressed point; None when it does not lie on the curve."""
    x = int.from_bytes(public[1:])
    square = (x * x * x + A * x + B) % PRIME
    y = pow(square, (PRIME + 1) // 4, PRIME)
    if public[0] not in {2, 3} or x >= PRIME or y * y % PRIME != square:
        return None
    if y & 1 != public[0] & 1:
        y = PRIME - y
    return f"{x:064x}{y:064x}"
