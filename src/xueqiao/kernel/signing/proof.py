"""Data Integrity proofs with the cryptosuite ``eddsa-rdfc-2022``.

Source: https://www.w3.org/TR/vc-di-eddsa/#eddsa-rdfc-2022
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from xueqiao.kernel.signing import canonical, instants, multibase

if TYPE_CHECKING:
    from datetime import datetime

TYPE = "DataIntegrityProof"
SUITE = "eddsa-rdfc-2022"
PURPOSE = "assertionMethod"


def hash_data(document: dict[str, Any], options: dict[str, Any]) -> bytes:
    """64 bytes: SHA-256 of the canonical proof options, then of the canonical document.

    Args:
        document: without ``proof``.
        options: the proof without ``proofValue``.

    Raises:
        canonical.NotCanonical: something would be lost.
    """
    with_context = {"@context": document.get("@context"), **options}
    config = canonical.canonize(with_context).encode()
    body = canonical.canonize(document).encode()
    return hashlib.sha256(config).digest() + hashlib.sha256(body).digest()


def sign(
    *, document: dict[str, Any], key: Ed25519PrivateKey, method: str, created: datetime
) -> dict[str, Any]:
    """The document with one proof more, in an array.

    Args:
        document: a credential; proofs it already has are kept and not covered.
        key: the private half of the method's key.
        method: identifier of the verification method, such as ``did:web:…#key-1``.
        created: aware.
    """
    body = {name: value for name, value in document.items() if name != "proof"}
    options = {
        "type": TYPE,
        "cryptosuite": SUITE,
        "created": instants.show(created),
        "verificationMethod": method,
        "proofPurpose": PURPOSE,
    }
    value = multibase.encode(key.sign(hash_data(body, options)))
    return {**body, "proof": [*proofs(document), {**options, "proofValue": value}]}


def proofs(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The proofs of a document as a list; not yet checked in any way."""
    found = document.get("proof", [])
    return found if isinstance(found, list) else [found]


def holds(*, document: dict[str, Any], proof: dict[str, Any], public_multikey: str) -> bool:
    """Whether the proof was made over exactly this document with this key.

    Raises:
        canonical.NotCanonical: the document or the proof says something its contexts do not define.
    """
    if proof.get("type") != TYPE or proof.get("cryptosuite") != SUITE:
        return False
    body = {name: value for name, value in document.items() if name != "proof"}
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    signed = hash_data(body, options)
    try:
        signature = multibase.decode(str(proof.get("proofValue", "")))
        raw = multibase.public_bytes(public_multikey)
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, signed)
    except (ValueError, InvalidSignature):
        return False
    return True
