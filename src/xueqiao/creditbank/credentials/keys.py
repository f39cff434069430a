"""Keys of issuers: one Ed25519 key in use for each institution, its private half in a file.

The files lie in ``<home>/keys/issuers``, mode 600, outside the database and its backups.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank.credentials import addresses
from xueqiao.creditbank.models import IssuerKey
from xueqiao.kernel import errors
from xueqiao.kernel.signing import did, multibase

if TYPE_CHECKING:
    from datetime import datetime


class KeyLost(errors.Refusal):
    """The private half of an issuer's key is not where it should be."""

    code = "credentials.key_lost"


def folder() -> Path:
    """Where private keys lie."""
    return Path(settings.HOME) / "keys" / "issuers"


@transaction.atomic
def in_use(*, institution_id: int, institution_code: str, at: datetime) -> IssuerKey:
    """The key with which an institution signs; made at first use.

    When the site has got another address the institution has another identifier, and with it a new
    key; the earlier one stays published for what it has signed.
    """
    name = addresses.issuer(institution_code)
    keys = list(
        IssuerKey.objects.select_for_update().filter(institution_id=institution_id).order_by("pk")
    )
    current = next((key for key in keys if key.valid_to is None), None)
    if current and current.did == name:
        return current
    if current:
        IssuerKey.objects.filter(pk=current.pk).update(valid_to=at)
    number = len(keys) + 1
    file_name = f"{re.sub(r'[^A-Za-z0-9._-]', '_', institution_code)}-{number}.pem"
    public = _make(folder() / file_name).public_key()
    raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    key, _created = IssuerKey.objects.get_or_create(
        method=f"{name}#key-{number}",
        defaults={
            "institution_id": institution_id,
            "did": name,
            "public_multikey": multibase.public_multikey(raw),
            "file_name": file_name,
            "valid_from": at,
        },
    )
    return key


def private(key: IssuerKey) -> Ed25519PrivateKey:
    """The private half.

    Raises:
        KeyLost: the file is missing, or belongs to another public half.
    """
    path = folder() / key.file_name
    try:
        found = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as why:
        raise KeyLost(_lost_text(path)) from why
    fits = isinstance(
        found, Ed25519PrivateKey
    ) and key.public_multikey == multibase.public_multikey(
        found.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    )
    if not fits:
        raise KeyLost(_lost_text(path))
    assert isinstance(found, Ed25519PrivateKey)
    return found


def did_document(name: str) -> dict[str, Any] | None:
    """The DID document of an issuer of ours, with every key it ever signed with; else None."""
    keys = dict(
        IssuerKey.objects.filter(did=name).order_by("pk").values_list("method", "public_multikey")
    )
    return did.document(name, keys) if keys else None


def _make(path: Path) -> Ed25519PrivateKey:
    """The private key in a file, made when there is none. Two processes get the same one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        fresh = Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        scratch = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(fresh)
            file.flush()
            os.fsync(file.fileno())
        try:
            # A link fails when another process was first; its key is the one that counts.
            os.link(scratch, path)
        except FileExistsError:
            pass
        finally:
            scratch.unlink()
    found = load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(found, Ed25519PrivateKey)
    return found


def _lost_text(path: Path) -> str:
    text = _(
        "The signing key {path} is missing or is another one. Put the file back from the backup of "
        "the keys; certificates already issued stay valid."
    )
    return text.format(path=path)
