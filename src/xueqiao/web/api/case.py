"""CASE 1.1: published frameworks and standards, by the read calls of the REST binding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from xueqiao.creditbank.standards import published
from xueqiao.creditbank.standards.case import identifiers, writing
from xueqiao.people import rights
from xueqiao.web import access

if TYPE_CHECKING:
    from uuid import UUID

PREFIX = identifiers.PREFIX.lstrip("/")
LIMIT, MOST = 100, 1000


@require_safe
@access.page(rights.PUBLIC)
def documents(request: HttpRequest) -> HttpResponse:
    """Every published version as a CFDocument; pages by ``limit`` and ``offset``."""
    try:
        limit = min(int(request.GET.get("limit", LIMIT)), MOST)
        offset = int(request.GET.get("offset", 0))
    except ValueError:
        limit = offset = -1
    if limit < 0 or not 0 <= offset < 2**31:
        return status(400, "invaliddata", _("limit and offset are whole numbers from 0."))
    rows, total = published.documents(offset=offset, limit=limit)
    answer = _answer({"CFDocuments": [_alone(writing.document(row)) for row in rows]})
    answer["X-Total-Count"] = str(total)
    return answer


@require_safe
@access.page(rights.PUBLIC)
def document(_request: HttpRequest, identifier: UUID) -> HttpResponse:
    """One CFDocument."""
    row = published.document(identifier)
    return _answer(_alone(writing.document(row))) if row else missing(identifier)


@require_safe
@access.page(rights.PUBLIC)
def package(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """A whole version as a CFPackage; ``download`` in the address makes it a file."""
    row = published.document(identifier)
    if row is None:
        return missing(identifier)
    answer = _answer(writing.package(row))
    if "download" in request.GET:
        answer["Content-Disposition"] = f'attachment; filename="{identifier}.case.json"'
    return answer


@require_safe
@access.page(rights.PUBLIC)
def item(_request: HttpRequest, identifier: UUID) -> HttpResponse:
    """One CFItem, with the address of its document."""
    found = published.part(identifier, "CFItems")
    return _answer(_with_document(*found)) if found else missing(identifier)


@require_safe
@access.page(rights.PUBLIC)
def association(_request: HttpRequest, identifier: UUID) -> HttpResponse:
    """One CFAssociation, with the address of its document."""
    found = published.part(identifier, "CFAssociations")
    return _answer(_with_document(*found)) if found else missing(identifier)


@require_safe
@access.page(rights.PUBLIC)
def item_associations(_request: HttpRequest, identifier: UUID) -> HttpResponse:
    """A CFItem and every association that begins or ends at it."""
    found = published.part(identifier, "CFItems")
    if found is None:
        return missing(identifier)
    wanted, whole = str(identifier), found[1]
    nodes = ("originNodeURI", "destinationNodeURI")
    links = [
        _with_document(each, whole)
        for each in whole["CFAssociations"]
        if wanted in {each[node]["identifier"] for node in nodes}
    ]
    return _answer({"CFItem": _with_document(*found), "CFAssociations": links})


def status(code: int, minor: str, text: str) -> JsonResponse:
    """A refusal in the form of the binding, imsx_StatusInfo."""
    field = {"imsx_codeMinorFieldName": "sourcedId", "imsx_codeMinorFieldValue": minor}
    body = {
        "imsx_codeMajor": "failure",
        "imsx_severity": "error",
        "imsx_description": text,
        "imsx_codeMinor": {"imsx_codeMinorField": [field]},
    }
    return _answer(body, code)


def missing(identifier: UUID) -> JsonResponse:
    return status(404, "unknownobject", _("Nothing published is {id}.").format(id=identifier))


def _alone(found: dict[str, Any]) -> dict[str, Any]:
    address = identifiers.address("CFPackages", found["identifier"])
    link = {"title": found["title"], "identifier": found["identifier"], "uri": address}
    return found | {"CFPackageURI": link}


def _with_document(found: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    of = whole["CFDocument"]
    return found | {"CFDocumentURI": {name: of[name] for name in ("title", "identifier", "uri")}}


def _answer(body: dict[str, Any], code: int = 200) -> JsonResponse:
    answer = JsonResponse(body, status=code, json_dumps_params={"ensure_ascii": False})
    answer["Access-Control-Allow-Origin"] = "*"
    return answer


urlpatterns = [
    path(f"{PREFIX}CFDocuments", documents, name="case-documents"),
    path(f"{PREFIX}CFDocuments/<uuid:identifier>", document, name="case-document"),
    path(f"{PREFIX}CFPackages/<uuid:identifier>", package, name="case-package"),
    path(f"{PREFIX}CFItems/<uuid:identifier>", item, name="case-item"),
    path(f"{PREFIX}CFAssociations/<uuid:identifier>", association, name="case-association"),
    path(
        f"{PREFIX}CFItemAssociations/<uuid:identifier>",
        item_associations,
        name="case-item-associations",
    ),
]
