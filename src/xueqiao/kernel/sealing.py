"""Sealing: a secret of another platform is kept so that a copy of the database does not tell it."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.utils.translation import gettext as _

from xueqiao.kernel import errors


class SealBroken(errors.Refusal):
    """What was sealed under another key, or for another purpose, cannot be opened."""

    code = "kernel.seal_broken"


def seal(text: str, *, key: str, purpose: str) -> str:
    """A text encrypted and authenticated (Fernet: AES-128-CBC with HMAC-SHA-256).

    Args:
        key: the secret that it depends on, of any length; 256 random bits or more.
        purpose: keeps apart what is sealed with one key for different ends.
    """
    return _lock(key, purpose).encrypt(text.encode()).decode()


def unseal(sealed: str, *, key: str, purpose: str) -> str:
    """The text that was sealed.

    Raises:
        SealBroken: key or purpose are others, or the text was changed.
    """
    try:
        return _lock(key, purpose).decrypt(sealed.encode()).decode()
    except InvalidToken as why:
        text = _("The kept secret cannot be opened: the secret key was changed. Enter it again.")
        raise SealBroken(text) from why


def _lock(key: str, purpose: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"seal\x1f{purpose}".encode())
    return Fernet(base64.urlsafe_b64encode(derived.derive(key.encode())))
