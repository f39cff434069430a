"""The xAPI endpoint: ``/xapi/`` speaks 1.0.3 unless asked otherwise, ``/xapi/2.0/`` 2.0.0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils.http import http_date
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.records import attachments, checking, parameters, query, shown
from xueqiao.records.journal import pressure
from xueqiao.web.api import _keys, _multipart, _units, _xapi

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

    from xueqiao.records.models import Source, Statement


class StatementNotFound(errors.Refusal):
    """No statement that this key may read has the id."""

    code = "records.statement_not_found"
    status = 404


def post(request: HttpRequest) -> HttpResponse:
    """Store one statement or a list, all or nothing; answers with their ids."""
    _keys.writer(request)
    for name in request.GET:
        raise parameters.unfit(name, _("“{name}” is not a parameter of this request."))
    with pressure.TAKING_IN:
        received = _xapi.received(request)
        return _xapi.json(_units.store(request, received))


def put(request: HttpRequest) -> HttpResponse:
    """Store one statement under the id of the address."""
    _keys.writer(request)
    for name in request.GET:
        if name != "statementId":
            raise parameters.unfit(name, _("“{name}” is not a parameter of this request."))
    wanted = parameters.uuid("statementId", request.GET.get("statementId", ""))
    received = _xapi.received(request)
    one = checking.under(received.items, wanted, is_list=received.is_list)
    _units.store(request, received._replace(items=[one]))
    return HttpResponse(status=204)


def find(request: HttpRequest) -> HttpResponseBase:
    """One statement by its id, or a page of a list."""
    source, given = _keys.reader(request), _units.narrow(request, _xapi.given(request))
    asked = parameters.single(given)
    form = parameters.form(
        given,
        version=_xapi.spoken(request),
        languages=request.headers.get("Accept-Language", ""),
    )
    if asked is None:
        return _list(request, given, form, source)
    row = query.one(asked[0], voided=asked[1], source=source)
    if row is None or not _units.sees(request, row):
        raise StatementNotFound(_("No statement has the id {id}.").format(id=asked[0]))
    response = _answer(request, shown.statement(row, form), [row], given)
    response.headers["Last-Modified"] = http_date(row.stored_at.timestamp())
    return response


def _list(
    request: HttpRequest, given: dict[str, str], form: shown.Form, source: Source | None
) -> HttpResponseBase:
    page = query.page(parameters.filters(given), source=source)
    more = ""
    if page.following:
        words = urlencode(given | {"from": parameters.token(page.following)})
        more = f"{request.path}?{words}"
    found = {"statements": shown.statements(page.rows, form), "more": more}
    return _answer(request, found, page.rows, given)


def _answer(
    request: HttpRequest, value: Any, rows: list[Statement], given: dict[str, str]
) -> HttpResponseBase:
    if not parameters.flag(given, "attachments"):
        return _xapi.json(value)
    files = attachments.of_page([row.pk for row in rows])
    return _multipart.answer(request, msgspec.json.encode(value), files)


urlpatterns = _xapi.endpoints(
    "statements", {"GET": find, "POST": post, "PUT": put}, about="Send, find and read statements."
)
