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
from xueqiao.creditbank.models import IssuerKey
from xueqiao.kernel import errors
from xueqiao.kernel.signing import did, keyfiles

if TYPE_CHECKING:
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
        IssuerKey.objects.filter(pk=current.pk).update(valid_to=at)
    number = len(keys) + 1
    file_name = f"{re.sub(r'[^A-Za-z0-9._-]', '_', institution_code)}-{number}.pem"
    public_multikey = keyfiles.multikey(keyfiles.make(folder() / file_name))
    key, _created = IssuerKey.objects.get_or_create(
        method=f"{name}#key-{number}",
        defaults={
            "institution_id": institution_id,
            "did": name,
            "public_multikey": public_multikey,
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
    """The DID document of an issuer of ours, with every key it ever signed with; else None."""
    keys = dict(
        IssuerKey.objects.filter(did=name).order_by("pk").values_list("method", "public_multikey")
    )
    return did.document(name, keys) if keys else None


def _lost_text(path: Path) -> str:
    text = _(
        "The signing key {path} is missing or is another one. Put the file back from the backup of "
        "the keys; certificates already issued stay valid."
    )
    return text.format(path=path)
