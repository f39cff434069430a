"""What every xAPI resource shares: version, key, problem documents, headers, body."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException, UnreadablePostError
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.records import attachments, documents, parameters, query, visibility
from xueqiao.records.checking import Familiar, Incoming
from xueqiao.records.journal import marks
from xueqiao.records.xapi import familiar, texts
from xueqiao.web import api
from xueqiao.web.api import _keys, _multipart, _protocol

if TYPE_CHECKING:
    from datetime import datetime

_SETTLE_SECONDS = 1.0
View = Callable[[HttpRequest], HttpResponseBase]


class BodyUnfit(errors.Refusal):
    """The body cannot be read, or is of another content type."""

    code = "records.body_unfit"
    status = 400


def endpoints(
    address: str, methods: Mapping[str, View], *, about: str, needs_key: bool = True
) -> list[Any]:
    """The addresses of a resource: below ``/xapi/``, ``/xapi/1.0/`` and ``/xapi/2.0/``.

    Args:
        methods: what answers each method; HEAD and OPTIONS follow from them.
        about: what the resource is for, in a line; the list of addresses shows it.
        needs_key: whether a credential is asked for; the about resource is open.
    """
    name = address.replace("/", "-")
    doors = (("xapi/2.0/", "2.0.0", "xapi-2"), ("xapi/1.0/", "1.0.3", "xapi-1"))
    return [
        path(
            f"{prefix}{address}", _guard(version, methods, about, needs_key), name=f"{door}-{name}"
        )
        for prefix, version, door in (*doors, ("xapi/", settings.XAPI_VERSION, "xapi"))
    ]


def _guard(default: str, methods: Mapping[str, View], about: str, needs_key: bool) -> View:
    @csrf_exempt
    def guarded(request: HttpRequest) -> HttpResponseBase:
        try:
            response: HttpResponseBase = _answer(request, default, methods, needs_key=needs_key)
        except errors.Refusal as why:
            response = _refuse(request, why)
        except (SuspiciousOperation, UnreadablePostError):
            response = _refuse(request, BodyUnfit(_("The request cannot be read.")))
        spoken = getattr(request, "xapi_version", default)
        through = getattr(request, "xapi_through", None) or _lately()
        if response.status_code == _protocol.MethodUnfit.status:
            response.headers["Allow"] = ", ".join(allowed(methods))
        response.headers["X-Experience-API-Version"] = spoken
        response.headers["X-Experience-API-Consistent-Through"] = query.moment(through)
        _protocol.share(request, response)
        return _without_body(response) if request.method == "HEAD" else response

    guarded.__doc__ = about
    guarded.policy = rights.RECORDS_KEY if needs_key else rights.PUBLIC  # type: ignore[attr-defined]
    return guarded


def _answer(
    request: HttpRequest, default: str, methods: Mapping[str, View], *, needs_key: bool
) -> HttpResponseBase:
    if request.method == "OPTIONS":
        return _protocol.preflight(allowed(methods))
    request.xapi_version = _protocol.read(request, default, is_open=not needs_key)  # type: ignore[attr-defined]
    view = methods.get("GET" if request.method == "HEAD" else request.method or "")
    if view is None:
        text = _("The method {method} is not one of this resource: {all}.")
        raise _protocol.MethodUnfit(
            text.format(method=request.method, all=", ".join(allowed(methods)))
        )
    if needs_key:
        _keys.authenticate(request)
    if request.method in {"GET", "HEAD"}:
        request.xapi_through = _through()  # type: ignore[attr-defined]
    return view(request)


def _through() -> datetime:
    """Up to when what is stored can be seen in an answer; a reader waits for what is at hand."""
    marks.settle(clock.now(), _SETTLE_SECONDS)
    return visibility.consistent_through(clock.now())


def _lately() -> datetime:
    return visibility.lately_consistent_through(clock.now())


def allowed(methods: Mapping[str, View]) -> list[str]:
    """The methods of a resource as the header Allow names them."""
    return sorted({*methods, "OPTIONS", *({"HEAD"} if "GET" in methods else ())})


def _refuse(request: HttpRequest, why: errors.Refusal) -> HttpResponse:
    _read_to_its_end(request)
    if isinstance(why, documents.Unguarded):
        # The standard asks for plain words here.
        response = HttpResponse(str(why), status=why.status, content_type="text/plain")
    else:
        response = api.problem(request, why)
    _keys.explain(request, response, why)
    if seconds := getattr(why, "retry_after_seconds", 0):
        response.headers["Retry-After"] = str(seconds)
    return response


def _read_to_its_end(request: HttpRequest) -> None:
    """Take a body that nobody looked at off the line, so that the next request finds it free."""
    with suppress(SuspiciousOperation, UnreadablePostError, RawPostDataException):
        request.body  # noqa: B018 - reading is what it is for


def _without_body(response: HttpResponseBase) -> HttpResponseBase:
    if isinstance(response, HttpResponse):
        response.headers["Content-Length"] = str(len(response.content))
        response.content = b""
    return response


def spoken(request: HttpRequest) -> str:
    """The version that is spoken in this request: 1.0.3 or 2.0.0."""
    return request.xapi_version  # type: ignore[attr-defined,no-any-return]


def given(request: HttpRequest) -> dict[str, str]:
    """The parameters of a request, each once.

    Raises:
        ParameterUnfit: one stands twice, or holds the character 0.
    """
    for name, values in request.GET.lists():
        if len(values) != 1 or "\x00" in name + values[0]:
            raise parameters.unfit(name, _("“{name}” stands once, and has no character 0."))
    return request.GET.dict()


def json(value: Any) -> HttpResponse:
    """An answer of application/json."""
    return HttpResponse(msgspec.json.encode(value), content_type="application/json")


class Received(NamedTuple):
    """What a request brought: statements, whether as a list, and their files by hash."""

    items: list[Incoming | Familiar]
    is_list: bool
    parts: dict[str, attachments.Part]


def received(request: HttpRequest) -> Received:
    """The statements of a body, and the files that came with them.

    Raises:
        BodyUnfit: the body is of another content type or charset.
        texts.NotJson: it is not JSON in UTF-8.
        _multipart.MessageUnfit: it is a message that is damaged.
        attachments.HashWrong: a file has another hash than it says.
        _protocol.BodyTooLarge: it is larger than ``DATA_UPLOAD_MAX_MEMORY_SIZE``.
    """
    kind, parameters_ = request.content_type or "", request.content_params or {}
    if kind == _multipart.KIND:
        message = _multipart.read(_protocol.body(request), parameters_.get("boundary", ""))
        return _read(message.statements, spoken(request), attachments.by_hash(message.files))
    if kind != "application/json":
        text = _("The content type “{kind}” is not taken; send application/json.")
        raise BodyUnfit(text.format(kind=kind[:80]))
    charset = parameters_.get("charset", "utf-8").lower()
    if charset not in {"utf-8", "utf8", "us-ascii"}:
        raise BodyUnfit(
            _("JSON is written in UTF-8, not in {charset}.").format(charset=charset[:40])
        )
    return _read(_protocol.body(request), spoken(request), {})


def _read(body: bytes, version: str, parts: dict[str, attachments.Part]) -> Received:
    if not body.lstrip(b" \t\r\n").startswith(b"["):
        return Received([_statement(body, version, "")], False, parts)
    try:
        raws = msgspec.json.decode(body, type=list[msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as why:
        raise texts.NotJson(_("The body is not JSON: {why}.").format(why=why)) from why
    items = [_statement(bytes(raw), version, f"/{place}") for place, raw in enumerate(raws)]
    return Received(items, True, parts)


def _statement(raw: bytes, version: str, at: str) -> Incoming | Familiar:
    found = familiar.read(raw, version)
    if found is not None:
        return Familiar(raw.decode(), found, version, at)
    # Decoded first: only what is JSON is sure to be UTF-8.
    statement = texts.decode(raw, at)
    return Incoming(raw.decode(), statement, version, at)
