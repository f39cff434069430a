"""Certificates as files, so that a stranger can check them without us and without a network."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from xueqiao.creditbank.credentials import addresses, keys
from xueqiao.creditbank.models import Certificate, IssuerKey, StatusList
from xueqiao.kernel.signing import canonical, did

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def export(
    *, folder: Path, limit: int, report: Callable[[int, int], None] | None = None
) -> dict[str, int]:
    """Write signed certificates with their DID documents, status lists and contexts.

    ``index.json`` maps every address that a verifier asks for to its file. Writing twice gives the
    same files; each file is complete or absent.

    Args:
        folder: written into; made when missing.
        limit: at most this many certificates, earliest first; revoked ones included.
        report: told after each certificate how many are written, of how many.

    Returns:
        How many files of each kind: certificates, did, status.
    """
    for name in ("did", "status", "contexts"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    files: dict[str, str] = {}
    chosen = Certificate.objects.signed().order_by("pk")[:limit]
    total = chosen.count()
    lists: set[int] = set()
    dids: set[str] = set()
    count = 0
    for certificate in chosen.select_related("issuer_key").iterator(200):
        assert certificate.issuer_key is not None
        assert certificate.status_list_id is not None
        _write(folder, f"{certificate.key}.json", certificate.document)
        files[addresses.certificate(certificate.key)] = f"{certificate.key}.json"
        lists.add(certificate.status_list_id)
        dids.add(certificate.issuer_key.did)
        count += 1
        if report:
            report(count, total)
    dids |= _signers_of(lists)
    files |= dict(_write_lists(folder, lists)) | dict(_write_dids(folder, dids))
    files |= dict(_write_contexts(folder))
    index = {"certificates": count, "files": dict(sorted(files.items()))}
    _write(folder, "index.json", _json(index))
    return {"certificates": count, "did": len(dids), "status": 2 * len(lists)}


def _signers_of(lists: set[int]) -> set[str]:
    institutions = StatusList.objects.filter(pk__in=lists).values("institution_id")
    return set(
        IssuerKey.objects.filter(institution_id__in=institutions).values_list("did", flat=True)
    )


def _write_lists(folder: Path, lists: set[int]) -> Iterator[tuple[str, str]]:
    both = Q(pk__in=lists) | Q(beside__in=lists)
    for room in StatusList.objects.filter(both).order_by("pk"):
        name = f"status/{room.pk}.json"
        _write(folder, name, room.document)
        yield addresses.status_list(room.pk), name


def _write_dids(folder: Path, dids: set[str]) -> Iterator[tuple[str, str]]:
    for each in sorted(dids):
        name = f"did/{each.removeprefix('did:web:').replace(':', '_').replace('%3A', '_')}.json"
        document = keys.did_document(each)
        assert document is not None
        _write(folder, name, _json(document))
        yield did.url(each), name


def _write_contexts(folder: Path) -> Iterator[tuple[str, str]]:
    for address in canonical.FILES:
        name = f"contexts/{canonical.FILES[address]}"
        _write(folder, name, _json(canonical.context(address)))
        yield address, name


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    scratch.write_text(text, "utf-8")
    scratch.replace(path)
