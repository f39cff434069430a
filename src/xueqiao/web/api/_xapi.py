"""What every xAPI resource shares: version, key, problem documents, headers, body."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import msgspec
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.records import query, visibility
from xueqiao.records.checking import Incoming
from xueqiao.records.journal import marks
from xueqiao.web import api
from xueqiao.web.api import _keys

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

View = Callable[..., HttpResponse]
_SETTLE_SECONDS = 1.0
_SPOKEN = {"1.0": "1.0.3", "2.0": "2.0.0"}
_VERSION = re.compile(r"([12]\.0)(?:\.\d{1,3})?")


class VersionUnknown(errors.Refusal):
    """The request names a version of the standard that is not spoken here."""

    code = "records.version_unknown"
    status = 400


class BodyUnfit(errors.Refusal):
    """The body is not JSON, or of another content type."""

    code = "records.body_unfit"
    status = 400


class BodyTooLarge(errors.Refusal):
    """The body is larger than what one request may bring."""

    code = "records.body_too_large"
    status = 413


def resource(default_version: str, *, needs_key: bool = True) -> Callable[[View], View]:
    """Guard an xAPI resource: version, key, refusals as problem documents, headers of the standard.

    Args:
        default_version: of a request that names none, by the path it came on.
        needs_key: whether a key pair is asked for; the about resource is open.
    """

    def guard(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            through = _through(request)
            try:
                request.xapi_version = version(request, default_version)  # type: ignore[attr-defined]
                if needs_key:
                    _keys.authenticate(request)
                response = view(request, *args, **kwargs)
            except errors.Refusal as why:
                response = api.problem(request, why)
                _keys.explain(request, response, why)
                if seconds := getattr(why, "retry_after_seconds", 0):
                    response.headers["Retry-After"] = str(seconds)
            spoken = getattr(request, "xapi_version", default_version)
            response.headers["X-Experience-API-Version"] = spoken
            response.headers["X-Experience-API-Consistent-Through"] = query.moment(through)
            return response

        guarded.policy = rights.RECORDS_KEY if needs_key else rights.PUBLIC  # type: ignore[attr-defined]
        return guarded

    return guard


def _through(request: HttpRequest) -> datetime:
    """Up to when what is stored can be seen in the answer; a reader waits for what is at hand."""
    if request.method not in {"GET", "HEAD"}:
        return visibility.lately_consistent_through(clock.now())
    marks.settle(clock.now(), _SETTLE_SECONDS)
    return visibility.consistent_through(clock.now())


def version(request: HttpRequest, default: str) -> str:
    """The version that is spoken in this request: 1.0.3 or 2.0.0."""
    asked = request.headers.get("X-Experience-API-Version")
    found = _VERSION.fullmatch(asked) if asked is not None else None
    if asked is None:
        return default
    if found is None:
        text = _("Version “{version}” of the standard is not spoken here; 1.0.3 and 2.0.0 are.")
        raise VersionUnknown(text.format(version=asked[:40]))
    return _SPOKEN[found[1]]


def incoming(request: HttpRequest) -> tuple[list[Incoming], bool]:
    """The statements of a body, and whether it was a list.

    Raises:
        BodyUnfit: the body is not JSON in UTF-8.
        BodyTooLarge: it is larger than ``DATA_UPLOAD_MAX_MEMORY_SIZE``.
    """
    body, spoken = _body(request), request.xapi_version  # type: ignore[attr-defined]
    try:
        if not body.lstrip(b" \t\r\n").startswith(b"["):
            return [Incoming(body.decode(), msgspec.json.decode(body), spoken)], False
        parts = msgspec.json.decode(body, type=list[msgspec.Raw])
        return _statements(parts, spoken), True
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as why:
        text = _("The body is not JSON: {why}.")
        raise BodyUnfit(text.format(why=why)) from why


def _statements(parts: Sequence[msgspec.Raw], spoken: str) -> list[Incoming]:
    return [
        Incoming(bytes(part).decode(), msgspec.json.decode(part), spoken, f"/{place}")
        for place, part in enumerate(parts)
    ]


def _body(request: HttpRequest) -> bytes:
    kind = request.content_type or ""
    if kind == "multipart/mixed":
        raise BodyUnfit(
            _("Attachments are not taken yet; send the statements as application/json.")
        )
    if kind != "application/json":
        text = _("The content type “{kind}” is not taken; send application/json.")
        raise BodyUnfit(text.format(kind=kind[:80]))
    try:
        return request.body
    except RequestDataTooBig as why:
        text = _("A request brings at most {most} MB. Send the statements in several.")
        raise BodyTooLarge(text.format(most=settings.DATA_UPLOAD_MAX_MEMORY_SIZE >> 20)) from why
