"""The bank's own keys: one in use for each algorithm, the private half in ``<home>/keys/bank``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank.models import BankKey, KeyEnd
from xueqiao.creditbank.seals import addresses
from xueqiao.kernel import errors
from xueqiao.kernel.signing import did, keyfiles, notes, sealers

if TYPE_CHECKING:
    from datetime import datetime


class KeyLost(errors.Refusal):
    """The private half of the bank's key is not where it should be."""

    code = "seals.key_lost"


class NotInstalled(errors.Refusal):
    """The second seal is switched on and the package that makes it is not there."""

    code = "seals.sm2_not_installed"


class NotUsed(errors.Refusal):
    """There is no key of this algorithm that could be replaced."""

    code = "seals.key_not_used"


def folder() -> Path:
    """Where private keys lie."""
    return Path(settings.HOME) / "keys" / "bank"


def algorithms() -> tuple[str, ...]:
    """With what the bank signs, first what everybody can check."""
    wanted = (sealers.ED25519, sealers.SM2) if settings.SM2_SEAL else (sealers.ED25519,)
    if not all(map(sealers.is_installed, wanted)):
        raise NotInstalled(
            _(
                "The SM2 seal is switched on, but the package gmssl is missing. Install "
                "xueqiao[sm2]."
            )
        )
    return wanted


@transaction.atomic
def in_use(*, at: datetime) -> list[BankKey]:
    """The keys with which the bank signs, one for each algorithm, made at first use.

    Their rows stay locked until the transaction ends, so one process seals at a time. When the site
    has got another address the ledger has another name, and with it new keys.

    Raises:
        NotInstalled, KeyLost.
    """
    wanted = algorithms()
    keys = list(BankKey.objects.select_for_update().order_by("pk"))
    found = {key.algorithm: key for key in keys if key.valid_to is None}
    for algorithm in wanted:
        current = found.get(algorithm)
        if current and current.name == addresses.origin() and current.did == addresses.bank():
            continue
        if current:
            _end(current, KeyEnd.ROUTINE, at)
        found[algorithm] = _make_or_take(algorithm, at)
    return [found[algorithm] for algorithm in wanted]


@transaction.atomic
def rotate(*, algorithm: str, because: KeyEnd, at: datetime) -> BankKey:
    """Replace the bank's key; the earlier one stays published for what it has sealed.

    It works without the old private half, so it is also what to do when that is lost.

    Args:
        algorithm: ``ed25519`` or ``sm2``.
        because: ``routine``, ``lost`` or ``stolen``; a stolen key asserts nothing any more.
        at: the instant from which the new key signs.

    Raises:
        NotUsed: the bank has not signed with this algorithm yet.
        NotInstalled, KeyLost.
    """
    keys = BankKey.objects.select_for_update().order_by("pk")
    current = next((k for k in keys if k.algorithm == algorithm and k.valid_to is None), None)
    if current is None:
        raise NotUsed(_("The bank has no key of this kind yet. It is made with the first seal."))
    _end(current, because, at)
    return _make(algorithm, at)


def signer(key: BankKey) -> sealers.Sealer:
    """Who signs with a key.

    Raises:
        KeyLost: the file is missing, or belongs to another public half.
    """
    path = folder() / key.file_name
    try:
        return sealers.load(key.algorithm, path, key.public_multikey)
    except keyfiles.KeyFileLost as why:
        raise KeyLost(_lost_text(path)) from why


def did_document() -> dict[str, Any] | None:
    """The bank's DID document, with every key that it ever sealed with; None before the first."""
    keys = list(BankKey.objects.filter(did=addresses.bank()).order_by("pk"))
    stolen = {key.method for key in keys if key.ended == KeyEnd.STOLEN}
    public = {key.method: key.public_multikey for key in keys}
    return did.document(addresses.bank(), public, withdrawn=stolen) if keys else None


def published() -> list[BankKey]:
    """Every key the bank ever sealed with, newest first."""
    return list(BankKey.objects.order_by("-pk"))


def verifier_key(key: BankKey) -> str:
    """A key in the form that the tools of checkpoints take."""
    return notes.verifier_key(key.name, key.public_multikey)


def _make_or_take(algorithm: str, at: datetime) -> BankKey:
    try:
        with transaction.atomic():
            return _make(algorithm, at)
    except IntegrityError:
        # Another process made the first one; its row can be locked now that it has committed.
        return BankKey.objects.select_for_update().get(algorithm=algorithm, valid_to=None)


def _end(key: BankKey, because: KeyEnd, at: datetime) -> None:
    BankKey.objects.filter(pk=key.pk).update(valid_to=at, ended=because)


def _make(algorithm: str, at: datetime) -> BankKey:
    """A new key under a number that neither the table nor the folder has seen."""
    used = BankKey.objects.values_list("method", flat=True)
    number = max((int(method.rpartition("-")[2]) for method in used), default=0) + 1
    while (folder() / _file_name(algorithm, number)).exists():
        number += 1
    path = folder() / _file_name(algorithm, number)
    try:
        public = sealers.make(algorithm, path).public_multikey
    except keyfiles.KeyFileLost as why:
        raise KeyLost(_lost_text(path)) from why
    return BankKey.objects.create(
        algorithm=algorithm,
        name=addresses.origin(),
        did=addresses.bank(),
        method=f"{addresses.bank()}#ledger-{number}",
        public_multikey=public,
        file_name=path.name,
        valid_from=at,
    )


def _file_name(algorithm: str, number: int) -> str:
    return f"{algorithm}-{number}.pem" if algorithm == sealers.ED25519 else f"sm2-{number}.key"


def _lost_text(path: Path) -> str:
    text = _(
        "The bank's sealing key {path} is missing or is another one. Put the file back from the "
        "backup of the keys, or run rotate_signing_key --bank --because lost; sealed roots stay "
        "valid."
    )
    return text.format(path=path)
