"""did:web: an identifier that says where its document is published.

Source: https://w3c-ccg.github.io/did-method-web/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from xueqiao.kernel.signing import canonical

if TYPE_CHECKING:
    from collections.abc import Collection

DID_CONTEXT = "https://www.w3.org/ns/did/v1"
LOCAL_HOSTS = {"127.0.0.1", "localhost", "[::1]"}


def of(public_url: str, *path: str) -> str:
    """The did:web of a document that the site publishes at ``<public_url>/<path…>/did.json``.

    >>> of("http://127.0.0.1:8000", "did", "JS-01")
    'did:web:127.0.0.1%3A8000:did:JS-01'
    """
    site = urlsplit(public_url)
    folders = [part for part in site.path.split("/") if part]
    return ":".join(["did:web", *(quote(part, safe="") for part in (site.netloc, *folders, *path))])


def url(did: str) -> str:
    """The address of the document of a did:web.

    >>> url("did:web:127.0.0.1%3A8000:did:JS-01")
    'http://127.0.0.1:8000/did/JS-01/did.json'

    Raises:
        ValueError: not a did:web.
    """
    parts = did.split(":")
    if parts[:2] != ["did", "web"] or not all(parts[2:]) or len(parts) == 2:  # noqa: PLR2004 - "did", "web"
        raise ValueError(f"{did!r} is not a did:web")
    host = unquote(parts[2])
    # The method asks for https; a site that is only tried out on this machine has none.
    scheme = "http" if host.rsplit(":", 1)[0] in LOCAL_HOSTS else "https"
    folders = parts[3:] or [".well-known"]
    return f"{scheme}://{host}/{'/'.join(folders)}/did.json"


def document(did: str, keys: dict[str, str], *, withdrawn: Collection[str] = ()) -> dict[str, Any]:
    """The DID document.

    Args:
        did: the identifier that the document describes.
        keys: full identifier of each verification method -> ``publicKeyMultibase``.
        withdrawn: methods that are shown and assert nothing any more, such as a stolen key's.
    """
    return {
        "@context": [DID_CONTEXT, canonical.MULTIKEY],
        "id": did,
        "verificationMethod": [
            {"id": name, "type": "Multikey", "controller": did, "publicKeyMultibase": key}
            for name, key in keys.items()
        ],
        "assertionMethod": [name for name in keys if name not in withdrawn],
    }


def multikey(document: dict[str, Any], method: str) -> str | None:
    """The public key of a verification method that the document allows to assert; else None."""
    allowed = document.get("assertionMethod", [])
    if not isinstance(allowed, list) or method not in allowed:
        return None
    for entry in document.get("verificationMethod", []):
        fits = entry.get("id") == method and entry.get("controller") == document.get("id")
        if fits and entry.get("type") == "Multikey":
            return str(entry.get("publicKeyMultibase", ""))
    return None
