"""Data Integrity proofs with the cryptosuites ``eddsa-rdfc-2022`` and ``eddsa-jcs-2022``.

The first signs what the document says, as canonical N-Quads; the second signs its text, as
canonical JSON. A document may carry one of each.

Source: https://www.w3.org/TR/vc-di-eddsa/#eddsa-rdfc-2022, …/#eddsa-jcs-2022
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from xueqiao.kernel.signing import canonical, instants, multibase

if TYPE_CHECKING:
    from datetime import datetime

TYPE = "DataIntegrityProof"
SUITE, JCS_SUITE = "eddsa-rdfc-2022", "eddsa-jcs-2022"
PURPOSE = "assertionMethod"


def hash_data(document: dict[str, Any], options: dict[str, Any]) -> bytes:
    """64 bytes: SHA-256 of the canonical proof options, then of the canonical document.

    Args:
        document: without ``proof``.
        options: the proof without ``proofValue``.

    Raises:
        canonical.NotCanonical: something would be lost.
    """
    config = canonical.canonize({**options, "@context": document.get("@context")}).encode()
    body = canonical.canonize(document).encode()
    return hashlib.sha256(config).digest() + hashlib.sha256(body).digest()


def hash_jcs(document: dict[str, Any], options: dict[str, Any]) -> bytes:
    """As ``hash_data``, over canonical JSON. The options name the contexts that were signed.

    Raises:
        canonical.NotCanonical: JSON has no canonical form of it, or its contexts are not those
            of the proof with others behind them.
    """
    body = dict(document)
    if "@context" in options:
        signed, found = _listed(options["@context"]), _listed(document.get("@context"))
        if found[: len(signed)] != signed:
            raise canonical.NotCanonical("other contexts than the proof's")
        body["@context"] = options["@context"]
    try:
        parts = [rfc8785.dumps(options), rfc8785.dumps(body)]
    except (rfc8785.CanonicalizationError, RecursionError) as why:
        raise canonical.NotCanonical(str(why)) from why
    return b"".join(hashlib.sha256(part).digest() for part in parts)


HASHES = {SUITE: hash_data, JCS_SUITE: hash_jcs}


def sign(
    *,
    document: dict[str, Any],
    key: Ed25519PrivateKey,
    method: str,
    created: datetime,
    suite: str = SUITE,
) -> dict[str, Any]:
    """The document with one proof more, in an array.

    Args:
        document: a credential; proofs it already has are kept and not covered.
        key: the private half of the method's key.
        method: identifier of the verification method, such as ``did:web:…#key-1``.
        created: aware.
        suite: one of ``HASHES``.
    """
    body = {name: value for name, value in document.items() if name != "proof"}
    options = {
        "type": TYPE,
        "cryptosuite": suite,
        "created": instants.show(created),
        "verificationMethod": method,
        "proofPurpose": PURPOSE,
    }
    if suite == JCS_SUITE:
        options = {"@context": body["@context"], **options}
    value = multibase.encode(key.sign(HASHES[suite](body, options)))
    return {**body, "proof": [*proofs(document), {**options, "proofValue": value}]}


def sign_twice(
    *, document: dict[str, Any], key: Ed25519PrivateKey, method: str, created: datetime
) -> dict[str, Any]:
    """The document with a proof of each suite, so that readers without JSON-LD can check it too."""
    for suite in HASHES:
        document = sign(document=document, key=key, method=method, created=created, suite=suite)
    return document


def proofs(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The proofs of a document as a list; not yet checked in any way."""
    found = document.get("proof", [])
    return found if isinstance(found, list) else [found]


def holds(*, document: dict[str, Any], proof: dict[str, Any], public_multikey: str) -> bool:
    """Whether the proof was made over exactly this document with this key.

    Raises:
        canonical.NotCanonical: the document or the proof says something its contexts do not define.
    """
    hash_of = HASHES.get(str(proof.get("cryptosuite")))
    if proof.get("type") != TYPE or hash_of is None:
        return False
    body = {name: value for name, value in document.items() if name != "proof"}
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    signed = hash_of(body, options)
    try:
        signature = multibase.decode(str(proof.get("proofValue", "")))
        raw = multibase.public_bytes(public_multikey)
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, signed)
    except (ValueError, InvalidSignature):
        return False
    return True


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
