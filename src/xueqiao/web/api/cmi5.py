"""What a launched unit asks for beside the xAPI endpoint: its token and its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import FileResponse, HttpResponse, HttpResponseNotModified, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from xueqiao.cmi5 import content, sessions
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access, api
from xueqiao.web.api import _ranges

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

DAY = 86_400


@csrf_exempt
@access.page(rights.PUBLIC)
def fetch(request: HttpRequest, token: str) -> HttpResponse:
    """The authorization token of a session, once. Refusals are answered with 200, as cmi5 asks."""
    if request.method == "OPTIONS":
        return _open(HttpResponse(status=204))
    if request.method != "POST":
        return _open(HttpResponse(status=405, headers={"Allow": "POST, OPTIONS"}))
    found = sessions.fetch(token=token, at=clock.now())
    if found.token:
        return _open(JsonResponse({"auth-token": found.token}))
    return _open(JsonResponse({"error-code": found.code, "error-text": found.text}))


def _open(response: HttpResponse) -> HttpResponse:
    """Let pages of any origin ask: units lie anywhere, and ours have no origin."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Allow-Methods"] = "POST"
    response.headers["Access-Control-Allow-Headers"] = "Content-Type, Authorization"
    response.headers["Cache-Control"] = "no-store"
    return response


@access.page(rights.PUBLIC)
def file(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    """A file of a course package, without an origin; whole or in parts."""
    try:
        found = content.served(token, name, clock.now())
    except errors.Refusal as why:
        return api.problem(request, why)
    tag = f'"{found.path.name}"'
    if request.headers.get("If-None-Match") == tag:
        return _sealed(HttpResponseNotModified(), tag)
    if part := _ranges.read(request.headers.get("Range", ""), found.path.stat().st_size):
        return _sealed(_ranges.answer(found.path, part, found.media_type), tag)
    response = FileResponse(found.path.open("rb"), content_type=found.media_type)
    if not _is_text(found.media_type):
        # Said so that it is not compressed again, which would take its parts away.
        response.headers["Content-Encoding"] = "identity"
    return _sealed(response, tag)


def _is_text(media_type: str) -> bool:
    return media_type.startswith("text/") or media_type in {"application/json", "image/svg+xml"}


def _sealed(response: HttpResponseBase, tag: str) -> HttpResponseBase:
    response.headers["Content-Security-Policy"] = content.POLICY
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Cache-Control"] = f"private, max-age={DAY}"
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["ETag"] = tag
    return response


urlpatterns = [
    path("cmi5/fetch/<str:token>/", fetch, name="cmi5-fetch"),
    path("cmi5/content/<str:token>/<path:name>", file, name="cmi5-content"),
]
