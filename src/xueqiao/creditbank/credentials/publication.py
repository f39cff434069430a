"""Where a verifier gets DID documents and status lists from. Never over the network.

``OwnSite`` reads what this site publishes; ``Folder`` reads an export. Both are given an address
and answer with a document or None.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from xueqiao.creditbank.credentials import addresses, keys, reading
from xueqiao.creditbank.models import StatusList
from xueqiao.kernel.signing import did

if TYPE_CHECKING:
    from pathlib import Path


class Publication(Protocol):
    """A place where issuers publish."""

    def did_document(self, name: str) -> dict[str, Any] | None:
        """The DID document of an issuer; None for one that is not known here."""

    def status_list(self, address: str) -> dict[str, Any] | None:
        """The signed status list at an address; None when it is not held here."""


class OwnSite:
    """What this site's own institutions publish, read from the database."""

    def did_document(self, name: str) -> dict[str, Any] | None:
        return keys.did_document(name)

    def status_list(self, address: str) -> dict[str, Any] | None:
        number = address.removeprefix(addresses.status_list(0).removesuffix("0.json"))
        digits = number.removesuffix(".json")
        if not digits.isascii() or not digits.isdigit() or number == digits:
            return None
        room = StatusList.objects.filter(pk=int(digits[:18])).first()
        return json.loads(room.document) if room and room.document else None


class Remembered:
    """Another publication, each address of which is read once: for many certificates at a time."""

    def __init__(self, publication: Publication) -> None:
        self.did_document = cache(publication.did_document)
        self.status_list = cache(publication.status_list)


class Folder:
    """An export on disk: ``index.json`` says which file holds which address."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: dict[str, str] = json.loads((root / "index.json").read_text("utf-8"))["files"]

    def did_document(self, name: str) -> dict[str, Any] | None:
        try:
            return self._read(did.url(name))
        except ValueError:
            return None

    def status_list(self, address: str) -> dict[str, Any] | None:
        return self._read(address)

    def _read(self, address: str) -> dict[str, Any] | None:
        name = self.files.get(address)
        return reading.parse((self.root / name).read_text("utf-8")) if name else None
