"""Signed notes and checkpoints: a hash tree's root in a form that tools of others read.

A note is a text, an empty line, and a line for each signature. A checkpoint is a note whose text is
three lines: which tree, how many leaves, which root.

Source: https://c2sp.org/signed-note, https://c2sp.org/tlog-checkpoint
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xueqiao.kernel.signing import sealers

if TYPE_CHECKING:
    from collections.abc import Sequence

# Under which name somebody signs, and with what.
Signer = tuple[str, sealers.Sealer]
DASH = "\u2014 "
LONGEST = 10_000
ID_BYTES = 4
ROOT_BYTES = 32
LINES = 3


class NotACheckpoint(ValueError):  # noqa: N818 - the reason, not an error of the program
    """The text has not the form of a checkpoint."""


@dataclass(frozen=True)
class Signature:
    """One signature line: by whom, with which key, and the bytes."""

    name: str
    key_id: bytes
    value: bytes


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint says. ``text`` is what the signatures cover."""

    origin: str
    size: int
    root: bytes
    text: str
    signatures: tuple[Signature, ...]

    def is_signed_by(self, name: str, public_multikey: str) -> bool:
        """Whether a key of this name has signed it.

        Raises:
            sealers.NotInstalled: the key's algorithm needs a package that is not there.
        """
        known = key_id(name, public_multikey)
        return any(
            each.name == name
            and each.key_id == known
            and sealers.holds(
                public_multikey=public_multikey, message=self.text.encode(), signature=each.value
            )
            for each in self.signatures
        )


def key_id(name: str, public_multikey: str) -> bytes:
    """The four bytes by which a signature line names its key."""
    algorithm, raw = sealers.public_bytes(public_multikey)
    return hashlib.sha256(name.encode() + b"\n" + sealers.TYPES[algorithm] + raw).digest()[
        :ID_BYTES
    ]


def verifier_key(name: str, public_multikey: str) -> str:
    """A key as the tools of notes take it: name, id and public key in one text."""
    algorithm, raw = sealers.public_bytes(public_multikey)
    packed = base64.b64encode(sealers.TYPES[algorithm] + raw).decode()
    return f"{name}+{key_id(name, public_multikey).hex()}+{packed}"


def checkpoint(*, origin: str, size: int, root: bytes, signers: Sequence[Signer]) -> str:
    """A checkpoint with a line for each signer, who is given with the name to sign under."""
    text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
    lines = [f"{DASH}{name} {_packed(name, signer, text)}\n" for name, signer in signers]
    return f"{text}\n{''.join(lines)}"


def read(note: str) -> Checkpoint:
    """What a checkpoint says; no signature is checked yet.

    Raises:
        NotACheckpoint: it is none.
    """
    if len(note) > LONGEST or any(char < " " and char != "\n" for char in note):
        raise NotACheckpoint("too long, or with characters that no checkpoint has")
    head, gap, tail = note.rpartition("\n\n")
    lines = head.split("\n")
    if not gap or len(lines) < LINES or not all(lines) or not tail.endswith("\n"):
        raise NotACheckpoint("not three lines, an empty one and signatures")
    origin, size, root = lines[0], lines[1], _decoded(lines[2])
    if not (size.isascii() and size.isdigit()) or (size[0] == "0" and size != "0"):
        raise NotACheckpoint("the second line is no number of leaves")
    if len(root) != ROOT_BYTES:
        raise NotACheckpoint("the third line is no root")
    signatures = tuple(_signature(line) for line in tail[:-1].split("\n"))
    return Checkpoint(origin, int(size), root, f"{head}\n", signatures)


def _packed(name: str, signer: sealers.Sealer, text: str) -> str:
    value = key_id(name, signer.public_multikey) + signer.sign(text.encode())
    return base64.b64encode(value).decode()


def _signature(line: str) -> Signature:
    name, space, packed = line.removeprefix(DASH).rpartition(" ")
    value = _decoded(packed)
    if not line.startswith(DASH) or not space or not name or len(value) <= ID_BYTES:
        raise NotACheckpoint("a line behind the empty one is no signature")
    return Signature(name, value[:ID_BYTES], value[ID_BYTES:])


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as why:
        raise NotACheckpoint("not base64") from why
