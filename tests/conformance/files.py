"""Messages of several parts, as clients send them and as the store answers them."""

import base64
import hashlib
import json
from functools import cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

SIGNATURE = "http://adlnet.gov/expapi/attachments/signature"
KIND = "multipart/mixed; boundary=abc-123"


def sha2(data):
    return hashlib.sha256(data).hexdigest()


def described(data, **changes):
    """The attachment object of some bytes."""
    made = {
        "usageType": "https://school.example/essay",
        "display": {"en": "An essay"},
        "contentType": "text/plain",
        "length": len(data),
        "sha2": sha2(data),
    } | changes
    return {name: value for name, value in made.items() if value is not None}


def part(data, **headers):
    """A part with the headers of a file; a header of None is left out."""
    made = {
        "Content-Type": "text/plain",
        "Content-Transfer-Encoding": "binary",
        "X-Experience-API-Hash": sha2(data),
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    return made, data


def message(statements, *parts, boundary="abc-123", first="application/json", end=True):
    """A multipart body; ``statements`` goes as JSON."""
    pieces = [({"Content-Type": first}, json.dumps(statements).encode()), *parts]
    body = b""
    for headers, data in pieces:
        lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
        body += f"--{boundary}\r\n".encode() + "\r\n".join(lines).encode() + b"\r\n\r\n" + data
        body += b"\r\n"
    return body + (f"--{boundary}--\r\n".encode() if end else b"")


def read(answer):
    """The JSON and the parts (hash to bytes) of an answer of multipart/mixed."""
    kind = answer.headers["Content-Type"]
    assert kind.startswith("multipart/mixed; boundary="), kind
    body = b"".join(answer) if answer.streaming else answer.content
    boundary = kind.partition("boundary=")[2].encode()
    first, *others = body.split(b"--" + boundary)[1:-1]
    files = {}
    for each in others:
        head, _gap, data = each.partition(b"\r\n\r\n")
        headers = dict(line.split(b": ", 1) for line in head.strip().split(b"\r\n"))
        assert headers[b"Content-Transfer-Encoding"] == b"binary"
        files[headers[b"X-Experience-API-Hash"].decode()] = data.removesuffix(b"\r\n")
    return json.loads(first.partition(b"\r\n\r\n")[2]), files


@cache
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _coded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def signed(payload, algorithm="RS256", **header):
    """A JSON web signature in compact form; ``payload`` is text or goes as JSON."""
    kinds = {"RS256": hashes.SHA256, "RS384": hashes.SHA384, "RS512": hashes.SHA512}
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    head = _coded(json.dumps({"alg": algorithm, **header}).encode()) + b"." + _coded(body)
    kind = kinds.get(algorithm, hashes.SHA256)()
    return head + b"." + _coded(key().sign(head, padding.PKCS1v15(), kind))


def signature(data, **changes):
    """The attachment object of a signature."""
    made = {"usageType": SIGNATURE, "contentType": "application/octet-stream"} | changes
    return described(data, **made)
