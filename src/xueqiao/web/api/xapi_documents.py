"""The document resources of xAPI: State, Agent Profile and Activity Profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.utils.http import http_date
from django.utils.translation import gettext as _

from xueqiao.kernel import clock, errors
from xueqiao.records import document_parameters as words
from xueqiao.records import documents
from xueqiao.records.models import Document, DocumentKind, Scope
from xueqiao.web.api import _keys, _protocol, _units, _xapi

if TYPE_CHECKING:
    from collections.abc import Mapping

# What is kept here was written by others: a browser that opens it runs nothing of it.
_HARMLESS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


class DocumentNotFound(errors.Refusal):
    """No document is held at this place."""

    code = "records.document_not_found"
    status = 404


class Resource:
    """The methods of one document resource."""

    def __init__(self, kind: DocumentKind, scope: Scope) -> None:
        self.kind, self.scope = kind, scope

    def methods(self) -> dict[str, _xapi.View]:
        return {"GET": self.get, "PUT": self.put, "POST": self.post, "DELETE": self.delete}

    def get(self, request: HttpRequest) -> HttpResponse:
        """One document, or the list of ids."""
        _keys.need(request, self.scope)
        given = _xapi.given(request)
        place = _units.place(request, lambda: words.place(self.kind, given, also=("since",)))
        since = words.since(given)
        if not place.key:
            return _xapi.json(documents.keys(place, since=since))
        if (held := documents.read(place)) is None:
            raise DocumentNotFound(_("No document has the id {id} here.").format(id=place.key))
        return _shown(held)

    def put(self, request: HttpRequest) -> HttpResponse:
        """Store a document, in place of the one that is held."""
        sent = self._sent(request)
        documents.put(**sent, version=_xapi.spoken(request))
        return HttpResponse(status=204)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Merge a document of JSON into the one that is held, or store a new one."""
        documents.post(**self._sent(request))
        return HttpResponse(status=204)

    def delete(self, request: HttpRequest) -> HttpResponse:
        """Delete one document; of states also all of a context."""
        _keys.need(request, self.scope)
        given, is_state = _xapi.given(request), self.kind == DocumentKind.STATE
        dated = is_state and _xapi.spoken(request) < "2"
        also = ("since",) if dated else ()
        place = _units.place(request, lambda: words.place(self.kind, given, also=also))
        since = words.since(given)
        if not is_state:
            words.need(given, words.KEYS[self.kind])
        if place.key:
            documents.delete(place=place, condition=_condition(request))
        else:
            documents.delete_all(place=place, since=since)
        return HttpResponse(status=204)

    def _sent(self, request: HttpRequest) -> dict[str, Any]:
        credential = _keys.need(request, self.scope)
        kind = request.META.get("CONTENT_TYPE") or "application/octet-stream"
        sent, given = documents.Sent(_protocol.body(request), kind), _xapi.given(request)
        return {
            "place": _units.place(request, lambda: words.one(self.kind, given), sent),
            "sent": sent,
            "condition": _condition(request),
            "source": credential.source,
            "at": clock.now(),
        }


def _condition(request: HttpRequest) -> documents.Condition:
    return documents.Condition(
        request.headers.get("If-Match"), request.headers.get("If-None-Match")
    )


def _shown(held: Document) -> HttpResponse:
    response = HttpResponse(bytes(held.content), content_type=held.content_type)
    headers: Mapping[str, str] = _HARMLESS | {
        "ETag": f'"{held.etag}"',
        "Last-Modified": http_date(held.updated_at.timestamp()),
    }
    for name, value in headers.items():
        response.headers[name] = value
    return response


urlpatterns = [
    *_xapi.endpoints(
        "activities/state",
        Resource(DocumentKind.STATE, Scope.STATE).methods(),
        about="Keep what an activity remembers of a learner.",
    ),
    *_xapi.endpoints(
        "agents/profile",
        Resource(DocumentKind.AGENT_PROFILE, Scope.PROFILE).methods(),
        about="Keep documents about an agent.",
    ),
    *_xapi.endpoints(
        "activities/profile",
        Resource(DocumentKind.ACTIVITY_PROFILE, Scope.PROFILE).methods(),
        about="Keep documents about an activity.",
    ),
]
