"""How a request to xAPI is read before a resource sees it: version, form for headers, CORS."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _

from xueqiao.kernel import errors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http.response import HttpResponseBase

SPOKEN = {"1.0": "1.0.3", "2.0": "2.0.0"}
VERSION = "X-Experience-API-Version"
_VERSION = re.compile(r"([12]\.0)(?:\.\d{1,3})?")
_FORM = "application/x-www-form-urlencoded"
# What a form may carry in place of headers, and where Django looks for it.
_HEADERS = {
    "Authorization": "HTTP_AUTHORIZATION",
    VERSION: "HTTP_X_EXPERIENCE_API_VERSION",
    "If-Match": "HTTP_IF_MATCH",
    "If-None-Match": "HTTP_IF_NONE_MATCH",
    "Accept": "HTTP_ACCEPT",
    "Accept-Language": "HTTP_ACCEPT_LANGUAGE",
    "Content-Type": "CONTENT_TYPE",
}
_IGNORED = frozenset({"Content-Length", "content"})
_WITH_CONTENT = frozenset({"PUT", "POST"})

ALLOWED_HEADERS = ", ".join([*_HEADERS, "X-Experience-API-Hash"])
EXPOSED_HEADERS = (
    f"ETag, Last-Modified, WWW-Authenticate, Retry-After, {VERSION}, "
    "X-Experience-API-Consistent-Through"
)


class VersionUnknown(errors.Refusal):
    """The request names no version of the standard, or one that is not spoken here."""

    code = "records.version_unknown"
    status = 400


class MethodUnfit(errors.Refusal):
    """The resource has no such method."""

    code = "records.method_unfit"
    status = 405


class FormUnfit(errors.Refusal):
    """A form that stands for another request lacks its content, or has what it may not have."""

    code = "records.form_unfit"
    status = 400


class BodyTooLarge(errors.Refusal):
    """The body is larger than what one request may bring."""

    code = "records.body_too_large"
    status = 413


def body(request: HttpRequest) -> bytes:
    """The body of a request.

    Raises:
        BodyTooLarge: it is larger than ``DATA_UPLOAD_MAX_MEMORY_SIZE``.
    """
    try:
        return request.body
    except RequestDataTooBig as why:
        text = _("A request brings at most {most} MB. Send the statements in several.")
        raise BodyTooLarge(text.format(most=settings.DATA_UPLOAD_MAX_MEMORY_SIZE >> 20)) from why


def read(request: HttpRequest, default: str, *, is_open: bool) -> str:
    """The version that is spoken; a form that stands for another request becomes that request.

    Args:
        default: of the path, for a request that names none.
        is_open: whether the resource answers requests without a version in any case.

    Raises:
        VersionUnknown, FormUnfit, BodyTooLarge
    """
    form = _form(request)
    asked = request.headers.get(VERSION)
    if asked is None and form is not None:
        asked = form.get(VERSION)
    spoken = _spoken(asked, default, is_open=is_open)
    if form is not None:
        if spoken >= "2":
            raise FormUnfit(_("Version 2.0.0 has no “method” parameter; send the request itself."))
        _unfold(request, form)
    return spoken


def _spoken(asked: str | None, default: str, *, is_open: bool) -> str:
    if asked is None:
        if is_open or not settings.XAPI_VERSION_NEEDED:
            return default
        text = _("The header X-Experience-API-Version is missing; 1.0.3 and 2.0.0 are spoken here.")
        raise VersionUnknown(text)
    found = _VERSION.fullmatch(asked.strip())
    if found is None:
        text = _("Version “{version}” of the standard is not spoken here; 1.0.3 and 2.0.0 are.")
        raise VersionUnknown(text.format(version=asked[:40]))
    return SPOKEN[found[1]]


def _form(request: HttpRequest) -> QueryDict | None:
    """The form of the alternate request syntax of 1.0.3; None for any other request."""
    if request.method != "POST" or "method" not in request.GET:
        return None
    raw = body(request) if request.content_type == _FORM else b""
    return QueryDict(raw, encoding="utf-8")


def _unfold(request: HttpRequest, form: QueryDict) -> None:
    """Turn the request into the one that its form stands for.

    A header of the request itself counts more than one of the form.
    """
    if len(request.GET) != 1 or len(request.GET.getlist("method")) != 1:
        raise FormUnfit(_("Beside “method” every parameter stands in the form."))
    method = request.GET["method"].upper()
    has_content = method in _WITH_CONTENT
    if has_content != ("content" in form):
        raise FormUnfit(_("The form has a field “content” for PUT and POST, and for these only."))
    for name, key in _HEADERS.items():
        if name in form and (key not in request.META or name == "Content-Type"):
            request.META[key] = form[name]
    kind = form.get("Content-Type", "application/json" if has_content else "")
    request.META["CONTENT_TYPE"] = kind
    request.content_type = kind.partition(";")[0].strip().lower()
    request.content_params = {}
    request.__dict__.pop("headers", None)
    request.method = request.META["REQUEST_METHOD"] = method
    request.GET = _parameters(form)  # type: ignore[assignment]
    request._body = form.get("content", "").encode()  # noqa: SLF001 - what .body reads


def _parameters(form: QueryDict) -> QueryDict:
    kept = QueryDict(mutable=True)
    for name, values in form.lists():
        if name not in _HEADERS and name not in _IGNORED:
            kept.setlist(name, values)
    return kept


def preflight(methods: Iterable[str]) -> HttpResponse:
    """What a browser asks before it lets a page of another origin send a request."""
    response = HttpResponse(status=204)
    response.headers["Allow"] = ", ".join(methods)
    response.headers["Access-Control-Allow-Methods"] = ", ".join(methods)
    response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
    response.headers["Access-Control-Max-Age"] = "86400"
    return response


def share(request: HttpRequest, response: HttpResponseBase) -> None:
    """Let pages of the origins of ``XAPI_ORIGINS`` read the answer and its headers.

    Keys travel in a header that a page sends itself, never in a cookie, so no credentials are
    allowed and every origin may ask.
    """
    origin = request.headers.get("Origin")
    if "*" in settings.XAPI_ORIGINS:
        response.headers["Access-Control-Allow-Origin"] = "*"
    elif origin in settings.XAPI_ORIGINS and origin is not None:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Vary"] = "Origin"
    response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
