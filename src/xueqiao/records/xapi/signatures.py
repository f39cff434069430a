"""Signed statements: a JSON web signature (RFC 7515) that travels as an attachment.

Its payload is the statement as it was before the signature was added. With a certificate in its
header (``x5c``) the signature itself is checked too; without one nobody can.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.records.xapi import facts, validate, values

USAGE = "http://adlnet.gov/expapi/attachments/signature"
CONTENT_TYPE = "application/octet-stream"
_ALGORITHMS: dict[str, hashes.HashAlgorithm] = {
    "RS256": hashes.SHA256(),
    "RS384": hashes.SHA384(),
    "RS512": hashes.SHA512(),
}


class SignatureWrong(errors.Refusal):
    """The signature of a statement is none of the standard, or does not fit the statement."""

    code = "records.signature_wrong"
    status = 400


def check(
    statement: dict[str, Any], attachment: dict[str, Any], data: bytes | None, *, at: str,
    version: str,
) -> None:  # fmt: skip
    """Refuse a signature that does not sign this statement.

    Args:
        statement: the whole, which ``validate.check`` let pass.
        attachment: the one that describes the signature.
        data: the signature in compact form; None: it did not come with the statement.
        at: the JSON pointer of the attachment.
        version: of the standard that the sender speaks.

    Raises:
        SignatureWrong: it is of another content type or did not come, is no signature with RS256,
            RS384 or RS512, signs another statement, or its certificate does not verify it.
    """
    if attachment["contentType"].partition(";")[0].strip().lower() != CONTENT_TYPE:
        text = _("A signature has the content type {type}.")
        raise SignatureWrong(text.format(type=CONTENT_TYPE), pointer=f"{at}/contentType")
    if data is None:
        raise SignatureWrong(_("The signature has to come with the statement."), pointer=at)
    try:
        head, body, seal = data.strip().split(b".")
        header, payload = msgspec.json.decode(_plain(head)), msgspec.json.decode(_plain(body))
        signature = _plain(seal)
    except (ValueError, RecursionError) as why:
        text = _("The signature is no JSON web signature in compact form, of JSON.")
        raise SignatureWrong(text, pointer=at) from why
    algorithm = header.get("alg") if isinstance(header, dict) else None
    if not isinstance(algorithm, str) or algorithm not in _ALGORITHMS or not signature:
        text = _("A statement is signed with one of {all}.")
        raise SignatureWrong(text.format(all=", ".join(_ALGORITHMS)), pointer=at)
    _same(statement, payload, at, version)
    if "x5c" in header:
        _verify(header["x5c"], _ALGORITHMS[algorithm], signature, head + b"." + body, at)


def _plain(coded: bytes) -> bytes:
    try:
        return base64.b64decode(coded + b"=" * (-len(coded) % 4), altchars=b"-_", validate=True)
    except binascii.Error as why:
        raise ValueError from why


def _same(statement: dict[str, Any], payload: Any, at: str, version: str) -> None:
    before = dict(statement)
    others = [each for each in statement.get("attachments", []) if each["usageType"] != USAGE]
    before["attachments"] = others
    try:
        validate.check(payload, version=version)
    except values.Invalid as why:
        text = _("What is signed is no statement: {why}")
        raise SignatureWrong(text.format(why=why), pointer=at) from why
    signed = {"attachments": []} | payload
    is_same = facts.same(before, signed) and payload.get("id", before.get("id")) == before.get("id")
    if not is_same:
        raise SignatureWrong(_("What is signed is another statement."), pointer=at)


def _rsa(certificate: x509.Certificate) -> rsa.RSAPublicKey:
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise TypeError
    return key


def _verify(
    chain: Any, algorithm: hashes.HashAlgorithm, signature: bytes, signed: bytes, at: str
) -> None:
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode(chain[0], validate=True))
        _rsa(certificate).verify(signature, signed, padding.PKCS1v15(), algorithm)
    except InvalidSignature as why:
        text = _("The certificate in the signature does not verify it.")
        raise SignatureWrong(text, pointer=at) from why
    except (ValueError, TypeError, LookupError, UnsupportedAlgorithm) as why:
        text = _("The certificate in the signature cannot be read.")
        raise SignatureWrong(text, pointer=at) from why
