"""Keys of issuers: one Ed25519 key in use for each institution, its private half in a file.

The files lie in ``<home>/keys/issuers``, mode 600, outside the database and its backups.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank.credentials import addresses
from xueqiao.creditbank.models import IssuerKey, KeyEnd
from xueqiao.kernel import errors
from xueqiao.kernel.signing import did, keyfiles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


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
        end(current, because=KeyEnd.ROUTINE, at=at)
    return make(institution_id, institution_code, _next(keys), at)


def end(key: IssuerKey, *, because: KeyEnd, at: datetime) -> None:
    """Sign no more with a key. Inside a transaction that makes the next one."""
    IssuerKey.objects.filter(pk=key.pk).update(valid_to=at, ended=because)


def unused_number(keys: Sequence[IssuerKey], institution_code: str) -> int:
    """A number that neither a key has nor a file: one that a restored database has forgotten."""
    number = _next(keys)
    while (folder() / _file_name(institution_code, number)).exists():
        number += 1
    return number


def make(institution_id: int, institution_code: str, number: int, at: datetime) -> IssuerKey:
    """The key of a number, made when there is none. Two processes get the same one."""
    name, file_name = addresses.issuer(institution_code), _file_name(institution_code, number)
    key, _created = IssuerKey.objects.get_or_create(
        method=f"{name}#key-{number}",
        defaults={
            "institution_id": institution_id,
            "did": name,
            "public_multikey": keyfiles.multikey(keyfiles.make(folder() / file_name)),
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
        return keyfiles.load(path, key.public_multikey)
    except keyfiles.KeyFileLost as why:
        raise KeyLost(_lost_text(path)) from why


def did_document(name: str) -> dict[str, Any] | None:
    """The DID document of an issuer of ours, with every key it ever signed with; else None.

    A stolen key is shown and asserts nothing any more.
    """
    keys = list(IssuerKey.objects.filter(did=name).order_by("pk"))
    stolen = {key.method for key in keys if key.ended == KeyEnd.STOLEN}
    public = {key.method: key.public_multikey for key in keys}
    return did.document(name, public, withdrawn=stolen) if keys else None


def _next(keys: Sequence[IssuerKey]) -> int:
    return max((int(key.method.rpartition("-")[2]) for key in keys), default=0) + 1


def _file_name(institution_code: str, number: int) -> str:
    return f"{re.sub(r'[^A-Za-z0-9._-]', '_', institution_code)}-{number}.pem"


def _lost_text(path: Path) -> str:
    text = _(
        "The signing key {path} is missing or is another one. Put the file back from the backup of "
        "the keys, or run rotate_signing_key --because lost; what was issued stays valid."
    )
    return text.format(path=path)
