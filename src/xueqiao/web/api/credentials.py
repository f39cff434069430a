"""What issuers publish: DID documents, status lists, certificates as JSON. Anyone may read it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from xueqiao.creditbank.credentials import addresses, keys
from xueqiao.creditbank.credentials.paper import sheets
from xueqiao.creditbank.models import Certificate, StatusList
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access, api

if TYPE_CHECKING:
    from uuid import UUID


class NotPublished(errors.Refusal):
    """Nothing is published at this address."""

    code = "credentials.not_published"
    status = 404


@require_safe
@access.page(rights.PUBLIC)
def did_document(request: HttpRequest, institution: str) -> HttpResponse:
    """The DID document of an institution: its public keys, the earlier ones too."""
    found = keys.did_document(addresses.issuer(institution))
    if found is None:
        return missing(
            request, _("The institution {code} has not issued a certificate."), institution
        )
    return published(json.dumps(found, ensure_ascii=False), "application/did+json")


@require_safe
@access.page(rights.PUBLIC)
def status_list(request: HttpRequest, number: int) -> HttpResponse:
    """A signed BitstringStatusListCredential; never served from a cache."""
    room = StatusList.objects.filter(pk=number).first()
    if room is None or not room.document:
        return missing(request, _("There is no status list {code}."), str(number))
    return published(room.document, "application/vc")


@require_safe
@access.page(rights.PUBLIC)
def certificate(request: HttpRequest, key: UUID) -> HttpResponse:
    """A certificate, byte for byte as it was signed, for whoever has the link."""
    found = Certificate.objects.published(clock.now()).filter(key=key).first()
    if found is None:
        return missing(request, _("There is no signed certificate {code} (yet)."), str(key))
    answer = published(found.document, "application/vc")
    answer.headers["Content-Disposition"] = f'attachment; filename="{key}.json"'
    return answer


@require_safe
@access.page(rights.PUBLIC)
def paper(request: HttpRequest, key: UUID, form: str) -> HttpResponse:
    """The same certificate as PDF/A-3, PNG or SVG; the signed file is inside each of them."""
    found = Certificate.objects.published(clock.now()).select_related("person", "institution")
    certificate_row = found.filter(key=key).first()
    if certificate_row is None:
        return missing(request, _("There is no signed certificate {code} (yet)."), str(key))
    draw, media_type = PAPERS[form]
    try:
        answer = HttpResponse(draw(certificate_row), content_type=media_type)
    except sheets.NotOnPaper as why:
        return api.problem(request, why)
    answer.headers["Content-Disposition"] = f'attachment; filename="{key}.{form}"'
    answer.headers["Cache-Control"] = "no-cache"
    return answer


PAPERS = {
    "pdf": (sheets.pdf, "application/pdf"),
    "png": (sheets.png, "image/png"),
    "svg": (sheets.svg, "image/svg+xml"),
}


def published(text: str, media_type: str) -> HttpResponse:
    """A public document: any page may read it, no cache may keep it."""
    answer = HttpResponse(text, content_type=media_type)
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def missing(request: HttpRequest, text: str, code: str) -> HttpResponse:
    return api.problem(request, NotPublished(text.format(code=code)))


urlpatterns = [
    path("did/<str:institution>/did.json", did_document, name="did-document"),
    path("status/<int:number>.json", status_list, name="status-list"),
    path("certificates/<uuid:key>.json", certificate, name="certificate-json"),
    path("certificates/<uuid:key>.pdf", paper, {"form": "pdf"}, name="certificate-pdf"),
    path("certificates/<uuid:key>.png", paper, {"form": "png"}, name="certificate-png"),
    path("certificates/<uuid:key>.svg", paper, {"form": "svg"}, name="certificate-svg"),
]
