"""Proofs to take away: that transfers are in the sealed ledger, that a later root keeps an earlier.

A proof is a JSON document that needs nothing else to be checked but a public key of the bank:

    format       this form and its version
    checkpoint   size and root of the tree, signed
    keys         the keys that signed it, to be compared with the published ones
    transfers    what is sealed of each, its place in the tree, the hashes from it to the root
    earlier      an older checkpoint and the hashes that show the newer tree begins with its tree

``check_ledger_proof.py`` beside this file checks one without this program.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext as _

from xueqiao.creditbank.models import CreditLot, KeyEnd, LedgerSeal, Transfer
from xueqiao.creditbank.seals import keys, leaves, sealing, tiles
from xueqiao.kernel import errors
from xueqiao.kernel.signing import notes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FORMAT = "xueqiao-ledger-proof/1"
MOST = 500


class NotSealedYet(errors.Refusal):
    """None of the transfers is under a root yet."""

    code = "seals.not_sealed_yet"


class NoSuchSize(errors.Refusal):
    """The tree has never had this many leaves, or not this leaf."""

    code = "seals.no_such_size"
    status = 404


def of_lot(*, lot_id: int, only_first: bool = False) -> dict[str, Any]:
    """The proof of every sealed transfer that brought credit to a lot or took it away.

    ``lot`` says, unsealed, which account of the ledger the lot is; ``waiting`` how many of its
    transfers are not sealed yet.

    Args:
        only_first: the transfer that brought the credit, and nothing of what was done with it
            since: for those who hold a certificate of it.

    Raises:
        NotSealedYet: none is sealed.
    """
    lot = CreditLot.objects.select_related("account").get(pk=lot_id)
    touching = Transfer.objects.filter(Q(debit=lot.account_id) | Q(credit=lot.account_id))
    ids = list(touching.order_by("pk").values_list("pk", flat=True)[: 1 if only_first else MOST])
    found = of_transfers(transfer_ids=ids)
    found["lot"] = {"account": lot.account_id, "code": lot.account.code}
    found["waiting"] = len(ids) - len(found["transfers"])
    return found


def of_transfers(*, transfer_ids: Sequence[int]) -> dict[str, Any]:
    """The proof of those of the transfers that are sealed, under the newest root.

    Raises:
        NotSealedYet: none is.
    """
    seal = sealing.latest()
    places = tiles.places_of(transfer_ids) if seal else {}
    if seal is None or not places:
        raise NotSealedYet(
            _("This movement is not sealed yet. Sealing runs every minute; come back then.")
        )
    tree = tiles.Tree()
    rows = Transfer.objects.filter(pk__in=places).values_list(*leaves.COLUMNS)
    sealed = {row[0]: leaves.facts(row) for row in rows}
    found = _document(seal)
    found["transfers"] = [
        {
            "transfer": sealed[each],
            "index": places[each],
            "path": encoded(tree.inclusion(places[each], seal.size)),
        }
        for each in sorted(places, key=lambda each: places[each])
        if places[each] < seal.size
    ]
    return found


def of_growth(*, old: int, new: int) -> dict[str, Any]:
    """The proof that one sealed tree begins with another, by their sizes.

    Raises:
        NoSuchSize: no seal of one of the sizes, or the older is the larger.
    """
    seals = LedgerSeal.objects.in_bulk([old, new], field_name="size")
    if not {old, new} <= seals.keys() or old > new:
        raise NoSuchSize(no_such_size_text())
    found = _document(seals[new])
    found["transfers"] = []
    found["earlier"] = {
        "checkpoint": seals[old].checkpoint,
        "proof": encoded(tiles.Tree().consistency(old, new)),
    }
    return found


def inclusion(*, index: int, size: int) -> list[str]:
    """The hashes from one leaf to the root of one sealed size, base64.

    Raises:
        NoSuchSize: no seal of this size, or it has no such leaf.
    """
    if not LedgerSeal.objects.filter(size=size).exists() or not 0 <= index < size:
        raise NoSuchSize(no_such_size_text())
    return encoded(tiles.Tree().inclusion(index, size))


def encoded(hashes: Iterable[bytes]) -> list[str]:
    return [base64.b64encode(each).decode() for each in hashes]


def no_such_size_text() -> str:
    return _("The ledger was never sealed at this size. Take sizes from the list of seals.")


def _document(seal: LedgerSeal) -> dict[str, Any]:
    # Keys in wrong hands are left out: what they signed, they no longer vouch for.
    vouching = [key for key in keys.published() if key.ended != KeyEnd.STOLEN]
    signed = {(each.name, each.key_id) for each in notes.read(seal.checkpoint).signatures}
    return {
        "format": FORMAT,
        "checkpoint": seal.checkpoint,
        "keys": [
            keys.verifier_key(key)
            for key in vouching
            if (key.name, notes.key_id(key.name, key.public_multikey)) in signed
        ],
    }
