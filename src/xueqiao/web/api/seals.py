"""The sealed ledger for programs: checkpoint, tiles, seals and proofs. Anyone may read it.

The checkpoint and the tiles are those of a C2SP tiled log, without its entries: what is sealed of a
transfer is shown to whom it belongs, its hash to everybody.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from xueqiao.creditbank import seals
from xueqiao.creditbank.models import Certificate, LedgerSeal, SealTile
from xueqiao.creditbank.seals import keys, proofs, sealing, tiles
from xueqiao.kernel import clock, errors
from xueqiao.kernel.signing import instants
from xueqiao.people import rights
from xueqiao.web import access, api
from xueqiao.web.api.credentials import published

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

PAGE = 200
# Number of a tile: 1234067 is x001/x234/067; behind it, of a tile that is not full, how wide it is.
NUMBER = re.compile(r"((?:x\d{3}/)*\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII)


class NotSealed(errors.Refusal):
    """Nothing is sealed, or not what was asked for."""

    code = "seals.not_published"
    status = 404


@require_safe
@access.page(rights.PUBLIC)
def did_document(request: HttpRequest) -> HttpResponse:
    """The DID document of the bank: the keys that seal its ledger, the earlier ones too."""
    found = keys.did_document()
    if found is None:
        return api.problem(request, NotSealed(_("The bank has not sealed anything yet.")))
    return published(json.dumps(found, ensure_ascii=False), "application/did+json")


@require_safe
@access.page(rights.PUBLIC)
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The newest signed root, as a C2SP checkpoint."""
    newest = sealing.latest()
    if newest is None:
        return api.problem(request, NotSealed(_("The bank has not sealed anything yet.")))
    return published(newest.checkpoint, "text/plain; charset=utf-8")


@require_safe
@access.page(rights.PUBLIC)
def tile(request: HttpRequest, level: int, number: str) -> HttpResponse:
    """Neighbouring hashes of the tree, 32 bytes each; a full tile never changes."""
    found = NUMBER.fullmatch(number)
    index = int(re.sub(r"[x/]", "", found[1])) if found else -1
    rows = SealTile.objects.filter(level=level, index=index).values_list("hashes", flat=True)
    held, width = bytes(rows.first() or b""), int((found and found[2]) or tiles.WIDTH)
    if len(held) < width * tiles.HASH:
        return api.problem(request, NotSealed(_("The tree has no such tile, or not so wide.")))
    answer = published("", "application/octet-stream")
    answer.content = held[: width * tiles.HASH]
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer


@require_safe
@access.page(rights.PUBLIC)
def seal_list(request: HttpRequest) -> HttpResponse:
    """Seals, oldest first, 200 at a time behind ``?after=<number>``."""
    after = whole(request, "after")
    rows = LedgerSeal.objects.filter(number__gt=after).select_related("previous")
    found = [
        {
            "number": each.number,
            "size": each.size,
            "root": each.root,
            "previous_root": each.previous.root if each.previous else None,
            "sealed_at": instants.show(each.sealed_at),
            "checkpoint": each.checkpoint,
        }
        for each in rows.order_by("number")[:PAGE]
    ]
    return as_json({"seals": found, "next": found[-1]["number"] if len(found) == PAGE else None})


@require_safe
@access.page(rights.PUBLIC)
def consistency(request: HttpRequest) -> HttpResponse:
    """The proof that the sealed tree of ``?old=`` movements begins that of ``&new=``."""
    return proved(
        request, lambda: proofs.of_growth(old=whole(request, "old"), new=whole(request, "new"))
    )


@require_safe
@access.page(rights.PUBLIC)
def inclusion(request: HttpRequest) -> HttpResponse:
    """The hashes from leaf ``?index=`` to the root of the sealed size ``&size=``."""
    return proved(
        request,
        lambda: {
            "path": proofs.inclusion(index=whole(request, "index"), size=whole(request, "size"))
        },
    )


@require_safe
@access.page(rights.PUBLIC)
def certificate_proof(request: HttpRequest, key: UUID) -> HttpResponse:
    """The ledger proof of the credit that a certificate attests, for whoever has its link."""
    rows = Certificate.objects.published(clock.now()).filter(lot__isnull=False)
    found = get_object_or_404(rows, key=key)
    lot_id = found.lot_id
    assert lot_id is not None
    return proved(request, lambda: seals.of_lot(lot_id=lot_id, only_first=True))


def proved(request: HttpRequest, make: Callable[[], object]) -> HttpResponse:
    try:
        return as_json(make())
    except errors.Refusal as why:
        return api.problem(request, why)


def whole(request: HttpRequest, name: str) -> int:
    """A whole number of the address; 0 where it names none."""
    text = request.GET.get(name, "")
    return int(text[:18]) if text.isascii() and text.isdigit() else 0


def as_json(found: object) -> HttpResponse:
    answer = JsonResponse(found, json_dumps_params={"ensure_ascii": False})
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cache-Control"] = "no-cache"
    return answer


urlpatterns = [
    path(".well-known/did.json", did_document, name="bank-did"),
    # Where the site lies in a folder, did:web looks in that folder.
    path("did.json", did_document, name="bank-did-in-folder"),
    path("ledger/checkpoint", checkpoint, name="ledger-checkpoint"),
    path("ledger/tile/<int:level>/<path:number>", tile, name="ledger-tile"),
    path("ledger/seals.json", seal_list, name="ledger-seals"),
    path("ledger/consistency.json", consistency, name="ledger-consistency"),
    path("ledger/inclusion.json", inclusion, name="ledger-inclusion"),
    path("certificates/<uuid:key>/ledger-proof.json", certificate_proof, name="certificate-proof"),
]
